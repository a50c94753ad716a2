"""What a light client of an L1's beacon chain holds between two turns."""

from django.db import models

from charter.fields import HashField
from charter.models import Chain


class LightClient(models.Model):
    """The light client of one chain, from the checkpoint that `venue.toml` gave.

    Another checkpoint or network begins it anew; what it ended with stands in the audit. `signed_…`
    is the execution block that it certifies: empty while it certifies none.
    """

    chain = models.OneToOneField(
        Chain, models.CASCADE, primary_key=True, related_name="light_client"
    )
    checkpoint = HashField(help_text="Root of the beacon block that was trusted.")
    network = models.JSONField(help_text="Genesis, lengths and forks that it goes by.")
    record = models.BinaryField(
        null=True, help_text="The store, as proofs.statements.light_client_record writes it."
    )
    begun_at = models.DateTimeField(null=True, help_text="When the checkpoint was proven a block.")
    checkpoint_slot = models.BigIntegerField(null=True)
    checkpoint_epochs = models.BigIntegerField(
        null=True, help_text="How many epochs old the checkpoint was when this began."
    )
    epochs_allowed = models.BigIntegerField(help_text="The weak subjectivity period, in epochs.")
    lapsed = models.TextField(
        blank=True, help_text="Why the line from the checkpoint is too old to trust, in words."
    )
    forced = models.BooleanField(
        default=False, help_text="It was once advanced without two thirds: it certifies nothing."
    )
    finalized_slot = models.BigIntegerField(null=True)
    period = models.BigIntegerField(null=True, help_text="Sync committee period of that slot.")
    signed_slot = models.BigIntegerField(null=True)
    signed_number = models.BigIntegerField(null=True)
    signed_hash = HashField(null=True)
    signed_state_root = HashField(null=True)
    signed_receipts_root = HashField(null=True)
    signed_timestamp = models.BigIntegerField(null=True, help_text="Seconds, by the chain.")
    participants = models.IntegerField(null=True, help_text="Members who signed for it.")
    committee_size = models.IntegerField(null=True)
    signed_at = models.DateTimeField(null=True, help_text="When we knew.")
    contradicts_number = models.BigIntegerField(
        null=True, help_text="Lowest signed block of which the journal has another."
    )
    contradicts_hash = HashField(null=True, help_text="The signed one.")
    answered_at = models.DateTimeField(null=True, help_text="Last sound answer of an endpoint.")
    silent_since = models.DateTimeField(null=True, help_text="Since when none answered.")
    silence = models.TextField(blank=True, help_text="What each of them did instead, in words.")
    refused = models.TextField(blank=True, help_text="What was refused last turn, and of whom.")
    last_participants = models.IntegerField(null=True, help_text="Of the newest signature.")
    few_since = models.DateTimeField(
        null=True, help_text="Since when newest signatures are by less than two thirds."
    )

    def __str__(self) -> str:
        return f"light client of {self.chain_id} at slot {self.finalized_slot}"
