"""The batch path for receipts finds the roots of the plain one, whatever is done to the replies."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proofs.chain import receipts, receipts_batch, rlp, trie_batch
from proofs.chain.trie import EMPTY_ROOT, ordered_root
from proofs.keccak import keccak256
from proofs.refusals import BatchRefused, NotHex, Refusal, UnreadableAnswer

# The first batch of a process loads, or even compiles, the loop that hashes.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
BLOCK = "receipts/snowbridge_11408438"
KINDS = [0, receipts.DEPOSIT, *sorted(receipts.PLAIN)]


def octets(least: int, most: int) -> st.SearchStrategy[str]:
    return st.binary(min_size=least, max_size=most).map(lambda raw: "0x" + raw.hex())


def numbers(bits: int = 64) -> st.SearchStrategy[str]:
    return st.one_of(st.integers(0, 300), st.integers(0, 2**bits - 1)).map(hex)


LOGS = st.fixed_dictionaries(
    {
        "address": octets(20, 20),
        "topics": st.lists(octets(32, 32), max_size=4),
        "data": st.one_of(octets(0, 2), octets(53, 57), octets(250, 260)),
    }
)
RECEIPTS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(KINDS).map(hex),
        "status": st.sampled_from(["0x0", "0x1"]),
        "cumulativeGasUsed": numbers(),
        "logsBloom": octets(256, 256),
        "logs": st.lists(LOGS, max_size=3),
        "depositNonce": st.one_of(st.none(), numbers()),
        "depositReceiptVersion": st.one_of(st.none(), numbers()),
    }
)


def body(rows: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": rows}).encode()


def plain(text: bytes) -> Any:
    """The root, or the refusal in a form that can be compared."""
    try:
        return receipts.root(receipts_batch.read(text))
    except Refusal as refusal:
        return type(refusal), str(refusal), refusal.facts


def both(*bodies: bytes) -> list[Any]:
    """What both paths say of each reply, which is the same."""
    expected = [plain(text) for text in bodies]
    try:
        found: list[Any] = list(receipts_batch.roots(bodies))
    except BatchRefused as refused:
        said = {at: (type(why), str(why), why.facts) for at, why in refused.refusals.items()}
        found = [said[at] if at in said else refused.answers[at] for at in range(len(bodies))]
    assert found == expected
    return found


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the blocks for which the batch path has fallen back to the plain one."""
    calls: list[int] = []
    root = receipts.root

    def counted(rows: Any) -> bytes:
        calls.append(len(rows))
        return root(rows)

    monkeypatch.setattr(receipts, "root", counted)
    return calls


def made(kind: int = 2, **extra: Any) -> dict[str, Any]:
    return {
        "type": hex(kind),
        "status": "0x1",
        "cumulativeGasUsed": "0x5208",
        "logsBloom": "0x" + "00" * 256,
        "logs": [],
        **extra,
    }


def test_a_real_block_has_its_root_without_the_plain_path(vectors: Path, taken: list[int]) -> None:
    head = json.loads((vectors / BLOCK / "header11408438.json").read_text())
    rows = json.loads((vectors / BLOCK / "receipts11408438.json").read_text())
    root = bytes.fromhex(head["receiptsRoot"][2:])
    assert receipts_batch.roots([body(rows), body([]), body(rows)]) == [root, EMPTY_ROOT, root]
    assert not taken


def test_every_type_takes_the_batch_path(taken: list[int]) -> None:
    log = {"address": "0x" + "11" * 20, "topics": ["0x" + "22" * 32] * 2, "data": "0x7f"}
    rows = [made(kind, logs=[log, {**log, "data": "0x80"}]) for kind in KINDS]
    canyon = {"depositNonce": "0x0", "depositReceiptVersion": "0x1"}
    rows += [
        made(receipts.DEPOSIT, depositNonce="0x9"),
        {**made(receipts.DEPOSIT), **canyon},
        {**made(), **canyon},
    ]
    (root,) = receipts_batch.roots([body(rows)])
    assert not taken
    assert root == ordered_root([receipts.encode(row) for row in rows])


@PATIENT
@given(st.lists(st.lists(RECEIPTS, max_size=4), max_size=4))
def test_random_blocks_have_the_same_roots(blocks: list[list[dict[str, Any]]]) -> None:
    both(*[body(rows) for rows in blocks])


@PATIENT
@given(st.lists(RECEIPTS, min_size=1, max_size=3), st.data())
def test_changed_characters_are_judged_alike(
    rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    text, whole = bytearray(body(rows)), body([made()])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        signs = st.sampled_from(b'0123456789abcdefABCDEFgx_+-"\\,:[]{} ')
        kind = data.draw(st.sampled_from(("replace", "insert", "remove")))
        if kind == "remove":
            del text[at]
        else:
            text[at : at + (kind == "replace")] = bytes((data.draw(signs),))
    _, root = both(bytes(text), whole)
    assert isinstance(root, bytes)


LOG = {"address": "0x" + "11" * 20, "topics": ["0x" + "22" * 32], "data": "0x1234"}
CANYON = {"type": "0x7e", "depositReceiptVersion": "0x1"}
CHANGES: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
    ("a number with zeros before it", lambda row: row.update(cumulativeGasUsed="0x0005")),
    ("a number of spaces", lambda row: row.update(cumulativeGasUsed="0x 5")),
    ("a number with a sign", lambda row: row.update(cumulativeGasUsed="0x+5")),
    ("a number of 65 bits", lambda row: row.update(cumulativeGasUsed="0x1" + "0" * 16)),
    ("a number without 0x", lambda row: row.update(cumulativeGasUsed="ff5208")),
    ("a nonce of 65 bits", lambda row: row.update(CANYON, depositNonce="0x1" + "0" * 16)),
    ("no number", lambda row: row.update(cumulativeGasUsed="0x")),
    ("a status of two", lambda row: row.update(status="0x2")),
    ("no status", lambda row: row.update(status=None)),
    ("a state root", lambda row: row.update(status=None, root="0x" + "cd" * 32)),
    ("no type", lambda row: row.pop("type")),
    ("another type", lambda row: row.update(type="0x5")),
    ("no bloom", lambda row: row.pop("logsBloom")),
    ("a bloom of 255 bytes", lambda row: row.update(logsBloom="0x" + "00" * 255)),
    ("a bloom with spaces", lambda row: row.update(logsBloom="0x" + "  " * 256)),
    ("an address without 0x", lambda row: row["logs"][0].update(address="11" * 21)),
    ("an address of 21 bytes", lambda row: row["logs"][0].update(address="0x" + "11" * 21)),
    ("a topic without 0x", lambda row: row["logs"][0].update(topics=["22" * 33])),
    ("a topic of 31 bytes", lambda row: row["logs"][0].update(topics=["0x" + "22" * 31])),
    ("five topics", lambda row: row["logs"][0].update(topics=["0x" + "22" * 32] * 5)),
    ("data without 0x", lambda row: row["logs"][0].update(data="1234")),
    ("half a byte", lambda row: row["logs"][0].update(data="0x123")),
    ("half a byte twice", lambda row: row.update(logs=[{**LOG, "data": "0x1"}] * 2)),
    ("data with spaces", lambda row: row["logs"][0].update(data="0x12  34")),
    ("upper case", lambda row: row["logs"][0].update(data="0xABCD")),
    ("no hex", lambda row: row["logs"][0].update(data="0xgg")),
    ("other letters", lambda row: row["logs"][0].update(data="0x１２")),
    ("no list of logs", lambda row: row.update(logs={})),
]


@pytest.mark.parametrize(
    "change", [change for _, change in CHANGES], ids=[name for name, _ in CHANGES]
)
def test_what_is_not_regular_is_judged_alike_and_alone(
    change: Callable[[dict[str, Any]], Any], taken: list[int]
) -> None:
    good, odd = made(logs=[LOG]), made(logs=[copy.deepcopy(LOG)])
    change(odd)
    first, _, last = both(body([good]), body([good, odd]), body([good]))
    assert first == last == ordered_root([receipts.encode(good)])
    # Once by each path, the batch one only for what is odd, or not at all.
    assert sorted(set(taken)) == [1, 2]
    assert taken.count(1) == 2


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"result":null}', b'{"result":[1]}', b"\xff", b"[" * 999]
)
def test_what_is_no_reply_is_refused(text: bytes) -> None:
    (kind, *_), root = both(text, body([made()]))
    assert kind is UnreadableAnswer
    assert isinstance(root, bytes)


def test_a_refusal_names_the_reply() -> None:
    bodies = [body([made()]), body([made(logs=[{**LOG, "data": "0xgg"}])]), body([])]
    with pytest.raises(BatchRefused) as refused:
        receipts_batch.roots(bodies)
    assert {at: type(why) for at, why in refused.value.refusals.items()} == {1: NotHex}
    assert list(refused.value.answers) == [0, 2]


def test_tries_of_every_size_have_the_roots_of_the_plain_path() -> None:
    """All sizes at which the trie takes another form: keys of one, two and three bytes."""
    sizes = [*range(1, 40), *range(120, 140), 255, 256, 257, 272, 273, 700, 2001]
    blocks = [
        [keccak256(bytes((at & 255, size & 255))) * 2 for at in range(size)] for size in sizes
    ]
    leaves = [
        [
            rlp.sequence((key, rlp.string(value)))
            for key, value in zip(trie_batch.shape(len(values)).keys, values, strict=True)
        ]
        for values in blocks
    ]
    assert trie_batch.roots(leaves) == [ordered_root(values) for values in blocks]
    assert trie_batch.roots([]) == []
    assert trie_batch.roots([[]]) == [EMPTY_ROOT]
