"""Timelock operations."""

from django.db import models

from chainsync.models import ProjectedRow
from charter.fields import AddressField, HashField, Uint256Field


class Operation(ProjectedRow):
    """An operation of a timelock (`contract`), or one queued transaction of Compound's.

    Summaries of `OperationEvent` rows: `salt`, `executed_calls`, `done`, `canceled`.
    """

    operation_id = HashField()
    predecessor = HashField(null=True)
    salt = HashField(null=True)
    delay = Uint256Field(null=True, help_text="Seconds.")
    ready_at = Uint256Field(help_text="Seconds; not before this may it be executed.")
    expires_at = Uint256Field(null=True, help_text="Seconds; Compound's grace period ends.")
    call_count = models.IntegerField(default=1)
    executed_calls = models.IntegerField(default=0)
    done = models.BooleanField(default=False)
    canceled = models.BooleanField(default=False)

    class Meta(ProjectedRow.Meta):
        ordering = ["-block_number", "-log_index"]
        indexes = [models.Index(fields=["contract", "operation_id"], name="operation_lookup")]

    def __str__(self) -> str:
        return str(self.operation_id)


class OperationCall(ProjectedRow):
    """One call of an operation, as scheduled; `contract` is the timelock."""

    operation = models.ForeignKey(Operation, models.CASCADE, related_name="calls")
    index = models.IntegerField()
    target = AddressField()
    value = Uint256Field(help_text="Wei.")
    signature = models.TextField(blank=True)
    calldata = models.BinaryField()

    class Meta(ProjectedRow.Meta):
        ordering = ["index"]

    def __str__(self) -> str:
        return f"{self.operation_id}/{self.index}"


class OperationEvent(ProjectedRow):
    """What a timelock said of an operation after it was scheduled."""

    class Kind(models.TextChoices):
        SALT = "salt", "Salt told"
        CALL_EXECUTED = "call", "Call executed"
        CANCELED = "canceled", "Canceled"

    operation = models.ForeignKey(Operation, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind)
    index = models.IntegerField(null=True, help_text="Of the executed call.")
    salt = HashField(null=True)

    class Meta(ProjectedRow.Meta):
        ordering = ["block_number", "log_index"]

    def __str__(self) -> str:
        return f"{self.operation_id} {self.kind}"
