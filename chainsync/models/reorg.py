"""Reorganisations that were seen."""

from django.db import models

from charter.fields import HashField
from charter.models import Chain


class Reorg(models.Model):
    """A switch of the canonical chain: blocks above `fork_number` were replaced."""

    chain = models.ForeignKey(Chain, models.CASCADE, related_name="reorgs")
    fork_number = models.BigIntegerField(help_text="Last block that both branches share.")
    depth = models.IntegerField(help_text="How many of our blocks were orphaned.")
    old_head = HashField()
    new_head = HashField()
    logs_orphaned = models.IntegerField()
    refused = models.BooleanField(default=False, help_text="It crossed a finalized block.")
    seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.chain_id} reorg of {self.depth} above {self.fork_number}"
