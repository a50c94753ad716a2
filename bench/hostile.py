"""What replies cost that are false or odd in every row, beside those that are as nodes write them.

Whoever answers us decides what we read; a reply must not cost many times what a good one does, be
it refused or, oddly written, accepted in the end.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from bench import receipts as blocks
from bench import storage_proofs
from bench.stage import Stage, show
from bench.storage_proofs import median
from proofs.chain import getproof, getproof_batch, receipts_batch
from proofs.chain import receipts as plain
from proofs.refusals import BatchRefused, Refusal

TRIE, PROOFS = 50_000, 2_000
BLOCKS = 10
REPEATS = 5
AT_MOST_TIMES = 10
VALID = "what nodes write"
Row = dict[str, Any]
Check = Callable[[list[bytes]], object]
Changes = dict[str, Callable[[Row], Any]]


def _last(change: Callable[[str], str]) -> Callable[[Row], Any]:
    def apply(row: Row) -> None:
        row["proof"][-1] = change(row["proof"][-1])

    return apply


OF_PROOFS: Changes = {
    VALID: lambda row: None,
    "another value": lambda row: row.update(value="0x1234567"),
    "another slot": lambda row: row.update(key=hex(int(row["key"], 16) ^ 1)),
    "a value that is no text": lambda row: row.update(value=[]),
    "a value beyond ASCII": lambda row: row.update(value="0x\u00e9"),
    "a value that is a fraction": lambda row: row.update(value=0.5),
    "no value": lambda row: row.pop("value"),
    "a key that is no number": lambda row: row.update(key="0x"),
    "no proof": lambda row: row.update(proof=None),
    "no nodes": lambda row: row.update(proof=[]),
    "the first node left out": lambda row: row["proof"].pop(0),
    "the last node left out": lambda row: row["proof"].pop(),
    "a node twice": lambda row: row["proof"].append(row["proof"][-1]),
    "as many nodes as a path can have": lambda row: row.update(proof=row["proof"][:1] * 64),
    "a node with a byte changed": _last(lambda node: node[:-2] + "00"),
    "a node under a false header": _last(lambda node: "0xf90fff" + node[2:]),
    "a node with a digit that is none": _last(lambda node: node[:-1] + "g"),
    "half a byte": _last(lambda node: node + "0"),
    "a node of three bytes": _last(lambda _: "0x123456"),
    "a node that is no text": lambda row: row["proof"].append(7),
    "a node with an escape": _last(lambda node: node + "\u000b"),
    "another field": lambda row: row.update(note="odd"),
    "a field beyond ASCII": lambda row: row.update(note="\u00e9"),
    "a fraction": lambda row: row.update(note=0.5),
}

OF_RECEIPTS: Changes = {
    VALID: lambda row: None,
    "gas with zeros before it": lambda row: row.update(cumulativeGasUsed="0x000005"),
    "no bloom": lambda row: row.pop("logsBloom"),
    "a state root": lambda row: row.update(status=None, root="0x" + "cd" * 32),
    "upper case": lambda row: row.update(logsBloom="0x" + row["logsBloom"][2:].upper()),
    "another field": lambda row: row.update(note={"a": ["odd", None]}),
    "a field beyond ASCII": lambda row: row.update(note="\u00e9"),
    "a fraction": lambda row: row.update(note=0.5),
    "a long number": lambda row: row.update(note=10**20),
    "great depth": lambda row: row.update(note=json.loads("[" * 20 + "]" * 20)),
    "an escaped letter": lambda row: row.update({"\u0007": 1}),
    "another status": lambda row: row.update(status="0x0"),
    "a status that is none": lambda row: row.update(status="0x2"),
    "a type that is not known": lambda row: row.update(type="0x5"),
    "gas that is no number": lambda row: row.update(cumulativeGasUsed="0xg"),
    "no list of logs": lambda row: row.update(logs={}),
}


def run(stage: Stage) -> bool:
    """Print two tables, and whether the aim is reached; whether both paths said the same of all."""
    given = storage_proofs.scene(stage.folder / "hostile.json", TRIE, PROOFS)
    root, asked = given.state_root, given.asked
    several = blocks.replies()[:BLOCKS]
    proofs = {
        name: [
            _reply(body, change, lambda reply: reply["result"]["storageProof"])
            for body in given.bodies
        ]
        for name, change in OF_PROOFS.items()
    }
    receipts = {
        name: [_reply(body, change, lambda reply: reply["result"]) for body in several]
        for name, change in OF_RECEIPTS.items()
    } | {
        # Refused only when all before it was read.
        "no bloom, and the last a status that is none": [_odd_and_false(body) for body in several],
        "no end": [body[:-1] for body in several],
    }
    ways: dict[str, tuple[Check, Check, dict[str, list[bytes]], int]] = {
        "Storage proofs of which every row has": (
            lambda bodies: getproof_batch.check_all(root, asked[: len(bodies)], bodies),
            lambda bodies: getproof.check_all(root, asked[: len(bodies)], bodies),
            proofs,
            PROOFS,
        ),
        "Receipts of which every one has": (
            receipts_batch.roots,
            lambda bodies: [plain.root(receipts_batch.read(body)) for body in bodies],
            receipts,
            BLOCKS * blocks.A_BLOCK,
        ),
    }
    right = True
    for title, (batch, slow, replies, rows) in ways.items():
        right &= all(
            _said(batch, bodies[:1]) == _said(slow, bodies[:1]) for bodies in replies.values()
        )
        _show(title, {name: _timed(batch, bodies) for name, bodies in replies.items()}, rows)
    return right


def _reply(body: bytes, change: Callable[[Row], Any], rows: Callable[[Any], list[Row]]) -> bytes:
    reply = json.loads(body)
    for row in rows(reply):
        change(row)
    return json.dumps(reply, ensure_ascii=False, separators=(",", ":")).encode()


def _odd_and_false(body: bytes) -> bytes:
    reply = json.loads(body)
    for row in reply["result"]:
        row.pop("logsBloom")
    reply["result"][-1]["status"] = "0x2"
    return json.dumps(reply).encode()


def _said(check: Check, bodies: list[bytes]) -> object:
    """The answers, or the first refusal in words."""
    try:
        return check(bodies)
    except BatchRefused as refused:
        return str(next(iter(refused.refusals.values())))
    except Refusal as refusal:
        return str(refusal)


def _timed(check: Check, bodies: list[bytes]) -> float:
    def act() -> None:
        with suppress(BatchRefused):
            check(bodies)

    act()
    return median(act, REPEATS)


def _show(title: str, seconds: dict[str, float], rows: int) -> None:
    valid = seconds[VALID]
    show(
        title,
        ("processor time", "µs a row", "× the valid"),
        [
            (name, f"{each / rows * 1e6:.2f}", f"{each / valid:.1f}")
            for name, each in seconds.items()
        ],
    )
    if missed := [name for name, each in seconds.items() if each > AT_MOST_TIMES * valid]:
        print(f"More than {AT_MOST_TIMES} times the valid case: {', '.join(missed)}.")
