"""Logs as they were seen."""

from django.db import models

from chainsync.models.block import Block
from charter.fields import AddressField, HashField
from charter.models import Chain


class Log(models.Model):
    """An event log of a contract of ours, keyed by (block, log index); orphans are kept.

    It is written in one transaction with its block, and blocks are never deleted: the database
    does not look them up once more for each of a million logs, which took a third of the time.
    """

    # The index in order and the key below begin with these.
    chain = models.ForeignKey(
        Chain, models.PROTECT, related_name="logs", db_index=False, db_constraint=False
    )
    block = models.ForeignKey(
        Block, models.PROTECT, related_name="logs", db_index=False, db_constraint=False
    )
    block_number = models.BigIntegerField()
    log_index = models.IntegerField()
    tx_hash = HashField()
    tx_index = models.IntegerField()
    address = AddressField()
    topic0 = HashField(null=True)
    topic1 = HashField(null=True)
    topic2 = HashField(null=True)
    topic3 = HashField(null=True)
    data = models.BinaryField()
    canonical = models.BooleanField(default=True)

    class Meta:
        ordering = ["block_number", "log_index"]
        constraints = [models.UniqueConstraint(fields=["block", "log_index"], name="log_once")]
        indexes = [
            models.Index(
                fields=["chain", "address", "block_number", "log_index"],
                name="log_in_order",
                condition=models.Q(canonical=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.block_id}/{self.log_index}"
