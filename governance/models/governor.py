"""What a governor and its token say of themselves."""

from django.db import models

from charter.fields import Uint256Field
from charter.models import Contract

TO_BE_ASKED = -1
"""As `block_number`: what it said of itself was undone, and it was not asked again yet."""


class Token(models.Model):
    """A votes token as it describes itself, read by call at `block_number`."""

    contract = models.OneToOneField(
        Contract, models.CASCADE, primary_key=True, related_name="token_profile"
    )
    name = models.CharField(max_length=100, blank=True)
    symbol = models.CharField(max_length=30, blank=True)
    decimals = models.SmallIntegerField(default=18)
    clock_mode = models.CharField(max_length=20, default="blocknumber")
    block_number = models.BigIntegerField()

    def __str__(self) -> str:
        return self.symbol


class Governor(models.Model):
    """A governor as it describes itself, read by call at `block_number`.

    `clock_mode` is `timestamp` or `blocknumber` (ERC-6372); `counting_mode` is the contract's
    COUNTING_MODE string and says which buckets count for the quorum.
    """

    contract = models.OneToOneField(
        Contract, models.CASCADE, primary_key=True, related_name="governor_profile"
    )
    name = models.CharField(max_length=100, blank=True)
    clock_mode = models.CharField(max_length=20)
    counting_mode = models.CharField(max_length=200)
    voting_delay = Uint256Field(help_text="In units of the clock.")
    voting_period = Uint256Field(help_text="In units of the clock.")
    proposal_threshold = Uint256Field()
    guardian = models.CharField(max_length=42, blank=True)
    block_number = models.BigIntegerField()

    def __str__(self) -> str:
        return self.name
