"""A state made up of accounts and their storage, and the answers that a node gives about it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from proofs.chain import rlp
from proofs.chain.account import EMPTY_CODE
from proofs.chain.trie import prove
from proofs.keccak import keccak256


@dataclass
class Contract:
    """An account; `storage` is by slot, zeros count as absent."""

    storage: Mapping[int, int] = field(default_factory=dict)
    nonce: int = 1
    balance: int = 5
    code_hash: bytes = keccak256(b"code")

    def tried(self, slots: Sequence[int]) -> tuple[bytes, list[list[bytes]]]:
        """Storage root, and the proofs of slots."""
        content = {hashed(slot): rlp.number(value) for slot, value in self.storage.items() if value}
        return prove(content, [hashed(slot) for slot in slots])


def hashed(slot: int) -> bytes:
    return keccak256(slot.to_bytes(32, "big"))


def result(
    state: Mapping[bytes, Contract], address: bytes, slots: Sequence[int]
) -> tuple[bytes, dict[str, Any]]:
    """State root, and the result of eth_getProof."""
    content = {}
    for one, contract in state.items():
        root, _ = contract.tried([])
        content[keccak256(one)] = rlp.encode(
            [
                contract.nonce.to_bytes((contract.nonce.bit_length() + 7) // 8, "big"),
                contract.balance.to_bytes((contract.balance.bit_length() + 7) // 8, "big"),
                root,
                contract.code_hash,
            ]
        )
    head, (nodes,) = prove(content, [keccak256(address)])
    contract = state.get(address) or Contract({}, 0, 0, EMPTY_CODE)
    root, proofs = contract.tried(slots)
    return head, {
        "address": "0x" + address.hex(),
        "accountProof": ["0x" + node.hex() for node in nodes],
        "balance": hex(contract.balance),
        "codeHash": "0x" + contract.code_hash.hex(),
        "nonce": hex(contract.nonce),
        "storageHash": "0x" + root.hex(),
        "storageProof": [
            {
                "key": f"0x{slot:064x}",
                "value": hex(contract.storage.get(slot, 0)),
                "proof": ["0x" + node.hex() for node in nodes],
            }
            for slot, nodes in zip(slots, proofs, strict=True)
        ],
    }


def body(found: Any) -> bytes:
    """The text of a reply with this result."""
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": found}).encode()
