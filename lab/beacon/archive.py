"""The stored beacon chain: its newest blocks, and the best update of each period, in one file."""

import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from remerkleable.basic import uint64
from remerkleable.byte_arrays import Bytes32
from remerkleable.complex import Container

from lab.beacon.blocks import Block, Finality, Mark
from lab.beacon.chain import BeaconChain
from lab.beacon.containers import (
    ZERO,
    BlindedBeaconBlockBody,
    Checkpoint,
    LightClientUpdate,
)
from lab.beacon.updates import BestUpdates

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


class Archive(msgspec.Struct):
    """Root of the genesis block, and each block and update in SSZ, the oldest first."""

    genesis: bytes
    blocks: list[bytes]
    updates: list[bytes]


def pack(chain: BeaconChain, best: BestUpdates) -> bytes:
    """The chain of the head and the updates as bytes."""
    blocks: list[bytes] = []
    for block in chain.ancestors():
        enough = len(blocks) >= BLOCKS_AT_LEAST and block.slot < chain.finalized.slot
        if block.slot == 0 or enough:
            break
        blocks.append(_stored(block))
    updates = [best.by_period[period].data for period in sorted(best.by_period)]
    archive = Archive(chain.genesis.root, blocks[::-1], updates)
    return zlib.compress(msgspec.msgpack.encode(archive), 1)


def unpack(data: bytes, chain: BeaconChain, best: BestUpdates) -> None:
    """Fill a chain that is new, and its updates. Raises `Unreadable`; then some may be filled."""
    if not data:
        return
    try:
        archive = msgspec.msgpack.decode(zlib.decompress(data), type=Archive)
        stored = [StoredBlock.decode_bytes(each) for each in archive.blocks]
        updates = [LightClientUpdate.decode_bytes(each) for each in archive.updates]
    except Exception as error:  # whatever a decoder makes of a half-written file
        raise Unreadable(f"{type(error).__name__}: {error}") from error
    if archive.genesis != chain.genesis.root:
        raise Unreadable("it is of another genesis")
    blocks = [_block(each, chain.genesis.genesis) for each in stored]
    for each, block in zip(stored, blocks, strict=True):
        if block.root != bytes(each.root):
            raise Unreadable(f"the block in slot {block.slot} has another root")
    chain.restore(blocks)
    for update in updates:
        best.keep(update)


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


# Each block is stored again every few seconds.
@lru_cache(4 * BLOCKS_AT_LEAST)
def _stored(block: Block) -> bytes:
    finality = block.finality
    stored = StoredBlock(
        root=block.root,
        slot=block.slot,
        parent_root=block.parent_root,
        body=block.body,
        previous=finality.previous.view(),
        justified=finality.justified.view(),
        finalized=finality.finalized.view(),
        target=finality.target or ZERO,
    )
    data: bytes = stored.encode_bytes()
    return data


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
