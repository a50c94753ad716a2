"""The shape of rows that are computed from logs."""

from django.db import models

from charter.fields import HashField
from charter.models import Contract


class ProjectedRow(models.Model):
    """A row 1:1 with a canonical log of `contract`, keyed by (contract, block, log index)."""

    # The key below begins with the contract and serves as its index.
    contract = models.ForeignKey(Contract, models.CASCADE, related_name="+", db_index=False)
    block_number = models.BigIntegerField()
    log_index = models.IntegerField()
    tx_hash = HashField()
    timestamp = models.BigIntegerField(help_text="Seconds, of the block.")

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "block_number", "log_index"], name="%(class)s_per_log"
            )
        ]
