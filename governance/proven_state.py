"""What contracts hold at one block, believed only where a proof shows it under that block's root.

Any endpoint may be asked, since an answer proves itself; who gives one that does not is passed over
for the next.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from chainsync.endpoint import wire
from chainsync.endpoint.pool import Pool, Source, pool_of
from chainsync.endpoint.rpc import Client
from chainsync.models import Block
from charter.models import Chain
from proofs.certificate.proving import Zeros, words
from proofs.certificate.witnesses import node_set
from proofs.chain import getproof, header
from proofs.chain.account import ABSENT, Account
from proofs.chain.answers import data, octets
from proofs.chain.nesting import shallow
from proofs.keccak import keccak256
from proofs.refusals import HashMismatch, UnreadableAnswer
from proofs.statements.storage.histories import History, decode_checkpoint, proven_length

SLOTS_AT_ONCE = 400
SECONDS = 60.0


@dataclass
class _Contract:
    """What was proven of one contract so far, with the nodes that prove it."""

    account: Account = ABSENT
    nodes: list[bytes] = field(default_factory=list)
    words: dict[int, bytes] = field(default_factory=dict)
    slot_nodes: dict[int, list[bytes]] = field(default_factory=dict)


class ProvenState:
    """Accounts and storage at one journalled block. Every method but `nodes` may ask the network;
    raises NoEndpoint where no endpoint proves what is asked."""

    def __init__(self, chain: Chain, block: Block) -> None:
        self.block = block
        self.header = header.encode(block.header)
        found = keccak256(self.header)
        if found != bytes.fromhex(block.hash[2:]):
            raise HashMismatch(f"The journalled header of block {block.number} has another hash.")
        self.pool: Pool = pool_of(chain)
        self._root = data(block.header, "stateRoot", 32)
        self._contracts: dict[bytes, _Contract] = {}

    def account(self, address: bytes) -> Account:
        """An account; one that is absent counts as empty."""
        self.words(address, ())
        return self._contracts[address].account

    def account_nodes(self, address: bytes) -> list[bytes]:
        """The nodes that prove an account."""
        self.words(address, ())
        return self._contracts[address].nodes

    def words(self, address: bytes, slots: Iterable[int]) -> Mapping[int, bytes]:
        """The words of these slots, among others that were asked before."""
        wanted = list(dict.fromkeys(slots))
        known = self._contracts.get(address)
        if known is None:
            self._prove(address, ())
        missing = [slot for slot in wanted if slot not in self._contracts[address].words]
        for start in range(0, len(missing), SLOTS_AT_ONCE):
            self._prove(address, missing[start : start + SLOTS_AT_ONCE])
        return self._contracts[address].words

    def nodes(self, address: bytes, slots: Iterable[int]) -> set[bytes]:
        """The nodes that prove slots which were asked before."""
        kept = self._contracts[address].slot_nodes
        return {node for slot in slots for node in kept[slot]}

    def code(self, address: bytes) -> bytes:
        """The code of an account, held against the hash in its proof."""
        expected = self.account(address).code_hash

        def question(client: Client) -> bytes:
            reply = client.call("eth_getCode", "0x" + address.hex(), self._at, seconds=SECONDS)
            code = wire.octets(wire.text(reply))
            if keccak256(code) != expected:
                raise HashMismatch("The code is not the one of the account.")
            return code

        return self.pool.ask(lambda source: source.ask(question))

    def places(
        self, address: bytes, histories: Sequence[History], timepoint: int
    ) -> list[tuple[int, int | None]]:
        """Length of each history, and the index of the checkpoint in force at a timepoint.

        All are searched together by halving, so the longest decides how many rounds it takes.
        """
        words = self.words(address, [history.length_slot for history in histories])
        lengths = [proven_length(history, words) for history in histories]
        # The key before `low` is at most the timepoint, the one at `high` lies beyond it.
        spans = [(0, length) for length in lengths]
        while any(low < high for low, high in spans):
            middles = [(low + high) // 2 for low, high in spans]
            wanted = [
                history.element_slot(middle)
                for history, middle, (low, high) in zip(histories, middles, spans, strict=True)
                if low < high
            ]
            words = self.words(address, wanted)
            for at, (history, middle) in enumerate(zip(histories, middles, strict=True)):
                low, high = spans[at]
                if low < high:
                    word = int.from_bytes(words[history.element_slot(middle)])
                    key, _ = decode_checkpoint(history.kind, word)
                    spans[at] = (middle + 1, high) if key <= timepoint else (low, middle)
        return [
            (length, low - 1 if low else None)
            for length, (low, _) in zip(lengths, spans, strict=True)
        ]

    @property
    def _at(self) -> dict[str, str]:
        return {"blockHash": self.block.hash}

    def _prove(self, address: bytes, slots: Sequence[int]) -> None:
        def question(client: Client) -> _Contract:
            keys = [f"0x{slot:064x}" for slot in slots]
            reply = client.call(
                "eth_getProof", "0x" + address.hex(), keys, self._at, seconds=SECONDS
            )
            result = msgspec.json.decode(shallow(bytes(reply)))
            if not isinstance(result, dict):
                raise ValueError("the proof is no object")
            account = getproof.check_account(self._root, address, result)
            return _proven(account or ABSENT, result, slots)

        def ask(source: Source) -> _Contract:
            return source.ask(question)

        found = self.pool.ask(ask)
        kept = self._contracts.setdefault(address, found)
        kept.words |= found.words
        kept.slot_nodes |= found.slot_nodes


def _proven(account: Account, result: Mapping[str, Any], slots: Sequence[int]) -> _Contract:
    """What a result proves of these slots. Raises PartRefused, NotHex, UnreadableAnswer."""
    found = _Contract(account, _nodes(result["accountProof"]))
    rows = result.get("storageProof")
    if not isinstance(rows, list) or len(rows) != len(slots):
        raise UnreadableAnswer("There are not as many storage proofs as slots.")
    # Whether the chain keeps leaves of zero the certificate says, if it rests on one.
    zeros = Zeros(kept=True)
    for slot, row in zip(slots, rows, strict=True):
        nodes = _nodes(row.get("proof") if isinstance(row, dict) else None)
        found.words |= words("eth_getProof", account.storage_root, [slot], node_set(nodes), zeros)
        found.slot_nodes[slot] = nodes
    return found


def _nodes(texts: object) -> list[bytes]:
    if not isinstance(texts, list):
        raise UnreadableAnswer("A proof is no list of nodes.")
    return [octets(text, "node") for text in texts]
