"""One writer at a time."""

from django.db import models


class Lease(models.Model):
    """The right to write under `name` until `expires_at`; `fence` grows with each taking."""

    name = models.CharField(max_length=100, primary_key=True)
    owner = models.CharField(max_length=100)
    fence = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} held by {self.owner}"
