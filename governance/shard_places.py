"""Which shards of a kept certificate hold what is proven of one voter, from their first bytes.

The shards of a kind stand in the order of what they hold (docs/certificate.md), so the first entry
of each says where to look.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import BinaryField, F, Func, IntegerField, Value
from django.db.models.functions import Substr

from governance.models import Shard, ShardPlace, TallyProof
from proofs.certificate import encoding, form
from proofs.certificate.form import Head, ShardName

PREFIX = 40
"""Bytes of a shard that always hold the first of its entries."""
_LISTS_BEFORE = {form.RECEIPTS: 2, form.POWERS: 3, form.USED: 2}
"""How many lists begin before the first entry's name, a block's number or a voter's address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A shard: its place in the certificate from 0 on, its name, its size in bytes."""

    position: int
    hash: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnesses:
    """Shards with the receipts of a voter's votes, with its power, with what it has used.

    Empty where nothing of it is proven.
    """

    receipts: Sequence[Witness] = ()
    powers: Sequence[Witness] = ()
    used: Sequence[Witness] = ()


def witnesses_of(proof: TallyProof, voter: str, blocks: Collection[int]) -> Witnesses:
    """The shards about `voter`, who voted in `blocks`. At most three queries."""
    if not blocks or form.VOTES in proof.missing:
        return Witnesses()
    head = Head.of(encoding.decode(bytes(proof.head)))
    names = [name for name in head.shards if name.kind in _LISTS_BEFORE]
    if not names:
        return Witnesses()
    prefixes = _prefixes(proof)
    address = bytes.fromhex(voter[2:])
    found: dict[str, list[Witness]] = {}
    for kind in _LISTS_BEFORE:
        rows = [
            (first_entry(prefixes[at], kind), _witness(at, name))
            for at, name in enumerate(head.shards)
            if name.kind == kind
        ]
        firsts = [first for first, _ in rows]
        if kind == form.RECEIPTS:
            places = {at for block in blocks for at in _holding(firsts, _big_endian(block))}
        else:
            places = set(_holding(firsts, address)[-1:])  # a voter is there once
        found[kind] = [rows[at][1] for at in sorted(places)]
    return Witnesses(
        receipts=_with_topic(found[form.RECEIPTS], address),
        powers=found[form.POWERS],
        used=found[form.USED],
    )


def first_entry(prefix: bytes, kind: str) -> bytes:
    """Name of the first entry of a shard: a block's number without leading zeros, or an address.

    `prefix` is the beginning of a shard that was verified when it was stored.
    """
    at = 0
    for _ in range(_LISTS_BEFORE[kind]):
        at += 1 if prefix[at] < 0xF8 else prefix[at] - 0xF6
    if prefix[at] < 0x80:
        return prefix[at : at + 1]
    return prefix[at + 1 : at + 1 + prefix[at] - 0x80]


def _holding(firsts: Sequence[bytes], wanted: bytes) -> range:
    """Which of the shards that begin with `firsts` may hold an entry named `wanted`.

    Several where one begins with it: what a shard could not take stands in the next one.
    """
    keys = [(len(first), first) for first in firsts]
    key = (len(wanted), wanted)
    return range(max(bisect_left(keys, key) - 1, 0), bisect_right(keys, key))


def _with_topic(candidates: Sequence[Witness], address: bytes) -> list[Witness]:
    """Those of the shards that hold a log of the voter."""
    topic = Value(address.rjust(32, b"\0"), output_field=BinaryField())
    place = Func(
        topic, F("content"), function="POSITION", arg_joiner=" IN ", output_field=IntegerField()
    )
    rows = Shard.objects.filter(pk__in=[one.hash for one in candidates]).annotate(place=place)
    holding = set(rows.filter(place__gt=0).values_list("pk", flat=True))
    return [one for one in candidates if one.hash in holding]


def _prefixes(proof: TallyProof) -> dict[int, bytes]:
    """The first bytes of each shard, by its position."""
    start = Substr("shard__content", 1, PREFIX, output_field=BinaryField())
    rows = ShardPlace.objects.filter(proof=proof).annotate(start=start)
    return {at: bytes(start) for at, start in rows.values_list("position", "start")}


def _witness(position: int, name: ShardName) -> Witness:
    return Witness(position=position, hash="0x" + name.hash.hex(), size=name.size)


def _big_endian(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
