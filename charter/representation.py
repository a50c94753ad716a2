"""How chain values look at the edge: amounts, accounts, hashes and moments as JSON tells them.

Amounts are decimal strings, because JSON numbers lose digits beyond 2**53. Chains are named after
CAIP-2, accounts after CAIP-10, and a chain's times come twice: raw seconds and ISO 8601 in UTC.
"""

from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

DECIMAL = {"type": "string", "pattern": "^-?[0-9]{1,78}$", "example": "1000000000000000000"}
CHAIN = {"type": "string", "pattern": "^eip155:[0-9]+$", "example": "eip155:1"}
ACCOUNT = {
    "type": "string",
    "pattern": "^eip155:[0-9]+:0x[0-9a-fA-F]{40}$",
    "example": "eip155:1:0xdAC17F958D2ee523a2206206994597C13D831ec7",
}
HASH = {"type": "string", "pattern": "^0x[0-9a-f]{64}$"}
BYTES = {"type": "string", "pattern": "^0x([0-9a-f]{2})*$"}

LAST_DATED_SECOND = 253_402_300_799
"""The last second of the year 9999: contracts hold later ones, calendars do not."""


def iso(seconds: int | None) -> str | None:
    """`seconds` since 1970 as ISO 8601 in UTC; None without seconds or beyond the year 9999."""
    if seconds is None or not 0 <= seconds <= LAST_DATED_SECOND:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def account(chain_id: int, address: str) -> str:
    """CAIP-10 id of the account at `address` (checksummed) on the chain numbered `chain_id`."""
    return f"eip155:{chain_id}:{address}"


def hexadecimal(raw: bytes | memoryview | None) -> str | None:
    """Raw bytes as `0x` and hex digits; None stays None."""
    return None if raw is None else "0x" + bytes(raw).hex()


@extend_schema_field(DECIMAL)
class AmountField(serializers.Field):
    """A whole number of any size, told as a decimal string."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"read_only": True, **options})

    def to_representation(self, value: int) -> str:
        return str(value)


@extend_schema_field(HASH)
class HashDigitsField(serializers.Field):
    """A 32-byte hash or word, told as `0x` and 64 lower-case digits."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"read_only": True, **options})

    def to_representation(self, value: str) -> str:
        return value


@extend_schema_field(BYTES)
class BytesField(serializers.Field):
    """Raw bytes, told as `0x` and hex digits."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"read_only": True, **options})

    def to_representation(self, value: bytes | memoryview) -> str | None:
        return hexadecimal(value)


class TimeField(serializers.CharField):
    """Seconds since 1970, told in ISO 8601; null where a calendar has no such second."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"read_only": True, "allow_null": True, **options})

    def to_representation(self, value: int) -> str | None:  # type: ignore[override]
        return iso(value)


@extend_schema_field(CHAIN)
class ChainField(serializers.Field):
    """A `Chain` row, told by its CAIP-2 id."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"read_only": True, **options})

    def to_representation(self, value: Any) -> str:
        return str(value.caip2)


@extend_schema_field(ACCOUNT)
class AccountField(serializers.Field):
    """The CAIP-10 account whose address is in a column, on the chain of the row.

    `address` names the column, `contract` the relation (dotted) to the contract that gives the
    chain; an empty one means that the object itself has `chain`.
    """

    def __init__(self, *, address: str, contract: str = "", **options: Any) -> None:
        self.address = address
        self.contract = contract
        super().__init__(**{"read_only": True, "source": "*", **options})

    def to_representation(self, value: Any) -> str | None:
        address = getattr(value, self.address)
        owner = attrgetter(self.contract)(value) if self.contract else value
        return None if address is None else account(owner.chain.chain_id, address)


class ReadSerializer(serializers.Serializer[Any]):
    """A serializer that only tells, and takes nothing in."""
