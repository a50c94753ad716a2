"""A contract of the venue."""

from django.db import models

from charter.fields import AddressField
from charter.models.chain import Chain


class Contract(models.Model):
    """A contract that the charter names, by kind and address; `links` names its relations.

    `links` maps a role (`token`, `timelock`) to the key of another contract on the same chain.
    """

    key = models.SlugField(unique=True)
    chain = models.ForeignKey(Chain, models.PROTECT, related_name="contracts")
    kind = models.SlugField()
    address = AddressField()
    start_block = models.BigIntegerField()
    label = models.CharField(max_length=100)
    links = models.JSONField(default=dict)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["key"]
        constraints = [models.UniqueConstraint(fields=["chain", "address"], name="contract_once")]

    def __str__(self) -> str:
        return self.label

    @property
    def caip10(self) -> str:
        """Account identifier of CAIP-10, `eip155:<chain id>:<address>`."""
        return f"{self.chain.caip2}:{self.address}"

    def linked(self, role: str) -> "Contract | None":
        """The contract that plays `role` for this one, or None when the charter names none."""
        key = self.links.get(role)
        return None if key is None else Contract.objects.select_related("chain").get(key=key)
