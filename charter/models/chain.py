"""A chain of the venue."""

from django.db import models


class Chain(models.Model):
    """A chain that the charter names; everything read from a chain hangs on this row."""

    class Role(models.TextChoices):
        L1 = "l1", "Layer 1"
        L2 = "l2", "Layer 2"

    class Headers(models.TextChoices):
        RECOMPUTED = "recomputed", "each block hash is recomputed from its header"
        OPAQUE = "opaque", "headers cannot be recomputed, hashes are the nodes' word"

    key = models.SlugField(unique=True)
    chain_id = models.BigIntegerField(unique=True)
    name = models.CharField(max_length=100)
    role = models.CharField(max_length=2, choices=Role)
    block_time = models.FloatField(help_text="Expected seconds between blocks.")
    headers = models.CharField(max_length=10, choices=Headers, default=Headers.RECOMPUTED)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["-role", "key"]

    def __str__(self) -> str:
        return self.name

    @property
    def caip2(self) -> str:
        """Chain identifier of CAIP-2, `eip155:<chain id>`."""
        return f"eip155:{self.chain_id}"
