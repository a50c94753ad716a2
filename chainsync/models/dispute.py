"""What endpoints said that others denied, how it was decided, and what the journal took back."""

from django.db import models
from django.db.models import Q

from charter.fields import AddressField, HashField
from charter.models import Chain, Contract, Endpoint


class Dispute(models.Model):
    """One thing on which `endpoint` stands against others: opened, decided, kept for ever.

    While it is open nothing from `first` on is finalized, nor called agreed between `first` and
    `last`. One that closed as `endpoint-wrong` is a proven lie: `repeated_at` is when it was last
    told again, `recanted_at` when the endpoint stopped telling it.
    """

    class About(models.TextChoices):
        BLOCK = "block", "which block it is"
        LOGS = "logs", "the logs of a block"
        STATE = "state", "what a contract answers"
        RANGE = "range", "the logs of a range"

    class Outcome(models.TextChoices):
        OPEN = "open", "not decided"
        AGREED_AGAIN = "agreed-again", "the endpoints agree again"
        ENDPOINT_WRONG = "endpoint-wrong", "the endpoint was wrong"
        JOURNAL_WRONG = "journal-wrong", "our journal was wrong and is repaired"
        ORPHANED = "orphaned", "the block was replaced"

    chain = models.ForeignKey(Chain, models.CASCADE, related_name="disputes")
    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="disputes")
    contract = models.ForeignKey(
        Contract, models.SET_NULL, null=True, related_name="disputes", help_text="If about one."
    )
    about = models.CharField(max_length=5, choices=About)
    first = models.BigIntegerField(help_text="Lowest block concerned.")
    last = models.BigIntegerField(help_text="Highest block concerned.")
    block_hash = HashField(null=True, help_text="Of our block, where it is about one block.")
    says = models.TextField(help_text="What the endpoint says, in words.")
    outcome = models.CharField(max_length=14, choices=Outcome, default=Outcome.OPEN)
    evidence = models.TextField(blank=True, help_text="What it was decided by, in words.")
    detail = models.JSONField(default=dict, help_text="The same for machines.")
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)
    repeated_at = models.DateTimeField(null=True)
    recanted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "about", "first", "last", "block_hash"],
                condition=Q(closed_at=None),
                nulls_distinct=False,
                name="dispute_open_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["chain", "first"], name="dispute_open", condition=Q(closed_at=None)
            ),
            models.Index(
                fields=["endpoint", "-id"],
                name="dispute_lies",
                condition=Q(outcome="endpoint-wrong", recanted_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.endpoint_id} about {self.about} {self.first}-{self.last}: {self.outcome}"


class RetractedLog(models.Model):
    """A log that was journalled as canonical and proved false: kept, with the reason."""

    chain = models.ForeignKey(Chain, models.PROTECT, related_name="+")
    dispute = models.ForeignKey(Dispute, models.PROTECT, related_name="retracted")
    block_number = models.BigIntegerField()
    block_hash = HashField()
    log_index = models.IntegerField()
    tx_hash = HashField()
    tx_index = models.IntegerField()
    address = AddressField()
    topics = models.JSONField()
    data = models.BinaryField()
    retracted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.block_number}/{self.log_index} retracted"
