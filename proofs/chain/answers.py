"""Fields of a node's JSON answers, as bytes and numbers. Untrusted like all input."""

from __future__ import annotations

from collections.abc import Mapping

from ..refusals import NotHex, OutOfRange, WrongLength

Fields = Mapping[str, object]


def data(fields: Fields, name: str, length: int | None = None) -> bytes:
    """The bytes of a field. Raises NotHex; WrongLength unless they are `length` long."""
    return octets(fields.get(name), name, length)


def octets(text: object, name: str, length: int | None = None) -> bytes:
    """The bytes of a text, called `name`. Raises NotHex; WrongLength unless `length` long."""
    if not isinstance(text, str) or text[:2] != "0x":
        raise NotHex(f"{name} is not hex digits after 0x.", name=name)
    try:
        raw = bytes.fromhex(text[2:])
    except ValueError:
        raise NotHex(f"{name} is not hex digits after 0x.", name=name) from None
    # fromhex skips spaces; a length that fits tells that there were none.
    if 2 * len(raw) != len(text) - 2:
        raise NotHex(f"{name} has spaces between its digits.", name=name)
    if length is not None and len(raw) != length:
        raise WrongLength(
            f"{name} is {len(raw)} bytes long, not {length}.", name=name, length=len(raw)
        )
    return raw


def quantity(fields: Fields, name: str, bits: int = 256) -> int:
    """The number of a field, as a node writes it. Raises NotHex, OutOfRange."""
    text = fields.get(name)
    if not isinstance(text, str) or text[:2] != "0x" or not 3 <= len(text) <= 66:
        raise NotHex(f"{name} is not a number in hex digits after 0x.", name=name)
    digits = text[2:]
    if not (digits.isascii() and digits.isalnum()):
        raise NotHex(f"{name} is not a number in hex digits after 0x.", name=name)
    try:
        value = int(digits, 16)
    except ValueError:
        raise NotHex(f"{name} is not a number in hex digits after 0x.", name=name) from None
    if value >> bits:
        raise OutOfRange(f"{name} does not fit into {bits} bits.", name=name, value=value)
    return value


def present(fields: Fields, name: str) -> bool:
    """Whether a field is there and not null: nodes write both for what a fork does not have."""
    return fields.get(name) is not None
