"""What was done, by whom."""

from django.db import models


class AuditEntry(models.Model):
    """One act of a person or a policy. Append-only; the sealer gives position and chained hash."""

    at = models.DateTimeField(auto_now_add=True)
    actor = models.CharField(max_length=100, help_text="An address, or system:<part>.")
    act = models.CharField(max_length=80, help_text="source:subject:action")
    subject = models.CharField(max_length=200)
    detail = models.JSONField(default=dict)
    position = models.BigIntegerField(null=True, unique=True)
    seal = models.BinaryField(max_length=32, null=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["id"], name="audit_unsealed", condition=models.Q(position__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.act} {self.subject}"
