"""Which proofs count: those whose anchor the chain still holds."""

from django.db.models import Exists, OuterRef

from chainsync.models import Block


def canonical() -> Exists:
    """The condition on a `TallyProof` that its anchor was not orphaned."""
    return Exists(
        Block.objects.filter(
            chain=OuterRef("proposal__contract__chain"),
            hash=OuterRef("anchor_hash"),
            canonical=True,
        )
    )
