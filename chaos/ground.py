"""The ground on which it all stands: real nodes, real contracts, and a life decided by a seed.

What is done, by whom and in which order follows from the seed alone; a reorganisation may make an
act impossible that the seed asks for (its proposal is gone), and then nothing is done.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lab import harness, voters
from lab.accounts import HOLDERS
from lab.chain import NotIncluded, Reverted
from lab.governance import Proposal, State, Support
from lab.harness import Harness
from lab.reorg import Reorg, ReorgRefused
from lab.rpc import NodeUnreachable, RpcError

VOTERS = 40
# Fewer than the node keeps states of, or a reorganisation could not be made.
DEEPEST = 24
_IMPOSSIBLE = (Reverted, NotIncluded, RpcError, NodeUnreachable, LookupError)


@dataclass
class Ground:
    """One chain of the lab and those who live on it; `act` and `reorg` exclude each other."""

    lab: Harness
    rng: random.Random
    proposals: list[Proposal] = field(default_factory=list)
    done: int = 0
    _rests_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def key(self) -> str:
        """Key of the chain in the charter."""
        return self.lab.name

    @property
    def head(self) -> tuple[int, str]:
        """Number and hash of the newest block."""
        block = self.lab.node.call("eth_getBlockByNumber", "latest", False)
        return int(block["number"], 16), block["hash"]

    def act(self) -> str:
        """Do what the seed says comes next; in a word what it was. Makes at least one block."""
        acts: list[tuple[int, Callable[[], str]]] = [
            (2, self._propose),
            (8, self._vote),
            (3, self._crowd),
            (3, self._delegate),
            (3, self._advance),
            (2, self._finish),
            (3, self._wait),
        ]
        with self._lock:
            weights = [weight for weight, _ in acts]
            (_, act), seed = self.rng.choices(acts, weights)[0], self.rng.random()
            # The same draws follow, whether this act turns out to be possible or not.
            self._dice = random.Random(seed)  # noqa: S311 - a story, not a secret
            self.done += 1
            try:
                return act()
            except _IMPOSSIBLE as refusal:
                self.lab.node.call("evm_mine")
                return f"nothing: {type(refusal).__name__}"

    def reorg(self, dice: random.Random) -> Reorg | None:
        """Replace a random number of blocks above the finalized one; None when there are none."""
        with self._lock:
            head, _ = self.head
            # Finality moves when somebody asks: leave it some room.
            room = head - self.lab.consensus.finalized - 3
            if room < 1:
                return None
            with contextlib.suppress(ReorgRefused):
                made = self.lab.reorg(dice.randint(1, min(room, DEEPEST)), drop=dice.randint(0, 2))
                # New blocks may be older than those that were replaced, which the node's clock
                # remembers: one block by that clock, and all timestamps go on from there.
                self.lab.node.call("evm_mine")
                known = {p.id for p in self.lab.gov.proposals(0)}
                self.proposals = [p for p in self.proposals if p.id in known]
                return made
        return None

    def rest(self, seconds: float) -> None:
        """Let life pause, so that a follower can be at the head for a moment."""
        self._rests_until = time.monotonic() + seconds

    @property
    def resting(self) -> bool:
        """Whether life pauses at this moment."""
        return time.monotonic() < self._rests_until

    def mine(self, blocks: int = 1) -> None:
        """Blocks in which nothing happens."""
        with self._lock:
            self.lab.mine(blocks)

    def _propose(self) -> str:
        value = self._dice.randint(100_000, 200_000)
        text = f"# Proposal {self.done}\n\nLeverage becomes {value}, says the dice."
        proposer = self._dice.choice(HOLDERS[:6])
        self.proposals.append(self.lab.propose(text, [self.lab.action(value)], proposer))
        return "proposal"

    def _vote(self) -> str:
        proposal = self._dice.choice(self.proposals or [self._newest()])
        voter = self._dice.choice(HOLDERS)
        support = self._dice.choice((Support.FOR, Support.FOR, Support.AGAINST, Support.ABSTAIN))
        reason = self._dice.choice(("", "", "Because.", "Überlegt — 考えた \u0000 und gut."))
        self.lab.vote(voter, proposal, support, reason)
        return "vote"

    def _crowd(self) -> str:
        if self.lab.venue is None:
            return self._vote()
        proposal = self._newest()
        self.lab.open_voting(proposal)
        able = voters.able(
            self.lab.chain, self.lab.gov.token, self.lab.gov.governor, proposal.id,
            proposal.snapshot, self._dice.randint(3, 15),
        )  # fmt: skip
        voters.cast(self.lab.chain, self.lab.gov.governor, proposal.id, able)
        return f"{len(able)} votes"

    def _delegate(self) -> str:
        holder, to = self._dice.choice(HOLDERS), self._dice.choice(HOLDERS)
        self.lab.gov.delegate(self.lab.actor(holder), self.lab.actor(to).address)
        return "delegation"

    def _advance(self) -> str:
        self.lab.open_voting(self._newest())
        return "voting opens"

    def _finish(self) -> str:
        """Take the oldest proposal one step further: to its deadline, queue, execution."""
        proposal = self.proposals[0] if self.proposals else self._newest()
        match self.lab.gov.state(proposal.id):
            case State.PENDING | State.ACTIVE:
                self.lab.close_voting(proposal)
            case State.SUCCEEDED:
                self.lab.queue(proposal)
            case State.QUEUED:
                self.lab.ready(proposal)
                self.lab.execute(proposal)
            case _:
                self.proposals.remove(proposal)
                self.lab.mine()
        return "a step of the oldest proposal"

    def _wait(self) -> str:
        self.lab.mine(self._dice.randint(1, 4))
        return "blocks"

    def _newest(self) -> Proposal:
        if not self.proposals:
            raise LookupError("no proposal")
        return self.proposals[-1]


@contextlib.contextmanager
def start(name: str, seed: int, history: int) -> Iterator[Ground]:
    """A chain (`l1` or `l2`) with its contracts and so many acts of life behind it."""
    with harness.start(name, prepared_voters=VOTERS) as lab:
        ground = Ground(lab, random.Random(f"{seed} {name}"))  # noqa: S311
        for _ in range(history):
            ground.act()
        # So much is final that there is something to be backfilled.
        ground.mine(60)
        yield ground


@contextlib.contextmanager
def living(grounds: list[Ground], pause: float) -> Iterator[None]:
    """Let life go on on each ground, in a thread of its own, until the block ends."""
    stop = threading.Event()
    failed: list[BaseException] = []

    def live(ground: Ground) -> None:
        try:
            while not stop.wait(pause):
                if not ground.resting:
                    ground.act()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=live, args=[one], daemon=True) for one in grounds]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    if failed:
        raise failed[0]
