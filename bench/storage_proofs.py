"""Storage proofs from the text of eth_getProof replies, beside PyPI `trie` and `@ethereumjs/mpt`.

Ten thousand slots of a trie of a million, in ten replies. Ours begins at the bytes of the replies
and ends at proven words, with the account under the state root and all claims compared; the peers
are given the nodes of each proof as bytes and only the storage root, which is less work. The floor
is: read the bytes once, hash each different node once, walk each path once.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench import npm_peer, pip_peer
from bench.stage import Stage, show
from proofs.chain import getproof, getproof_batch, rlp
from proofs.chain.getproof import Asked
from proofs.chain.trie import prove
from proofs.keccak import keccak256
from proofs.keccak_batch import keccak256_rows
from tools.node import NodeError, find_node

TRIE, PROOFS, A_REPLY = 1_000_000, 10_000, 1_000
REPEATS = 11
PATIENCE_SECONDS = 1800
ADDRESS, CODE_HASH = b"\x11" * 20, b"\x22" * 32
AT_LEAST_FASTER = {"PyPI trie": 40, "@ethereumjs/mpt": 25}
AT_MOST_TIMES_FLOOR = 5


class Scene(NamedTuple):
    """Replies about slots, and the same as a file for the peers."""

    state_root: bytes
    asked: list[Asked]
    bodies: list[bytes]
    words: bytes
    file: Path


def run(stage: Stage) -> bool:
    """Print the table, and whether the aims are reached; whether all found the same values."""
    given = scene(stage.folder / "proofs.json")
    proven = getproof_batch.check_all(given.state_root, given.asked, given.bodies)
    right = b"".join(one.words for one in proven) == given.words
    ours = median(lambda: getproof_batch.check_all(given.state_root, given.asked, given.bodies))
    first = (given.asked[:1], given.bodies[:1])
    plain = median(lambda: getproof.check_all(given.state_root, *first), 3) * len(given.bodies)
    root = bytes.fromhex(json.loads(given.file.read_text())["root"])
    read, hashed, walked = floor(given.state_root, root, given.asked, given.bodies)
    least = read + hashed + walked
    peers = {
        "PyPI trie": pip_peer.spent("trie", "verify.py", given.file),
        "@ethereumjs/mpt": _mpt(given),
    }
    rows = {
        "reading the bytes once": read,
        "hashing each different node once": hashed,
        "walking the paths": walked,
        "the floor: these three": least,
        "ours, in batch": ours,
        "ours, plain path": plain,
        **{name: seconds for name, seconds in peers.items() if seconds is not None},
    }
    show(
        f"{PROOFS:,} storage proofs in a trie of {TRIE:,}",
        ("processor time", "µs a proof", "× the floor", "× ours"),
        [
            (name, f"{each / PROOFS * 1e6:.2f}", f"{each / least:.1f}", f"{each / ours:.1f}")
            for name, each in rows.items()
        ],
    )
    missed = [
        name
        for name, least in AT_LEAST_FASTER.items()
        if (seconds := peers[name]) is not None and seconds < least * ours
    ]
    missed += ["the floor"] * (ours > AT_MOST_TIMES_FLOOR * least)
    if missed:
        print(f"The aim is not reached beside: {', '.join(missed)}.")
    return right


def scene(file: Path, trie: int = TRIE, count: int = PROOFS) -> Scene:
    """A contract of so many slots, drawn by a fixed seed, among three thousand accounts."""
    draw = random.Random(20)  # noqa: S311 - the same for all, and again
    values = [draw.randrange(1, 2 ** draw.choice((8, 64, 96, 208, 256))) for _ in range(trie)]
    slots = draw.sample(range(trie), count)
    content = {_key(slot): rlp.number(value) for slot, value in enumerate(values)}
    root, proofs = prove(content, [_key(slot) for slot in slots])
    account = rlp.encode([b"\x01", b"\x05", root, CODE_HASH])
    accounts = {keccak256(number.to_bytes(20, "big")): account for number in range(3_000)}
    accounts[keccak256(ADDRESS)] = account
    state_root, (path,) = prove(accounts, [keccak256(ADDRESS)])
    result = {
        "address": _hex(ADDRESS),
        "accountProof": [_hex(node) for node in path],
        "balance": "0x5",
        "codeHash": _hex(CODE_HASH),
        "nonce": "0x1",
        "storageHash": _hex(root),
    }
    asked, bodies = [], []
    for start in range(0, count, A_REPLY):
        some = slots[start : start + A_REPLY]
        rows = [
            {"key": f"0x{slot:064x}", "value": hex(values[slot]), "proof": [_hex(n) for n in nodes]}
            for slot, nodes in zip(some, proofs[start : start + A_REPLY], strict=True)
        ]
        reply = {"jsonrpc": "2.0", "id": start, "result": {**result, "storageProof": rows}}
        asked.append(Asked(ADDRESS, some))
        bodies.append(json.dumps(reply, separators=(",", ":")).encode())
    for_peers = [
        [f"{slot:064x}", rlp.number(values[slot]).hex(), [node.hex() for node in nodes]]
        for slot, nodes in zip(slots, proofs, strict=True)
    ]
    file.write_text(json.dumps({"root": root.hex(), "rows": for_peers}))
    words = b"".join([values[slot].to_bytes(32, "big") for slot in slots])
    return Scene(state_root, asked, bodies, words, file)


def floor(
    state_root: bytes, storage_root: bytes, asked: list[Asked], bodies: list[bytes]
) -> tuple[float, float, float]:
    """Seconds of reading, hashing and walking, each by itself."""
    from proofs.chain.kernels.walk import shape_all, walk

    texts = [np.frombuffer(body[: len(body) & ~7], np.uint64) for body in bodies]
    loops = getproof_batch.loops()
    batch = getproof_batch.Batch(loops, state_root, asked, bodies)
    batch.scan()
    store, (nodes, _, rows) = batch.store, batch.store.counts
    offsets = store.offsets[: nodes + 1]
    hashes = keccak256_rows(store.nodes, offsets)
    paths = keccak256_rows(store.keys.reshape(-1), np.arange(rows + 1) * 32)
    shapes = np.empty((nodes, 5), np.int64)
    shape_all(store, shapes)
    root = np.frombuffer(storage_root, np.uint8)

    def walk_all() -> None:
        store.odd[:] = 0
        walk(store, shapes, hashes, paths, root, 0, rows)

    return (
        median(lambda: [np.bitwise_xor.reduce(text) for text in texts]),
        median(lambda: keccak256_rows(store.nodes, offsets)),
        median(walk_all),
    )


def _mpt(given: Scene) -> float | None:
    try:
        home = npm_peer.installed("@ethereumjs/mpt")
        return _spent([str(find_node().node), "verify.js", str(given.file)], home)
    except NodeError as error:
        print(f"@ethereumjs/mpt is left out: {error}", file=sys.stderr)
        return None


def _spent(command: list[str], home: Path) -> float:
    done = subprocess.run(
        command,
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(home)},
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )
    return float(done.stdout) / 1000


def median(act: Callable[[], object], repeats: int = REPEATS) -> float:
    """Seconds of processor time; everything measured here computes in one thread."""
    times = []
    for _ in range(repeats):
        began = time.process_time()
        act()
        times.append(time.process_time() - began)
    return statistics.median(times)


def _key(slot: int) -> bytes:
    return keccak256(slot.to_bytes(32, "big"))


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
