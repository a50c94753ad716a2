"""Parameters of the venue and of its governors, as history."""

from django.db import models

from chainsync.models import ProjectedRow


class ParameterChange(ProjectedRow):
    """A named parameter of `contract` got a new value; `scope` is a market, or empty.

    Values are decimal strings, addresses or words, as the event tells them; `previous` is empty
    where the event does not tell. One event may set several parameters.
    """

    name = models.CharField(max_length=80)
    scope = models.CharField(max_length=80, blank=True)
    previous = models.TextField(blank=True)
    value = models.TextField(blank=True)

    class Meta(ProjectedRow.Meta):
        ordering = ["-block_number", "-log_index"]
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "block_number", "log_index", "name"],
                name="parameterchange_per_log_and_name",
            )
        ]
        indexes = [
            models.Index(
                fields=["contract", "name", "scope", "-block_number", "-log_index"],
                name="parameter_latest",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.scope} = {self.value}"
