"""Answers to eth_getProof in batch: from the bytes of many replies to proven words.

Does what `getproof.check_all` does, item for item, in a fraction of the time: one compiled pass
over the text, each different node hashed once, compiled walks. Accounts, and all rows and replies
that are not regular, take the plain path, which also words every refusal. Importing this module
loads numpy, the first batch loads numba; where that cannot be, everything takes the plain path,
with a SlowBatch warning.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np

from ..keccak import keccak256
from ..keccak_batch import SlowBatch, keccak256_rows
from ..refusals import BatchRefused, Refusal
from . import getproof, proof
from .account import ABSENT, Account
from .answers import Fields, octets
from .getproof import Asked, Proven
from .nesting import shallow
from .proof import Known

# A node of a regular proof has 32 bytes or more, so 64 digits between quotes and a comma.
_TEXT_PER_NODE = 69
# One that is too short for that still has quotes, 0x and a comma.
_TEXT_PER_REF = 5
_NODES_PER_SLOT = 16
_RESULT = ("address", "balance", "codeHash", "nonce", "storageHash", "accountProof")


def check_all(state_root: bytes, asked: Sequence[Asked], bodies: Sequence[bytes]) -> list[Proven]:
    """What each reply proves; arguments, results and refusals as of `getproof.check_all`.

    Nodes that replies share are kept and hashed once, so many replies at once cost less than one
    by one. Memory is about twice the text of the nodes that differ.
    """
    kernels = loops()
    if kernels is None:
        return getproof.check_all(state_root, asked, bodies)
    getproof.check_questions(state_root, asked, bodies)
    return Batch(kernels, state_root, asked, bodies).proven()


@cache
def loops() -> Any | None:
    """The compiled loops, or None, with a warning, where they cannot be used."""
    try:
        if sys.byteorder != "little":
            raise RuntimeError("this machine is not little-endian.")
        from .kernels import nodes, scan, walk
    except Exception as reason:
        warnings.warn(f"Storage proofs are checked one by one: {reason}", SlowBatch, stacklevel=3)
        return None
    return SimpleNamespace(
        Store=nodes.Store,
        FIELDS=scan.FIELDS,
        scan=scan.scan,
        shape_all=walk.shape_all,
        walk=walk.walk,
        verdicts=walk,
    )


class Batch:
    """One call: what was asked and answered, and what has become known of it."""

    def __init__(
        self, kernels: Any, state_root: bytes, asked: Sequence[Asked], bodies: Sequence[bytes]
    ) -> None:
        self.kernels = kernels
        self.state_root = state_root
        self.asked = asked
        self.bodies = list(bodies)
        self.refusals: dict[tuple[int, int | None], Refusal] = {}
        self.found: dict[int, Proven] = {}
        self.accounts: dict[tuple[bytes, ...], Account | None] = {}
        slots = sum(len(question.slots) for question in asked)
        self.store = _room(kernels.Store, slots, sum(map(len, bodies)))

    def proven(self) -> list[Proven]:
        """Scan, hash, walk; then put together what holds. Raises BatchRefused."""
        scanned = self.scan()
        store, (nodes, _, rows) = self.store, self.store.counts
        paths = keccak256_rows(store.keys[:rows].reshape(-1), np.arange(rows + 1) * 32)
        self.hashes = hashes = keccak256_rows(store.nodes, store.offsets[: nodes + 1])
        shapes = np.empty((nodes, 5), np.int64)
        self.kernels.shape_all(store, shapes)
        for at, result in enumerate(scanned):
            try:
                if result is None:
                    self._check_plainly(at)
                    continue
                first, fields = result
                account = self._account(at, fields)
            except Refusal as refusal:
                self.refusals[at, None] = refusal.bare()
                continue
            root = (account or ABSENT).storage_root
            end = first + len(self.asked[at].slots)
            self.kernels.walk(
                store, shapes, hashes, paths, np.frombuffer(root, np.uint8), first, end
            )
            self._collect(at, first, end, account)
        if self.refusals:
            raise BatchRefused(self.refusals, self.found)
        return list(self.found.values())

    def scan(self) -> list[tuple[int, tuple[bytes, ...]] | None]:
        """Of each reply its first row and the text of its fields, or None if it is not regular."""
        return [
            self._scan(at, body) or self._scan_rewritten(at, body)
            for at, body in enumerate(self.bodies)
        ]

    def _scan(self, at: int, body: bytes) -> tuple[int, tuple[bytes, ...]] | None:
        slots, store = self.asked[at].slots, self.store
        before = store.counts.copy()
        first = int(before[2])
        spans = np.empty((len(self.kernels.FIELDS), 2), np.int64)
        regular = self.kernels.scan(np.frombuffer(body, np.uint8), store, len(slots), spans)
        end = store.counts[2]
        if not regular or end - first != len(slots):
            # Nodes that were read stay: they are found again by their text, wherever it comes from.
            store.counts[1:] = before[1:]
            return None
        asked = b"".join([slot.to_bytes(32, "big") for slot in slots])
        if store.keys[first:end].tobytes() != asked:
            wanted = np.frombuffer(asked, np.uint8).reshape(-1, 32)
            judged = self.kernels.verdicts
            read = (store.odd[first:end] | judged.NO_VALUE) == judged.NO_VALUE
            others = (store.keys[first:end] != wanted).any(axis=1) & read
            store.odd[first:end][others] = judged.ANOTHER_SLOT
        self.bodies[at] = body
        return first, tuple([body[begin:stop] for begin, stop in spans.tolist()])

    def _scan_rewritten(self, at: int, body: bytes) -> tuple[int, tuple[bytes, ...]] | None:
        """Try once more with what counts of a reply, so that a few needless fields or escapes in
        each do not slow all down to the plain path."""
        try:
            return self._scan(at, _rewritten(getproof.read(body)))
        except (ValueError, OverflowError, RecursionError):
            return None

    def _account(self, at: int, fields: tuple[bytes, ...]) -> Account | None:
        """The account of a reply, looked at once for all replies that say the same of it."""
        address = self.asked[at].address
        known = (address, *fields)
        if known not in self.accounts:
            result = {
                name: msgspec.json.decode(shallow(text))
                for name, text in zip(self.kernels.FIELDS, fields, strict=True)
            }
            self.accounts[known] = getproof.check_account(self.state_root, address, result)
        return self.accounts[known]

    def _check_plainly(self, at: int) -> None:
        result = getproof.read(self.bodies[at])
        proven, refusals = getproof.check(self.state_root, self.asked[at], result)
        self._add(at, proven, refusals)

    def _collect(self, at: int, first: int, end: int, account: Account | None) -> None:
        """Put together what is proven of a reply, looking plainly at its odd rows."""
        slots, store = list(self.asked[at].slots), self.store
        refusals: dict[int, Refusal] = {}
        known: Known = {}
        for position in np.flatnonzero(store.odd[first:end]).tolist():
            row = first + position
            if refusal := self._blamed(row):
                refusals[position] = refusal
                continue
            begin, stop = store.spans[row].tolist()
            try:
                # How deep it is nested has been looked at.
                claim = msgspec.json.decode(self.bodies[at][begin:stop])
                if self._verdict(row) == self.kernels.verdicts.SHORT_NODE:
                    self._check_short(row, claim["proof"])
                if store.odd[row] == self.kernels.verdicts.NO_VALUE:
                    word = store.found[row].tobytes()
                    getproof.check_value(claim, word)
                else:
                    root = (account or ABSENT).storage_root
                    word = getproof.check_slot(root, slots[position], claim, known)
            except Refusal as refusal:
                refusals[position] = refusal.bare()
            else:
                store.values[row] = np.frombuffer(word, np.uint8)
        words = store.values[first:end]
        if refusals:
            holds = [position for position in range(len(slots)) if position not in refusals]
            slots, words = [slots[position] for position in holds], words[holds]
        self._add(at, Proven(account, slots, words.tobytes()), refusals)

    def _verdict(self, row: int) -> int:
        """What the loops say of a row, whatever the number that it claims."""
        return int(self.store.odd[row]) & ~int(self.kernels.verdicts.NO_VALUE)

    def _check_short(self, row: int, nodes: Sequence[str]) -> None:
        """Refuse a short node in a row that is not the one that its parent names."""
        position, depth = self.store.places[row].tolist()
        found = keccak256(octets(nodes[position], "proof"))
        wanted = self.store.found[row].tobytes()
        if found != wanted:
            raise proof.mismatch(position, depth, found, wanted)

    def _blamed(self, row: int) -> Refusal | None:
        """The refusal of a row that the loops have judged; None for one that they have not."""
        store, verdicts = self.store, self.kernels.verdicts
        verdict, found = self._verdict(row), store.found[row].tobytes()
        position, depth = store.places[row].tolist()
        if verdict == verdicts.ANOTHER_NODE:
            node = self.hashes[store.refs[store.first[row] + position]].tobytes()
            return proof.mismatch(position, depth, node, found)
        if verdict == verdicts.NO_NODE:
            return proof.missing(position, depth, found)
        if verdict == verdicts.NEEDLESS_NODE:
            return proof.unused(position, int(store.first[row + 1] - store.first[row]))
        if verdict == verdicts.ANOTHER_VALUE:
            claimed = int.from_bytes(store.values[row].tobytes(), "big")
            return getproof.contradicted("value", claimed, int.from_bytes(found, "big"))
        if verdict == verdicts.ANOTHER_SLOT:
            return getproof.another_slot(int.from_bytes(store.keys[row].tobytes(), "big"))
        return None

    def _add(self, at: int, proven: Proven, refusals: dict[int, Refusal]) -> None:
        self.found[at] = proven
        self.refusals |= {(at, position): refusal for position, refusal in refusals.items()}


def _rewritten(result: Fields) -> bytes:
    """A reply with the fields of a result that are looked at and no others, as loops can read it.

    Raises ValueError, OverflowError, RecursionError.
    """
    kept = {name: result[name] for name in _RESULT if name in result}
    rows = result.get("storageProof")
    if isinstance(rows, list):
        rows = [_row(row) if isinstance(row, dict) else None for row in rows]
    return msgspec.json.encode({"result": {**kept, "storageProof": rows}})


def _row(row: Fields) -> Fields:
    """What is looked at of a row of storageProof; names that are missing stand for nothing."""
    nodes = row.get("proof")
    return {
        "key": _digits(row.get("key")),
        "value": _digits(row.get("value")),
        "proof": [_digits(node) for node in nodes] if isinstance(nodes, list) else None,
    }


def _digits(value: object) -> str | None:
    """A text that JSON writes as it stands, as all digits are; of others only how they are refused
    counts: as digits with spaces between them, or as nothing at all."""
    if not isinstance(value, str):
        return None
    if len(msgspec.json.encode(value)) == len(value) + 2:
        return value
    try:
        bytes.fromhex(value[2:])
    except ValueError:
        return None
    return value[:2] + " 00"


def _room(make: Any, slots: int, text: int) -> Any:
    """A store with room for what regular replies of so many slots and characters can hold.

    Memory is only taken when it is written to.
    """
    most = text // _TEXT_PER_NODE + 1
    table = 1 << (2 * min(most, _NODES_PER_SLOT * slots) + 64).bit_length()
    return make(
        nodes=np.empty(text // 2, np.uint8),
        digits=np.empty(text, np.uint8),
        offsets=np.zeros(most + 1, np.int64),
        table=np.full(table, -1, np.int32),
        refs=np.empty(text // _TEXT_PER_REF + 1, np.int64),
        first=np.zeros(slots + 1, np.int64),
        keys=np.empty((slots, 32), np.uint8),
        values=np.empty((slots, 32), np.uint8),
        odd=np.empty(slots, np.uint8),
        spans=np.empty((slots, 2), np.int64),
        places=np.empty((slots, 2), np.int64),
        found=np.empty((slots, 32), np.uint8),
        counts=np.zeros(3, np.int64),
    )
