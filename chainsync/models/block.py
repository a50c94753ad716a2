"""Blocks as they were seen, orphaned ones included."""

from django.db import models

from charter.fields import HashField
from charter.models import Chain


class Block(models.Model):
    """A block header that an endpoint showed us. Never deleted; a reorg clears `canonical`.

    Dense and linked by parent hash in the unfinalized window, sparse below it.
    """

    chain = models.ForeignKey(Chain, models.PROTECT, related_name="blocks")
    number = models.BigIntegerField()
    hash = HashField()
    parent_hash = HashField()
    timestamp = models.BigIntegerField(help_text="Seconds since 1970, by the chain.")
    header = models.JSONField(help_text="The header as the endpoint gave it.")
    canonical = models.BooleanField(default=True)
    operators = models.JSONField(default=list, help_text="Operators who gave this hash.")
    seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["chain", "number"]
        constraints = [
            models.UniqueConstraint(fields=["chain", "hash"], name="block_once"),
            models.UniqueConstraint(
                fields=["chain", "number"],
                condition=models.Q(canonical=True),
                name="block_canonical_once",
            ),
        ]
        indexes = [
            models.Index(fields=["-id"], name="block_orphans", condition=models.Q(canonical=False)),
        ]

    def __str__(self) -> str:
        return f"{self.chain_id}/{self.number}"


class BlockReceipts(models.Model):
    """Raw receipts of a block that holds logs of ours: nodes forget those of orphaned blocks."""

    block = models.OneToOneField(Block, models.CASCADE, primary_key=True, related_name="receipts")
    receipts = models.JSONField()

    def __str__(self) -> str:
        return f"receipts of {self.block_id}"
