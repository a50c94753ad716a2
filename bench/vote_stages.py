"""The stages from replies to rows and to columns for a tally, each by the paths of the product.

One worker does all stages of a parcel, as one Celery worker would; two of them are two cores.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

import msgspec
import numpy as np

from bench.vote_bodies import (
    A_REPLY,
    CLOCK,
    COUNTING,
    GOVERNOR_ADDRESS,
    LAYOUT,
    SNAPSHOT,
    TOKEN,
    Parcel,
)
from bench.votes import PROPOSAL
from proofs.chain import getproof_batch, receipts_batch
from proofs.chain.getproof import Asked
from proofs.statements import vote_columns
from proofs.statements.storage import columns
from proofs.statements.storage.columns import Places, Receipts
from proofs.statements.vote_columns import Votes

REPLIES_AT_ONCE = 2
"""Replies about storage checked together: more cost less each, and more memory."""
ROOTS, COLUMNS, ROWS, COPY = "receipts roots", "votes in columns", "votes as rows", "COPY"
PROOFS, POWERS = "storage proofs", "slots, powers, receipts"


class _Log(msgspec.Struct, gc=False):
    topics: list[str]
    data: str
    blockNumber: str  # noqa: N815 - as nodes name it
    blockTimestamp: str  # noqa: N815
    transactionHash: str  # noqa: N815
    transactionIndex: str  # noqa: N815
    logIndex: str  # noqa: N815


class _Receipt(msgspec.Struct, gc=False):
    logs: list[_Log]


class _Reply(msgspec.Struct):
    result: list[_Receipt]


_decode = msgspec.json.Decoder(_Reply).decode


class Spent(NamedTuple):
    """Seconds of processor time of the process that did it, and seconds that passed meanwhile."""

    processor: float
    passed: float

    def __add__(self, other: object) -> Spent:
        assert isinstance(other, Spent)
        return Spent(self.processor + other.processor, self.passed + other.passed)


class Counted(NamedTuple):
    """What came out of a parcel: votes, its voters with their powers and receipts, what each stage
    took, and which process it was, with the most memory that it ever took, in MB."""

    votes: Votes
    voters: columns.Bytes
    powers: columns.Bytes
    receipts: Receipts
    spent: dict[str, Spent]
    process: int
    megabytes: float


class Clock:
    """What each stage took."""

    def __init__(self) -> None:
        self.spent: dict[str, Spent] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        processor, passed = time.process_time(), time.perf_counter()
        yield
        took = Spent(time.process_time() - processor, time.perf_counter() - passed)
        self.spent[name] = self.spent.get(name, Spent(0, 0)) + took


def set_up() -> None:
    """What a worker does first."""
    import django

    django.setup()


def count(parcel: Parcel, state_root: bytes, insert: bool = True) -> Counted:
    """All stages of a parcel, with or without its rows. Raises the refusals of the core."""
    clock = Clock()
    with parcel.file.open("rb") as file:
        with clock.stage(ROOTS):
            bodies = [file.read(size) for size in parcel.receipts]
            if receipts_batch.roots(bodies) != parcel.roots:
                raise ValueError("the receipts of a block have another root")
        with clock.stage(COLUMNS):
            votes = vote_columns.read_votes(GOVERNOR_ADDRESS, PROPOSAL, parcel.blocks, bodies)
        if insert:
            _insert(clock, bodies)
        del bodies
        with clock.stage(POWERS):
            places = Places(
                np.frombuffer(parcel.voters, np.uint8).reshape(-1, 20),
                np.array(parcel.lengths, np.int64),
                np.array(parcel.indices, np.int64),
            )
            power_slots = columns.power_slots(LAYOUT, places)
            kept_slots = columns.receipt_slots(COUNTING, PROPOSAL, places.voters)
        with clock.stage(PROOFS):
            power_words = _proven(file, parcel.token, state_root, TOKEN, power_slots.slots)
            kept_words = _proven(file, parcel.governor, state_root, GOVERNOR_ADDRESS, kept_slots)
        with clock.stage(POWERS):
            powers = columns.proven_powers(
                LAYOUT, places, power_slots, power_words, timepoint=SNAPSHOT, clock=CLOCK
            )
            kept = columns.proven_receipts(
                COUNTING, PROPOSAL, places.voters, kept_slots, kept_words
            )
    return Counted(votes, places.voters, powers, kept, clock.spent, os.getpid(), megabytes())


def megabytes() -> float:
    """The most memory that this process ever took."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _proven(
    file: BinaryIO, sizes: list[int], state_root: bytes, address: bytes, slots: list[int]
) -> bytes:
    """The proven words of all slots, from the next replies in the file."""
    asked = [
        Asked(address, slots[start : start + A_REPLY]) for start in range(0, len(slots), A_REPLY)
    ]
    words = []
    for begin in range(0, len(sizes), REPLIES_AT_ONCE):
        part = slice(begin, begin + REPLIES_AT_ONCE)
        bodies = [file.read(size) for size in sizes[part]]
        words += [one.words for one in getproof_batch.check_all(state_root, asked[part], bodies)]
    return b"".join(words)


def lines_of(bodies: list[bytes]) -> tuple[list[Any], list[str]]:
    """Votes as the projection takes them from logs, and their lines for COPY."""
    from chainsync.kinds import LogRecord
    from governance.folding import votes

    decoded = [
        votes.decode_cast(
            LogRecord(
                int(log.blockNumber, 16),
                b"",
                int(log.blockTimestamp, 16),
                bytes.fromhex(log.transactionHash[2:]),
                int(log.transactionIndex, 16),
                int(log.logIndex, 16),
                GOVERNOR_ADDRESS,
                tuple([bytes.fromhex(topic[2:]) for topic in log.topics]),
                bytes.fromhex(log.data[2:]),
            )
        )
        for body in bodies
        for receipt in _decode(body).result
        for log in receipt.logs
    ]
    return decoded, votes.lines(decoded)


def _insert(clock: Clock, bodies: list[bytes]) -> None:
    from django.db import transaction

    from governance.folding import votes
    from governance.models import Proposal

    with clock.stage(ROWS):
        decoded, lines = lines_of(bodies)
    with clock.stage(COPY):
        proposal = Proposal.objects.select_related("contract").get(proposal_id=PROPOSAL)
        with transaction.atomic():
            votes.fold(proposal.contract, decoded, lines, {PROPOSAL: proposal.pk})
