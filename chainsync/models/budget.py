"""What may still be asked of an endpoint, by all workers together."""

from django.db import models

from charter.models import Endpoint


class EndpointBudget(models.Model):
    """A token bucket for one endpoint, and until when everybody leaves it alone.

    All times are the database's, so the clocks of the workers' machines do not matter. An
    endpoint without `requests_per_second` in the charter has a row only once it said 429.
    """

    endpoint = models.OneToOneField(
        Endpoint, models.CASCADE, primary_key=True, related_name="budget"
    )
    allowance = models.FloatField(
        default=0, help_text="Requests that may be sent at once; below 0 after a large batch."
    )
    refilled_at = models.DateTimeField()
    resting_until = models.DateTimeField(
        null=True, help_text="It asked to be left alone until then."
    )
    granted = models.BigIntegerField(default=0, help_text="Requests granted since the beginning.")

    class Meta:
        verbose_name_plural = "endpoint budgets"

    def __str__(self) -> str:
        return f"{self.endpoint_id}: {self.allowance:.1f} left"
