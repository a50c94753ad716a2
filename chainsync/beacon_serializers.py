"""How the signed finality of a chain looks in the API. Nothing in it moves by itself."""

import time
from typing import Any

from rest_framework import serializers

from chainsync.light_client.showing import signed_finality
from charter.models import Chain
from charter.representation import BytesField, HashDigitsField, ReadSerializer, TimeField


class SignedBlockSerializer(ReadSerializer):
    """The newest execution block that two thirds of a sync committee signed as final."""

    block_number = serializers.IntegerField(source="number", read_only=True)
    block_hash = BytesField(source="hash")
    state_root = BytesField()
    receipts_root = BytesField()
    timestamp = serializers.IntegerField(
        read_only=True, help_text="Seconds since 1970, by the chain."
    )
    time = TimeField(source="timestamp")
    slot = serializers.IntegerField(read_only=True)
    participants = serializers.IntegerField(read_only=True, help_text="Members who signed.")
    committee_size = serializers.IntegerField(read_only=True)
    known_at = serializers.DateTimeField(read_only=True, help_text="When it was known here.")


class BeaconSerializer(ReadSerializer):
    """The light client of a chain, from the checkpoint that the charter gives."""

    signed = SignedBlockSerializer(source="certified", allow_null=True, read_only=True)
    why_not = serializers.CharField(
        read_only=True, help_text="Why nothing is signed, in words; empty when something is."
    )
    checkpoint = HashDigitsField(
        allow_null=True, help_text="Root of the trusted beacon block; null before it is asked for."
    )
    checkpoint_time = TimeField(help_text="When its slot began; null before it was proven.")
    weak_subjectivity_seconds = serializers.IntegerField(
        source="age_allowed",
        allow_null=True,
        read_only=True,
        help_text="How old a point may be from which signatures are followed.",
    )
    period = serializers.IntegerField(
        allow_null=True, read_only=True, help_text="Sync committee period of the finalized block."
    )
    forced = serializers.BooleanField(
        read_only=True,
        help_text="Whether it was ever advanced without two thirds: it then certifies nothing.",
    )
    contradicts_chain = serializers.BooleanField(
        read_only=True, help_text="Whether nodes gave another block than the signed one."
    )


def beacon_json(chain: Chain) -> Any:
    """The object of a chain that has its beacon and light client at hand; None without a beacon."""
    shown = signed_finality(chain, time.time())
    return None if shown.beacon is None else BeaconSerializer(shown).data
