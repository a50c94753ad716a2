"""Answers to eth_getProof prove what they claim, about what was asked, or are refused by item."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from made_state import Contract, body, result

from proofs.chain import header, rlp
from proofs.chain.account import EMPTY_CODE
from proofs.chain.getproof import Asked, Proven, check_all
from proofs.chain.trie import EMPTY_ROOT, prove
from proofs.keccak import keccak256
from proofs.refusals import (
    AnotherAnswer,
    BatchRefused,
    HashMismatch,
    MalformedProof,
    MissingNode,
    NotBytes,
    NotHex,
    OutOfRange,
    Refusal,
    RootMismatch,
    UnreadableAnswer,
    UnusedNode,
    ValueMismatch,
    WrongLength,
)

ROOT = Path(__file__).resolve().parents[3]
TOKEN, OTHER, NOBODY = b"\x11" * 20, b"\x22" * 20, b"\x33" * 20
STATE = {
    TOKEN: Contract({slot: slot * 10**18 + 1 for slot in range(200)}),
    OTHER: Contract({5: 2**256 - 1}, nonce=0, balance=2**200),
}
SLOTS = (0, 7, 199, 200, 2**256 - 1)


def asked(found: dict[str, Any]) -> Asked:
    """The question that a recorded answer is about."""
    slots = [int(row["key"], 16) for row in found["storageProof"]]
    return Asked(bytes.fromhex(found["address"][2:]), slots)


def proven(root: bytes, found: dict[str, Any]) -> Proven:
    (only,) = check_all(root, [asked(found)], [body(found)])
    return only


def head(path: Path) -> bytes:
    fields = json.loads(path.read_text())
    fields = fields.get("block", fields)
    header.check(fields)
    return bytes.fromhex(fields["stateRoot"][2:])


def test_real_answers_hold_under_the_headers_of_their_blocks(vectors: Path) -> None:
    folder = vectors / "eip1186"
    under = {
        "0x7a11f": head(folder / "ethereumjs/block0x7a11f.json"),
        "0x7a120": head(folder / "ethereumjs/block0x7a120.json"),
    }
    found = json.loads(
        (folder / "ethereumjs/0x580992b51e3925e23280efb93d3047c82f17e038.json").read_text()
    )
    for number, answer in found["account"].items():
        account = proven(under[number], answer).account
        assert account is not None
        assert account.balance == int(answer["balance"], 16) > 0
    answer = json.loads((folder / "helios_21925176_proof.json").read_text())
    words = proven(head(folder / "helios_21925176_header.json"), answer).by_slot()
    assert {hex(slot): "0x" + value.hex() for slot, value in words.items()} == {
        "0x1": answer["storageProof"][0]["value"]
    }


def test_all_real_answers_hold_under_the_roots_that_they_name(vectors: Path) -> None:
    """Their headers are not among the vectors: the root is the hash of the first node."""
    files = [*(vectors / "eip1186").glob("*/*.json")]
    answers = [
        answer
        for content in (
            json.loads(file.read_text()) for file in files if "genesis" not in str(file)
        )
        for answer in content.get("account", {"": content}).values()
        if "accountProof" in answer
    ]
    answers += [
        next(iter(json.loads(file.read_text()).values()))
        for file in (vectors / "eip1186/ethereumjs").glob("ropsten*.json")
    ]
    present = absent = zero = 0
    for answer in answers:
        top = bytes.fromhex(answer["accountProof"][0][2:])
        known = proven(keccak256(top), answer)
        present, absent = present + (known.account is not None), absent + (known.account is None)
        zero += sum(word == bytes(32) for word in known.by_slot().values())
    assert (len(answers), present, absent, zero) == (15, 13, 2, 2)


def test_recorded_conversations_hold(vectors: Path) -> None:
    for path in (vectors / "eip1186/execution_apis/eth_getProof").glob("*.io"):
        reply = next(line[3:] for line in path.read_text().splitlines() if line.startswith("<<"))
        found = json.loads(reply)["result"]
        root = keccak256(bytes.fromhex(found["accountProof"][0][2:]))
        (only,) = check_all(root, [asked(found)], [reply.encode()])
        assert only.account is not None


def test_every_slot_is_proven_also_those_that_hold_nothing() -> None:
    root, found = result(STATE, TOKEN, SLOTS)
    known = proven(root, found)
    assert known.account is not None
    assert known.account.nonce == 1
    expected = {slot: STATE[TOKEN].storage.get(slot, 0).to_bytes(32, "big") for slot in SLOTS}
    assert known.by_slot() == expected


def test_an_account_that_is_not_there_has_nothing() -> None:
    root, found = result(STATE, NOBODY, SLOTS)
    assert found["storageHash"] == "0x" + EMPTY_ROOT.hex()
    assert found["codeHash"] == "0x" + EMPTY_CODE.hex()
    no_hash = "0x" + "00" * 32
    for same in (found, {**found, "storageHash": no_hash, "codeHash": no_hash}):
        assert proven(root, same) == Proven(None, list(SLOTS), bytes(32 * len(SLOTS)))
    for name in ("storageHash", "codeHash"):
        refused(root, {**found, name: "0x" + "11" * 32}, ValueMismatch, address=NOBODY)
    assert proven(EMPTY_ROOT, {**found, "accountProof": []}).account is None


def refused(
    root: bytes,
    found: Any,
    refusal: type[Refusal],
    slot: int | None = None,
    address: bytes = TOKEN,
) -> dict[int, bytes]:
    """That the one item is refused, with this refusal; what is proven nevertheless."""
    with pytest.raises(BatchRefused) as refused:
        check_all(root, [Asked(address, SLOTS)], [body(found)])
    assert {item: type(why) for item, why in refused.value.refusals.items()} == {(0, slot): refusal}
    answers = refused.value.answers
    return answers[0].by_slot() if answers else {}


def replaced(found: dict[str, Any], slot: int, **changes: Any) -> dict[str, Any]:
    rows = [dict(row) for row in found["storageProof"]]
    rows[slot] |= changes
    return {**found, "storageProof": rows}


NODE = "0xf8" + "00" * 40


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"address": "0x" + "22" * 20}, AnotherAnswer),
        ({"address": "0x" + "11" * 19}, WrongLength),
        ({"address": None}, NotHex),
        ({"nonce": "0x2"}, ValueMismatch),
        ({"nonce": None}, NotHex),
        ({"nonce": "0x10000000000000001"}, OutOfRange),
        ({"balance": "0x6"}, ValueMismatch),
        ({"balance": 5}, NotHex),
        ({"storageHash": "0x" + "11" * 32}, ValueMismatch),
        ({"storageHash": "0x" + "00" * 32}, ValueMismatch),
        ({"storageHash": "0x11"}, WrongLength),
        ({"codeHash": "0x" + "11" * 32}, ValueMismatch),
        ({"codeHash": "0x" + "00" * 32}, ValueMismatch),
        ({"accountProof": []}, MissingNode),
        ({"accountProof": None}, UnreadableAnswer),
        ({"accountProof": [NODE]}, RootMismatch),
        ({"accountProof": [5]}, NotHex),
        ({"storageProof": None}, UnreadableAnswer),
        ({"storageProof": []}, AnotherAnswer),
    ],
)
def test_claims_about_an_account_are_held_against_its_proof(
    changes: dict[str, Any], refusal: type[Refusal]
) -> None:
    root, found = result(STATE, TOKEN, SLOTS)
    assert refused(root, {**found, **changes}, refusal) == {}


@pytest.mark.parametrize("slot", range(len(SLOTS)))
def test_one_bad_slot_is_named_and_spoils_no_other(slot: int) -> None:
    root, found = result(STATE, TOKEN, SLOTS)
    good = proven(root, found).by_slot()
    nodes = found["storageProof"][slot]["proof"]
    last = bytearray.fromhex(nodes[-1][2:])
    last[-1] ^= 1
    elsewhere = found["storageProof"][(slot + 1) % len(SLOTS)]
    changes: list[tuple[dict[str, Any], type[Refusal] | tuple[type[Refusal], ...]]] = [
        ({"value": "0x123"}, ValueMismatch),
        ({"value": None}, NotHex),
        ({"value": "0x1" + "00" * 32}, NotHex),
        ({"key": "0x123"}, AnotherAnswer),
        ({"key": elsewhere["key"]}, AnotherAnswer),
        ({"proof": nodes[:-1]}, MissingNode),
        ({"proof": []}, MissingNode),
        ({"proof": "0x"}, UnreadableAnswer),
        ({"proof": [*nodes, nodes[-1]]}, UnusedNode),
        ({"proof": [*nodes[:-1], "0x" + last.hex()]}, HashMismatch),
        ({"proof": [*nodes[:-1], nodes[-1] + "zz"]}, NotHex),
        ({"proof": [*nodes[:-1], nodes[-1] + "00"]}, HashMismatch),
        ({"proof": nodes[::-1]}, RootMismatch),
    ]
    for change, refusal in changes:
        assert isinstance(refusal, type)
        left = refused(root, replaced(found, slot, **change), refusal, slot)
        assert left == {key: word for key, word in good.items() if key != SLOTS[slot]}
    rows = [*found["storageProof"]]
    rows[slot] = "0x"
    refused(root, {**found, "storageProof": rows}, UnreadableAnswer, slot)


def test_a_proof_of_zero_is_no_proof_of_another_slot() -> None:
    """Two slots that are absent at the same place share all their nodes."""
    root, found = result({TOKEN: Contract({1: 5})}, TOKEN, [2, 3])
    assert proven(root, found).words == bytes(64)
    found["storageProof"][0]["proof"] = []
    with pytest.raises(BatchRefused) as refused:
        check_all(root, [asked(found)], [body(found)])
    assert list(refused.value.refusals) == [(0, 0)]


def test_bad_replies_spoil_no_others() -> None:
    root, found = result(STATE, TOKEN, SLOTS)
    _, other = result(STATE, OTHER, [5])
    good = proven(root, found)
    questions = [Asked(TOKEN, SLOTS), Asked(OTHER, [5]), Asked(TOKEN, SLOTS)]
    towers = b"[" * 100_000 + b"]" * 100_000
    bad = [b"", b"{", b"[]", b"null", b'{"error":{}}', b'{"result":[]}', b"\xff", towers]
    for text in bad:
        with pytest.raises(BatchRefused) as refused:
            check_all(root, questions, [body(found), text, body(found)])
        assert {at: type(why) for at, why in refused.value.refusals.items()} == {
            (1, None): UnreadableAnswer
        }
        assert refused.value.answers == {0: good, 2: good}
    *_, last = check_all(root, questions[:2], [body(found), body(other)])
    assert last.words == b"\xff" * 32


def test_a_tower_of_brackets_does_not_end_the_process() -> None:
    """Where Python's limit of recursion was raised, as py_ecc does when it is imported."""
    tried = """
import sys
from proofs.chain.getproof import read
from proofs.refusals import UnreadableAnswer
sys.setrecursionlimit(10**6)
try:
    read(b"[" * 300_000 + b"]" * 300_000)
except UnreadableAnswer as refusal:
    print(refusal)
"""
    done = subprocess.run([sys.executable, "-c", tried], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (
        0,
        "The reply is no JSON: It is nested too deeply.\n",
    ), done.stderr[-500:]


def test_a_proof_under_another_root_is_refused() -> None:
    _, found = result(STATE, TOKEN, SLOTS)
    elsewhere, _ = result({**STATE, NOBODY: Contract()}, TOKEN, SLOTS)
    refused(elsewhere, found, RootMismatch)


def test_a_hash_that_fits_makes_no_node() -> None:
    """An account under a storage root that no trie has: its proof is well hashed and malformed."""
    node = rlp.encode([b"\x20", b"", b"too many", bytes(32)])
    fields = [b"\x01", b"\x05", keccak256(node), EMPTY_CODE]
    path = keccak256(TOKEN)
    root, (nodes,) = prove({path: rlp.encode(fields)}, [path])
    _, found = result({TOKEN: Contract({1: 1})}, TOKEN, SLOTS[:1])
    found |= {
        "codeHash": "0x" + EMPTY_CODE.hex(),
        "storageHash": "0x" + keccak256(node).hex(),
        "accountProof": ["0x" + one.hex() for one in nodes],
    }
    found["storageProof"][0] |= {"proof": ["0x" + node.hex()]}
    with pytest.raises(BatchRefused) as refused:
        check_all(root, [Asked(TOKEN, SLOTS[:1])], [body(found)])
    refusal = refused.value.refusals[0, 0]
    assert type(refusal) is MalformedProof
    # What is kept of a batch keeps no frames, else thousands would keep all replies in memory.
    assert refusal.__traceback__ is None
    assert isinstance(refusal.__cause__, MalformedProof)
    assert refusal.__cause__.__traceback__ is None


def test_questions_are_checked_first() -> None:
    root, found = result(STATE, TOKEN, SLOTS)
    for root_, questions, refusal in (
        (root[1:], [asked(found)], WrongLength),
        (root, [], AnotherAnswer),
        (root, [Asked(TOKEN[1:], SLOTS)], WrongLength),
        (root, [Asked("0x", SLOTS)], NotBytes),
        (root, [Asked(TOKEN, [-1])], OutOfRange),
    ):
        with pytest.raises(refusal):
            check_all(root_, questions, [body(found)])  # type: ignore[arg-type]
