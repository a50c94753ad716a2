"""How chains, blocks and reorganisations look in the API."""

from typing import Any, cast, get_args

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from chainsync.beacon_serializers import BeaconSerializer, beacon_json
from chainsync.freshness import UNREAD, Freshness, Horizon, Word
from chainsync.models import Block, ChainStatus, EndpointStatus, Reorg
from charter.models import Chain, Endpoint
from charter.representation import ChainField, HashDigitsField, ReadSerializer, TimeField

ASSURANCES: tuple[Word, ...] = get_args(Word)


class FreshnessSerializer(ReadSerializer):
    """How current an object is."""

    as_of_block = serializers.IntegerField(
        allow_null=True,
        read_only=True,
        help_text="Everything up to this block is taken in; null before anything was read.",
    )
    finalized = serializers.BooleanField(
        read_only=True,
        help_text="Whether every log behind the object lies in a finalized block, so that no "
        "reorganisation takes it back.",
    )
    assurance = serializers.ChoiceField(
        choices=ASSURANCES,
        read_only=True,
        help_text="reported: one operator's node said so; agreed: nodes of two operators gave the "
        "same; disputed: they contradict each other, and it is not decided; unknown: not all of it "
        "was read.",
    )


class FreshSerializer(serializers.ModelSerializer[Any]):
    """An object with `freshness`; its context holds `horizon`, read once for the request."""

    freshness = serializers.SerializerMethodField()

    @property
    def horizon(self) -> Horizon:
        """How far everything is followed."""
        return cast(Horizon, self.context["horizon"])

    def get_freshness(self, row: Any) -> Freshness:
        """Of a row 1:1 with a log; overridden where an object hangs on more, or on less."""
        return self.horizon.of_rows(row.contract_id, row.block_number)


class EndpointSerializer(serializers.ModelSerializer[Endpoint]):
    """A node that answers for a chain. Its address is told only when it is a public one."""

    url = serializers.SerializerMethodField(help_text="Null unless visitors may use it.")
    head_number = serializers.SerializerMethodField(help_text="Null before its first answer.")
    latency_ms = serializers.SerializerMethodField(help_text="Of its last answer.")
    failures = serializers.SerializerMethodField(help_text="Failed requests in a row.")
    disagrees = serializers.SerializerMethodField(
        help_text="What it says differently from the others, in words; empty when it agrees."
    )
    answered_at = serializers.SerializerMethodField()

    class Meta:
        model = Endpoint
        fields = [
            "name",
            "operator",
            "public",
            "url",
            "head_number",
            "latency_ms",
            "failures",
            "disagrees",
            "answered_at",
        ]
        read_only_fields = fields

    def get_url(self, endpoint: Endpoint) -> str | None:
        # A reference to the environment may stand for a secret, public or not.
        return endpoint.url if endpoint.public and "${" not in endpoint.url else None

    def get_head_number(self, endpoint: Endpoint) -> int | None:
        return _status(endpoint).head_number

    def get_latency_ms(self, endpoint: Endpoint) -> int | None:
        return _status(endpoint).latency_ms

    def get_failures(self, endpoint: Endpoint) -> int:
        return _status(endpoint).failures

    def get_disagrees(self, endpoint: Endpoint) -> str:
        return _status(endpoint).disagrees

    def get_answered_at(self, endpoint: Endpoint) -> str | None:
        answered = _status(endpoint).answered_at
        return None if answered is None else answered.strftime("%Y-%m-%dT%H:%M:%SZ")


class HeadSerializer(ReadSerializer):
    """A block at the end of what is known of a chain."""

    block_number = serializers.IntegerField(read_only=True)
    block_hash = HashDigitsField(allow_null=True)
    timestamp = serializers.IntegerField(
        allow_null=True, read_only=True, help_text="Seconds since 1970, by the chain."
    )
    time = TimeField(source="timestamp")


class ChainSerializer(FreshSerializer):
    """A chain of the venue and how far it is followed."""

    chain = serializers.CharField(source="caip2", read_only=True, help_text="CAIP-2 id.")
    head = serializers.SerializerMethodField()
    safe_block = serializers.SerializerMethodField()
    finalized_block = serializers.SerializerMethodField()
    followed_at = serializers.SerializerMethodField(help_text="When a head last came in.")
    halted = serializers.SerializerMethodField(
        help_text="Why following stands still, in words; empty while it does not."
    )
    beacon = serializers.SerializerMethodField(
        help_text="Its finality by signatures; null where no beacon endpoint is configured."
    )
    endpoints = EndpointSerializer(many=True, read_only=True)

    class Meta:
        model = Chain
        fields = [
            "key",
            "name",
            "chain",
            "chain_id",
            "role",
            "block_time",
            "active",
            "head",
            "safe_block",
            "finalized_block",
            "followed_at",
            "halted",
            "beacon",
            "endpoints",
            "freshness",
        ]
        read_only_fields = fields

    def get_freshness(self, row: Chain) -> Freshness:
        head = _followed(row).head_number
        if head is None:
            return UNREAD
        return self.horizon.of_block(row.pk, head, self.horizon.chain(row.pk).operators)

    @extend_schema_field(HeadSerializer(allow_null=True))
    def get_head(self, chain: Chain) -> Any:
        status = _followed(chain)
        if status.head_number is None:
            return None
        return HeadSerializer(
            {
                "block_number": status.head_number,
                "block_hash": status.head_hash,
                "timestamp": status.head_timestamp,
            }
        ).data

    def get_safe_block(self, chain: Chain) -> int | None:
        return _followed(chain).safe_number

    def get_finalized_block(self, chain: Chain) -> int | None:
        return _followed(chain).finalized_number

    def get_followed_at(self, chain: Chain) -> str | None:
        at = _followed(chain).followed_at
        return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")

    def get_halted(self, chain: Chain) -> str:
        return _followed(chain).halted

    @extend_schema_field(BeaconSerializer(allow_null=True))
    def get_beacon(self, chain: Chain) -> Any:
        return beacon_json(chain)


class BlockSerializer(FreshSerializer):
    """A block as it was seen; one that was orphaned stays, with `canonical` false."""

    chain = ChainField()
    hash = HashDigitsField()
    parent_hash = HashDigitsField()
    time = TimeField(source="timestamp")
    operators = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Block
        fields = [
            "chain",
            "number",
            "hash",
            "parent_hash",
            "timestamp",
            "time",
            "canonical",
            "operators",
            "seen_at",
            "freshness",
        ]
        read_only_fields = fields

    def get_freshness(self, row: Block) -> Freshness:
        fresh = self.horizon.of_block(row.chain_id, row.number, row.operators)
        return Freshness(**{**fresh, "finalized": row.canonical and fresh["finalized"]})


class ReorgSerializer(FreshSerializer):
    """A switch of the canonical chain that was seen here."""

    chain = ChainField()
    old_head = HashDigitsField()
    new_head = HashDigitsField()

    class Meta:
        model = Reorg
        fields = [
            "id",
            "chain",
            "fork_number",
            "depth",
            "old_head",
            "new_head",
            "logs_orphaned",
            "refused",
            "seen_at",
            "freshness",
        ]
        read_only_fields = fields

    def get_freshness(self, row: Reorg) -> Freshness:
        # One node showed it; the blocks of both branches tell who else did.
        return self.horizon.of_block(row.chain_id, row.fork_number + 1, ["one"])


def _followed(chain: Chain) -> ChainStatus:
    """The status of a chain, an empty one when it was never followed."""
    try:
        return chain.status
    except ChainStatus.DoesNotExist:
        return ChainStatus(chain=chain)


def _status(endpoint: Endpoint) -> EndpointStatus:
    try:
        return endpoint.status
    except EndpointStatus.DoesNotExist:
        return EndpointStatus(endpoint=endpoint)
