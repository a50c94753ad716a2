"""A node that answers for a chain."""

from django.db import models

from charter.models.chain import Chain


class Endpoint(models.Model):
    """A JSON-RPC endpoint and the operator who runs it; agreement counts operators, not URLs.

    `url` keeps its `${NAME}` references: what they stand for may be secret and stays in the
    environment.
    """

    chain = models.ForeignKey(Chain, models.PROTECT, related_name="endpoints")
    name = models.SlugField(unique=True)
    operator = models.CharField(max_length=100)
    url = models.CharField(max_length=500)
    public = models.BooleanField(default=False, help_text="May be given to a visitor's wallet.")
    requests_per_second = models.FloatField(
        null=True, help_text="The most that all workers together may ask of it; null: no limit."
    )
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
