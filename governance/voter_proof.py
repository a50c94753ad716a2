"""What a certificate proves of one address: its votes, its power, and its part in the sums."""

from collections.abc import Sequence
from dataclasses import dataclass

from governance import certificates, facts, queries
from governance.certificates import Read
from governance.directory import Directory, profile
from governance.models import Proposal, TallyProof, Vote
from governance.power import Power, power_at
from governance.shard_places import Witnesses, witnesses_of
from proofs.certificate import form
from proofs.statements.clock import Moment
from proofs.statements.tally import Bucket


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One bucket's equation in base units: `own` and `others` make up the proven `total`."""

    kind: str
    own: int
    others: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VoterProof:
    """An address beside the certificate `proof` of a proposal.

    `votes` are its vote events up to the anchor, `later` those after, as they were read; `sums` and
    `others`, how many other voters there are, are None where votes are not proven. `agrees` says
    whether the votes that were read up to the anchor are those of the proven totals.
    """

    proof: TallyProof
    votes: Sequence[Vote]
    later: Sequence[Vote]
    weight: int
    power: Power | None
    sums: Sequence[Line] | None
    others: int | None
    read: Read
    shards: Witnesses

    @property
    def agrees(self) -> bool:
        return self.read.until == self.proof.totals


def voter_proof(
    proposal: Proposal, proof: TallyProof, address: str, directory: Directory
) -> VoterProof:
    """Put it together, at most ten queries."""
    cast = queries.votes_of(address, proposal)
    votes = [vote for vote in cast if vote.block_number <= proof.anchor_number]
    counted = form.VOTES not in proof.missing
    return VoterProof(
        proof=proof,
        votes=votes,
        later=cast[len(votes) :],
        weight=sum(vote.weight for vote in votes),
        power=_power(proposal, proof, address, directory),
        sums=[_line(proof, votes, bucket) for bucket in _ORDER] if counted else None,
        others=(proof.voters or 0) - bool(votes) if counted else None,
        read=certificates.read(proposal, proof.anchor_number),
        shards=witnesses_of(proof, address, {vote.block_number for vote in votes}),
    )


_ORDER = (Bucket.FOR, Bucket.AGAINST, Bucket.ABSTAIN)


def _line(proof: TallyProof, votes: Sequence[Vote], bucket: Bucket) -> Line:
    kind, total = bucket.name.lower(), proof.totals[bucket]
    own = sum(getattr(vote, f"{kind}_votes") for vote in votes)
    return Line(kind=kind, own=own, others=total - own, total=total)


def _power(
    proposal: Proposal, proof: TallyProof, address: str, directory: Directory
) -> Power | None:
    """Its power at the snapshot as it was read.

    None without a token in the charter, and before the governor has told its clock.
    """
    governor = directory.by_id.get(proposal.contract_id) or proposal.contract
    token = directory.linked(governor, "token")
    try:
        mode = facts.clock_mode(governor, profile(governor))
    except facts.NotAsked:
        return None
    if token is None:
        return None
    anchor = Moment(block_number=proof.anchor_number, timestamp=proof.anchor_timestamp)
    return power_at(token, mode, address, proposal.vote_start, anchor.clock(mode))
