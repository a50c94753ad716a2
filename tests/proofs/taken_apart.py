"""A certificate taken apart into head and shards, changed, and sealed again by a second hand."""

from __future__ import annotations

import json
from typing import Any

from eth_utils import keccak


def apart(data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Head and shards of a certificate."""
    _, line, rest = data.split(b"\n", 2)
    head = json.loads(line)
    shards = []
    for name in head["shards"]:
        size = int(name["size"])
        shards.append(rest[:size])
        rest = rest[size:]
    assert not rest
    return head, shards


def sealed(head: dict[str, Any], shards: list[bytes], *, names: bool = True) -> bytes:
    """The file with hashes, sizes and seal made right again; without `names` only the seal."""
    if names:
        kinds = [name["kind"] for name in head["shards"]]
        head = head | {
            "shards": [
                {"hash": "0x" + keccak(shard).hex(), "kind": kind, "size": str(len(shard))}
                for kind, shard in zip(kinds, shards, strict=True)
            ]
        }
    line = json.dumps(head, sort_keys=True, separators=(",", ":")).encode()
    first = b"tocsin-certificate 1 0x" + keccak(line).hex().encode()
    return b"\n".join([first, line, b"".join(shards)])
