"""How chain values rest in columns: bytes for addresses and hashes, whole numbers for amounts."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.expressions import Combinable
from eth_utils.address import to_checksum_address

UINT256_MAX = 2**256 - 1


def _to_bytes(value: str | bytes | memoryview, length: int, what: str) -> bytes:
    if isinstance(value, str):
        try:
            value = bytes.fromhex(value.removeprefix("0x"))
        except ValueError as error:
            raise ValidationError(f"{value!r} is not {what}: write 0x and hex digits") from error
    raw = bytes(value)
    if len(raw) != length:
        raise ValidationError(f"0x{raw.hex()} is not {what}: {length} bytes are needed")
    return raw


class AddressField(models.BinaryField):
    """An account address: 20 bytes in the database, a checksummed string (EIP-55) in Python."""

    # What Django's type stubs read instead of the base class's.
    _pyi_private_set_type: str | bytes | Combinable
    _pyi_private_get_type: str  # type: ignore[assignment]

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        return None if value is None else to_checksum_address(bytes(value))

    def to_python(self, value: Any) -> str | None:
        return None if value is None else to_checksum_address(_to_bytes(value, 20, "an address"))

    def get_prep_value(self, value: Any) -> bytes | None:
        return None if value is None else _to_bytes(value, 20, "an address")

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return self.get_prep_value(value)

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.value_from_object(obj) or "")


class HashField(models.BinaryField):
    """A 32-byte hash or word: bytes in the database, `0x` and 64 lowercase digits in Python."""

    # What Django's type stubs read instead of the base class's.
    _pyi_private_set_type: str | bytes | Combinable
    _pyi_private_get_type: str  # type: ignore[assignment]

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        return None if value is None else "0x" + bytes(value).hex()

    def to_python(self, value: Any) -> str | None:
        return None if value is None else "0x" + _to_bytes(value, 32, "a hash").hex()

    def get_prep_value(self, value: Any) -> bytes | None:
        return None if value is None else _to_bytes(value, 32, "a hash")

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return self.get_prep_value(value)

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.value_from_object(obj) or "")


class Uint256Field(models.Field):
    """A whole number from 0 to 2**256 - 1: `numeric(78, 0)` in the database, int in Python.

    Not a DecimalField: Python's Decimal rounds beyond its context's precision.
    """

    # What Django's type stubs read instead of the base class's.
    _pyi_private_set_type: int | str | Combinable
    _pyi_private_get_type: int

    description = "Unsigned 256-bit integer"

    def db_type(self, connection: Any) -> str:
        return "numeric(78, 0)"

    def from_db_value(self, value: Decimal | None, expression: Any, connection: Any) -> int | None:
        return None if value is None else int(value)

    def to_python(self, value: Any) -> int | None:
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            number = value
        elif isinstance(value, str) and value.isascii() and value.isdigit():
            number = int(value)
        else:
            raise ValidationError(f"{value!r} is not a whole number")
        if number is not None and not 0 <= number <= UINT256_MAX:
            raise ValidationError(f"{number} does not fit into 256 bits")
        return number

    def get_prep_value(self, value: Any) -> int | None:
        value = super().get_prep_value(value)
        return self.to_python(value)

    def value_to_string(self, obj: models.Model) -> str:
        value = self.value_from_object(obj)
        return "" if value is None else str(value)
