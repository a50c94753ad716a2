"""Real blocks' receipts have the roots of their headers; anything changed in them does not."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import rlp as other

from proofs.chain import bloom, receipts
from proofs.chain.answers import data
from proofs.chain.trie import EMPTY_ROOT, ordered_root
from proofs.refusals import (
    DisorderedReceipts,
    NotHex,
    Refusal,
    RootMismatch,
    UnknownReceipt,
    WrongLength,
)

BLOCK = "receipts/snowbridge_11408438"


@pytest.fixture(scope="module")
def block(vectors: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Header and receipts of mainnet block 11,408,438: 130 transactions."""
    folder = vectors / BLOCK
    return (
        json.loads((folder / "header11408438.json").read_text()),
        json.loads((folder / "receipts11408438.json").read_text()),
    )


def conversation(path: Path) -> Any:
    """The result of a recorded JSON-RPC exchange."""
    (line,) = [line for line in path.read_text().splitlines() if line.startswith("<<")]
    return json.loads(line[2:])["result"]


def made(kind: str | None = None, **extra: Any) -> dict[str, Any]:
    receipt = {
        "status": "0x1",
        "cumulativeGasUsed": "0x5208",
        "transactionIndex": "0x0",
        "transactionHash": "0x" + "ab" * 32,
        "logs": [],
        **extra,
    }
    return receipt if kind is None else {**receipt, "type": kind}


def test_a_real_block_is_proven(block: tuple[dict[str, Any], list[dict[str, Any]]]) -> None:
    head, rows = block
    logs = receipts.check(rows, data(head, "receiptsRoot", 32))
    assert len(rows) == 130
    assert [log.log_index for log in logs] == list(range(len(logs)))
    assert len(logs) == sum(len(row["logs"]) for row in rows) > 100
    assert bloom.of_logs([(log.address, log.topics) for log in logs]) == data(head, "logsBloom")


def test_receipts_without_a_bloom_have_the_same_root(
    block: tuple[dict[str, Any], list[dict[str, Any]]],
) -> None:
    head, rows = block
    bare = [{k: v for k, v in row.items() if k != "logsBloom"} for row in rows]
    assert receipts.root(bare) == data(head, "receiptsRoot", 32)


def test_any_changed_receipt_is_noticed(
    block: tuple[dict[str, Any], list[dict[str, Any]]],
) -> None:
    head, rows = block
    root = data(head, "receiptsRoot", 32)
    position = next(i for i, row in enumerate(rows) if len(row["logs"]) > 1)

    def refused(change: Any) -> None:
        changed = copy.deepcopy(rows)
        change(changed, changed[position])
        with pytest.raises(RootMismatch):
            receipts.check(changed, root)

    refused(lambda all_, row: all_.pop())
    refused(lambda all_, row: all_.append(copy.deepcopy(row)))
    refused(lambda all_, row: all_.reverse())
    refused(lambda all_, row: row.update(status="0x0"))
    refused(lambda all_, row: row.update(cumulativeGasUsed="0x1"))
    refused(lambda all_, row: row.update(type="0x2"))
    refused(lambda all_, row: row.update(logsBloom="0x" + "01" * 256))
    refused(lambda all_, row: row["logs"].pop())
    refused(lambda all_, row: row["logs"].reverse())
    refused(lambda all_, row: row["logs"][0].update(data="0x"))
    refused(lambda all_, row: row["logs"][0].update(address="0x" + "11" * 20))
    refused(lambda all_, row: row["logs"][0]["topics"].pop())


def test_what_the_root_does_not_cover_is_checked_by_position(
    block: tuple[dict[str, Any], list[dict[str, Any]]],
) -> None:
    head, rows = block
    root = data(head, "receiptsRoot", 32)
    for change in (
        lambda row: row.update(transactionIndex="0x7f"),
        lambda row: row["logs"][0].update(logIndex="0x7f"),
    ):
        changed = copy.deepcopy(rows)
        change(next(row for row in changed if row["logs"]))
        with pytest.raises(DisorderedReceipts):
            receipts.check(changed, root)


def test_receipts_are_under_the_roots_of_a_recorded_chain(vectors: Path) -> None:
    folder = vectors / "eip1186/execution_apis"
    raw, roots, sizes = (folder / "chain.rlp").read_bytes(), {}, {}
    while raw:
        item = other.codec.decode(raw, strict=False)
        number = int.from_bytes(item[0][8], "big")
        roots[number], sizes[number] = item[0][5], len(item[1])
        raw = raw[len(other.encode(item)) :]
    proven = 0
    for path in sorted(folder.glob("eth_get*Receipt*/*.io")):
        found = conversation(path)
        rows = found if isinstance(found, list) else [found] if found else []
        number = int(rows[0]["blockNumber"], 16) if rows else 0
        if rows and sizes[number] == len(rows):
            receipts.check(rows, roots[number])
            proven += len(rows)
    assert proven >= 12
    assert receipts.root([]) == EMPTY_ROOT


def test_a_deposit_hashes_its_nonce_only_since_canyon() -> None:
    old, new = made("0x7e", depositNonce="0x9"), made("0x7e")
    new |= {"depositNonce": "0x9", "depositReceiptVersion": "0x1"}
    assert len(other.decode(receipts.encode(old)[1:])) == 4
    assert other.decode(receipts.encode(new)[1:])[4:] == [b"\x09", b"\x01"]


@pytest.mark.parametrize("kind", ["0x1", "0x4", "0x64", "0x6a"])
def test_an_envelope_is_not_wrapped_again(kind: str) -> None:
    encoded = receipts.encode(made(kind))
    assert encoded[0] == int(kind, 16)
    assert other.decode(encoded[1:])[0] == b"\x01"
    assert receipts.root([made(kind)]) == ordered_root([encoded])


def test_before_byzantium_a_state_root_stands_for_the_status() -> None:
    old = made(root="0x" + "cd" * 32)
    del old["status"]
    assert other.decode(receipts.encode(old))[0] == b"\xcd" * 32


LOG = {"address": "0x" + "11" * 20, "topics": [], "data": "0x", "logIndex": "0x0"}


@pytest.mark.parametrize(
    ("receipt", "refusal"),
    [
        (made("0x5"), UnknownReceipt),
        (made("0x78"), UnknownReceipt),
        (made(status=None), UnknownReceipt),
        (made(logs=None), UnknownReceipt),
        (made(logs=["0x"]), UnknownReceipt),
        (made(status="0x2"), Refusal),
        (made(type="0x100"), Refusal),
        (made(logsBloom="0x00"), WrongLength),
        (made(cumulativeGasUsed="21000"), NotHex),
        (made(logs=[{**LOG, "topics": "0x"}]), NotHex),
        (made(logs=[{**LOG, "topics": {}}]), NotHex),
        (made(logs=[{**LOG, "topics": ["0x11"]}]), WrongLength),
        (made(logs=[{**LOG, "topics": ["0x" + "11" * 32] * 5}]), WrongLength),
        (made(logs=[{**LOG, "address": "0x" + "11" * 21}]), WrongLength),
        (made(logs=[{**LOG, "data": "0x123"}]), NotHex),
        (made(logs=[{**LOG, "data": "0x12 34"}]), NotHex),
    ],
)
def test_receipts_that_cannot_be_are_refused(
    receipt: dict[str, Any], refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        receipts.encode(receipt)
