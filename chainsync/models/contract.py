"""What is known of a contract: which blocks were read, and which code it had."""

from django.db import models

from chainsync.fields import BlockRangesField
from charter.fields import AddressField, HashField
from charter.models import Contract


class Coverage(models.Model):
    """Which blocks of a contract's logs are in the journal, and how far they are folded.

    `blocks` is a multirange of block numbers; `folded_to` is the last block whose logs the
    projections have taken in, contiguous from the contract's start block.
    """

    contract = models.OneToOneField(
        Contract, models.CASCADE, primary_key=True, related_name="coverage"
    )
    blocks = BlockRangesField()
    agreed = BlockRangesField(
        help_text="Blocks whose logs two operators gave alike; counts only where `blocks` has them."
    )
    topics = models.JSONField(
        default=list, help_text="First topics that were asked for; empty means every log."
    )
    folded_to = models.BigIntegerField()
    fold_error = models.TextField(blank=True, help_text="Why folding stands still, in words.")

    def __str__(self) -> str:
        return f"{self.contract_id} folded to {self.folded_to}"


class UndecodableLog(models.Model):
    """A canonical log that its contract's kind could not read and left out; goes when orphaned."""

    contract = models.ForeignKey(Contract, models.CASCADE, related_name="undecodable_logs")
    block_number = models.BigIntegerField()
    log_index = models.IntegerField()
    reason = models.TextField()

    class Meta:
        ordering = ["contract", "block_number", "log_index"]
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "block_number", "log_index"], name="undecodable_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.block_number}/{self.log_index}"


class CodeRecord(models.Model):
    """The code a contract had from a block on; a new row is a change and opens a finding."""

    contract = models.ForeignKey(Contract, models.CASCADE, related_name="code_records")
    block_number = models.BigIntegerField()
    code_hash = HashField()
    implementation = AddressField(null=True)
    seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["contract", "id"]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.code_hash}"
