"""Proposals: what was proposed, and what became of it."""

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.urls import reverse

from chainsync.models import ProjectedRow
from charter.fields import AddressField, HashField, Uint256Field
from proofs.statements.lifecycle import ProposalState


class Proposal(ProjectedRow):
    """A proposal of a governor, keyed by (contract, proposal id); `contract` is the governor.

    The tally and the flags are summaries: sums of `TallyDelta` and of `ProposalEvent` rows.
    `state` is the pure function of proofs.statements.lifecycle, kept for filters since block
    `state_block`, at which it last changed; pages compute it afresh. Timepoints count in the
    governor's clock.
    """

    key = models.CharField(max_length=20, unique=True, help_text="proofs.statements.ids")
    proposal_id = Uint256Field()
    proposer = AddressField()
    title = models.CharField(max_length=300)
    description = models.TextField()
    description_hash = HashField()
    vote_start = Uint256Field(help_text="Timepoint of the snapshot.")
    vote_end = Uint256Field(help_text="Timepoint of the deadline before any extension.")
    operation_id = HashField(null=True, help_text="Id that the timelock operation will have.")

    extended_deadline = Uint256Field(null=True)
    eta = Uint256Field(null=True, help_text="Seconds; not before this may it be executed.")
    queued = models.BooleanField(default=False)
    executed = models.BooleanField(default=False)
    canceled = models.BooleanField(default=False)

    against_votes = Uint256Field(default=0)
    for_votes = Uint256Field(default=0)
    abstain_votes = Uint256Field(default=0)
    vote_count = models.IntegerField(default=0)

    quorum = Uint256Field(null=True, help_text="Votes needed, as read at the snapshot.")
    quorum_numerator = Uint256Field(null=True)
    quorum_denominator = Uint256Field(null=True)
    supply_at_snapshot = Uint256Field(null=True)
    quorum_final = models.BooleanField(default=False, help_text="Read after the snapshot passed.")
    quorum_block = models.BigIntegerField(null=True, help_text="Block at which it was read.")

    state = models.SmallIntegerField(
        choices=[(state.value, state.name.title()) for state in ProposalState],
        default=ProposalState.PENDING.value,
    )
    state_block = models.BigIntegerField(default=0)
    checked_block = models.BigIntegerField(
        null=True, help_text="Block at which state and tally were last compared with the contract."
    )
    search = SearchVectorField(null=True)

    class Meta(ProjectedRow.Meta):
        ordering = ["-timestamp", "-id"]
        constraints = [
            *ProjectedRow.Meta.constraints,
            models.UniqueConstraint(fields=["contract", "proposal_id"], name="proposal_once"),
        ]
        indexes = [
            models.Index(fields=["state", "-timestamp"], name="proposal_by_state"),
            models.Index(fields=["operation_id"], name="proposal_by_operation"),
            GinIndex(fields=["search"], name="proposal_search"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("proposal", args=[self.key])

    @property
    def state_name(self) -> str:
        """Lower-case name of the stored state, as the API filters by it."""
        return ProposalState(self.state).name.lower()

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.title = self.title[:300]
        super().save(*args, **kwargs)


class ProposalAction(models.Model):
    """One call that a proposal makes when executed; `signature` is Bravo's, empty elsewhere.

    `operation_id` is set while a Compound Timelock holds this call: there each is queued by itself.
    """

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="actions")
    index = models.IntegerField()
    target = AddressField()
    value = Uint256Field(help_text="Wei.")
    signature = models.TextField(blank=True)
    calldata = models.BinaryField()
    operation_id = HashField(null=True)

    class Meta:
        ordering = ["index"]
        constraints = [
            models.UniqueConstraint(fields=["proposal", "index"], name="action_once"),
        ]
        indexes = [models.Index(fields=["operation_id"], name="action_by_operation")]

    def __str__(self) -> str:
        return f"{self.proposal_id}/{self.index}"


class ProposalEvent(ProjectedRow):
    """What a governor said of a proposal after its creation."""

    class Kind(models.TextChoices):
        EXTENDED = "extended", "Voting extended"
        QUEUED = "queued", "Queued"
        EXECUTED = "executed", "Executed"
        CANCELED = "canceled", "Canceled"

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind)
    value = Uint256Field(null=True, help_text="New deadline, or eta in seconds.")

    class Meta(ProjectedRow.Meta):
        ordering = ["block_number", "log_index"]

    def __str__(self) -> str:
        return f"{self.proposal_id} {self.kind}"
