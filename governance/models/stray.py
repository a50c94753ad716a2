"""Events about things whose beginning was not read."""

from django.db import models

from charter.models import Contract


class StrayEvents(models.Model):
    """How many events of one block name a proposal or an operation that is not in our rows.

    It happens when the charter's start block is too late. The logs stay in the journal; these rows
    keep the finding that says so standing for as long as it is true.
    """

    class Noun(models.TextChoices):
        PROPOSAL = "proposal", "Proposal"
        OPERATION = "operation", "Operation"

    contract = models.ForeignKey(Contract, models.CASCADE, related_name="+")
    block_number = models.BigIntegerField()
    noun = models.CharField(max_length=10, choices=Noun)
    name = models.CharField(max_length=80, help_text="Proposal id in decimal, or operation id.")
    count = models.IntegerField()

    class Meta:
        verbose_name_plural = "stray events"
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "block_number", "noun", "name"], name="stray_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.count} on {self.noun} {self.name} at {self.block_number}"
