"""What was proven of tallies, and the witnesses that prove it: nodes forget them, we do not."""

from django.db import models

from charter.fields import HashField, Uint256Field
from governance.models.proposal import Proposal
from proofs.statements.tally import Tally


class Shard(models.Model):
    """A part of certificates, named by its keccak256. Certificates that share it keep it once."""

    hash = HashField(primary_key=True)
    content = models.BinaryField()

    def __str__(self) -> str:
        return str(self.hash)


class TallyProof(models.Model):
    """A proposal's tally as proven under the state root of one block, the anchor.

    `head` is the head of its certificate (docs/certificate.md), of which `root` is the keccak256.
    The other columns repeat what it says, for those who only ask how far the tally is proven. It
    counts while its anchor is canonical.
    """

    class Reach(models.TextChoices):
        TOTALS = "totals", "the totals alone"
        COUNTED = "counted", "the totals, and votes that add up to them"
        PROVEN = "proven", "the totals, the votes, and the power of all voters"

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="proofs", db_index=False)
    anchor_number = models.BigIntegerField()
    anchor_hash = HashField()
    anchor_timestamp = models.BigIntegerField(help_text="Seconds, of the anchor block.")
    anchor_operators = models.JSONField(default=list, help_text="Operators who gave its hash.")
    root = HashField()
    head = models.BinaryField()
    size = models.BigIntegerField(help_text="Bytes of the whole certificate.")
    closing = models.BooleanField(help_text="Voting was over at the anchor.")
    reach = models.CharField(max_length=10, choices=Reach)
    missing = models.JSONField(default=dict, help_text="Parts that are not proven, and why.")
    against_votes = Uint256Field()
    for_votes = Uint256Field()
    abstain_votes = Uint256Field()
    quorum = Uint256Field(null=True, help_text="Votes needed, in base units; null if not proven.")
    executed = models.BooleanField()
    canceled = models.BooleanField()
    votes = models.IntegerField(null=True, help_text="Vote events; null where only totals are.")
    voters = models.IntegerField(null=True)
    proven_at = models.DateTimeField(auto_now_add=True)
    signed_block = models.BigIntegerField(
        null=True, help_text="Number of a signed, finalized block that the anchor is or leads to."
    )
    signed_slot = models.BigIntegerField(null=True)
    signed_participants = models.IntegerField(null=True)
    signed_committee = models.IntegerField(null=True)
    shards = models.ManyToManyField(Shard, through="ShardPlace", related_name="proofs")

    class Meta:
        ordering = ["-anchor_number"]
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "anchor_number", "anchor_hash"], name="proof_per_anchor"
            )
        ]

    def __str__(self) -> str:
        return f"{self.proposal_id} at {self.anchor_number}"

    @property
    def totals(self) -> Tally:
        """What the governor's storage holds at the anchor, in base units."""
        return Tally(against=self.against_votes, for_=self.for_votes, abstain=self.abstain_votes)


class ShardPlace(models.Model):
    """Where in a certificate a shard stands."""

    proof = models.ForeignKey(TallyProof, models.CASCADE, related_name="places", db_index=False)
    shard = models.ForeignKey(Shard, models.PROTECT, related_name="places")
    position = models.IntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["proof", "position"], name="shard_place_once")
        ]

    def __str__(self) -> str:
        return f"{self.proof_id}/{self.position}"


class ProofAttempt(models.Model):
    """When a proposal's tally was last tried to be proven, and why that failed if it did."""

    proposal = models.OneToOneField(
        Proposal, models.CASCADE, primary_key=True, related_name="proof_attempt"
    )
    anchor_number = models.BigIntegerField()
    tried_at = models.DateTimeField()
    again_at = models.DateTimeField(db_index=True)
    failures = models.IntegerField(default=0, help_text="How often in a row it failed.")
    why = models.TextField(blank=True, help_text="Why nothing was proven, in words.")

    def __str__(self) -> str:
        return f"{self.proposal_id} at {self.anchor_number}"
