"""Receipts roots of many blocks at once, from the bytes of replies to eth_getBlockReceipts.

Does what `receipts.root` does with each reply, in a fraction of the time: one compiled pass over
the text, one that writes the leaves of the tries, and all nodes of a level of all tries hashed
together. What is not written as nodes write it (odd types, padded numbers, a bloom left out) takes
the plain path, receipt by receipt where the rest can be read, which also words every refusal.
Importing this module loads numpy, the first batch loads numba; where that cannot be, everything
takes the plain path, with a SlowBatch warning.
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

from ..inputs import octets
from ..keccak_batch import Bytes, SlowBatch, keccak256_rows
from ..refusals import BatchRefused, Refusal, UnreadableAnswer
from . import receipts, trie_batch
from .answers import Fields
from .nesting import shallow

# Leaves are written and hashed in portions that stay in the processor's cache.
_PORTION_BYTES = 1 << 20


class _Receipt(msgspec.Struct):
    """The fields that `receipts.encode` looks at, whatever they are; others are not even made."""

    status: Any = None
    root: Any = None
    cumulativeGasUsed: Any = None  # noqa: N815 - as nodes name it
    logsBloom: Any = None  # noqa: N815
    logs: Any = None
    type: Any = None
    depositNonce: Any = None  # noqa: N815
    depositReceiptVersion: Any = None  # noqa: N815


_READER = msgspec.json.Decoder(_Receipt)
_RECEIPT = _Receipt.__struct_fields__
_LOG = ("address", "topics", "data")


def roots(bodies: Sequence[bytes]) -> list[bytes]:
    """Receipts root of each block, 32 bytes, from the JSON texts of the replies about them.

    Raises BatchRefused: items are replies by position, refused as by `read` and `receipts.root`;
    `answers` has the roots of the others.
    """
    kernels = loops()
    batch = None if kernels is None else _Batch(kernels)
    refusals: dict[int, Refusal] = {}
    found: dict[int, bytes] = {}
    regular: list[int] = []
    for at, body in enumerate(bodies):
        try:
            if batch and batch.add(octets("a reply", body)):
                regular.append(at)
                continue
            rows = read(body)
            if batch and (text := _rewritten(rows)) and batch.add(text):
                regular.append(at)
            else:
                found[at] = receipts.root(rows)
        except Refusal as refusal:
            refusals[at] = refusal.bare()
    if batch:
        found |= zip(regular, batch.roots(), strict=True)
    found = dict(sorted(found.items()))
    if refusals:
        raise BatchRefused(refusals, found)
    return list(found.values())


def read(body: bytes) -> list[Fields]:
    """The receipts in the JSON text of a reply. Raises UnreadableAnswer, NotBytes."""
    try:
        reply = msgspec.json.decode(shallow(octets("a reply", body)))
    except Refusal:
        raise
    except (ValueError, RecursionError) as error:
        raise UnreadableAnswer(f"The reply is no JSON: {error}") from None
    rows = reply.get("result") if isinstance(reply, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UnreadableAnswer("The reply has no list of receipts.")
    return rows


@cache
def loops() -> Any | None:
    """The compiled loops, or None, with a warning, where they cannot be used."""
    try:
        if sys.byteorder != "little":
            raise RuntimeError("this machine is not little-endian.")
        from .kernels import leaves, logs
        from .kernels import receipts as scanning
    except Exception as reason:
        warnings.warn(f"Receipts are hashed block by block: {reason}", SlowBatch, stacklevel=3)
        return None
    return SimpleNamespace(leaves=leaves, logs=logs, receipts=scanning)


def _rewritten(rows: list[Fields]) -> bytes | None:
    """A reply with what counts of these receipts and nothing that a loop cannot pass over; None
    where that cannot be written."""
    kept = [_only(row, _RECEIPT) for row in rows]
    for row in kept:
        logs = row.get("logs")
        if isinstance(logs, list):
            row["logs"] = [_only(log, _LOG) if isinstance(log, dict) else log for log in logs]
    try:
        return msgspec.json.encode({"result": kept})
    except (ValueError, OverflowError, RecursionError):
        return None


def _only(fields: Fields, names: Sequence[str]) -> dict[str, object]:
    return {name: fields[name] for name in names if name in fields}


class _Batch:
    """Blocks whose leaves have been written, and hashed as far as a portion was full."""

    def __init__(self, kernels: Any) -> None:
        self.kernels = kernels
        self.counts: list[int] = []
        self.hashes: list[Bytes] = []
        # Made once and written over: fresh memory costs more than what is written to it.
        self.portion = np.empty(_PORTION_BYTES, np.uint8)
        self.ends = [np.zeros(1, np.int64)]
        self.rows = np.empty((0, kernels.receipts.COLUMNS), np.int64)
        self.logs = np.empty((0, kernels.logs.LOG_COLUMNS), np.int64)

    def add(self, body: bytes) -> bool:
        """Take in a block; False if the plain path must look at all of it. Raises as it does."""
        at, leaves = self.kernels.receipts, self.kernels.leaves
        text = np.frombuffer(body, np.uint8)
        self._make_room(len(body))
        count: int = at.scan(text, self.rows, self.logs)
        if count <= 0:
            if count == 0:
                self.counts.append(0)
            return count == 0
        rows, shape = self.rows[:count], trie_batch.shape(count)
        odd: dict[int, bytes | Refusal] = {}
        for number, span in self._odd(rows):
            if not odd and not at.is_whole(text):
                return False
            value = odd[number] = _plainly(body[span])
            if isinstance(value, Refusal):
                # Only a row before it can be refused in its place.
                rows[number, at.SIZE] = 0
                rows = rows[: number + 1]
                break
            rows[number, at.SIZE] = len(value)
        ends = np.empty(len(rows), np.int64)
        leaves.place(rows, shape.key_ends, ends)
        out, begin = self._portion(int(ends[-1]))
        leaves.write(text, rows, self.logs, shape.keys, shape.key_ends, out)
        for number, span in self._odd(rows):
            # Digits have only been looked at by writing: what is no JSON at all is refused as that.
            if not odd and not at.is_whole(text):
                return False
            if number not in odd:
                odd[number] = _plainly(body[span])
            value = odd[number]
            if isinstance(value, Refusal):
                raise value
            if len(value) != rows[number, at.SIZE]:
                return False
            end = ends[number]
            out.data[end - len(value) : end] = value
        self.ends.append(ends + begin)
        self.counts.append(count)
        return True

    def roots(self) -> list[bytes]:
        """The roots of the blocks that were taken in."""
        self._hash()
        leaves = np.concatenate([np.empty((0, 32), np.uint8), *self.hashes])
        return trie_batch.roots(leaves, self.counts)

    def _odd(self, rows: Any) -> list[tuple[int, slice]]:
        """Numbers of the rows that are left to the plain path, and where they lie."""
        at = self.kernels.receipts
        numbers = np.flatnonzero(rows[:, at.KIND] == at.ODD)
        spans = rows[numbers][:, (at.FROM, at.TO)].tolist()
        return [
            (number, slice(*span)) for number, span in zip(numbers.tolist(), spans, strict=True)
        ]

    def _make_room(self, size: int) -> None:
        for name, least in (
            ("rows", self.kernels.receipts.LEAST_TEXT),
            ("logs", self.kernels.logs.LEAST_LOG_TEXT),
        ):
            table = getattr(self, name)
            if len(table) <= size // least:
                setattr(self, name, np.empty((size // least + 1, table.shape[1]), np.int64))

    def _portion(self, size: int) -> tuple[Bytes, int]:
        """Room for the leaves of one block, and where it begins in the portion."""
        begin = int(self.ends[-1][-1])
        if begin + size > len(self.portion):
            self._hash()
            begin = 0
            if size > len(self.portion):
                self.portion = np.empty(size, np.uint8)
        return self.portion[begin : begin + size], begin

    def _hash(self) -> None:
        ends = np.concatenate(self.ends)
        self.hashes.append(keccak256_rows(self.portion, ends))
        self.ends = [np.zeros(1, np.int64)]


def _plainly(text: bytes) -> bytes | Refusal:
    """What the plain path makes of one receipt, of which it is known that it is JSON."""
    try:
        return receipts.encode(msgspec.structs.asdict(_READER.decode(text)))
    except Refusal as refusal:
        return refusal
