"""No change of a certificate is accepted and none crashes: bytes, fields, shards, in any place."""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_certificate import Made, checked
from taken_apart import apart, sealed

from proofs.certificate.container import seal
from proofs.certificate.refusals import (
    CertificateRefusal,
    MalformedCertificate,
    TooLarge,
    WrongHash,
)
from proofs.certificate.verifying import verify
from proofs.chain import rlp

DATA = Made().write()
HOPPED = Made(hop=True).write()
LOWER = Made(missing={"powers": "No endpoint proves storage."}).write()
# So deep that a parser that follows brackets by recursion would break.
DEEP = 200_000


def refused(data: bytes) -> CertificateRefusal:
    with pytest.raises(CertificateRefusal) as caught:
        checked(data)
    assert caught.value.item
    return caught.value


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([DATA, HOPPED, LOWER]), st.integers(min_value=0), st.integers(1, 255))
def test_a_flipped_byte_is_refused(data: bytes, place: int, flip: int) -> None:
    changed = bytearray(data)
    changed[place % len(data)] ^= flip
    refused(bytes(changed))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([DATA, HOPPED]), st.integers(min_value=0), st.integers(1, 255), st.data())
def test_a_flipped_byte_in_a_shard_is_refused_though_all_hashes_are_made_right(
    data: bytes, place: int, flip: int, draw: st.DataObject
) -> None:
    head, shards = apart(data)
    at = draw.draw(st.integers(0, len(shards) - 1))
    changed = bytearray(shards[at])
    changed[place % len(changed)] ^= flip
    shards[at] = bytes(changed)
    refused(sealed(head, shards))


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every value of a head stands, inner ones included."""
    if isinstance(value, dict):
        for name in value:
            yield from leaves(value[name], (*path, name))
    elif isinstance(value, list):
        for position, entry in enumerate(value):
            yield from leaves(entry, (*path, position))
    if path:
        yield path


def others(value: Any) -> list[Any]:
    """Values that could stand in the place of this one, and some that could not."""
    found: list[Any] = [None, True, False, "", "0", "1", "-1", "00", "0x", [], {}, "timestamp"]
    found += ["blocknumber", "oz4", "oz5", "bravo", "simple", "comp", "dydx", "for", "fractional"]
    if isinstance(value, str) and value.isdigit():
        found += [str(int(value) + 1), str(max(int(value) - 1, 0)), "0" + value, value + " "]
    elif isinstance(value, str):
        found += [value.upper(), value[:-1], value + "0", value[:-1] + ("1" if value else "")]
    elif isinstance(value, list):
        found += [value[1:], value + value[:1], value[::-1]]
    elif isinstance(value, dict):
        found += [value | {"more": "1"}, dict(list(value.items())[1:])]
    return [other for other in found if other != value or type(other) is not type(value)]


def put(head: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(head)
    target = changed
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    return changed


@pytest.mark.parametrize("data", [DATA, HOPPED], ids=["linked", "hopped"])
def test_no_field_of_the_head_can_be_changed(data: bytes) -> None:
    head, shards = apart(data)
    tried = 0
    for path in leaves(head):
        # A slot that holds nothing is like any other: where extensions lie is taken on trust.
        if path == ("governor", "slots", "extensions"):
            continue
        for other in others(_at(head, path)):
            # What names a shard is made right again when all is sealed anew; here only the seal.
            refused(sealed(put(head, path, other), shards, names=False))
            tried += 1
    assert tried > 1_000


def _at(head: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        head = head[step]
    return head


def test_a_field_that_is_not_known_is_refused_by_its_place() -> None:
    head, shards = apart(DATA)
    forged = put(head, ("governor", "slots", "more"), "1")
    assert refused(sealed(forged, shards)).place == "governor.slots.more"


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_entries_of_a_shard_can_neither_be_dropped_nor_doubled_nor_swapped(
    draw: st.DataObject,
) -> None:
    head, shards = apart(draw.draw(st.sampled_from([DATA, HOPPED])))
    at = draw.draw(st.integers(0, len(shards) - 1))
    if head["shards"][at]["kind"] == "code":
        return
    item = rlp.decode(shards[at])
    inside = item
    while isinstance(inside, list) and inside and draw.draw(st.booleans()):
        deeper = draw.draw(st.sampled_from(inside))
        if not isinstance(deeper, list):
            break
        inside = deeper
    assert isinstance(inside, list)
    if not inside:
        inside.append(b"\x01")
    else:
        position = draw.draw(st.integers(0, len(inside) - 1))
        act = draw.draw(st.sampled_from(["drop", "double", "swap", "empty", "nest"]))
        if act == "drop":
            del inside[position]
        elif act == "double":
            inside.insert(position, copy.deepcopy(inside[position]))
        elif act == "empty":
            inside[position] = b"" if inside[position] != b"" else b"\x01"
        elif act == "nest":
            inside[position] = [inside[position]]
        elif inside[position] != inside[0]:
            inside[position], inside[0] = inside[0], inside[position]
        else:
            del inside[position]
    shards[at] = rlp.encode(item)
    refused(sealed(head, shards))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_anything_else_is_no_certificate(data: bytes) -> None:
    refused(data)
    refused(b"tocsin-certificate 1 0x" + b"00" * 32 + b"\n" + data)
    head, shards = apart(DATA)
    refused(sealed(head, [data or b"\0", *shards[1:]]))


@pytest.mark.parametrize(
    "line",
    [
        b"[" * DEEP,
        b'{"a":' * DEEP,
        b"[" * 9 + b"]" * 9,
        b"9" * 5_000,
        b"1e9999",
        b"NaN",
        b'{"a":"1","a":"1"}',
        b'{"b":"1","a":"1"}',
        b'{"a": "1"}',
        b'{"a":"\\u0031"}',
        b'{"a":"\xc3\xa9"}',
        b"",
    ],
    ids=lambda line: line[:12].decode("latin1"),
)
def test_hostile_heads_are_refused(line: bytes) -> None:
    assert isinstance(refused(seal(line) + line + b"\n"), MalformedCertificate)


def test_only_the_one_way_of_writing_the_first_line_is_read() -> None:
    first, rest = DATA.split(b"\n", 1)
    for forged in (
        first.replace(b" 1 ", b" 01 "),
        first.replace(b" 1 ", b" 2 "),
        first.replace(b" 1 ", b"  1 "),
        first + b"\r",
        first.upper(),
        first + b" " * 200,
    ):
        assert isinstance(refused(forged + b"\n" + rest), MalformedCertificate | WrongHash)


class Endless(io.RawIOBase):
    """A file that never ends and counts what is taken from it."""

    def __init__(self, begin: bytes, then: bytes) -> None:
        self.left, self.then, self.taken = begin, then, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = len(buffer)
        data, self.left = self.left[:size], self.left[size:]
        data += self.then * (size - len(data))
        buffer[:] = data
        self.taken += size
        return size


def test_an_endless_file_is_given_up_at_the_limits() -> None:
    endless = Endless(b"", b"\0")
    with pytest.raises(MalformedCertificate):
        verify(io.BufferedReader(endless))
    assert endless.taken < 2**20
    endless = Endless(b"tocsin-certificate 1 0x" + b"00" * 32 + b"\n", b" ")
    with pytest.raises(TooLarge):
        verify(io.BufferedReader(endless))
    assert endless.taken < 2**21
