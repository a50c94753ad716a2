"""The life of one chain: proposals played to their end, and the errands in between.

Every step looks at the chain first and does what is due now, so a reorg, a pause or a restart
loses at most a step, which is then done again.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from dataclasses import dataclass, field

from lab.accounts import HOLDERS, actor
from lab.bridge_governance import BridgeGovernance
from lab.chain import NotIncluded, Reverted
from lab.deployment import MARKETS
from lab.governance import Proposal, State
from lab.life.drafts import bridge_draft, venue_draft
from lab.life.plans import Ending, Plan, draw_ending, make_plan
from lab.life.prologue import LABELS, cast
from lab.rpc import NodeUnreachable, RpcError
from lab.schedule import ETHER
from lab.venue_governance import VenueGovernance

log = logging.getLogger("lab")

TICK = 1.0
PATIENCE = 5
LOOK_AGAIN = 15.0
OPEN_AT_ONCE = 2
BLOCKS_LOOKED_BACK = 600

# Seconds between one proposal and the next, one errand and the next, one pause and the next.
PROPOSAL_GAP = {"l1": 150, "l2": 110}
SHORT_GAP = 10
ERRAND_GAP = (35, 70)
PAUSE_GAP = (400, 700)

ENDED = (State.CANCELED, State.DEFEATED, State.EXPIRED, State.EXECUTED)
MISHAPS = (Reverted, NotIncluded, NodeUnreachable, RpcError, LookupError)


@dataclass
class Play:
    """A proposal being played: when each voter was last looked at (monotonic seconds), and how
    often in a row the next step failed."""

    proposal: Proposal
    plan: Plan
    looked_at: dict[str, float] = field(default_factory=dict)
    failures: int = 0


class Director:
    """Drives one chain's people until it is told to stop."""

    def __init__(
        self, name: str, gov: VenueGovernance | BridgeGovernance, first_block: int, seed: int
    ) -> None:
        self.name = name
        self.gov = gov
        self.plays: list[Play] = []
        self._rng = random.Random(f"{seed}-{name}")  # noqa: S311 - a play, not a secret
        self._first_block = first_block
        self._number = 0
        self._told = 0
        self._next_proposal = 0.0
        self._last_proposal = 0.0
        self._next_errand = time.monotonic() + self._rng.uniform(*ERRAND_GAP)
        self._next_pause = time.monotonic() + self._rng.uniform(*PAUSE_GAP)
        self._recalled = False

    def run(self, stop: threading.Event) -> None:
        """Live until ``stop``; a failed step is a line in the log and nothing more."""
        while not stop.wait(TICK):
            try:
                self.tick()
            except MISHAPS as error:
                log.warning("[%s] a step failed, life goes on: %s", self.name, error)
                stop.wait(2)

    def tick(self) -> None:
        """Do everything that is due now."""
        if not self._recalled:
            self._recall()
        for play in list(self.plays):
            self._advance(play)
        now = time.monotonic()
        if not self.plays:
            # Nothing is open: the next one comes soon, whatever the gap.
            self._next_proposal = min(self._next_proposal, self._last_proposal + SHORT_GAP)
        if len(self.plays) <= OPEN_AT_ONCE and now >= self._next_proposal:
            self._last_proposal = now
            self._next_proposal = now + PROPOSAL_GAP[self.name]
            self._propose()
        if now >= self._next_errand:
            self._next_errand = now + self._rng.uniform(*ERRAND_GAP)
            self._errand()
        if now >= self._next_pause and isinstance(self.gov, VenueGovernance):
            self._next_pause = now + self._rng.uniform(*PAUSE_GAP)
            self._pause(self.gov)

    def _recall(self) -> None:
        """Take up the proposals that a former run left open."""
        known = self.gov.proposals(self._first_block)
        recent = self.gov.chain.block_number() - BLOCKS_LOOKED_BACK
        for proposal in known:
            if proposal.created_block >= recent and self.gov.state(proposal.id) not in ENDED:
                plan = make_plan(self._rng, self.name, Ending.EXECUTED)
                self.plays.append(Play(proposal, plan))
        self._number = len(known)
        self._recalled = True

    def _say(self, text: str, *arguments: object) -> None:
        log.info(f"[{self.name}] {text}", *arguments)

    def _propose(self) -> None:
        gov, rng = self.gov, self._rng
        draft = (
            venue_draft(rng, gov) if isinstance(gov, VenueGovernance) else bridge_draft(rng, gov)
        )
        # The first one of a run is an ordinary one: a visitor has something to vote on.
        ending = draw_ending(rng, self.name) if self._told else Ending.EXECUTED
        plan = make_plan(rng, self.name, ending)
        proposer = actor(rng.choice(HOLDERS[:4]))
        self._number += 1
        label = f"{LABELS[self.name]}-{self._number}"
        proposal = gov.propose(proposer, draft.actions, draft.text(label))
        self._told += 1
        self.plays.append(Play(proposal, plan))
        self._say(
            "%s proposes %s (planned end: %s)", proposer.name, proposal.title, plan.ending.value
        )

    def _advance(self, play: Play) -> None:
        try:
            if self._step(play):
                play.failures = 0
        except MISHAPS as error:
            play.failures += 1
            if play.failures >= PATIENCE:
                self.plays.remove(play)
                self._say("%s is left as it is: %s", play.proposal.title, error)
            else:
                log.warning("[%s] %s: %s", self.name, play.proposal.title, error)

    def _step(self, play: Play) -> bool:
        state = self.gov.state(play.proposal.id)
        if state is State.PENDING:
            return self._while_pending(play)
        if state is State.ACTIVE:
            return self._while_active(play)
        if state is State.SUCCEEDED:
            self.gov.queue(actor("relayer"), play.proposal)
            self._say("%s is queued", play.proposal.title)
            return True
        if state is State.QUEUED:
            return self._while_queued(play)
        self.plays.remove(play)
        self._say("%s has ended: %s", play.proposal.title, state.name.lower())
        return True

    def _while_pending(self, play: Play) -> bool:
        if play.plan.ending is not Ending.CANCELLED_BY_PROPOSER:
            return False
        proposer = next(
            a for a in map(actor, HOLDERS) if a.address.lower() == play.proposal.proposer.lower()
        )
        self.gov.cancel(proposer, play.proposal)
        self._say("%s withdraws %s", proposer.name, play.proposal.title)
        return True

    def _while_active(self, play: Play) -> bool:
        proposal = play.proposal
        elapsed = self.gov.clock() - proposal.snapshot
        fraction = elapsed / (proposal.deadline - proposal.snapshot)
        if play.plan.ending is Ending.CANCELLED_BY_GUARDIAN and fraction > 0.5:
            if isinstance(self.gov, VenueGovernance):
                self.gov.guardian_cancel(proposal)
                self._say("the guardian cancels %s", proposal.title)
            return True
        acted = False
        for ballot in play.plan.ballots:
            # Even a vote that was cast is looked at again: a reorg may have taken it back.
            since = time.monotonic() - play.looked_at.get(ballot.voter, -LOOK_AGAIN)
            if ballot.due > fraction or since < LOOK_AGAIN:
                continue
            if cast(self.gov, proposal.id, proposal.snapshot, ballot):
                self._say("%s votes on %s", ballot.voter, proposal.title)
                acted = True
            play.looked_at[ballot.voter] = time.monotonic()
        return acted

    def _while_queued(self, play: Play) -> bool:
        if play.plan.ending is Ending.CANCELLED_ON_TIMELOCK:
            self.gov.cancel_on_timelock(play.proposal)
            self._say("%s is cancelled on the timelock", play.proposal.title)
            return True
        if self.gov.chain.timestamp() < self.gov.eta(play.proposal.id):
            return False
        if play.plan.ending is Ending.EXECUTED_ON_TIMELOCK and not play.failures:
            self.gov.execute_on_timelock(actor("relayer"), play.proposal)
        else:
            self.gov.execute(actor("relayer"), play.proposal)
        self._say("%s is executed", play.proposal.title)
        return True

    def _errand(self) -> None:
        """A small holder delegates anew, or moves some tokens to another holder."""
        # Only the smallest ones change sides, so that the planned majorities hold.
        holder = actor(self._rng.choice(HOLDERS[5:]))
        other = actor(self._rng.choice([n for n in HOLDERS if n != holder.name]))
        if self._rng.random() < 0.7:
            self.gov.delegate(holder, other.address if self._rng.random() < 0.7 else holder.address)
            self._say("%s delegates", holder.name)
        else:
            amount = self._rng.randrange(1, 20) * ETHER
            self.gov.chain.send(holder, self.gov.token, "transfer", other.address, amount)
            self._say("%s sends %d tokens to %s", holder.name, amount // ETHER, other.name)

    def _pause(self, gov: VenueGovernance) -> None:
        market = self._rng.choice(list(MARKETS))
        if not gov.is_paused(market):
            gov.pause_market(market)
            self._say("the Safe pauses %s", market)
