"""The beacon chain of an L1, and who is asked about it."""

from django.db import models

from charter.models.chain import Chain


class Beacon(models.Model):
    """The beacon chain behind an L1, and the block of it that somebody trusted.

    Texts keep their `${NAME}` references: what they stand for is in the environment.
    """

    chain = models.OneToOneField(Chain, models.PROTECT, related_name="beacon")
    checkpoint = models.CharField(
        max_length=200, help_text="Root of a finalized beacon block, as written."
    )
    network = models.JSONField(null=True, help_text="As written; null stands for Ethereum's.")
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["chain"]

    def __str__(self) -> str:
        return f"beacon of {self.key}"

    @property
    def key(self) -> str:
        """The chain's key: a chain has one beacon chain at most."""
        return self.chain.key


class BeaconEndpoint(models.Model):
    """A beacon node with the REST API for light clients; everything it says is checked.

    `url` keeps its `${NAME}` references, as that of an Endpoint.
    """

    beacon = models.ForeignKey(Beacon, models.PROTECT, related_name="endpoints")
    name = models.SlugField(unique=True)
    operator = models.CharField(max_length=100, blank=True)
    url = models.CharField(max_length=500)
    position = models.PositiveSmallIntegerField(help_text="In which order they are asked.")
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name
