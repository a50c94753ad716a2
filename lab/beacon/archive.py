"""The stored beacon chain: its newest blocks, and the best update of each period, in one file."""

import zlib
from pathlib import Path
from typing import Any

from remerkleable.basic import uint64
from remerkleable.byte_arrays import Bytes32
from remerkleable.complex import Container, List

from lab.beacon.blocks import Block, Finality, Mark
from lab.beacon.chain import BeaconChain
from lab.beacon.containers import (
    ZERO,
    BlindedBeaconBlockBody,
    Checkpoint,
    LightClientUpdate,
)
from lab.beacon.updates import PERIODS_KEPT, BestUpdates

FILE = "l1.beacon"
# Below the finalized block only what a chain that lost its newest seconds may go back to.
BLOCKS_AT_LEAST = 64


class Unreadable(ValueError):
    """The stored beacon chain cannot be used; the message says what is wrong with it."""


class StoredBlock(Container):
    root: Bytes32
    slot: uint64
    parent_root: Bytes32
    body: BlindedBeaconBlockBody
    previous: Checkpoint
    justified: Checkpoint
    finalized: Checkpoint
    target: Bytes32


class Archive(Container):
    genesis: Bytes32
    blocks: List[StoredBlock, 4096]
    updates: List[LightClientUpdate, PERIODS_KEPT]


def pack(chain: BeaconChain, best: BestUpdates) -> bytes:
    """The chain of the head and the updates as bytes."""
    blocks: list[Any] = []
    for block in chain.ancestors():
        enough = len(blocks) >= BLOCKS_AT_LEAST and block.slot < chain.finalized.slot
        if block.slot == 0 or enough:
            break
        blocks.append(_stored(block))
    updates = [best.by_period[period] for period in sorted(best.by_period)]
    archive = Archive(genesis=chain.genesis.root, blocks=blocks[::-1], updates=updates)
    return zlib.compress(archive.encode_bytes(), 1)


def unpack(data: bytes, chain: BeaconChain, best: BestUpdates) -> None:
    """Fill a chain that is new, and its updates. Raises `Unreadable`; then some may be filled."""
    if not data:
        return
    try:
        archive = Archive.decode_bytes(zlib.decompress(data))
    except Exception as error:  # whatever a decoder makes of a half-written file
        raise Unreadable(f"{type(error).__name__}: {error}") from error
    if bytes(archive.genesis) != chain.genesis.root:
        raise Unreadable("it is of another genesis")
    blocks = [_block(stored, chain.genesis.genesis) for stored in archive.blocks]
    for stored, block in zip(archive.blocks, blocks, strict=True):
        if block.root != bytes(stored.root):
            raise Unreadable(f"the block in slot {block.slot} has another root")
    chain.restore(blocks)
    best.restore(archive.updates)


def write(folder: Path, data: bytes) -> None:
    """Store the bytes; a reader sees the old ones or the new ones."""
    part = folder / f"{FILE}.part"
    part.write_bytes(data)
    part.replace(folder / FILE)


def read(folder: Path) -> bytes:
    """The stored bytes, none where nothing is stored. Raises `Unreadable`."""
    try:
        return (folder / FILE).read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise Unreadable(str(error)) from error


def _stored(block: Block) -> Any:
    finality = block.finality
    return StoredBlock(
        root=block.root,
        slot=block.slot,
        parent_root=block.parent_root,
        body=block.body,
        previous=finality.previous.view(),
        justified=finality.justified.view(),
        finalized=finality.finalized.view(),
        target=finality.target or ZERO,
    )


def _block(stored: Any, state: Any) -> Block:
    target, parent_root = bytes(stored.target), bytes(stored.parent_root)
    finality = Finality(
        _mark(stored.previous),
        _mark(stored.justified),
        _mark(stored.finalized),
        None if target == ZERO else target,
    )
    return Block(int(stored.slot), parent_root, stored.body, finality, state)


def _mark(view: Any) -> Mark:
    return Mark(int(view.epoch), bytes(view.root))
