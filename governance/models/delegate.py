"""Who votes for whom, and with how much."""

from django.db import models

from chainsync.models import ProjectedRow
from charter.fields import AddressField, Uint256Field
from charter.models import Contract


class Delegation(ProjectedRow):
    """A holder chose another delegate; `contract` is the token."""

    delegator = AddressField()
    from_delegate = AddressField()
    to_delegate = AddressField()

    class Meta(ProjectedRow.Meta):
        ordering = ["-block_number", "-log_index"]
        indexes = [
            models.Index(
                fields=["delegator", "-block_number", "-log_index"], name="delegation_by_holder"
            ),
            models.Index(
                fields=["to_delegate", "-block_number", "-log_index"],
                name="delegation_by_delegate",
            ),
            models.Index(fields=["from_delegate"], name="delegation_by_former"),
        ]

    def __str__(self) -> str:
        return f"{self.delegator} to {self.to_delegate}"


class Checkpoint(ProjectedRow):
    """Voting power of a delegate from this log on; `contract` is the token.

    Its timepoint is `block_number` or `timestamp`, whichever the token's clock counts.
    """

    delegate = AddressField()
    previous = Uint256Field()
    votes = Uint256Field()

    class Meta(ProjectedRow.Meta):
        ordering = ["-block_number", "-log_index"]
        indexes = [
            models.Index(
                fields=["contract", "delegate", "-block_number", "-log_index"],
                name="checkpoint_by_block",
            ),
            models.Index(
                fields=["contract", "delegate", "-timestamp", "-block_number", "-log_index"],
                name="checkpoint_by_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.delegate} {self.votes}"


class Delegate(models.Model):
    """A summary of `Checkpoint` and `Delegation` rows: power now, and how many delegate to it."""

    contract = models.ForeignKey(Contract, models.CASCADE, related_name="delegates")
    address = AddressField()
    votes = Uint256Field(default=0)
    delegators = models.IntegerField(default=0)

    class Meta:
        ordering = ["-votes", "id"]
        constraints = [
            models.UniqueConstraint(fields=["contract", "address"], name="delegate_once"),
        ]
        indexes = [models.Index(fields=["contract", "-votes", "id"], name="delegate_by_power")]

    def __str__(self) -> str:
        return str(self.address)
