"""What administrators may turn off."""

from django.db import models

from charter.fields import AddressField
from charter.switches import Switch


class KillSwitch(models.Model):
    """A switch that was thrown; a switch without a row is off and everything runs."""

    switch = models.CharField(max_length=40, choices=Switch.choices, primary_key=True)
    thrown = models.BooleanField(default=False)
    reason = models.TextField(blank=True)
    by = AddressField(null=True)
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.switch} {'thrown' if self.thrown else 'off'}"
