"""The certificate that a page shows of a proposal, and the numbers to hold beside it."""

from dataclasses import dataclass

from django.db.models import Q, Sum

from governance import kept_proofs
from governance.models import Proposal, TallyDelta, TallyProof
from proofs.statements.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The newest certificate of a proposal, and `proof`: that one, or the one that was asked for.

    Both are None where there is none; `why` then says why, if something was tried.
    """

    proof: TallyProof | None
    newest: TallyProof | None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """The sums of votes that were read, in base units: up to a block, and in all; `later` is how
    many vote events came after that block."""

    until: Tally
    whole: Tally
    later: int


def kept(proposal: Proposal, root: str = "") -> Kept:
    """The certificate with this root, or the newest. At most two queries."""
    found = list(kept_proofs.proofs().filter(proposal=proposal))
    newest = found[0] if found else None
    proof = next((row for row in found if row.root == root), None) if root else newest
    why = "" if found else kept_proofs.why_not(proposal)
    return Kept(proof=proof, newest=newest, why=why)


def read(proposal: Proposal, block: int) -> Read:
    """What was read of a proposal's votes up to `block` and in all. One query."""
    until = Q(block_number__lte=block)
    names = {"against": "against_votes", "for_": "for_votes", "abstain": "abstain_votes"}
    sums = TallyDelta.objects.filter(proposal=proposal).aggregate(
        **{f"until_{name}": Sum(column, filter=until) for name, column in names.items()},
        **{f"whole_{name}": Sum(column) for name, column in names.items()},
        later=Sum("votes", filter=~until),
    )
    known = {name: int(value or 0) for name, value in sums.items()}
    return Read(
        until=Tally(**{name: known[f"until_{name}"] for name in names}),
        whole=Tally(**{name: known[f"whole_{name}"] for name in names}),
        later=known["later"],
    )
