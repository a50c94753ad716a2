"""Reading ABI-encoded data that nobody vouches for.

Types are compiled once into readers. A reader never looks at a byte twice: an honest encoding has
no use for that, and pointers that share their target are how a small text unpacks into gigabytes.
So the work and the memory for any data stay in proportion to its length.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

WORD = 32
MAX_DEPTH = 8
_ELEMENTARY = re.compile(r"(u?int)(\d*)|bytes(\d*)|address|bool|string|function")
_ARRAY = re.compile(r"\[(\d*)\]$")


class BadSignature(ValueError):
    """A signature in our own source cannot be read: a mistake of ours, not of a chain."""


class BadData(ValueError):
    """The data is not an encoding of the type; the text says what is wrong."""


class Data:
    """Encoded bytes and how many of them may still be read."""

    __slots__ = ("_left", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._left = len(raw)

    def take(self, at: int, length: int) -> bytes:
        """`length` bytes from `at`. BadData when they are not all there or were read before."""
        end = at + length
        if end > len(self.raw):
            raise BadData(f"needs bytes {at} to {end}, but there are only {len(self.raw)}")
        self._left -= length
        if self._left < 0:
            raise BadData("its pointers read the same bytes more than once")
        return self.raw[at:end]

    def number(self, at: int) -> int:
        """The word at `at` as an unsigned number."""
        return int.from_bytes(self.take(at, WORD), "big")


# (data, where the value or its pointer stands, where pointers count from) -> value
Reader = Callable[[Data, int, int], Any]


class Type(NamedTuple):
    """A compiled type: canonical name, bytes it takes in the head, whether that is a pointer."""

    name: str
    size: int
    dynamic: bool
    read: Reader


def compile_type(text: str, depth: int = 0) -> Type:
    """Compile `uint256`, `(address,bytes)[]`, … Raises BadSignature."""
    if depth > MAX_DEPTH:
        raise BadSignature(f"{text!r} is nested more than {MAX_DEPTH} deep")
    if array := _ARRAY.search(text):
        item = compile_type(text[: array.start()], depth + 1)
        return _array(item, int(array[1]) if array[1] else None)
    if text.startswith("(") and text.endswith(")"):
        return _tuple([compile_type(part, depth + 1) for part in split(text[1:-1])])
    return _elementary(text)


def split(text: str) -> list[str]:
    """Parts between the commas of the outermost level, stripped. Raises BadSignature."""
    parts, depth, start = [], 0, 0
    for at, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            break
        if sign == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
    if depth:
        raise BadSignature(f"unbalanced brackets in {text!r}")
    last = text[start:].strip()
    return [*parts, last] if parts or last else []


def compile_values(types: list[Type]) -> Callable[[bytes], tuple[Any, ...]]:
    """A reader of several values side by side, as calldata and event data hold them.

    The reader raises BadData; bytes beyond the last value are ignored, as Solidity does.
    """
    places, at = [], 0
    for type_ in types:
        places.append((at, type_.read))
        at += type_.size

    def read(raw: bytes) -> tuple[Any, ...]:
        data = Data(raw)
        return tuple([value(data, place, 0) for place, value in places])

    return read


def _elementary(text: str) -> Type:
    match = _ELEMENTARY.fullmatch(text)
    if match is None:
        raise BadSignature(f"{text!r} is not an ABI type")
    if match[1]:
        bits = int(match[2] or 256)
        if bits % 8 or not 8 <= bits <= 256:
            raise BadSignature(f"{text!r} is not an ABI type")
        signed = match[1] == "int"
        return Type(f"{match[1]}{bits}", WORD, False, _signed(bits) if signed else _unsigned(bits))
    if text == "bool":
        return Type(text, WORD, False, _bool)
    if text == "address":
        return Type(text, WORD, False, _address)
    if text in ("bytes", "string"):
        return Type(text, WORD, True, _bytes if text == "bytes" else _string)
    length = 24 if text == "function" else int(match[3])
    if not 1 <= length <= WORD:
        raise BadSignature(f"{text!r} is not an ABI type")
    return Type(text, WORD, False, _fixed(length))


def _unsigned(bits: int) -> Reader:
    def read(data: Data, at: int, base: int) -> int:
        value = data.number(at)
        if value >> bits:
            raise BadData(f"a uint{bits} is wider than {bits} bits")
        return value

    return read


def _signed(bits: int) -> Reader:
    def read(data: Data, at: int, base: int) -> int:
        value = int.from_bytes(data.take(at, WORD), "big", signed=True)
        if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
            raise BadData(f"an int{bits} is wider than {bits} bits")
        return value

    return read


def _bool(data: Data, at: int, base: int) -> bool:
    value = data.number(at)
    if value > 1:
        raise BadData("a bool is neither 0 nor 1")
    return value == 1


def _address(data: Data, at: int, base: int) -> bytes:
    word = data.take(at, WORD)
    if any(word[:12]):
        raise BadData("an address is longer than 20 bytes")
    return word[12:]


def _fixed(length: int) -> Reader:
    def read(data: Data, at: int, base: int) -> bytes:
        word = data.take(at, WORD)
        if any(word[length:]):
            raise BadData(f"a bytes{length} has more than {length} bytes")
        return word[:length]

    return read


def _bytes(data: Data, at: int, base: int) -> bytes:
    start = base + data.number(at)
    return data.take(start + WORD, data.number(start))


def _string(data: Data, at: int, base: int) -> str:
    # PostgreSQL's text cannot hold U+0000, the only character that UTF-8 has and it has not.
    return _bytes(data, at, base).decode("utf-8", "replace").replace("\0", "\ufffd")


def _tuple(types: list[Type]) -> Type:
    name = f"({','.join(type_.name for type_ in types)})"
    dynamic = any(type_.dynamic for type_ in types)
    size = sum(type_.size for type_ in types)
    places, at = [], 0
    for type_ in types:
        places.append((at, type_.read))
        at += type_.size

    def static(data: Data, at: int, base: int) -> tuple[Any, ...]:
        return tuple([read(data, at + place, base) for place, read in places])

    def pointed(data: Data, at: int, base: int) -> tuple[Any, ...]:
        start = base + data.number(at)
        return tuple([read(data, start + place, start) for place, read in places])

    return Type(name, WORD, True, pointed) if dynamic else Type(name, size, False, static)


def _array(item: Type, count: int | None) -> Type:
    name = f"{item.name}[{'' if count is None else count}]"
    if item.size == 0 or count == 0:
        raise BadSignature(f"{name} has items without a size")
    size, read = item.size, item.read

    def items(data: Data, start: int, number: int) -> list[Any]:
        if start + number * size > len(data.raw):
            raise BadData(f"an array of {number} does not fit into {len(data.raw)} bytes")
        return [read(data, start + n * size, start) for n in range(number)]

    def unbounded(data: Data, at: int, base: int) -> list[Any]:
        start = base + data.number(at)
        return items(data, start + WORD, data.number(start))

    if count is None:
        return Type(name, WORD, True, unbounded)
    length = count

    def pointed(data: Data, at: int, base: int) -> list[Any]:
        return items(data, base + data.number(at), length)

    def static(data: Data, at: int, base: int) -> list[Any]:
        return [read(data, at + n * size, base) for n in range(length)]

    if item.dynamic:
        return Type(name, WORD, True, pointed)
    return Type(name, size * length, False, static)
