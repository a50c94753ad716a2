"""What a kept proof says of the numbers that a page shows: their step, and the evidence in words.

Pure: rows and facts in, steps and words out.
"""

from dataclasses import dataclass

from chainsync.assurance import UNKNOWN, Assurance
from chainsync.evidence import Point
from governance import wording
from governance.models import TallyProof
from proofs.statements.assurance import Step, climb
from proofs.statements.lifecycle import ProposalState
from proofs.statements.tally import Tally

REACHES = {"counted", "proven"}
"""How far a proof must reach for the tally, and not only its totals, to be proven."""
TRUSTED = (
    "Taken on trust: that the contracts’ code counts as it is documented to, and that it was not "
    "exchanged and put back between the snapshot and that block."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A proof beside what is shown of the same proposal.

    `read` is how far what was read is agreed; `shown` and `needed` are tally and quorum as they are
    shown (None while the quorum is not final); `last_vote` and `last_event` are the blocks of its
    last vote and of what its governor said of it last, None without any; `anchor` is how far the
    anchor block's hash is agreed; `why` says why there is no proof, or no newer one.
    """

    proof: TallyProof | None
    read: Assurance
    shown: Tally
    last_vote: int | None
    needed: int | None = None
    anchor: Assurance = UNKNOWN
    layer_one: bool = False
    finalized: bool = False
    last_event: int | None = None
    why: str = ""

    @property
    def current(self) -> bool:
        """Whether no vote came after the proof."""
        return self.proof is not None and (self.last_vote or 0) <= self.proof.anchor_number

    @property
    def contradicted(self) -> bool:
        """Whether the proven totals are others than those that are shown."""
        return self.proof is not None and self.current and self.proof.totals != self.shown

    @property
    def tally(self) -> Assurance:
        """How far the shown tally is proven: votes that add up to totals, and nothing after."""
        proof = self.proof
        return self._climbed(proof is not None and proof.reach in REACHES and self._holds)

    def vote(self, block: int, read: Assurance) -> Assurance:
        """How far one vote in `block` is proven, of which `read` is how far it is agreed."""
        proof = self.proof
        counted = proof is not None and proof.reach in REACHES and block <= proof.anchor_number
        return read if read.disputed else max(read, self._climbed(counted), key=_step)

    @property
    def quorum(self) -> Assurance:
        """How far the shown quorum is proven."""
        return self._climbed(self._holds and self._quorum_proven)

    @property
    def quorum_contradicted(self) -> bool:
        """Whether another quorum is proven than the one that is shown."""
        known = self.proof is not None and self.proof.quorum is not None
        return known and self.needed is not None and not self._quorum_proven

    def state(self, state: ProposalState | None, *, won: bool, reached: bool | None) -> Assurance:
        """How far the shown state follows from what is proven: `won` says that For beat Against,
        `reached` that the quorum is reached."""
        proof = self.proof
        if proof is None or not self._holds or (self.last_event or 0) > proof.anchor_number:
            return self._climbed(proven=False)
        if proof.executed or proof.canceled:
            flagged = ProposalState.EXECUTED if proof.executed else ProposalState.CANCELED
            return self._climbed(proven=state is flagged)
        quorum = self._quorum_proven
        lost = not won or (quorum and not reached)
        follows = {
            ProposalState.ACTIVE: not proof.closing,
            ProposalState.DEFEATED: proof.closing and lost,
            # What is queued, waiting or expired is the timelock's word.
            ProposalState.SUCCEEDED: proof.closing and not lost and quorum,
        }
        return self._climbed(proven=state is not None and follows.get(state, False))

    @property
    def _quorum_proven(self) -> bool:
        return self.proof is not None and self.proof.quorum == self.needed is not None

    @property
    def _holds(self) -> bool:
        return self.current and not self.contradicted

    def _climbed(self, proven: bool) -> Assurance:
        if self.read.disputed or not proven or self.proof is None:
            return self.read
        signed = self.proof.signed_block is not None
        step = climb(
            self.anchor.step,
            proven=True,
            layer_one=self.layer_one,
            finalized=self.finalized,
            signed=signed,
        )
        return Assurance(
            max(step, self.read.step), self.anchor.operators, finalized=step is Step.SETTLED
        )

    def points(self) -> tuple[Point, ...]:
        """The evidence in words, and what would raise the step."""
        proof = self.proof
        if proof is None:
            return (Point("open", self.why or NOT_YET),)
        if self.contradicted:
            return (Point("bad", _contradiction(proof)), Point("open", TRUSTED))
        found = [*self._shown(proof), *self._missing(proof), *self._above(proof)]
        if self.quorum_contradicted:
            found.insert(0, Point("bad", _other_quorum(proof)))
        return (*found, Point("open", TRUSTED))

    def _shown(self, proof: TallyProof) -> list[Point]:
        block = wording.whole(proof.anchor_number)
        if not self.current:
            later = f" {self.why}" if self.why else " They are proven next."
            return [
                Point(
                    "open",
                    f"Proven is the tally up to block {block}. Votes came in after it.{later}",
                )
            ]
        over = "voting was over" if proof.closing else "voting was not over"
        found = [
            Point(
                "holds",
                f"Proven: these totals stand in the governor’s storage under the state root of "
                f"block {block}; {over} there.",
            )
        ]
        if proof.votes is not None:
            found.append(
                Point(
                    "holds",
                    f"Proven: {counted(proof.votes, 'vote event')} of "
                    f"{counted(proof.voters or 0, 'voter')} in blocks that lead to that "
                    "one add up to exactly these totals. No vote of any weight is missing, and "
                    "none is invented.",
                )
            )
        if proof.reach == TallyProof.Reach.PROVEN:
            found.append(
                Point("holds", "Proven: no voter used more power than was theirs at the snapshot.")
            )
        return found

    def _missing(self, proof: TallyProof) -> list[Point]:
        names = {
            "votes": "That the list of votes is complete",
            "powers": "The power of the voters",
            "quorum": "The quorum",
        }
        return [
            Point("open", f"{name} is not proven. {proof.missing[part]}")
            for part, name in names.items()
            if part in proof.missing
        ]

    def _above(self, proof: TallyProof) -> list[Point]:
        """What stands behind the anchor, and which step comes next."""
        block = wording.whole(proof.anchor_number)
        if not self.layer_one:
            return [
                Point(
                    "open",
                    f"Not asserted yet: no proof is kept here that L1 holds a commitment to block "
                    f"{block} of this chain. That is the next step.",
                )
            ]
        if proof.signed_block is not None:
            leads = "is" if proof.signed_block == proof.anchor_number else "leads to"
            return [
                Point(
                    "holds",
                    f"Signed: block {block} {leads} a block that "
                    f"{proof.signed_participants} of {proof.signed_committee} members of the sync "
                    f"committee signed as final (slot {wording.whole(proof.signed_slot or 0)}), in "
                    "an unbroken line from the checkpoint that this installation trusts.",
                )
            ]
        if self.finalized:
            return [
                Point("holds", f"Block {block} is final by the word of the nodes."),
                Point(
                    "open",
                    "Not signed yet: no block that the sync committee signed leads back "
                    "to it here. That is the next step.",
                ),
            ]
        return [Point("open", f"Block {block} is not final yet. That is the next step.")]


def _step(reached: Assurance) -> Step:
    return reached.step


NOT_YET = "Not proven yet: proofs are made in the background, some seconds after a vote."


def counted(number: int, noun: str) -> str:
    """`1 vote event`, `12 vote events`."""
    return f"{wording.whole(number)} {noun}{'' if number == 1 else 's'}"


def _other_quorum(proof: TallyProof) -> str:
    return (
        f"Proven at block {wording.whole(proof.anchor_number)} is another quorum than nodes told "
        f"us: {wording.whole(proof.quorum or 0)} votes in base units. Rely on the proven one."
    )


def _contradiction(proof: TallyProof) -> str:
    return (
        f"The governor’s storage at block {wording.whole(proof.anchor_number)} proves another "
        "tally than the votes that nodes told us of. Rely on the proven one; votes were kept from "
        "us, or invented."
    )
