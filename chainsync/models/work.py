"""Work that waits, as rows."""

from django.db import models

from charter.models import Chain, Contract


class BackfillRange(models.Model):
    """A range of blocks whose logs of one contract are to be fetched; claimed by SKIP LOCKED."""

    chain = models.ForeignKey(Chain, models.CASCADE, related_name="backfill")
    contract = models.ForeignKey(Contract, models.CASCADE, related_name="backfill")
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    claimed_by = models.CharField(max_length=100, blank=True)
    claimed_until = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)
    not_before = models.DateTimeField(auto_now_add=True)
    last_error = models.TextField(blank=True)
    disputed = models.TextField(blank=True, help_text="What two operators say differently.")

    class Meta:
        ordering = ["first"]
        constraints = [
            models.UniqueConstraint(fields=["contract", "first"], name="backfill_once"),
            models.CheckConstraint(
                condition=models.Q(last__gte=models.F("first")), name="backfill_forward"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.first}-{self.last}"
