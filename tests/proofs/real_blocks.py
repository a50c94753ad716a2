"""Real blocks and proofs of public chains, in `published/`; each file says where it is from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from proofs.chain import header, raw_header
from proofs.chain.account import account, word
from proofs.chain.raw_header import Header

FOLDER = Path(__file__).parent / "published"


def published(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return content


def octets(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def many(texts: list[str]) -> list[bytes]:
    return [octets(text) for text in texts]


def block(fields: dict[str, Any]) -> Header:
    """The header of an answer, under the hash that its fields make."""
    return raw_header.read(header.encode(fields), header.hash_of(fields))


def proven_word(state_root: bytes, address: str, path: list[str], slot: int, nodes: Any) -> bytes:
    """A word of a contract's storage, from two proofs as nodes answer them."""
    found = account(state_root, octets(address), many(path))
    assert found is not None
    return word(found.storage_root, slot, many(nodes))
