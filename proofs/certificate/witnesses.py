"""What shards hold, as RLP: reading is strict, writing gives what reading accepts.

Nodes of one shard are a set: they come in ascending order of their bytes, each once, whatever they
belong to. Numbers are big-endian without leading zeros. An index of a checkpoint is written plus
one, so that zero can say "before the first".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from ..chain import rlp
from ..refusals import NotBytes, NotRlp
from .refusals import Disordered, MalformedCertificate, PartRefused

Nodes = tuple[bytes, ...]


class Checkpoint(NamedTuple):
    """The prover's word on a history: its length, and which is in force (None: none yet)."""

    length: int
    at: int | None


class State(NamedTuple):
    """The anchor's header, and the nodes that prove the accounts under its state root."""

    header: bytes
    nodes: Nodes


class Storage(NamedTuple):
    """Nodes under one contract's storage root; the checkpoint of its history, if one is used."""

    checkpoint: Checkpoint | None
    nodes: Nodes


class History(NamedTuple):
    """Hashes of earlier blocks, proven in the history contract (EIP-2935) under block ``under``."""

    under: int
    account_nodes: Nodes
    storage_nodes: Nodes
    numbers: tuple[int, ...]


class BlockReceipts(NamedTuple):
    """Nodes that prove receipts of one block, and their positions in it, or some of them."""

    number: int
    nodes: Nodes
    indices: tuple[int, ...]


class Power(NamedTuple):
    """A voter, and where in its history its power at the snapshot stands."""

    voter: bytes
    checkpoint: Checkpoint


class Powers(NamedTuple):
    """Voters in ascending order, and nodes under the token's storage root."""

    powers: tuple[Power, ...]
    nodes: Nodes


class Used(NamedTuple):
    """Voters in ascending order, and nodes under the governor's storage root."""

    voters: tuple[bytes, ...]
    nodes: Nodes


def node_set(nodes: Iterable[bytes]) -> Nodes:
    """The nodes as a shard has them."""
    return tuple(sorted(set(nodes)))


def write_state(one: State) -> bytes:
    """The bytes of a shard of kind ``state``."""
    return rlp.encode([one.header, one.nodes])


def write_storage(one: Storage) -> bytes:
    """The bytes of a shard of kind ``governor`` or ``token``."""
    return rlp.encode([_checkpoint(one.checkpoint), one.nodes])


def write_history(one: History) -> bytes:
    """The bytes of a shard of kind ``history``."""
    numbers = [_number(number) for number in one.numbers]
    return rlp.encode([_number(one.under), one.account_nodes, one.storage_nodes, numbers])


def write_headers(headers: Sequence[bytes]) -> bytes:
    """The bytes of a shard of kind ``headers``."""
    return rlp.encode(headers)


def write_receipts(blocks: Sequence[BlockReceipts]) -> bytes:
    """The bytes of a shard of kind ``receipts``."""
    return rlp.sequence(
        [
            rlp.encode([_number(b.number), b.nodes, [_number(index) for index in b.indices]])
            for b in blocks
        ]
    )


def write_powers(one: Powers) -> bytes:
    """The bytes of a shard of kind ``powers``."""
    rows = [[voter, *_checkpoint(checkpoint)] for voter, checkpoint in one.powers]
    return rlp.encode([rows, one.nodes])


def write_used(one: Used) -> bytes:
    """The bytes of a shard of kind ``used``."""
    return rlp.encode([one.voters, one.nodes])


class Reading:
    """One shard being read; ``item`` names it. Everything raises MalformedCertificate,
    Disordered, PartRefused."""

    def __init__(self, item: str, data: bytes) -> None:
        self.item = item
        try:
            self.content = rlp.decode(data)
        except (NotRlp, NotBytes) as refusal:
            raise PartRefused(item, "", refusal) from refusal

    def state(self) -> State:
        """A shard of kind ``state``."""
        header, nodes = self._list(self.content, "shard", 2)
        return State(self._bytes(header, "header"), self._nodes(nodes, "nodes"))

    def storage(self) -> Storage:
        """A shard of kind ``governor`` or ``token``."""
        checkpoint, nodes = self._list(self.content, "shard", 2)
        found = None
        if self._list(checkpoint, "checkpoint"):
            found = self._checkpoint(self._list(checkpoint, "checkpoint", 2), "checkpoint")
        return Storage(found, self._nodes(nodes, "nodes"))

    def history(self) -> History:
        """A shard of kind ``history``."""
        under, accounts, slots, numbers = self._list(self.content, "shard", 4)
        return History(
            self._number(under, "block"),
            self._nodes(accounts, "account nodes"),
            self._nodes(slots, "storage nodes"),
            self._ascending(numbers, "numbers"),
        )

    def headers(self) -> list[bytes]:
        """A shard of kind ``headers``."""
        rows = self._some(self.content, "headers")
        return [self._bytes(row, f"header {at}") for at, row in enumerate(rows)]

    def receipts(self) -> list[BlockReceipts]:
        """A shard of kind ``receipts``."""
        found = []
        for at, row in enumerate(self._some(self.content, "blocks")):
            number, nodes, indices = self._list(row, f"entry {at}", 3)
            place = f"block {self._number(number, f'entry {at}')}"
            found.append(
                BlockReceipts(
                    self._number(number, place),
                    self._nodes(nodes, f"{place}, nodes"),
                    self._ascending(indices, f"{place}, indices"),
                )
            )
        return found

    def powers(self) -> Powers:
        """A shard of kind ``powers``."""
        rows, nodes = self._list(self.content, "shard", 2)
        found = []
        for at, row in enumerate(self._some(rows, "voters")):
            voter, length, index = self._list(row, f"voter {at}", 3)
            place = f"voter {at}"
            found.append(
                Power(self._address(voter, place), self._checkpoint([length, index], place))
            )
        return Powers(tuple(found), self._nodes(nodes, "nodes"))

    def used(self) -> Used:
        """A shard of kind ``used``."""
        voters, nodes = self._list(self.content, "shard", 2)
        listed = self._some(voters, "voters")
        found = tuple(self._address(voter, f"voter {at}") for at, voter in enumerate(listed))
        return Used(found, self._nodes(nodes, "nodes"))

    def _checkpoint(self, pair: Sequence[rlp.Item], place: str) -> Checkpoint:
        length, after = (self._number(part, place) for part in pair)
        return Checkpoint(length, after - 1 if after else None)

    def _nodes(self, item: rlp.Item, place: str) -> Nodes:
        nodes = tuple(self._bytes(node, place) for node in self._list(item, place))
        if any(a >= b for a, b in pairwise(nodes)):
            raise Disordered(self.item, place, "they do not ascend, or one is there twice.")
        return nodes

    def _ascending(self, item: rlp.Item, place: str) -> tuple[int, ...]:
        numbers = tuple(self._number(part, place) for part in self._some(item, place))
        if any(a >= b for a, b in pairwise(numbers)):
            raise Disordered(self.item, place, "they do not ascend, or one is there twice.")
        return numbers

    def _address(self, item: rlp.Item, place: str) -> bytes:
        found = self._bytes(item, place)
        if len(found) != 20:
            raise self._malformed(place, "it is no address of 20 bytes")
        return found

    def _number(self, item: rlp.Item, place: str) -> int:
        found = self._bytes(item, place)
        if len(found) > 8 or found[:1] == b"\0":
            raise self._malformed(place, "it is no number of up to 64 bits")
        return int.from_bytes(found, "big")

    def _bytes(self, item: rlp.Item, place: str) -> bytes:
        if not isinstance(item, bytes):
            raise self._malformed(place, "it is a list, not bytes")
        return item

    def _some(self, item: rlp.Item, place: str) -> Sequence[rlp.Item]:
        found = self._list(item, place)
        if not found:
            raise self._malformed(place, "there are none")
        return found

    def _list(self, item: rlp.Item, place: str, length: int | None = None) -> Sequence[rlp.Item]:
        if isinstance(item, bytes):
            raise self._malformed(place, "it is bytes, not a list")
        if length is not None and len(item) != length:
            raise self._malformed(place, f"it has {len(item)} entries, not {length}")
        return item

    def _malformed(self, place: str, message: str) -> MalformedCertificate:
        return MalformedCertificate(self.item, place, message + ".")


def _checkpoint(found: Checkpoint | None) -> list[bytes]:
    if found is None:
        return []
    return [_number(found.length), _number(0 if found.at is None else found.at + 1)]


def _number(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")
