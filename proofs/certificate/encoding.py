"""The one way of writing values: canonical JSON for the head, RLP for the shards.

The JSON holds objects, arrays, strings, booleans and null, and no numbers: integers are decimal
strings, bytes are lower-case hex after 0x. Strings are printable ASCII without quotation marks and
backslashes, so nothing is ever escaped. Keys are sorted and nothing stands between the signs.
"""

from __future__ import annotations

import json
import re
from typing import Any, TypeAlias

from ..inputs import unsigned
from ..refusals import OutOfRange
from .refusals import MalformedCertificate

Json: TypeAlias = "dict[str, Json] | list[Json] | str | bool | None"

DEEPEST = 8
_ALLOWED = bytes(set(range(0x20, 0x7F)) - {0x5C})
_STRING = re.compile(rb'"[^"]*"')
_SKELETON = re.compile(rb"(?:[\[\]{},:]|true|false|null)*")
_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,77}")
_HEX = re.compile(r"0x(?:[0-9a-f]{2})*")


def encode(value: Json) -> bytes:
    """The canonical bytes of a value. Raises MalformedCertificate for what has none."""
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise _malformed(f"it cannot be written: {error}") from None
    data = text.encode("ascii")
    _check_signs(data)
    return data


def decode(data: bytes) -> Json:
    """The value whose canonical bytes these are. Raises MalformedCertificate."""
    _check_signs(data)
    _check_depth(data)
    try:
        value: Json = json.loads(data)
    except ValueError as error:
        raise _malformed(f"it is no JSON: {error}") from None
    # Also finds a key that is there twice.
    if encode(value) != data:
        raise _malformed("it is not written in the canonical way")
    return value


def decimal(value: int) -> str:
    """An unsigned integer of up to 256 bits as it is written. Raises NotAnInteger, OutOfRange."""
    return str(unsigned("an integer", value))


def read_decimal(value: Json, place: str, bits: int = 256) -> int:
    """The integer that was written, of up to ``bits`` bits. Raises MalformedCertificate."""
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise _malformed("it is no decimal number", place)
    try:
        return unsigned(place, int(value), bits)
    except OutOfRange as refusal:
        raise _malformed(str(refusal), place) from refusal


def hexed(value: bytes) -> str:
    """Bytes as they are written."""
    return "0x" + value.hex()


def read_hex(value: Json, place: str, length: int) -> bytes:
    """The ``length`` bytes that were written. Raises MalformedCertificate."""
    if not isinstance(value, str) or len(value) != 2 + 2 * length or not _HEX.fullmatch(value):
        raise _malformed(f"it is not {length} bytes in lower-case hex after 0x", place)
    return bytes.fromhex(value[2:])


def fields(value: Json, place: str, *names: str) -> dict[str, Any]:
    """The object, when it has exactly these fields. Raises MalformedCertificate."""
    if not isinstance(value, dict):
        raise _malformed("it is no object", place)
    for name in value:
        if name not in names:
            raise _malformed("this field is not known", _inside(place, name))
    for name in names:
        if name not in value:
            raise _malformed("this field is missing", _inside(place, name))
    return value


def entries(value: Json, place: str, most: int) -> list[Json]:
    """The array, when it has at most ``most`` entries. Raises MalformedCertificate."""
    if not isinstance(value, list):
        raise _malformed("it is no array", place)
    if len(value) > most:
        raise _malformed(f"it has {len(value)} entries, at most {most} are allowed", place)
    return value


def _inside(place: str, name: str) -> str:
    return f"{place}.{name[:40]}" if place else name[:40]


def _check_signs(data: bytes) -> None:
    if strange := data.translate(None, _ALLOWED):
        raise _malformed(f"the byte 0x{strange[0]:02x} is in no certificate's head")
    if not _SKELETON.fullmatch(_STRING.sub(b"", data)):
        raise _malformed("it holds a number, or something else than strings, true, false and null")


def _check_depth(data: bytes) -> None:
    # Before the parser, which may follow brackets deeper than the stack reaches.
    depth = 0
    for sign in _STRING.sub(b"", data).translate(None, _BUT_BRACKETS):
        depth += 1 if sign in b"[{" else -1
        if depth > DEEPEST:
            raise _malformed(f"it is nested more than {DEEPEST} deep")


def _malformed(message: str, place: str = "") -> MalformedCertificate:
    return MalformedCertificate("head", place, message + ".")
