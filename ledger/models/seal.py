"""How far the audit and the outbox are sealed."""

from django.db import models


class Seal(models.Model):
    """Last position and hash of one sealed sequence (`audit` or `outbox`)."""

    name = models.CharField(max_length=20, primary_key=True)
    position = models.BigIntegerField(default=0)
    hash = models.BinaryField(max_length=32, default=b"\0" * 32)

    def __str__(self) -> str:
        return f"{self.name} to {self.position}"
