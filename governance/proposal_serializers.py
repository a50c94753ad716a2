"""How one proposal with all its facts looks in the API."""

from typing import Any

from drf_spectacular.helpers import lazy_serializer
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from chainsync.serializers import ASSURANCES
from charter.representation import (
    AccountField,
    AmountField,
    BytesField,
    HashDigitsField,
    ReadSerializer,
    TimeField,
)
from governance.calldata.decoding import Grade, ToldCall
from governance.models import ProposalAction, ProposalEvent, TallyProof
from governance.serializers import (
    PROPOSAL_STATES,
    OperationSerializer,
    ProposalSerializer,
    TimepointSerializer,
)
from proofs.statements.lifecycle import ChangeKind
from proofs.statements.tally import Bucket
from proofs.statements.timeline import StepKind, StepStatus


class ArgumentSerializer(ReadSerializer):
    """One argument of a call, as people read it."""

    name = serializers.CharField()
    type = serializers.CharField(help_text="As in the ABI.")
    text = serializers.CharField()
    address = serializers.CharField(allow_null=True, help_text="Where the value is an address.")


class ToldCallSerializer(ReadSerializer):
    """A call that another call carries, told."""

    target = serializers.CharField(help_text="Checksummed address.")
    target_name = serializers.CharField(help_text="Its label in the charter, or its address.")
    value = AmountField(help_text="Wei.")
    signature = serializers.CharField(help_text="Of the function; empty if it is not known.")
    calldata = BytesField()
    grade = serializers.ChoiceField([grade.value for grade in Grade])
    sentence = serializers.CharField()
    arguments = ArgumentSerializer(many=True)
    problem = serializers.CharField(help_text="Why it is not fully understood, or empty.")
    warning = serializers.CharField(help_text="What a reader must not miss, or empty.")
    inner = serializers.SerializerMethodField(help_text="Calls that this call carries.")
    left_out = serializers.IntegerField(help_text="Nested calls beyond the limits.")

    @extend_schema_field(
        lazy_serializer("governance.proposal_serializers.ToldCallSerializer")(many=True)
    )
    def get_inner(self, call: ToldCall) -> Any:
        return ToldCallSerializer(call.inner, many=True).data


class ActionSerializer(serializers.ModelSerializer[ProposalAction]):
    """One call that the proposal makes when it is executed, raw and told in words.

    A call is told in full only where the charter knows the contract and its kind the function;
    `grade` says how far it is understood. The raw call is what will be executed.
    """

    target = AccountField(address="target", contract="proposal.contract")
    target_name = serializers.CharField(source="told.target_name", read_only=True)
    value = AmountField(help_text="Wei.")
    calldata = BytesField(help_text="As proposed; without a selector where `signature` is given.")
    grade = serializers.ChoiceField(
        [grade.value for grade in Grade], source="told.grade.value", read_only=True
    )
    function = serializers.CharField(
        source="told.signature", read_only=True, help_text="Empty if it is not known."
    )
    sentence = serializers.CharField(source="told.sentence", read_only=True)
    arguments = ArgumentSerializer(source="told.arguments", many=True, read_only=True)
    problem = serializers.CharField(source="told.problem", read_only=True)
    warning = serializers.CharField(source="told.warning", read_only=True)
    inner = ToldCallSerializer(source="told.inner", many=True, read_only=True)
    left_out = serializers.IntegerField(source="told.left_out", read_only=True)

    class Meta:
        model = ProposalAction
        fields = [
            "index",
            "target",
            "target_name",
            "value",
            "signature",
            "calldata",
            "grade",
            "function",
            "sentence",
            "arguments",
            "problem",
            "warning",
            "inner",
            "left_out",
        ]
        read_only_fields = fields


class QuorumSerializer(ReadSerializer):
    """The arithmetic of the quorum, in base units. `supply` and the fraction are null if fixed."""

    needed = AmountField()
    counted = AmountField(help_text="Votes in the buckets that count.")
    missing = AmountField()
    reached = serializers.BooleanField()
    buckets = serializers.ListField(
        child=serializers.ChoiceField([bucket.name.lower() for bucket in Bucket]),
        help_text="Which votes count.",
    )
    numerator = AmountField(allow_null=True)
    denominator = AmountField(allow_null=True)
    supply = AmountField(allow_null=True, help_text="Total supply at the snapshot.")
    final = serializers.BooleanField(help_text="Whether it was read after the snapshot.")
    read_at_block = serializers.IntegerField(allow_null=True)
    says = serializers.CharField(help_text="The same in words, in whole tokens.")


class StepSerializer(ReadSerializer):
    """One station of the timeline; `at` and `until` are null where they are open."""

    kind = serializers.ChoiceField([kind.value for kind in StepKind])
    status = serializers.ChoiceField([status.value for status in StepStatus])
    at = TimepointSerializer(allow_null=True)
    until = TimepointSerializer(allow_null=True)


class ChangeSerializer(ReadSerializer):
    """What the passing of time alone brings next."""

    kind = serializers.ChoiceField([kind.value for kind in ChangeKind])
    at = TimepointSerializer()
    follows = serializers.ChoiceField(
        PROPOSAL_STATES,
        allow_null=True,
        help_text="The state then, on the votes as they stand; null while unknown.",
    )


class StateBlockSerializer(ReadSerializer):
    """The block for which `state` holds. It is no part of the answer's tag."""

    as_of_block = serializers.IntegerField()
    as_of_timestamp = serializers.IntegerField(allow_null=True)
    as_of_time = serializers.CharField(allow_null=True)


class EventSerializer(serializers.ModelSerializer[ProposalEvent]):
    """What the governor said of the proposal after its creation."""

    value = AmountField(allow_null=True, help_text="New deadline, or eta in seconds.")
    tx_hash = HashDigitsField()
    time = TimeField(source="timestamp")

    class Meta:
        model = ProposalEvent
        fields = ["kind", "value", "block_number", "log_index", "tx_hash", "timestamp", "time"]
        read_only_fields = fields


class SignedSerializer(ReadSerializer):
    """The finalized L1 block that the sync committee signed, and by how many of how many."""

    block = serializers.IntegerField(source="signed_block")
    slot = serializers.IntegerField(source="signed_slot")
    participants = serializers.IntegerField(source="signed_participants")
    committee = serializers.IntegerField(source="signed_committee")


class ProofSerializer(serializers.ModelSerializer[TallyProof]):
    """What is proven of the tally under the state root of one block, the anchor."""

    anchor_hash = HashDigitsField()
    certificate_root = HashDigitsField(
        source="root", help_text="Of the certificate by which a stranger checks it."
    )
    against_votes = AmountField(help_text="In the governor's storage at the anchor.")
    for_votes = AmountField()
    abstain_votes = AmountField()
    quorum_votes = AmountField(source="quorum", allow_null=True, help_text="Null if not proven.")
    missing = serializers.DictField(
        child=serializers.CharField(), help_text="Parts that are not proven, and why."
    )
    signed = serializers.SerializerMethodField(help_text="Null where no signed block leads to it.")

    class Meta:
        model = TallyProof
        fields = [
            "anchor_number",
            "anchor_hash",
            "anchor_timestamp",
            "certificate_root",
            "size",
            "closing",
            "reach",
            "against_votes",
            "for_votes",
            "abstain_votes",
            "quorum_votes",
            "votes",
            "voters",
            "missing",
            "signed",
            "proven_at",
        ]
        read_only_fields = fields

    @extend_schema_field(SignedSerializer(allow_null=True))
    def get_signed(self, proof: TallyProof) -> Any:
        return None if proof.signed_block is None else SignedSerializer(proof).data


class ProvenSerializer(ReadSerializer):
    """How far the numbers above are proven, in the words of the ladder."""

    tally = serializers.ChoiceField(ASSURANCES, help_text="Of the tally as it is shown.")
    quorum = serializers.ChoiceField(ASSURANCES, help_text="Of the votes that are needed.")
    state = serializers.ChoiceField(ASSURANCES)
    contradicted = serializers.BooleanField(
        help_text="Whether another tally or quorum is proven than shown: rely on the proven one."
    )
    says = serializers.ListField(
        child=serializers.CharField(), help_text="The evidence, and what would raise the steps."
    )
    proof = ProofSerializer(allow_null=True)
    certificate = serializers.SerializerMethodField(
        help_text="Where the certificate is, null without a proof."
    )

    def get_certificate(self, told: Any) -> str | None:
        if told.proof is None:
            return None
        request = self.context.get("request")
        return reverse("api-certificate", args=[told.key], request=request)


class ProposalDetailSerializer(ProposalSerializer):
    """A proposal with all its facts; its row has them as `whole`."""

    state = serializers.ChoiceField(PROPOSAL_STATES, source="whole.standing.state", read_only=True)
    state_at = StateBlockSerializer(source="whole.standing.state_at")
    state_says = serializers.CharField(
        source="whole.standing.says",
        read_only=True,
        help_text="The state in words; where it cannot be computed afresh, what is missing.",
    )
    next_change = ChangeSerializer(source="whole.standing.next_change", allow_null=True)
    timeline = StepSerializer(
        source="whole.standing.timeline", many=True, help_text="Empty while facts are missing."
    )
    quorum = QuorumSerializer(source="whole.quorum", allow_null=True)
    description_hash = HashDigitsField()
    actions = ActionSerializer(source="whole.actions", many=True)
    events = EventSerializer(source="whole.events", many=True)
    operations = OperationSerializer(
        source="whole.operations",
        many=True,
        help_text="Timelock operations that carry it out: one, or one for each call.",
    )
    proven = ProvenSerializer(source="whole.proven")
    checked_block = serializers.IntegerField(
        allow_null=True,
        read_only=True,
        help_text="Block at which state and tally were last compared with the contract's own.",
    )

    class Meta(ProposalSerializer.Meta):
        fields: list[Any] = [
            *(name for name in ProposalSerializer.Meta.fields if name != "freshness"),
            "state_at",
            "state_says",
            "next_change",
            "timeline",
            "quorum",
            "proven",
            "description",
            "description_hash",
            "actions",
            "events",
            "operations",
            "checked_block",
            "freshness",
        ]
        read_only_fields = fields
