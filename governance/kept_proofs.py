"""Kept proofs, to read: the newest of each proposal, its certificate and the shards of it."""

from collections.abc import Iterable, Iterator

from django.db.models import OuterRef, QuerySet, Subquery

from chainsync.assurance import UNKNOWN, Assurance
from chainsync.assured import Assured
from chainsync.models import Block
from charter.models import Chain, Contract
from governance.models import ProofAttempt, Proposal, ShardPlace, TallyProof
from governance.proven import Proven
from governance.proving.canonical import canonical
from proofs.statements.assurance import step
from proofs.statements.tally import Tally


def proofs() -> QuerySet[TallyProof]:
    """Proofs whose anchor is canonical, the newest first, without their heads; `operators` are
    those who gave the anchor."""
    anchor = Block.objects.filter(
        chain=OuterRef("proposal__contract__chain"), hash=OuterRef("anchor_hash")
    )
    return (
        TallyProof.objects.filter(canonical())
        .annotate(operators=Subquery(anchor.values("operators")[:1]))
        .defer("head")
        .order_by("-anchor_number", "-pk")
    )


def newest(found: Iterable[Proposal]) -> dict[int, TallyProof]:
    """The newest proof of each proposal, by its primary key. One query."""
    rows = proofs().filter(proposal__in=[row.pk for row in found])
    newest_first = rows.order_by("proposal_id", "-anchor_number", "-pk").distinct("proposal_id")
    return {row.proposal_id: row for row in newest_first}


def why_not(found: Proposal) -> str:
    """Why the last attempt to prove a proposal's tally failed, in words. A query unless the row
    came with `proof_attempt`."""
    row: ProofAttempt | None = getattr(found, "proof_attempt", None)
    return f"It is tried again soon. {row.why}" if row is not None and row.why else ""


def beside(
    found: Proposal,
    governor: Contract,
    proof: TallyProof | None,
    *,
    read: Assurance,
    last_vote: int | None,
    finalized: int | None,
    last_event: int | None = None,
    why: str = "",
) -> Proven:
    """A proposal's newest proof beside what is shown of it. No query.

    `read` is how far what was read is agreed, `finalized` the last block that counts as final for
    the governor.
    """
    return Proven(
        proof=proof,
        read=read,
        shown=Tally(against=found.against_votes, for_=found.for_votes, abstain=found.abstain_votes),
        last_vote=last_vote,
        needed=found.quorum if found.quorum_final else None,
        anchor=UNKNOWN if proof is None else _anchor(proof),
        layer_one=governor.chain.role == Chain.Role.L1,
        finalized=proof is not None and finalized is not None and proof.anchor_number <= finalized,
        last_event=last_event,
        why=why,
    )


def of_votes(
    found: Proposal, governor: Contract, proof: TallyProof | None, assured: Assured
) -> Proven:
    """What is proven of a proposal's votes, its tally aside. No query."""
    final = assured.final_to(governor, governor.chain.status.finalized_number)
    read = assured.of(governor.pk, found.block_number, found.block_number)
    return beside(found, governor, proof, read=read, last_vote=None, finalized=final)


def file_name(row: TallyProof) -> str:
    """What the file is called when it is saved."""
    return f"{row.proposal.key}-{row.anchor_number}.certificate"


def beginning(row: TallyProof) -> bytes:
    """The first two lines of a certificate: the seal and the head."""
    return f"tocsin-certificate 1 {row.root}\n".encode() + bytes(row.head) + b"\n"


def whole(row: TallyProof) -> Iterator[bytes]:
    """All of a certificate, shard by shard."""
    yield beginning(row)
    places = ShardPlace.objects.filter(proof=row).order_by("position")
    for place in places.select_related("shard").iterator(chunk_size=4):
        yield bytes(place.shard.content)


def _anchor(proof: TallyProof) -> Assurance:
    names = tuple(sorted(set(getattr(proof, "operators", None) or proof.anchor_operators)))
    return Assurance(step(names), names)
