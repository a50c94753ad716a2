"""How far each chain is followed."""

from django.db import models

from charter.fields import HashField
from charter.models import Chain


class ChainStatus(models.Model):
    """Head, safe and finalized block of a chain as followed, and why following stands still."""

    chain = models.OneToOneField(Chain, models.CASCADE, primary_key=True, related_name="status")
    head_number = models.BigIntegerField(null=True)
    head_hash = HashField(null=True)
    head_timestamp = models.BigIntegerField(null=True, help_text="Seconds, by the chain.")
    dense_from = models.BigIntegerField(
        null=True, help_text="From this block on headers are dense and linked by parent hash."
    )
    safe_number = models.BigIntegerField(null=True)
    finalized_number = models.BigIntegerField(null=True)
    finalized_hash = HashField(null=True)
    followed_at = models.DateTimeField(null=True, help_text="When a new head was last journalled.")
    finality_waits = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text="Why what its nodes call final is not taken as final yet, in words.",
    )
    halted = models.TextField(blank=True, help_text="Why following stopped, in words.")

    class Meta:
        verbose_name_plural = "chain statuses"

    def __str__(self) -> str:
        return f"{self.chain_id} at {self.head_number}"
