"""How an endpoint has been answering."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from charter.fields import HashField
from charter.models import Endpoint


class EndpointStatus(models.Model):
    """Latest health of an endpoint: head, latency, failures in a row, disagreement."""

    endpoint = models.OneToOneField(
        Endpoint, models.CASCADE, primary_key=True, related_name="status"
    )
    head_number = models.BigIntegerField(null=True)
    head_hash = HashField(null=True)
    latency_ms = models.IntegerField(null=True)
    failures = models.IntegerField(default=0, help_text="Failed requests in a row.")
    last_error = models.TextField(blank=True)
    chain_id_seen = models.BigIntegerField(null=True, help_text="Chain id that it last gave.")
    disagrees = models.TextField(blank=True, help_text="What it says differently, in words.")
    disagrees_from = models.BigIntegerField(
        null=True, help_text="Lowest block in dispute; nothing from there on is finalized."
    )
    implausible = models.TextField(
        blank=True, default="", db_default="", help_text="Why its head cannot be, in words."
    )
    answered_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "endpoint statuses"

    def __str__(self) -> str:
        return f"{self.endpoint_id} at {self.head_number}"


class EndpointMinute(models.Model):
    """How an endpoint answered during one minute, by all processes together. Kept for 30 days.

    `requests` are questions put to it, each perhaps a batch; those that failed are counted by
    sort, the others by how long they took (`latencies`, see `chainsync/endpoint/latencies.py`).
    """

    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="minutes")
    minute = models.DateTimeField(help_text="Its beginning.")
    requests = models.IntegerField(default=0)
    timeouts = models.IntegerField(default=0)
    unreachable = models.IntegerField(default=0)
    rate_limited = models.IntegerField(default=0)
    too_large = models.IntegerField(default=0)
    wrong_chain = models.IntegerField(default=0)
    malformed = models.IntegerField(default=0)
    other = models.IntegerField(default=0)
    latencies = ArrayField(models.IntegerField(), help_text="Answers by how long they took.")
    latency_max_ms = models.IntegerField(default=0)
    lag_blocks = models.BigIntegerField(
        null=True, help_text="The most that it was behind our head; null when it gave no head."
    )
    disagreements = models.IntegerField(
        default=0, help_text="The most disputes about its word that stood at one time."
    )

    class Meta:
        ordering = ["endpoint", "minute"]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "minute"], name="endpoint_minute_once"),
        ]

    def __str__(self) -> str:
        return f"{self.endpoint_id} at {self.minute:%Y-%m-%d %H:%M}"
