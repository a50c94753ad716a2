"""The batch path for receipts finds the roots of the plain one, whatever is done to the replies."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edited_text import edited
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proofs.chain import receipts, receipts_batch, rlp, trie_batch
from proofs.chain.trie import EMPTY_ROOT, ordered_root
from proofs.keccak import keccak256
from proofs.refusals import (
    BatchRefused,
    NotBytes,
    NotHex,
    OutOfRange,
    Refusal,
    UnreadableAnswer,
)

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
        signs = st.sampled_from(b'0123456789abcdefABCDEFgx_+-.eE"\\/nu,:[]{} \x00\x7f\xc3\xa9')
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
    (
        "a version of 64 bits, and no nonce",
        lambda row: row.update(CANYON, depositReceiptVersion="0xfffffffffffffffe"),
    ),
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
    ("no list of logs", lambda row: row.update(logs={})),
    ("a log that is none", lambda row: row["logs"].append(5)),
    ("a nonce that is none", lambda row: row.update(CANYON, depositNonce=None)),
    ("a gas that is none", lambda row: row.update(cumulativeGasUsed=5)),
    ("a number of all 64 bits", lambda row: row.update(cumulativeGasUsed="0x" + "f" * 16)),
    ("another field", lambda row: row.update(note="odd", more=[{}, [1, "a", {"b": None}], True])),
    ("an escape", lambda row: row.update(note='a "quoted" \\ word\n')),
    ("a name with an escape", lambda row: row.update({'na"me': "0x1"})),
    ("a log with more", lambda row: row["logs"][0].update({"removed": False, "x\ty": []})),
]
# What is passed over must be of the plainest kind: a reply with these is written anew without them.
NEEDLESS: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
    ("other letters", lambda row: row.update(note="\u00e9")),
    ("a fraction", lambda row: row.update(note=0.5)),
    ("less than nothing", lambda row: row.update(note=-1)),
    ("a long number", lambda row: row.update(note=10**20)),
    ("great depth", lambda row: row.update(note=json.loads("[" * 20 + "]" * 20))),
    ("an escaped letter", lambda row: row.update({"\u0007": 1})),
    ("a log with a fraction", lambda row: row["logs"][0].update(note=0.5)),
]
# What counts cannot be left out, so these send a whole reply to the plain path.
WHOLE: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
    ("other digits", lambda row: row["logs"][0].update(data="0x\uff11\uff12")),
    ("a topic of fractions", lambda row: row["logs"][0].update(topics=[0.5])),
    ("a number beyond all", lambda row: row.update(status=10**20)),
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
    # The plain path looked at each block for comparison; for the batch at no more than a receipt.
    assert taken == [1, 2, 1]


@pytest.mark.parametrize("change", [one for _, one in NEEDLESS], ids=[name for name, _ in NEEDLESS])
def test_what_is_needless_is_left_out_where_it_cannot_be_passed_over(
    change: Callable[[dict[str, Any]], Any], taken: list[int]
) -> None:
    good, odd = made(logs=[LOG]), made(logs=[copy.deepcopy(LOG)])
    change(odd)
    roots = both(body([good]), body([good, odd]), body([good]))
    assert roots[0] == roots[2] == ordered_root([receipts.encode(good)])
    assert roots[1] == ordered_root([receipts.encode(good)] * 2)
    assert taken == [1, 2, 1]


@pytest.mark.parametrize("change", [one for _, one in WHOLE], ids=[name for name, _ in WHOLE])
def test_a_reply_that_cannot_be_passed_over_takes_the_plain_path(
    change: Callable[[dict[str, Any]], Any], taken: list[int]
) -> None:
    good, odd = made(logs=[LOG]), made(logs=[copy.deepcopy(LOG)])
    change(odd)
    first, _, last = both(body([good]), body([good, odd]), body([good]))
    assert first == last == ordered_root([receipts.encode(good)])
    assert taken == [1, 2, 1, 2]


def test_of_a_name_given_twice_the_last_counts() -> None:
    """As every reader of JSON has it; the batch path leaves such a receipt to the plain one."""
    row = made(logs=[LOG])
    for name, other in (("status", '"0x0"'), ("logs", "[]"), ("type", "null"), ("note", "1")):
        first = json.dumps(row)[:-1] + f',"{name}":{other}}}'
        (root,) = both(f'{{"result":[{first}]}}'.encode())
        assert root == ordered_root([receipts.encode({**row, name: json.loads(other)})])
    log = json.dumps(LOG)[:-1] + ',"data":"0x"}'
    text = json.dumps({**row, "logs": []}).replace('"logs": []', f'"logs": [{log}]')
    (root,) = both(f'{{"result":[{text}],"id":1,"id":[]}}'.encode())
    assert root == ordered_root([receipts.encode(made(logs=[{**LOG, "data": "0x"}]))])
    ((kind, *_),) = both(b'{"result":[],"result":null}')
    assert kind is UnreadableAnswer


def test_any_one_character_changed_is_judged_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    deposit = {"depositNonce": "0x1", "depositReceiptVersion": "0x1"}
    two = [*LOG["topics"], "0x" + "33" * 32]
    logs = [{**LOG, "topics": two}, {**LOG, "topics": [], "data": "0x56"}]
    row = made(receipts.DEPOSIT, logs=logs, note=[{"a": None}, 12, True], **deposit)
    text = json.dumps({"id": 1, "result": [row, made()]}, separators=(",", ":")).encode()
    with monkeypatch.context() as patch:
        patch.setattr(receipts_batch, "_plainly", None)
        both(text)  # the plain path is not even asked
    # Of a bloom the digits at either end will do.
    blooms = [found.start() for found in re.finditer(b"0x0{512}", text)]
    changed = list(edited(text, {at for begin in blooms for at in range(begin + 6, begin + 510)}))
    assert len(changed) > 20_000
    for begin in range(0, len(changed), 500):
        both(*changed[begin : begin + 500])


def test_spaces_are_passed_over_wherever_json_allows_them() -> None:
    row = made(receipts.DEPOSIT, logs=[LOG, LOG], depositNonce="0x1", depositReceiptVersion="0x1")
    text = json.dumps({"result": [row, row]}, indent=1).replace(":", " :\t\r").encode()
    (root,) = both(b" " + text + b"\n ")
    assert isinstance(root, bytes)


def test_the_first_refused_receipt_is_the_one_that_is_named() -> None:
    """Be it refused for what the first pass sees, or for what the second one does."""
    early, late = made(status="0x2"), made(logs=[{**LOG, "data": "0x" + "zz" * 40}])
    for rows in ([made(), late, early, made()], [made(), early, late], [late] * 3, [early] * 3):
        (refused,) = both(body(rows))
        assert refused[0] in (NotHex, OutOfRange)


def test_what_is_no_json_is_that_before_any_receipt_in_it_is_refused() -> None:
    """Digits of the receipts behind it are passed over, whatever stands in their place."""
    text = body([made(status="0x2"), made(logsBloom="0x" + "@" * 512)])
    for other in (b"\n", b"\\", b'"', b"\xff"):
        ((kind, words, _), root) = both(text.replace(b"@@", other + b"0"), body([made()]))
        assert (kind, "no JSON" in words) == (UnreadableAnswer, True)
        assert isinstance(root, bytes)


def test_blocks_of_many_sizes_fill_and_outgrow_a_portion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts_batch, "_PORTION_BYTES", 2_000)
    big = made(logs=[{**LOG, "data": "0x" + "ab" * 5_000}])
    both(*[body([made()] * count) for count in (1, 5, 0, 2, 7)], body([big] * 3), body([made()]))


def test_without_numba_blocks_are_hashed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts_batch, "loops", lambda: None)
    both(body([made()]), b"{}", body([]))


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"result":null}', b'{"result":[1]}', b"\xff", b"[" * 999]
)
def test_what_is_no_reply_is_refused(text: bytes) -> None:
    (kind, *_), root = both(text, body([made()]))
    assert kind is UnreadableAnswer
    assert isinstance(root, bytes)


def test_what_is_no_bytes_is_refused() -> None:
    (kind, *_), root = both("{}", body([made()]))  # type: ignore[arg-type]
    assert kind is NotBytes
    assert isinstance(root, bytes)


def test_a_refusal_names_the_reply() -> None:
    bodies = [body([made()]), body([made(logs=[{**LOG, "data": "0xgg"}])]), body([])]
    with pytest.raises(BatchRefused) as refused:
        receipts_batch.roots(bodies)
    assert {at: type(why) for at, why in refused.value.refusals.items()} == {1: NotHex}
    assert list(refused.value.answers) == [0, 2]


def leaf_hashes(values: list[bytes]) -> list[bytes]:
    shape = trie_batch.shape(len(values))
    keys, ends = shape.keys.tobytes(), shape.key_ends.tolist()
    return [
        keccak256(rlp.sequence((keys[begin:end], rlp.string(value))))
        for begin, end, value in zip(ends, ends[1:], values, strict=False)
    ]


def test_tries_of_every_size_have_the_roots_of_the_plain_path() -> None:
    """All sizes at which the trie takes another form: keys of one, two and three bytes."""
    sizes = [*range(1, 40), *range(120, 140), 255, 256, 257, 272, 273, 700, 2001]
    blocks = [
        [keccak256(bytes((at & 255, size & 255))) * 2 for at in range(size)] for size in sizes
    ]
    hashes = [digest for values in blocks for digest in leaf_hashes(values)]
    rows = np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, 32)
    assert trie_batch.roots(rows, sizes) == [ordered_root(values) for values in blocks]
    assert trie_batch.roots(rows[:0], []) == []
    assert trie_batch.roots(rows[:0], [0]) == [EMPTY_ROOT]
