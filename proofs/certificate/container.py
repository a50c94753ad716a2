"""The file: a line with the seal, a line with the head, and the shards, one after the other.

    tocsin-certificate 1 0x<keccak256 of the head>\\n
    <head, canonical JSON>\\n
    <shard 0><shard 1>...

The head names each shard by its keccak256 and its size, so the seal is the root of everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from ..keccak import keccak256
from . import encoding
from .form import Head, ShardName
from .refusals import CutShort, MalformedCertificate, TooLarge, WrongHash

VERSION = 1
MAX_HEAD_BYTES = 1 << 20

_SEAL = re.compile(rb"tocsin-certificate ([1-9][0-9]{0,3}) 0x([0-9a-f]{64})\n")
_SEAL_BYTES = 128


def seal(head: bytes) -> bytes:
    """The first line for the bytes of a head."""
    return f"tocsin-certificate {VERSION} 0x{keccak256(head).hex()}\n".encode("ascii")


def item_of(position: int, kind: str) -> str:
    """How refusals call a shard."""
    return f"shard {position} ({kind})"


def read_head(file: BinaryIO) -> tuple[bytes, Head]:
    """Root (32 bytes) and head of a certificate; leaves the file at its first shard.

    Raises MalformedCertificate, TooLarge, CutShort, WrongHash.
    """
    first = file.readline(_SEAL_BYTES)
    if not first:
        raise CutShort("seal", "", "the file is empty.")
    found = _SEAL.fullmatch(first)
    if found is None:
        raise MalformedCertificate("seal", "", "the first line is not that of a certificate.")
    if int(found[1]) != VERSION:
        raise MalformedCertificate("seal", "version", f"only version {VERSION} is read here.")
    root = bytes.fromhex(found[2].decode("ascii"))
    # The end of the line comes on top.
    line = file.readline(MAX_HEAD_BYTES + 1)
    if not line.endswith(b"\n"):
        if len(line) > MAX_HEAD_BYTES:
            raise TooLarge("head", "", f"it is longer than {MAX_HEAD_BYTES} bytes.")
        raise CutShort("head", "", "the file ends within it.")
    head = line[:-1]
    if keccak256(head) != root:
        raise WrongHash("head", "", "it does not hash to the root in the first line.")
    return root, Head.of(encoding.decode(head))


def read_shards(file: BinaryIO, names: tuple[ShardName, ...]) -> Iterator[tuple[str, bytes]]:
    """Item (``shard 3 (receipts)``) and bytes of each shard, each held against its name.

    Raises CutShort, also when something follows the last one, and WrongHash.
    """
    for position, name in enumerate(names):
        item = item_of(position, name.kind)
        data = file.read(name.size)
        if len(data) != name.size:
            raise CutShort(item, "", f"the file ends after {len(data)} of its {name.size} bytes.")
        if keccak256(data) != name.hash:
            raise WrongHash(item, "", "it does not hash to its name in the head.")
        yield item, data
    if file.read(1):
        raise CutShort("file", "end", "it goes on after its last shard.")
