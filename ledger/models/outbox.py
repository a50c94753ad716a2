"""What must be told."""

from django.db import models


class OutboxEntry(models.Model):
    """One thing that readers must learn of, written in the transaction that made it true."""

    at = models.DateTimeField(auto_now_add=True)
    topic = models.CharField(max_length=120, help_text="What changed: proposal:<key>, chain:<key>.")
    event = models.CharField(max_length=80)
    detail = models.JSONField(default=dict)
    position = models.BigIntegerField(null=True, unique=True)
    seal = models.BinaryField(max_length=32, null=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["id"], name="outbox_unsealed", condition=models.Q(position__isnull=True)
            ),
            models.Index(fields=["topic", "position"], name="outbox_topic"),
        ]
        verbose_name_plural = "outbox entries"

    def __str__(self) -> str:
        return f"{self.topic} {self.event}"
