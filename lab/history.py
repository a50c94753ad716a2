"""Stored chains: dumped while they run, kept in two generations, trimmed before they are loaded."""

from __future__ import annotations

import gzip
import os
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from lab.rpc import Rpc
from lab.schedule import BLOCKS_KEPT, FIRST_BLOCKS_KEPT, TRANSACTIONS_KEPT

State = dict[str, Any]


class Unreadable(ValueError):
    """A stored chain cannot be used; the message names the file and what is wrong with it."""


def current_file(folder: Path, chain: str) -> Path:
    """The newest dump of a chain."""
    return folder / f"{chain}.dump"


def previous_file(folder: Path, chain: str) -> Path:
    """The dump before the newest."""
    return folder / f"{chain}.dump.previous"


def save(folder: Path, chain: str, rpc: Rpc) -> int:
    """Dump a chain beside its last dump, then let it take its place; bytes written."""
    dumped = bytes.fromhex(rpc.call("anvil_dumpState")[2:])
    part = folder / f"{chain}.dump.part"
    with part.open("wb") as handle:
        handle.write(dumped)
        handle.flush()
        os.fsync(handle.fileno())
    newest = current_file(folder, chain)
    if newest.exists():
        newest.replace(previous_file(folder, chain))
    part.replace(newest)
    return len(dumped)


def read(path: Path) -> State:
    """A dump parsed and checked; raises `Unreadable`."""
    try:
        state: State = msgspec.json.decode(gzip.decompress(path.read_bytes()))
        head = int(state["best_block_number"])
        if head not in {_number(block) for block in state["blocks"]}:
            raise ValueError(f"its head, block {head}, is missing")
        if not state["accounts"] or int(state["block"]["number"], 16) != head:
            raise ValueError("its parts do not belong together")
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"{path.name}: {error}") from error
    return state


def generations(folder: Path, chain: str) -> Iterator[Path]:
    """The dumps of a chain that exist, newest first."""
    for path in (current_file(folder, chain), previous_file(folder, chain)):
        if path.exists():
            yield path


def latest(folder: Path, chain: str) -> tuple[State | None, list[str]]:
    """The newest usable dump of a chain, and what was wrong with those that are not."""
    problems: list[str] = []
    for path in generations(folder, chain):
        try:
            return read(path), problems
        except Unreadable as error:
            problems.append(str(error))
    return None, problems


def discard(folder: Path, chain: str) -> None:
    """Set the dumps of a chain aside, so that a new one can begin."""
    for path in generations(folder, chain):
        path.replace(path.with_name(f"{path.name}.discarded"))


def _number(block: dict[str, Any]) -> int:
    return int(block["header"]["number"], 16)


def trim(state: State) -> State:
    """The state with its newest blocks whole, and of the older ones those with transactions.

    Empty old blocks go (a node answers them with null), and so does the middle of a history with
    more transactions than the cap: the deployment and the newest stay. Execution traces are left
    out: nothing of the lab serves them.
    """
    head = int(state["best_block_number"])
    keep = set(range(head - BLOCKS_KEPT + 1, head + 1)) | {0}
    sizes = Counter(entry["block_number"] for entry in state["transactions"])
    kept = 0
    for number in sorted(sizes, reverse=True):
        if kept < TRANSACTIONS_KEPT or number <= FIRST_BLOCKS_KEPT:
            keep.add(number)
            kept += sizes[number]
    transactions = [
        {**entry, "info": {**entry["info"], "traces": []}}
        for entry in state["transactions"]
        if entry["block_number"] in keep
    ]
    blocks = [block for block in state["blocks"] if _number(block) in keep]
    return {**state, "blocks": blocks, "transactions": transactions, "historical_states": None}


def write_for_node(state: State, path: Path) -> None:
    """Write a state in the form in which a node loads it."""
    path.write_bytes(msgspec.json.encode(state))
