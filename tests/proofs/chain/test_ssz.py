"""SSZ: one form of each value, roots as the specification's, branches that lead where they say."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from light_client_vectors import MEMBERS, Case, raw
from ssz_json import as_json

from proofs.chain.beacon import BEACON_HEADER, Fork, execution_header, light_header
from proofs.chain.ssz import (
    ZERO,
    Bitvector,
    ByteList,
    Bytes,
    Container,
    Uint,
    Vector,
    check_branch,
    merkle_root,
)
from proofs.refusals import BranchMismatch, NotSsz, OutOfRange, Refusal, UnknownFork
from proofs.statements.light_client_data import form


def pair(left: bytes, right: bytes) -> bytes:
    return sha256(left + right).digest()


@pytest.fixture(params=["altair", "capella", "deneb", "electra"])
def case(request: pytest.FixtureRequest, vectors: Path) -> Case:
    return Case(vectors / "light_client" / request.param / "light_client_sync")


def test_real_data_is_written_as_it_was_read(case: Case) -> None:
    schema = form(case.fork(case.meta["bootstrap_fork_digest"]), MEMBERS)
    data = case.ssz("bootstrap")
    assert schema.bootstrap.write(schema.bootstrap.read(data)) == data
    full = [each["process_update"] for each in case.steps if "process_update" in each]
    assert full
    for step in full:
        if step["update"].endswith("_sf"):
            data = case.ssz(step["update"])
            assert schema.update.write(schema.update.read(data)) == data


def test_the_json_of_the_api_says_the_same(case: Case) -> None:
    schema = form(case.fork(case.meta["bootstrap_fork_digest"]), MEMBERS)
    bootstrap = schema.bootstrap.read(case.ssz("bootstrap"))
    assert schema.bootstrap.parse(as_json(schema.bootstrap, bootstrap)) == bootstrap
    update = case.update(case.steps[0]["process_update"])
    for kind in (schema.update, schema.finality_update, schema.optimistic_update):
        parsed = kind.parse({**as_json(kind, update), "member_of_a_later_fork": 1})
        assert as_json(kind, parsed) == as_json(kind, update)
    assert schema.update.parse(as_json(schema.update, update)) == update
    assert not schema.optimistic_update.parse(as_json(schema.update, update)).has_finality


def test_cut_and_stretched_data_is_refused(case: Case) -> None:
    schema = form(case.fork(case.meta["bootstrap_fork_digest"]), MEMBERS).bootstrap
    data = case.ssz("bootstrap")
    for end in {*range(0, 300, 7), len(data) - 1}:
        with pytest.raises(NotSsz):
            schema.read(data[:end])
    with pytest.raises(NotSsz):
        schema.read(data + bytes(33))


def test_parts_must_follow_each_other() -> None:
    schema = Container(dict, {"a": Uint(1), "b": ByteList(4), "c": ByteList(4)})
    good = b"\x07" + b"\x09\0\0\0" + b"\x0b\0\0\0" + b"xyzzy"
    assert schema.read(good) == {"a": 7, "b": b"xy", "c": b"zzy"}
    for bad in (
        b"\x07" + b"\x08\0\0\0" + b"\x0b\0\0\0" + b"xyzzy",  # into the head
        b"\x07" + b"\x0a\0\0\0" + b"\x0b\0\0\0" + b"xyzzy",  # a gap
        b"\x07" + b"\x09\0\0\0" + b"\x08\0\0\0" + b"xyzzy",  # backwards
        b"\x07" + b"\x09\0\0\0" + b"\xff\0\0\0" + b"xyzzy",  # past the end
        b"\x07" + b"\x09\0\0\0" + b"\x0f\0\0\0" + b"xyzzyx",  # too long a part
        b"\x07" + b"\x09\0\0\0",
    ):
        with pytest.raises(NotSsz):
            schema.read(bad)


def test_roots_of_small_values() -> None:
    two = b"\x02".ljust(32, b"\0")
    assert Uint(8).root(2) == two
    assert Bytes(4).root(b"\x02\0\0\0") == two
    assert ByteList(32).root(b"\x02\0") == pair(two, two)
    assert ByteList(32).root(b"") == pair(ZERO, ZERO)
    assert ByteList(33).root(b"\x02\0") == pair(pair(two, ZERO), two)
    assert Bitvector(9).root((False, True, *[False] * 7)) == two
    assert Vector(Bytes(32), 3).root((two, two, two)) == pair(pair(two, two), pair(two, ZERO))
    assert Bytes(48).root(two + bytes(16)) == pair(two, ZERO)
    assert merkle_root(b"") == ZERO
    assert merkle_root(two, 4) == pair(pair(two, ZERO), pair(ZERO, ZERO))


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        (Bytes(4), b"abc"),
        (Uint(8), bytes(9)),
        (ByteList(4), b"abcde"),
        (Bitvector(9), b"\xff\xff"),
        (Bitvector(9), b"\xff"),
        (Vector(Bytes(32), 2), bytes(63)),
    ],
)
def test_other_bytes_are_refused(schema: Any, data: bytes) -> None:
    with pytest.raises(NotSsz):
        schema.read(data)


def test_a_container_that_ends_before_its_fields_is_refused() -> None:
    with pytest.raises(NotSsz, match="111 bytes stand where at least 112 must"):
        BEACON_HEADER.read(bytes(111))
    # Its first offset would lie behind the end as well.
    with pytest.raises(NotSsz, match="0 bytes stand where at least"):
        execution_header(Fork.DENEB).read(b"")


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (Uint(1), "256"),
        (Uint(1), "01"),
        (Uint(1), "-1"),
        (Uint(1), ""),
        (Uint(1), "٣"),
        (Uint(1), 7),
        (Uint(32), "9" * 5000),
        (Bytes(2), "abcd"),
        (Bytes(2), "0xabc"),
        (Bytes(2), "0xab"),
        (Bytes(2), "0xab c"),
        (Bytes(2), "0xabcdef"),
        (Bytes(2), "0xzzzz"),
        (Bytes(2), None),
        (Bitvector(4), "0xff"),
        (Vector(Bytes(1), 2), ["0x00"]),
        (Vector(Bytes(1), 2), "0x0000"),
        (BEACON_HEADER, []),
        (BEACON_HEADER, {"slot": "1"}),
    ],
)
def test_other_json_is_refused(schema: Any, value: object) -> None:
    with pytest.raises(NotSsz):
        schema.parse(value)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (Uint(1), 256),
        (Bytes(2), b"a"),
        (ByteList(2), b"abc"),
        (Bitvector(2), (True,)),
        (Vector(Bytes(32), 2), (ZERO,)),
        (Vector(Bytes(32), 2), (ZERO, b"\x01" * 31)),
    ],
)
def test_what_does_not_fit_is_not_written(schema: Any, value: Any) -> None:
    for act in (schema.write, schema.root):
        with pytest.raises(Refusal):
            act(value)
    assert issubclass(OutOfRange, Refusal)


def test_later_forks_add_to_the_execution_header() -> None:
    assert set(execution_header(Fork.DENEB).fields) - set(
        execution_header(Fork.CAPELLA).fields
    ) == {
        "blob_gas_used",
        "excess_blob_gas",
    }
    assert list(light_header(Fork.BELLATRIX).fields) == ["beacon"]
    assert light_header(Fork.FULU) == light_header(Fork.ELECTRA)
    assert Fork.named("electra") is Fork.ELECTRA
    for name in ("phase0", "Electra", None, ["electra"]):
        with pytest.raises(UnknownFork):
            Fork.named(name)


LEAVES = st.lists(st.binary(min_size=32, max_size=32), min_size=8, max_size=8, unique=True)


@given(leaves=LEAVES, at=st.integers(0, 7), broken=st.integers(0, 3))
def test_a_branch_proves_its_leaf_at_its_place_alone(
    leaves: list[bytes], at: int, broken: int
) -> None:
    levels = [leaves]
    while len(levels[-1]) > 1:
        last = levels[-1]
        levels.append([pair(last[i], last[i + 1]) for i in range(0, len(last), 2)])
    root, index = levels[-1][0], 8 + at
    branch = [level[(at >> height) ^ 1] for height, level in enumerate(levels[:-1])]
    check_branch(leaves[at], branch, index, root)
    check_branch(leaves[at], [ZERO, *branch], index, root)
    other = bytes(b ^ 1 for b in leaves[at])
    changed = [other if height == broken else node for height, node in enumerate(branch)]
    wrong: list[tuple[bytes, list[bytes], int]] = [
        (other, branch, index),
        (leaves[at], branch, index ^ 1),
        (leaves[at], branch[1:], index),
        (leaves[at], [b"\x01" * 32, *branch], index),
        (leaves[at], changed if broken < 3 else branch[::-1], index),
    ]
    for leaf, nodes, place in wrong:
        if nodes == branch and leaf == leaves[at] and place == index:
            continue  # a branch that reads the same backwards
        with pytest.raises(BranchMismatch):
            check_branch(leaf, nodes, place, root)


def test_the_root_of_a_header_is_that_of_its_block(case: Case) -> None:
    store = case.bootstrap()
    assert store.finalized.beacon.root() == raw(case.meta["trusted_block_root"])
