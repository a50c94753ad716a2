"""How endpoints, their history and their disputes look in the API. No address of one is told."""

from typing import Any

from rest_framework import serializers

from chainsync import evidence
from chainsync.endpoint import latencies
from chainsync.endpoint_history import FAILURES
from chainsync.models import Dispute, EndpointMinute, EndpointStatus
from charter.models import Endpoint
from charter.representation import ChainField, HashDigitsField


class SourceSerializer(serializers.ModelSerializer[Endpoint]):
    """A node that answers for a chain, and how it answers now."""

    chain = ChainField()
    head_number = serializers.SerializerMethodField(help_text="Null before its first answer.")
    blocks_behind = serializers.SerializerMethodField(help_text="Behind our head; null if unknown.")
    latency_ms = serializers.SerializerMethodField(help_text="A moving average over its answers.")
    failures = serializers.SerializerMethodField(help_text="Failed requests in a row.")
    last_error = serializers.SerializerMethodField(help_text="Why the last one failed, in words.")
    disagrees = serializers.SerializerMethodField(
        help_text="What it says differently from the others, in words; empty when it agrees."
    )
    answered_at = serializers.SerializerMethodField(help_text="Its last answer.")
    disputes_open = serializers.IntegerField(read_only=True, help_text="Not decided yet.")
    proven_wrong = serializers.IntegerField(
        read_only=True, help_text="How often it was proven to have been wrong, ever."
    )

    class Meta:
        model = Endpoint
        fields = [
            "name",
            "chain",
            "operator",
            "active",
            "head_number",
            "blocks_behind",
            "latency_ms",
            "failures",
            "last_error",
            "disagrees",
            "answered_at",
            "disputes_open",
            "proven_wrong",
        ]
        read_only_fields = fields

    def get_head_number(self, endpoint: Endpoint) -> int | None:
        return _status(endpoint).head_number

    def get_blocks_behind(self, endpoint: Endpoint) -> int | None:
        ours = getattr(getattr(endpoint.chain, "status", None), "head_number", None)
        theirs = _status(endpoint).head_number
        return None if ours is None or theirs is None else max(ours - theirs, 0)

    def get_latency_ms(self, endpoint: Endpoint) -> int | None:
        return _status(endpoint).latency_ms

    def get_failures(self, endpoint: Endpoint) -> int:
        return _status(endpoint).failures

    def get_last_error(self, endpoint: Endpoint) -> str:
        return _status(endpoint).last_error

    def get_disagrees(self, endpoint: Endpoint) -> str:
        return _status(endpoint).disagrees

    def get_answered_at(self, endpoint: Endpoint) -> str | None:
        answered = _status(endpoint).answered_at
        return None if answered is None else answered.strftime("%Y-%m-%dT%H:%M:%SZ")


class MinuteSerializer(serializers.ModelSerializer[EndpointMinute]):
    """One minute of an endpoint, as all workers together saw it."""

    failed = serializers.SerializerMethodField(help_text="Requests that got no usable answer.")
    failures = serializers.SerializerMethodField(
        help_text="The same by sort: timeouts, unreachable, malformed, too_large, wrong_chain, "
        "other."
    )
    latency_median_ms = serializers.SerializerMethodField(
        help_text="To within a fifth; null without an answer."
    )
    latency_max_ms = serializers.SerializerMethodField(help_text="Null without an answer.")

    class Meta:
        model = EndpointMinute
        fields = [
            "minute",
            "requests",
            "failed",
            "failures",
            "rate_limited",
            "latency_median_ms",
            "latency_max_ms",
            "lag_blocks",
            "disagreements",
        ]
        read_only_fields = fields

    def get_failed(self, row: EndpointMinute) -> int:
        return sum(getattr(row, sort) for sort in FAILURES)

    def get_failures(self, row: EndpointMinute) -> dict[str, int]:
        return {sort: getattr(row, sort) for sort in FAILURES}

    def get_latency_median_ms(self, row: EndpointMinute) -> int | None:
        return latencies.median(row.latencies)

    def get_latency_max_ms(self, row: EndpointMinute) -> int | None:
        return row.latency_max_ms if any(row.latencies) else None


class DisputeSerializer(serializers.ModelSerializer[Dispute]):
    """One thing on which an endpoint stood against others, and how it was decided."""

    chain = ChainField()
    endpoint = serializers.CharField(source="endpoint.name", read_only=True)
    operator = serializers.CharField(source="endpoint.operator", read_only=True)
    contract = serializers.CharField(
        source="contract.key", read_only=True, allow_null=True, help_text="If about one alone."
    )
    first_block = serializers.IntegerField(source="first", read_only=True)
    last_block = serializers.IntegerField(source="last", read_only=True)
    block_hash = HashDigitsField(allow_null=True)
    notice = serializers.SerializerMethodField(help_text="In words, for people who hold tokens.")
    open = serializers.SerializerMethodField(help_text="Whether it is not decided yet.")

    class Meta:
        model = Dispute
        fields = [
            "id",
            "chain",
            "endpoint",
            "operator",
            "contract",
            "about",
            "first_block",
            "last_block",
            "block_hash",
            "notice",
            "says",
            "open",
            "outcome",
            "evidence",
            "opened_at",
            "closed_at",
            "repeated_at",
            "recanted_at",
        ]
        read_only_fields = fields

    def get_notice(self, row: Dispute) -> str:
        return evidence.dispute_notice(row)

    def get_open(self, row: Dispute) -> bool:
        return row.closed_at is None


def _status(endpoint: Endpoint) -> EndpointStatus:
    found: Any = getattr(endpoint, "status", None)
    return found if found is not None else EndpointStatus(endpoint=endpoint)
