"""The batch path for storage proofs agrees with the plain one, whatever is done to the replies."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from both_paths import both
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_state import Contract, body, result

from proofs.chain import getproof, getproof_batch
from proofs.chain.getproof import Asked
from proofs.keccak import keccak256
from proofs.refusals import (
    AnotherAnswer,
    BatchRefused,
    HashMismatch,
    MissingNode,
    NotBytes,
    OutOfRange,
    Refusal,
    RootMismatch,
    UnusedNode,
    ValueMismatch,
    WrongLength,
)

# The first batch of a process loads, or even compiles, the loops.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
TOKEN, OTHER, NOBODY = b"\x11" * 20, b"\x22" * 20, b"\x33" * 20
VALUES = st.one_of(st.integers(0, 200), st.integers(0, 2**256 - 1))
SLOTS = st.one_of(st.integers(0, 300), st.integers(0, 2**256 - 1))


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which of the plain checks the batch path has fallen back to."""
    calls: list[str] = []

    def counted(name: str, do: Callable[..., Any]) -> Callable[..., Any]:
        def act(*arguments: Any) -> Any:
            calls.append(name)
            return do(*arguments)

        return act

    for name in ("check", "check_slot"):
        monkeypatch.setattr(getproof, name, counted(name, getattr(getproof, name)))
    return calls


def test_a_regular_batch_takes_no_plain_path(taken: list[str]) -> None:
    """Else its speed would be an illusion, and what follows would compare a path with itself."""
    state = {TOKEN: Contract({slot: slot**9 for slot in range(500)}), OTHER: Contract({1: 2**255})}
    slots = [*range(1, 400, 7), 1000, 2**255]
    root, found = result(state, TOKEN, slots)
    _, other = result(state, OTHER, [1])
    bodies = [body(found), json.dumps({"result": other}, indent=1).encode(), body(found)]
    asked = [Asked(TOKEN, slots), Asked(OTHER, [1]), Asked(TOKEN, slots)]
    first, second, third = getproof_batch.check_all(root, asked, bodies)
    assert not taken
    assert first == third
    assert first.by_slot() == {
        slot: (slot**9 if slot < 500 else 0).to_bytes(32, "big") for slot in slots
    }
    assert second.words == (2**255).to_bytes(32, "big")


@PATIENT
@given(
    st.dictionaries(SLOTS, VALUES, max_size=60),
    st.lists(SLOTS, max_size=8),
    st.sampled_from([TOKEN, OTHER, NOBODY]),
)
def test_random_tries_are_read_alike(
    storage: dict[int, int], others: list[int], address: bytes
) -> None:
    state = {TOKEN: Contract(storage), OTHER: Contract({7: 7}, nonce=0)}
    slots = [*list(storage)[:10], *others]
    root, found = result(state, address, slots)
    (proven,) = both(root, [Asked(address, slots)], [body(found)])
    held = state[address].storage if address in state else {}
    assert proven.by_slot() == {slot: held.get(slot, 0).to_bytes(32, "big") for slot in slots}


def world(seed: int) -> tuple[bytes, list[Asked], list[dict[str, Any]]]:
    """Two replies about tries of different kinds: dense, sparse, of small and of large values."""
    rng = random.Random(seed)
    storage = {
        rng.randrange(2**20): rng.randrange(2 ** rng.choice((1, 7, 8, 256))) for _ in range(80)
    }
    state = {TOKEN: Contract(storage), OTHER: Contract({1: 1}, balance=seed)}
    slots = [*rng.sample(list(storage), 6), rng.randrange(2**20)]
    root, found = result(state, TOKEN, slots)
    _, other = result(state, OTHER, [1, 2])
    return root, [Asked(TOKEN, slots), Asked(OTHER, [1, 2])], [found, other]


@PATIENT
@given(st.integers(0, 30), st.data())
def test_changed_characters_are_judged_alike(seed: int, data: st.DataObject) -> None:
    """One to three characters of the text are replaced, inserted or removed, anywhere."""
    root, asked, found = world(seed)
    texts = [bytearray(body(one)) for one in found]
    for _ in range(data.draw(st.integers(1, 3))):
        text = texts[data.draw(st.integers(0, len(texts) - 1))]
        at = data.draw(st.integers(0, len(text) - 1))
        kind = data.draw(st.sampled_from(("replace", "insert", "remove", "cut")))
        byte = data.draw(
            st.one_of(
                st.sampled_from(b'0123456789abcdefABCDEFgx`W"\\,:[]{} \n'), st.integers(0, 255)
            )
        )
        if kind == "replace":
            text[at] = byte
        elif kind == "insert":
            text.insert(at, byte)
        elif kind == "remove" and len(text) > 1:
            del text[at]
        else:
            del text[at + 1 :]
    both(root, asked, [bytes(text) for text in texts])


def parts(found: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values in an answer."""
    inner = (
        found.items()
        if isinstance(found, dict)
        else enumerate(found)
        if isinstance(found, list)
        else ()
    )
    return [path, *[one for name, value in inner for one in parts(value, (*path, name))]]


@PATIENT
@given(st.integers(0, 30), st.data())
def test_changed_parts_are_judged_alike(seed: int, data: st.DataObject) -> None:
    """Values are replaced by others of the same answer, by what is no value, repeated, or cut."""
    root, asked, found = world(seed)
    changed = json.loads(json.dumps(found))
    for _ in range(data.draw(st.integers(1, 3))):
        paths = [path for path in parts(changed) if len(path) > 1]
        path, source = data.draw(st.sampled_from(paths)), data.draw(st.sampled_from(paths))
        holder, new = changed, changed
        for name in path[:-1]:
            holder = holder[name]
        for name in source:
            new = new[name]
        odd = [None, 5, True, [], {}, "", "0x", "0x0", "0x00", "zz", "0x" + "f" * 65, "é", 1.5]
        new = data.draw(st.sampled_from([json.loads(json.dumps(new)), *odd]))
        if isinstance(holder, list) and data.draw(st.booleans()):
            act = data.draw(st.sampled_from(("insert", "remove", "reverse")))
            if act == "insert":
                holder.insert(path[-1], new)
            elif act == "remove":
                del holder[path[-1]]
            else:
                holder.reverse()
        elif isinstance(holder, dict) and data.draw(st.integers(0, 4)) == 0:
            del holder[path[-1]]
        else:
            holder[path[-1]] = new
    both(root, asked, [body(one) for one in changed])


@PATIENT
@given(st.integers(0, 30), st.data())
def test_changed_nodes_under_hashes_that_fit_are_judged_alike(
    seed: int, data: st.DataObject
) -> None:
    """A byte of a leaf's node is changed and all hashes above it are made to fit again.

    Only so do walks meet nodes of every wrong shape: nothing but their shape is wrong with them.
    """
    root, _, (found, _) = world(seed)
    row = found["storageProof"][data.draw(st.integers(0, len(found["storageProof"]) - 1))]
    nodes = [bytearray.fromhex(node[2:]) for node in row["proof"]]
    at = data.draw(st.integers(0, len(nodes) - 1))
    node = nodes[at]
    before = keccak256(bytes(node))
    for _ in range(data.draw(st.integers(1, 2))):
        place = data.draw(
            st.one_of(st.integers(0, min(4, len(node) - 1)), st.integers(0, len(node) - 1))
        )
        kind = data.draw(st.sampled_from(("replace", "replace", "insert", "remove")))
        byte = data.draw(
            st.one_of(st.integers(0, 255), st.sampled_from(b"\x00\x20\x80\x81\xa0\xc1"))
        )
        if kind == "replace":
            node[place] = byte
        elif kind == "insert":
            node.insert(place, byte)
        elif len(node) > 1:
            del node[place]
    for above in range(at - 1, -1, -1):
        raw = bytes(nodes[above])
        nodes[above] = bytearray(raw.replace(before, keccak256(bytes(nodes[above + 1]))))
        before = keccak256(raw)
    row["proof"] = ["0x" + one.hex() for one in nodes]
    # Rows are judged under the root of the changed trie; the account does not say so, hence a state
    # of its own around it.
    top = keccak256(bytes(nodes[0]))
    root, found = resettled(found, top)
    row_number = next(n for n, one in enumerate(found["storageProof"]) if one["key"] == row["key"])
    found["storageProof"] = [found["storageProof"][row_number]]
    slot = int(row["key"], 16)
    both(root, [Asked(TOKEN, [slot])], [body(found)])


def resettled(found: dict[str, Any], storage_root: bytes) -> tuple[bytes, dict[str, Any]]:
    """State root and answer with another storage root in the account."""
    from proofs.chain import rlp
    from proofs.chain.trie import prove

    fields = [b"\x01", b"\x05", storage_root, bytes.fromhex(found["codeHash"][2:])]
    root, (nodes,) = prove({keccak256(TOKEN): rlp.encode(fields)}, [keccak256(TOKEN)])
    return root, {
        **found,
        "accountProof": ["0x" + node.hex() for node in nodes],
        "storageHash": "0x" + storage_root.hex(),
    }


def test_recorded_answers_are_read_alike(vectors: Path) -> None:
    answers = []
    for file in (vectors / "eip1186").glob("*/*.json"):
        content = json.loads(file.read_text())
        answers += [*content.get("account", {}).values(), content, *content.values()]
    answers.append(json.loads((vectors / "eip1186/helios_21925176_proof.json").read_text()))
    answers = [one for one in answers if isinstance(one, dict) and "accountProof" in one]
    for answer in answers:
        root = keccak256(bytes.fromhex(answer["accountProof"][0][2:]))
        slots = [int(row["key"], 16) for row in answer["storageProof"]]
        asked = [Asked(bytes.fromhex(answer["address"][2:]), slots)]
        (proven,) = both(root, asked, [body(answer)])
        assert len(proven.words) == 32 * len(slots)
        both(bytes(32), asked, [body(answer)])
    assert len(answers) == 16


Row = dict[str, Any]


def swapped(row: Row) -> None:
    row["proof"][-2:] = row["proof"][:-3:-1]


def headed(row: Row) -> None:
    """The last node says that it is longer than it is."""
    row["proof"][-1] = "0xf90fff" + row["proof"][-1][2:]


FALSE: list[tuple[str, Callable[[Row], Any], set[type[Refusal]]]] = [
    ("another value", lambda row: row.update(value="0x1234567"), {ValueMismatch}),
    ("nothing", lambda row: row.update(value="0x0"), {ValueMismatch}),
    ("another slot", lambda row: row.update(key=hex(int(row["key"], 16) ^ 1)), {AnotherAnswer}),
    ("another root", lambda row: row["proof"].pop(0), {RootMismatch}),
    ("nodes in another order", swapped, {HashMismatch, RootMismatch}),
    ("a node under a false header", headed, {HashMismatch}),
    ("a short node", lambda row: row["proof"].__setitem__(-1, "0x123456"), {HashMismatch}),
    ("an empty node", lambda row: row["proof"].__setitem__(0, "0x"), {RootMismatch}),
    ("a short node too many", lambda row: row["proof"].append("0x12"), {UnusedNode}),
    ("a node less", lambda row: row["proof"].pop(), {MissingNode}),
    ("a node twice", lambda row: row["proof"].append(row["proof"][-1]), {UnusedNode}),
    (
        "a node too many, and another value",
        lambda row: row.update(value="0x5", proof=[*row["proof"], row["proof"][0]]),
        {UnusedNode},
    ),
]


@pytest.mark.parametrize(
    ("change", "kinds"), [row[1:] for row in FALSE], ids=[name for name, *_ in FALSE]
)
def test_rows_that_are_false_are_blamed_alike_without_the_plain_path(
    change: Callable[[Row], Any], kinds: set[type[Refusal]], taken: list[str]
) -> None:
    """A batch of which nothing holds must not cost many times what a good one does."""
    state = {TOKEN: Contract({slot: slot**9 + 1 for slot in range(2, 300)})}
    slots = [*range(2, 300, 3), 1000, 2**200]
    root, found = result(state, TOKEN, slots)
    for row in found["storageProof"]:
        if int(row["value"], 16) or change is not FALSE[1][1]:
            change(row)
    asked, bodies = [Asked(TOKEN, slots)], [body(found)]
    with pytest.raises(BatchRefused) as refused:
        getproof_batch.check_all(root, asked, bodies)
    assert not taken
    assert {type(why) for why in refused.value.refusals.values()} == kinds
    both(root, asked, bodies)


def test_a_row_that_is_not_regular_takes_the_plain_path_alone(taken: list[str]) -> None:
    state = {TOKEN: Contract({slot: slot + 1 for slot in range(300)})}
    slots = list(range(0, 300, 3))
    root, found = result(state, TOKEN, slots)
    found["storageProof"][41]["proof"][-1] += "0g"
    with pytest.raises(BatchRefused) as refused:
        getproof_batch.check_all(root, [Asked(TOKEN, slots)], [body(found)])
    assert taken == ["check_slot"]
    assert list(refused.value.refusals) == [(0, 41)]
    assert list(refused.value.answers[0].by_slot()) == slots[:41] + slots[42:]


def test_a_reply_with_more_than_is_needed_is_rewritten(taken: list[str]) -> None:
    """Needless fields, escapes and odd ids are no way to slow a batch down."""
    state = {TOKEN: Contract({slot: slot + 1 for slot in range(30)})}
    slots = list(range(30))
    root, found = result(state, TOKEN, slots)
    asked = [Asked(TOKEN, slots)] * 2
    regular = body(found)
    rows = [{**row, "also": row} for row in found["storageProof"]]
    for unusual in (
        body({**found, "also": 2**64}),
        body({**found, "storageProof": rows}),
        regular.replace(b"address", b"\\u0061ddress"),
        b'{"id":[1],"result":' + json.dumps(found).encode() + b"}",
        regular[:-1] + b',"id":1}',
        b'{"result":' + json.dumps({**found, "nonce": "0x9"}).encode() + b"," + regular[1:],
    ):
        first, second = getproof_batch.check_all(root, asked, [unusual, regular])
        assert first == second
    assert not taken
    for hopeless in (body({**found, "nonce": 2**70}), body({**found, "storageProof": {}})):
        kinds, answers = both(root, asked, [hopeless, regular])
        assert [at for at, _ in kinds] == [(0, None)]
        assert answers == {1: first}
    assert taken


def test_nodes_that_look_alike_to_the_table_cost_no_more_than_the_plain_path() -> None:
    """Hundreds of nodes with one sample: the table gives up instead of searching among them."""
    state = {TOKEN: Contract({slot: slot + 1 for slot in range(200)})}
    slots = list(range(200))
    root, found = result(state, TOKEN, slots)
    for number, row in enumerate(found["storageProof"]):
        leaf = bytearray(b"\xf8\x60" + bytes(96))
        leaf[20:22] = number.to_bytes(2, "big")
        row["proof"] = ["0x" + leaf.hex()]
    kinds, _ = both(root, [Asked(TOKEN, slots)], [body(found)])
    assert len(kinds) == 200


@PATIENT
@given(st.integers(0, 255), st.sampled_from((40, 200, 1000)))
def test_only_hex_digits_are_digits(character: int, place: int) -> None:
    """Every character in place of a digit of a node, of a key and of a value."""
    state = {TOKEN: Contract({slot: 2**255 + slot for slot in range(40)})}
    root, found = result(state, TOKEN, [1])
    text = bytearray(body(found))
    start = text.index(b"storageProof")
    for at in (text.index(b"key", start) + 20, text.index(b"value", start) + 20, start + place):
        changed = bytearray(text)
        changed[at] = character
        both(root, [Asked(TOKEN, [1])], [bytes(changed)])


def test_questions_are_checked_alike() -> None:
    root, found = result({TOKEN: Contract({1: 1})}, TOKEN, [1])
    text = body(found)
    for root_, asked, bodies, refusal in (
        (root[1:], [Asked(TOKEN, [1])], [text], WrongLength),
        (root, [Asked(TOKEN, [1])], [], AnotherAnswer),
        (root, [Asked(TOKEN[1:], [1])], [text], WrongLength),
        (root, [Asked(TOKEN, [2**256])], [text], OutOfRange),
        (root, [Asked(TOKEN, [-1])], [text], OutOfRange),
        (root, [Asked(TOKEN, [True])], [text], Refusal),
        (root, [Asked(TOKEN, [1])], [text.decode()], NotBytes),
    ):
        for check in (getproof.check_all, getproof_batch.check_all):
            with pytest.raises(refusal):
                check(root_, asked, bodies)  # type: ignore[arg-type]
    assert getproof_batch.check_all(root, [], []) == []


def test_replies_come_without_slots_too() -> None:
    root, found = result({TOKEN: Contract({1: 1})}, TOKEN, [])
    (proven,) = both(root, [Asked(TOKEN, [])], [body(found)])
    assert proven.account is not None
    assert proven.words == b""
    both(root, [Asked(TOKEN, [1])], [body(found)])


def test_without_numba_all_takes_the_plain_path() -> None:
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "from made_state import Contract, body, result\n"
        "from proofs.chain.getproof_batch import Asked, check_all\n"
        "root, found = result({bytes(20): Contract({1: 5})}, bytes(20), [1])\n"
        "(proven,) = check_all(root, [Asked(bytes(20), [1])], [body(found)])\n"
        "assert proven.by_slot() == {1: (5).to_bytes(32, 'big')}"
    )
    here = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", code],
        env={**os.environ, "PYTHONPATH": f"{here}:{here / 'tests/proofs'}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=280,
    )
    assert "SlowBatch: Storage proofs are checked one by one" in done.stderr


def test_code_on_disk_is_good_for_these_sources_only() -> None:
    """A change of any file of the kernels, not only of the caller's, makes it compile anew."""
    from proofs.chain import kernels
    from proofs.chain.kernels.walk import walk

    key = walk._cache._index_key(("signature",), _Codegen())
    assert kernels._SOURCES in key


class _Codegen:
    def magic_tuple(self) -> tuple[str, ...]:
        return ("machine",)


def test_a_node_given_twice_proves_no_absence() -> None:
    root, found = result({TOKEN: Contract({1: 5})}, TOKEN, [2])
    found["storageProof"][0]["proof"] *= 2
    kinds, _ = both(root, [Asked(TOKEN, [2])], [body(found)])
    assert [at for at, _ in kinds] == [(0, 0)]
