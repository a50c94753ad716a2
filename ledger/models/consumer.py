"""Who takes from the outbox, and how far."""

from django.db import models


class Consumer(models.Model):
    """A part that must hear of every outbox entry; `position` is the last one it has taken in."""

    name = models.CharField(max_length=80, primary_key=True)
    position = models.BigIntegerField(default=0)
    failures = models.IntegerField(default=0, help_text="Attempts at the next entry that failed.")
    last_error = models.TextField(blank=True)
    retry_at = models.DateTimeField(null=True, help_text="Not before this time after a failure.")

    def __str__(self) -> str:
        return f"{self.name} to {self.position}"
