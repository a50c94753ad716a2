"""Votes and their sums."""

from django.db import models

from chainsync.models import ProjectedRow
from charter.fields import AddressField, Uint256Field
from charter.models import Contract
from governance.fields import SignedAmountField
from governance.models.proposal import Proposal


class Vote(ProjectedRow):
    """One vote event; a voter may emit several where votes can be split or cast in parts.

    `against_votes`, `for_votes` and `abstain_votes` are what this event adds, in base units. They
    are negative where a holder overrode a delegate and the delegate's vote shrank (`REDUCED`).

    There may be a million: each is written in one transaction with its proposal or after it, and
    taken back before it, so the database does not look up contract and proposal for each. The key
    begins with the proposal, so that it also serves to read its votes in order.
    """

    class Kind(models.TextChoices):
        CAST = "cast", "Cast"
        OVERRIDE = "override", "Cast by a holder in place of the delegate"
        REDUCED = "reduced", "Taken back from a delegate by a holder"

    contract = models.ForeignKey(
        Contract, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    proposal = models.ForeignKey(
        Proposal, models.CASCADE, related_name="votes", db_index=False, db_constraint=False
    )
    voter = AddressField()
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.CAST)
    support = models.SmallIntegerField(help_text="0 against, 1 for, 2 abstain, 255 split.")
    weight = Uint256Field()
    against_votes = SignedAmountField()
    for_votes = SignedAmountField()
    abstain_votes = SignedAmountField()
    reason = models.TextField(blank=True)
    params = models.BinaryField(default=b"")

    class Meta(ProjectedRow.Meta):
        ordering = ["-block_number", "-log_index"]
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "block_number", "log_index"], name="vote_per_log"
            )
        ]
        indexes = [
            models.Index(fields=["proposal", "-weight", "id"], name="vote_heaviest"),
            models.Index(fields=["voter", "-timestamp"], name="vote_by_voter"),
        ]

    def __str__(self) -> str:
        return f"{self.voter} on {self.proposal_id}"


class TallyDelta(models.Model):
    """What one block added to a proposal's tally, so that a reorg takes back just that."""

    contract = models.ForeignKey(Contract, models.CASCADE, related_name="+", db_index=False)
    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="deltas", db_index=False)
    block_number = models.BigIntegerField()
    against_votes = SignedAmountField()
    for_votes = SignedAmountField()
    abstain_votes = SignedAmountField()
    votes = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["proposal", "block_number"], name="delta_once"),
        ]
        indexes = [models.Index(fields=["contract", "block_number"], name="delta_by_block")]

    def __str__(self) -> str:
        return f"{self.proposal_id} at {self.block_number}"
