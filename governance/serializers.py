"""How proposals, votes, delegates and operations look in lists of the API."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from chainsync.freshness import Freshness
from chainsync.serializers import FreshSerializer
from charter.models import Contract
from charter.representation import (
    AccountField,
    AmountField,
    BytesField,
    HashDigitsField,
    ReadSerializer,
    TimeField,
    iso,
)
from governance.models import Delegate, Operation, OperationCall, Proposal, Vote
from proofs.statements.clock import ClockMode
from proofs.statements.lifecycle import ProposalState
from proofs.statements.tally import FRACTIONAL_SUPPORT

LOG_FIELDS = ["block_number", "log_index", "tx_hash", "timestamp", "time"]
"""Where a row comes from: its log, and the time of its block in seconds and in ISO 8601."""

PROPOSAL_STATES = [state.name.lower() for state in ProposalState]
OPERATION_STATES = ["waiting", "ready", "done", "canceled", "expired", "unknown"]
CHOICES = {0: "against", 1: "for", 2: "abstain", FRACTIONAL_SUPPORT: "split"}


class TimepointSerializer(ReadSerializer):
    """A timepoint of a contract's clock (ERC-6372)."""

    timepoint = serializers.IntegerField(help_text="Seconds since 1970, or a block number.")
    clock_mode = serializers.ChoiceField(choices=[mode.value for mode in ClockMode])
    time = serializers.CharField(
        allow_null=True, help_text="ISO 8601 in UTC; null for a block number."
    )


class TallySerializer(ReadSerializer):
    """Votes counted so far, in base units of the token."""

    against_votes = AmountField()
    for_votes = AmountField()
    abstain_votes = AmountField()
    vote_count = serializers.IntegerField(help_text="Vote events, of which a voter may have many.")


class LogRowSerializer(FreshSerializer):
    """A row 1:1 with a log of `contract`."""

    chain = serializers.CharField(
        source="contract.chain.caip2", read_only=True, help_text="CAIP-2 id."
    )
    tx_hash = HashDigitsField()
    time = TimeField(source="timestamp")


class ProposalSerializer(LogRowSerializer):
    """A proposal as lists show it. `state` is that of block `state_block`."""

    governor = serializers.CharField(
        source="contract.key", read_only=True, help_text="Key of the governor."
    )
    governor_account = AccountField(address="address", source="contract")
    proposal_id = AmountField(help_text="The governor's own number for it.")
    proposer = AccountField(address="proposer", contract="contract")
    state = serializers.ChoiceField(PROPOSAL_STATES, source="state_name", read_only=True)
    snapshot = serializers.SerializerMethodField(
        help_text="At the end of this timepoint voting power is taken; voting opens right after."
    )
    deadline = serializers.SerializerMethodField(
        help_text="The last timepoint at which votes are taken, extension included."
    )
    tally = TallySerializer(source="*")
    quorum_votes = AmountField(
        source="quorum", allow_null=True, help_text="Votes needed; null until it was read."
    )

    class Meta:
        model = Proposal
        fields = [
            "key",
            "chain",
            "governor",
            "governor_account",
            "proposal_id",
            "proposer",
            "title",
            "state",
            "state_block",
            "snapshot",
            "deadline",
            "tally",
            "quorum_votes",
            *LOG_FIELDS,
            "freshness",
        ]
        read_only_fields = fields

    def get_freshness(self, row: Any) -> Freshness:
        last = max(row.block_number, row.last_delta or 0, row.last_event or 0)
        return self.horizon.of_rows(row.contract_id, last, row.block_number)

    @extend_schema_field(TimepointSerializer)
    def get_snapshot(self, proposal: Proposal) -> dict[str, Any]:
        return timepoint(proposal.vote_start, proposal.contract)

    @extend_schema_field(TimepointSerializer)
    def get_deadline(self, proposal: Proposal) -> dict[str, Any]:
        last = max(proposal.vote_end, proposal.extended_deadline or 0)
        return timepoint(last, proposal.contract)


class VoteSerializer(LogRowSerializer):
    """One vote event and what it adds to the tally. Negative where votes are taken back."""

    proposal = serializers.CharField(
        source="proposal.key", read_only=True, help_text="Key of the proposal."
    )
    governor = serializers.CharField(
        source="contract.key", read_only=True, help_text="Key of the governor."
    )
    voter = AccountField(address="voter", contract="contract")
    choice = serializers.SerializerMethodField()
    weight = AmountField(help_text="As the event tells it, in base units.")
    against_votes = AmountField()
    for_votes = AmountField()
    abstain_votes = AmountField()
    params = BytesField()

    class Meta:
        model = Vote
        fields = [
            "proposal",
            "chain",
            "governor",
            "voter",
            "kind",
            "choice",
            "support",
            "weight",
            "against_votes",
            "for_votes",
            "abstain_votes",
            "reason",
            "params",
            *LOG_FIELDS,
            "freshness",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField([*CHOICES.values(), "unknown"]))
    def get_choice(self, vote: Vote) -> str:
        return CHOICES.get(vote.support, "unknown")


class DelegateSerializer(FreshSerializer):
    """Voting power of one account in one token, now."""

    chain = serializers.CharField(
        source="contract.chain.caip2", read_only=True, help_text="CAIP-2 id."
    )
    token = serializers.CharField(
        source="contract.key", read_only=True, help_text="Key of the votes token."
    )
    delegate = AccountField(address="address", contract="contract")
    votes = AmountField(help_text="Voting power in base units.")

    class Meta:
        model = Delegate
        fields = ["delegate", "chain", "token", "votes", "delegators", "freshness"]
        read_only_fields = fields

    def get_freshness(self, row: Any) -> Freshness:
        last = max(row.last_checkpoint or 0, row.last_delegation or 0)
        return self.horizon.of_rows(row.contract_id, last, row.contract.start_block)


class CallSerializer(serializers.ModelSerializer[OperationCall]):
    """One call of an operation, as scheduled."""

    target = AccountField(address="target", contract="contract")
    value = AmountField(help_text="Wei.")
    calldata = BytesField()

    class Meta:
        model = OperationCall
        fields = ["index", "target", "value", "signature", "calldata"]
        read_only_fields = fields


class OperationSerializer(LogRowSerializer):
    """An operation of a timelock; `state` is that of the chain's head."""

    timelock = serializers.CharField(
        source="contract.key", read_only=True, help_text="Key of the timelock."
    )
    timelock_account = AccountField(address="address", source="contract")
    operation_id = HashDigitsField()
    proposal = serializers.SerializerMethodField(
        help_text="Key of the proposal that it carries out; null when there is none."
    )
    state = serializers.SerializerMethodField()
    predecessor = HashDigitsField(allow_null=True)
    salt = HashDigitsField(allow_null=True)
    delay = AmountField(allow_null=True, help_text="Seconds.")
    ready = serializers.SerializerMethodField(help_text="From then on it may be executed.")
    expires = serializers.SerializerMethodField(
        help_text="From then on it may not be executed any more; null when it never lapses."
    )
    calls = CallSerializer(many=True, read_only=True)

    class Meta:
        model = Operation
        fields = [
            "operation_id",
            "chain",
            "timelock",
            "timelock_account",
            "proposal",
            "state",
            "predecessor",
            "salt",
            "delay",
            "ready",
            "expires",
            "call_count",
            "executed_calls",
            "calls",
            *LOG_FIELDS,
            "freshness",
        ]
        read_only_fields = fields

    def get_freshness(self, row: Any) -> Freshness:
        last = max((event.block_number for event in row.events.all()), default=0)
        last = max(row.block_number, last)
        return self.horizon.of_rows(row.contract_id, last, row.block_number)

    def get_proposal(self, operation: Operation) -> str | None:
        keys: dict[str, str] = self.context["proposals"]
        return keys.get(operation.operation_id)

    @extend_schema_field(serializers.ChoiceField(OPERATION_STATES))
    def get_state(self, operation: Operation) -> str:
        now = self.horizon.chain(operation.contract.chain_id).head_timestamp
        return operation_state(operation, now)

    @extend_schema_field(TimepointSerializer)
    def get_ready(self, operation: Operation) -> dict[str, Any]:
        return seconds(operation.ready_at)

    @extend_schema_field(TimepointSerializer(allow_null=True))
    def get_expires(self, operation: Operation) -> dict[str, Any] | None:
        return None if operation.expires_at is None else seconds(operation.expires_at)


def operation_state(operation: Operation, now: int | None) -> str:
    """State of an operation at second `now` of its chain; unknown before the chain has a head."""
    if operation.done or operation.canceled:
        return "done" if operation.done else "canceled"
    if now is None:
        return "unknown"
    if operation.expires_at is not None and now >= operation.expires_at:
        return "expired"
    return "ready" if now >= operation.ready_at else "waiting"


def timepoint(value: int, governor: Contract) -> dict[str, Any]:
    """A timepoint of the clock of `governor`, whose profile is loaded with it."""
    profile = getattr(governor, "governor_profile", None)
    mode = ClockMode.BLOCKNUMBER if profile is None else ClockMode(profile.clock_mode)
    return {
        "timepoint": value,
        "clock_mode": mode.value,
        "time": iso(value) if mode is ClockMode.TIMESTAMP else None,
    }


def seconds(value: int) -> dict[str, Any]:
    """A timepoint in seconds since 1970, as timelocks count."""
    return {"timepoint": value, "clock_mode": ClockMode.TIMESTAMP.value, "time": iso(value)}
