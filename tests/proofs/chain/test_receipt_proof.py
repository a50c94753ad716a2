"""A log is proven by the nodes of its receipt alone; what is no receipt is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from proofs.chain import bloom, receipts, rlp
from proofs.chain.answers import data
from proofs.chain.receipt_proof import Log, check, prove, read
from proofs.refusals import (
    HashMismatch,
    MalformedReceipt,
    MissingNode,
    NotAnInteger,
    OutOfRange,
    RootMismatch,
    UnusedNode,
)

TOPIC = bytes(31) + b"\x01"
LOG = [b"\x11" * 20, [TOPIC], b"data"]
BLOOM = bloom.of_logs([(LOG[0], [TOPIC])])  # type: ignore[arg-type,list-item]


@pytest.fixture(scope="module")
def block(vectors: Path) -> tuple[bytes, list[dict[str, Any]]]:
    """Receipts root and receipts of mainnet block 11,408,438."""
    folder = vectors / "receipts/snowbridge_11408438"
    head = json.loads((folder / "header11408438.json").read_text())
    return data(head, "receiptsRoot", 32), json.loads(
        (folder / "receipts11408438.json").read_text()
    )


def test_each_log_of_a_real_block_is_proven_by_itself(
    block: tuple[bytes, list[dict[str, Any]]],
) -> None:
    root, rows = block
    found: list[Log] = []
    for position in range(len(rows)):
        head, nodes = prove(rows, position)
        assert head == root
        receipt = check(root, position, nodes)
        assert receipt is not None
        assert receipt.outcome == int(rows[position]["status"], 16)
        found += receipt.logs
    known = receipts.check(rows, root)
    assert found == [Log(log.address, log.topics, log.data) for log in known]


def test_a_proof_is_of_its_own_position_and_whole(
    block: tuple[bytes, list[dict[str, Any]]],
) -> None:
    root, rows = block
    _, nodes = prove(rows, 7)
    assert check(root, len(rows), prove(rows, len(rows))[1]) is None
    for position, given, refusal in (
        (7, nodes[:-1], MissingNode),
        (7, [*nodes, nodes[-1]], UnusedNode),
        (7, nodes[1:], RootMismatch),
        (7, [*nodes[:-1], nodes[-1][:-1] + b"\x00"], HashMismatch),
        (-1, nodes, OutOfRange),
        (True, nodes, NotAnInteger),
    ):
        with pytest.raises(refusal):
            check(root, position, given)
    with pytest.raises((HashMismatch, UnusedNode, MissingNode)):
        check(root, 8, nodes)


def test_a_deposit_has_its_nonce_and_version_since_canyon() -> None:
    body = [b"\x01", b"\x52\x08", BLOOM, [LOG]]
    receipt = read(b"\x7e" + rlp.encode([*body, b"\x09", b"\x01"]))
    assert (receipt.nonce, receipt.version) == (9, 1)
    assert read(b"\x7e" + rlp.encode(body)).nonce is None
    for kind in (b"\x01", b""):
        with pytest.raises(MalformedReceipt, match="fields"):
            read(kind + rlp.encode([*body, b"\x09", b"\x01"]))


def test_before_byzantium_a_state_root_is_the_outcome() -> None:
    assert read(rlp.encode([TOPIC, b"", BLOOM, [LOG]])).outcome == TOPIC
    assert read(rlp.encode([b"", b"", BLOOM, [LOG]])).outcome == 0


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (b"", "RLP"),
        (b"\x05" + rlp.encode([b"", b"", BLOOM, [LOG]]), "0x05"),
        (b"\x02", "RLP"),
        (rlp.encode([b"", b"", BLOOM, [LOG]]) + b"\x00", "RLP"),
        (rlp.encode([b"", b"", BLOOM]), "fields"),
        (rlp.encode(b"\xff" * 40), "fields"),
        (b"\x7e" + rlp.encode([b"", b"", BLOOM, [LOG], b""]), "fields"),
        (rlp.encode([b"\x02", b"", BLOOM, [LOG]]), "outcome"),
        (rlp.encode([b"\x00", b"", BLOOM, [LOG]]), "outcome"),
        (rlp.encode([[], b"", BLOOM, [LOG]]), "outcome"),
        (rlp.encode([b"", b"\x00\x01", BLOOM, [LOG]]), "gas"),
        (rlp.encode([b"", b"\x01" * 9, BLOOM, [LOG]]), "gas"),
        (rlp.encode([b"", [], BLOOM, [LOG]]), "gas"),
        (rlp.encode([b"", b"", bytes(256), [LOG]]), "bloom"),
        (rlp.encode([b"", b"", BLOOM, []]), "bloom"),
        (rlp.encode([b"", b"", BLOOM, b"logs"]), "no list"),
        (rlp.encode([b"", b"", BLOOM, [LOG[:2]]]), "three"),
        (rlp.encode([b"", b"", BLOOM, [b"log"]]), "three"),
        (rlp.encode([b"", b"", BLOOM, [[b"\x11" * 19, [TOPIC], b""]]]), "address"),
        (rlp.encode([b"", b"", BLOOM, [[[], [TOPIC], b""]]]), "address"),
        (rlp.encode([b"", b"", BLOOM, [[LOG[0], [TOPIC], []]]]), "no data"),
        (rlp.encode([b"", b"", BLOOM, [[LOG[0], TOPIC, b""]]]), "four topics"),
        (rlp.encode([b"", b"", BLOOM, [[LOG[0], [TOPIC] * 5, b""]]]), "four topics"),
        (rlp.encode([b"", b"", BLOOM, [[LOG[0], [TOPIC[1:]], b""]]]), "32 bytes"),
        (rlp.encode([b"", b"", BLOOM, [[LOG[0], [[]], b""]]]), "32 bytes"),
        (b"\x7e" + rlp.encode([b"", b"", BLOOM, [LOG], b"\x00", b""]), "deposit"),
    ],
)
def test_what_is_no_receipt_is_refused(value: bytes, says: str) -> None:
    with pytest.raises(MalformedReceipt, match=says):
        read(value)
