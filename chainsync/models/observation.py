"""What was read by call rather than by log."""

from django.db import models

from charter.fields import AddressField, HashField
from charter.models import Chain


class Observation(models.Model):
    """The reply to one `eth_call` at a named block, and which operators gave it."""

    chain = models.ForeignKey(Chain, models.CASCADE, related_name="observations")
    block_number = models.BigIntegerField()
    block_hash = HashField()
    address = AddressField()
    calldata = models.BinaryField()
    result = models.BinaryField(null=True, help_text="Null when the call reverted.")
    operators = models.JSONField(default=list)
    seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["chain", "block_hash", "address", "calldata"], name="observation_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.address} at {self.block_number}"
