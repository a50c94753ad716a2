"""A large vote on a real node: logs emitted, what the contracts hold written, and all asked for."""

from __future__ import annotations

import urllib.request
from collections.abc import Sequence
from typing import Any

import msgspec

from bench.vote_bodies import (
    A_BLOCK,
    A_PARCEL,
    CAST,
    GOVERNOR_ADDRESS,
    TOKEN,
    Replies,
    Vote,
)
from bench.votes import GOVERNOR, SENDER
from lab.rpc import Rpc

PATIENCE_SECONDS = 600
AT_ONCE = 500
# Emits LOG2: two words of the calldata are the topics, the rest is the data.
_SAY = "0x604036036040600037602035600035604036036000a200"


class OfNode(Replies):
    """All of it on the node at ``url``, which mines on command and has nothing else to do."""

    def __init__(self, votes: int, url: str) -> None:
        super().__init__(votes)
        self.url = url
        self.rpc = Rpc(url, PATIENCE_SECONDS)
        for address in self.words:
            self.rpc.call("anvil_setCode", "0x" + address.hex(), _SAY)
        self.cast: list[int] = []
        for start in range(0, votes, A_PARCEL):
            stop = min(start + A_PARCEL, votes)
            for begin in range(start, stop, A_BLOCK):
                self._say(range(begin, min(begin + A_BLOCK, stop)))
        # The state comes last: a node keeps that of every block.
        for address, words in self.words.items():
            self._hold(address, words)
        self.rpc.call("evm_mine")
        found = self._block("latest")
        self.at = found["number"]
        token, governor = (self._storage_root(address) for address in (TOKEN, GOVERNOR_ADDRESS))
        self.vote = Vote(_bytes(found["stateRoot"]), token, governor, self.totals)
        self.following = iter(self.cast)

    def block_of(self, cast: range) -> tuple[bytes, bytes, bytes]:
        """The next of the blocks in which votes were cast."""
        number = hex(next(self.following))
        found = self._block(number)
        return (
            self._raw("eth_getBlockReceipts", number),
            _bytes(found["hash"]),
            _bytes(found["receiptsRoot"]),
        )

    def proofs(self, address: bytes, slots: Sequence[int]) -> bytes:
        """At the block in which all is there."""
        wanted = [f"0x{slot:064x}" for slot in slots]
        return self._raw("eth_getProof", "0x" + address.hex(), wanted, self.at)

    def _say(self, cast: range) -> None:
        """A block with a transaction for each vote."""
        topics = [CAST + bytes(12) + self.voters[at] for at in cast]
        texts = [topic + self.log_data(at) for topic, at in zip(topics, cast, strict=True)]
        sent = {"from": SENDER, "to": GOVERNOR, "gas": "0x186a0"}
        # A node puts the calls of one request side by side: they must not choose their numbers.
        self.rpc.batch(
            [
                ("eth_sendTransaction", [{**sent, "data": "0x" + text.hex(), "nonce": hex(at)}])
                for at, text in zip(cast, texts, strict=True)
            ]
        )
        self.rpc.call("evm_mine")
        found = self._block("latest")
        if len(found["transactions"]) != len(cast):
            raise ValueError(f"{len(found['transactions'])} of {len(cast)} votes are in a block")
        self.cast.append(int(found["number"], 16))

    def _hold(self, address: bytes, words: dict[int, int]) -> None:
        calls = [
            ("anvil_setStorageAt", ["0x" + address.hex(), f"0x{slot:064x}", f"0x{word:064x}"])
            for slot, word in words.items()
        ]
        for start in range(0, len(calls), AT_ONCE):
            self.rpc.batch(calls[start : start + AT_ONCE])

    def _storage_root(self, address: bytes) -> bytes:
        found = self.rpc.call("eth_getProof", "0x" + address.hex(), [], self.at)
        return _bytes(found["storageHash"])

    def _block(self, number: str) -> dict[str, Any]:
        found: dict[str, Any] = self.rpc.call("eth_getBlockByNumber", number, False)
        return found

    def _raw(self, method: str, *parameters: Any) -> bytes:
        """The text of a reply, as the node writes it."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        request = urllib.request.Request(  # noqa: S310 - the address of our own node
            self.url, msgspec.json.encode(body), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:  # noqa: S310
            text: bytes = response.read()
        return text


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])
