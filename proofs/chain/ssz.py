"""SSZ, the serialization of Ethereum's consensus layer, as far as light clients need it.

Source: consensus-specs, `ssz/simple-serialize.md` and `ssz/merkle-proofs.md`. A schema reads the
one form of a value strictly, writes it, reads the JSON form of the beacon API, and gives its hash
tree root. Values are ints, bytes, tuples, and what a container's class makes of its fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate, pairwise
from typing import Any, Protocol

from ..inputs import fixed, octets, unsigned
from ..refusals import BranchMismatch, NotSsz

CHUNK = 32
ZERO = bytes(CHUNK)
_OFFSET = 4


class Schema(Protocol):
    """A type of SSZ. `size` is its length in bytes, None where values differ in length."""

    @property
    def size(self) -> int | None: ...
    def read(self, data: bytes) -> Any:
        """The value that these bytes are the one form of. Raises NotSsz."""
        ...

    def write(self, value: Any) -> bytes: ...
    def parse(self, value: object) -> Any:
        """The value that this decoded JSON stands for. Raises NotSsz."""
        ...

    def root(self, value: Any) -> bytes:
        """Hash tree root, 32 bytes."""
        ...


@dataclass(frozen=True)
class Uint:
    """An unsigned integer of `size` bytes, little-endian; a decimal string in JSON."""

    size: int

    def read(self, data: bytes) -> int:
        return int.from_bytes(_sized(data, self.size), "little")

    def write(self, value: int) -> bytes:
        return unsigned("An integer", value, 8 * self.size).to_bytes(self.size, "little")

    def parse(self, value: object) -> int:
        text = value if isinstance(value, str) else ""
        if not (text.isascii() and text.isdigit()) or len(text) > 78 or text != str(int(text)):
            raise NotSsz(f"{value!r:.80} is no decimal number.")
        if int(text) >> 8 * self.size:
            raise NotSsz(f"{text} has no room in {self.size} bytes.")
        return int(text)

    def root(self, value: int) -> bytes:
        return self.write(value).ljust(CHUNK, b"\0")


@dataclass(frozen=True)
class Bytes:
    """Exactly `size` bytes."""

    size: int

    def read(self, data: bytes) -> bytes:
        return _sized(data, self.size)

    def write(self, value: bytes) -> bytes:
        return fixed("A value", value, self.size)

    def parse(self, value: object) -> bytes:
        return self.read(_hex(value, self.size))

    def root(self, value: bytes) -> bytes:
        return merkle_root(_chunks(self.write(value)))


@dataclass(frozen=True)
class ByteList:
    """At most `limit` bytes."""

    limit: int
    size: None = None

    def read(self, data: bytes) -> bytes:
        if len(data) > self.limit:
            raise NotSsz(f"{len(data)} bytes stand where at most {self.limit} may.")
        return data

    def write(self, value: bytes) -> bytes:
        return self.read(octets("A value", value))

    def parse(self, value: object) -> bytes:
        return self.read(_hex(value, self.limit))

    def root(self, value: bytes) -> bytes:
        data = self.write(value)
        chunks = -(-self.limit // CHUNK)
        return _pair(merkle_root(_chunks(data), chunks) + len(data).to_bytes(CHUNK, "little"))


@dataclass(frozen=True)
class Bitvector:
    """`length` booleans, eight a byte, the lowest bit first."""

    length: int

    @property
    def size(self) -> int:
        return -(-self.length // 8)

    def read(self, data: bytes) -> tuple[bool, ...]:
        bits = int.from_bytes(_sized(data, self.size), "little")
        if bits >> self.length:
            raise NotSsz(f"A vector of {self.length} bits has more of them set.")
        return tuple([digit == "1" for digit in f"{bits:0{self.length}b}"[::-1]])

    def write(self, value: Sequence[bool]) -> bytes:
        if len(value) != self.length:
            raise NotSsz(f"{len(value)} bits stand where {self.length} must.")
        return sum(1 << at for at, bit in enumerate(value) if bit).to_bytes(self.size, "little")

    def parse(self, value: object) -> tuple[bool, ...]:
        return self.read(_hex(value, self.size))

    def root(self, value: Sequence[bool]) -> bytes:
        return merkle_root(_chunks(self.write(value)))


@dataclass(frozen=True)
class Vector:
    """Exactly `length` byte strings of one size, of more than half a chunk each."""

    item: Bytes
    length: int

    @property
    def size(self) -> int:
        return self.item.size * self.length

    def read(self, data: bytes) -> tuple[Any, ...]:
        _sized(data, self.size)
        step = self.item.size
        return tuple([data[at : at + step] for at in range(0, len(data), step)])

    def write(self, value: Sequence[Any]) -> bytes:
        if len(value) != self.length:
            raise NotSsz(f"{len(value)} values stand where {self.length} must.")
        if set(map(len, value)) != {self.item.size}:
            raise NotSsz(f"An item has not the {self.item.size} bytes that it must have.")
        return b"".join(value)

    def parse(self, value: object) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) != self.length:
            raise NotSsz(f"A list of {self.length} values must stand here.")
        return tuple([self.item.parse(each) for each in value])

    def root(self, value: Sequence[Any]) -> bytes:
        # All items climb together: a committee has 512, and most of its cost would be calls.
        self.write(value)
        levels = (-(-self.item.size // CHUNK) - 1).bit_length()
        nodes = b"".join([each.ljust(CHUNK << levels, b"\0") for each in value])
        for _ in range(levels):
            nodes = _climb(nodes)
        return merkle_root(nodes)


@dataclass(frozen=True)
class Container:
    """Fields by name, in order; `make` takes them as keywords and has them as attributes."""

    make: Callable[..., Any]
    fields: Mapping[str, Schema]

    @property
    def size(self) -> int | None:
        sizes = [schema.size for schema in self.fields.values()]
        return None if None in sizes else sum(size or 0 for size in sizes)

    def read(self, data: bytes) -> Any:
        head = sum(schema.size or _OFFSET for schema in self.fields.values())
        if len(data) < head:
            raise NotSsz(f"{len(data)} bytes stand where at least {head} must.")
        found, offsets, at = dict[str, bytes](), dict[str, int](), 0
        for name, schema in self.fields.items():
            part = data[at : at + (schema.size or _OFFSET)]
            if schema.size is None:
                offsets[name] = int.from_bytes(part, "little")
            found[name] = part
            at += len(part)
        ends = [*offsets.values(), len(data)]
        if ends[0] != head or any(first > second for first, second in pairwise(ends)):
            raise NotSsz("Parts of a container do not follow each other.", offsets=ends)
        for (name, begin), end in zip(offsets.items(), ends[1:], strict=True):
            found[name] = data[begin:end]
        return self.make(**{name: self.fields[name].read(part) for name, part in found.items()})

    def write(self, value: Any) -> bytes:
        head, tail = [], b""
        begin = sum(schema.size or _OFFSET for schema in self.fields.values())
        for name, schema in self.fields.items():
            part = schema.write(getattr(value, name))
            if schema.size is None:
                head.append((begin + len(tail)).to_bytes(_OFFSET, "little"))
                tail += part
            else:
                head.append(part)
        return b"".join([*head, tail])

    def parse(self, value: object) -> Any:
        """As all schemas; members that this container does not have are ignored."""
        if not isinstance(value, dict):
            raise NotSsz("An object must stand here.")
        missing = [name for name in self.fields if name not in value]
        if missing:
            raise NotSsz(f"The object has no {missing[0]}.", missing=missing)
        return self.make(**{name: each.parse(value[name]) for name, each in self.fields.items()})

    def root(self, value: Any) -> bytes:
        roots = [schema.root(getattr(value, name)) for name, schema in self.fields.items()]
        return merkle_root(b"".join(roots))


def merkle_root(chunks: bytes, limit: int | None = None) -> bytes:
    """Root over 32-byte chunks, padded with zeros to a power of two of at least `limit` chunks."""
    count = max(len(chunks) // CHUNK, limit or 1)
    for zero in _ZEROS[: (count - 1).bit_length()]:
        if len(chunks) % (2 * CHUNK):
            chunks += zero
        chunks = _climb(chunks)
    return chunks or _ZEROS[(count - 1).bit_length()]


def check_branch(leaf: bytes, branch: Sequence[bytes], index: int, root: bytes) -> None:
    """Check that `leaf` stands at generalized index `index` under `root`.

    `branch` has the siblings from the leaf up. One that is longer than the way must begin with
    zeros: data of an older fork in the form of a newer one. Raises BranchMismatch.
    """
    depth = index.bit_length() - 1
    extra = len(branch) - depth
    if extra < 0 or any(node != ZERO for node in branch[:extra]):
        raise BranchMismatch(
            f"A branch of {len(branch)} is not one of {depth}.", length=len(branch), index=index
        )
    node = leaf
    for level, sibling in enumerate(branch[extra:]):
        node = _pair(sibling + node if index >> level & 1 else node + sibling)
    if node != root:
        raise BranchMismatch(
            f"The branch at index {index} leads to 0x{node.hex()}, not to 0x{root.hex()}.",
            index=index,
            found=node,
            expected=root,
        )


def _climb(nodes: bytes) -> bytes:
    """The parents of an even number of nodes."""
    return b"".join([sha256(nodes[at : at + 64]).digest() for at in range(0, len(nodes), 64)])


def _pair(nodes: bytes) -> bytes:
    return sha256(nodes).digest()


def _chunks(data: bytes) -> bytes:
    return data + bytes(-len(data) % CHUNK)


def _sized(data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise NotSsz(f"{len(data)} bytes stand where {size} must.", length=len(data), size=size)
    return data


def _hex(value: object, limit: int) -> bytes:
    if isinstance(value, str) and value[:2] == "0x" and len(value) <= 2 * limit + 2:
        try:
            data = bytes.fromhex(value[2:])
        except ValueError:
            data = b""
        if len(value) == 2 * len(data) + 2:
            return data
    raise NotSsz(f"{value!r:.80} is not 0x and at most {limit} bytes in hex digits.")


# Roots of trees of nothing but zeros, by their height.
_ZEROS = list(accumulate(range(40), lambda zero, _: _pair(zero + zero), initial=ZERO))
