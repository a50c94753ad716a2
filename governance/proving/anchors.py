"""At which block a tally is proven: a running one near the head, a closing one that is final."""

from chainsync.light_client import standing
from chainsync.models import Block
from charter.models import Chain, Endpoint
from proofs.statements.assurance import NEEDED_OPERATORS

LOOKED_AT = 64
"""How far below the head a block is looked ."""


def agreed(chain: Chain, upto: int) -> Block | None:
    """The newest canonical block that enough operators gave alike, at most `upto`."""
    needed = _needed(chain)
    rows = Block.objects.filter(chain=chain, canonical=True, number__lte=upto)
    for block in rows.order_by("-number")[:LOOKED_AT]:
        if len(set(block.operators)) >= needed:
            return block
    return None


def final(chain: Chain, finalized: int) -> Block | None:
    """The newest signed block where a light client follows the chain, else the newest one at or
    below the finalized one that enough operators gave alike."""
    signed = standing.certified(chain)
    if signed is not None and signed.number <= finalized:
        block = Block.objects.filter(chain=chain, hash=signed.hash, canonical=True).first()
        if block is not None:
            return block
    return agreed(chain, finalized)


def _needed(chain: Chain) -> int:
    """Two operators, or one where only one is declared: that is then said."""
    operators = Endpoint.objects.filter(chain=chain, active=True).values("operator").distinct()
    return min(NEEDED_OPERATORS, operators.count())
