"""Each refusal of the other verifier in turn: what it refuses, by which type and with which words.

Whatever it refuses is refused here as well, by the same type where both look at the same first.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

import pytest
from bravo_certificate import Bravo
from certificate_changes import CERTIFICATES, LOWER, WHOLE, there
from certificate_shards import simple, with_shard
from contract_storage import entry
from eth_abi.abi import encode
from eth_utils import keccak
from made_blocks import header, nodes_of
from made_certificate import (
    ADA,
    BEN,
    CAST,
    CODE,
    DORA,
    FIRST_BLOCK,
    IMPLEMENTATION,
    PROPOSAL,
    SNAPSHOT,
    VOTES,
    WITH_PARAMS,
    Cast,
    Made,
    checked,
)
from taken_apart import apart, sealed
from unchecked import Logged, Received, Stored, unchecked

from proofs.certificate import witnesses
from proofs.certificate.container import seal
from proofs.certificate.refusals import CertificateRefusal
from proofs.certificate.rules import WordAt
from proofs.certificate.witnesses import BlockReceipts, Checkpoint, Power, node_set
from proofs.chain import rlp
from proofs.chain.trie import prove_ordered
from proofs.statements.storage.tokens import oz5_token
from proofs.statements.tally import Tally

LINKED, HOPPED = CERTIFICATES["linked"], CERTIFICATES["hopped"]


class Forged(NamedTuple):
    """A file, the type of its refusal and the words of the other verifier about it."""

    data: bytes
    refusal: str
    words: str


def head(path: str, value: Any, refusal: str, words: str, of: bytes = LINKED) -> Forged:
    """With another value at a path such as `shards.5.kind`, or without it for `...`."""
    found, shards = apart(of)
    changed = copy.deepcopy(found)
    *steps, last = path.split(".")
    inner: Any = changed
    for step in steps:
        inner = inner[int(step) if isinstance(inner, list) else step]
    if value is ...:
        del inner[last]
    else:
        inner[int(last) if isinstance(inner, list) else last] = value
    return Forged(sealed(changed, shards, names=False), refusal, words)


def line(text: bytes, refusal: str, words: str) -> Forged:
    """With this text as its head."""
    return Forged(seal(text) + text + b"\n", refusal, words)


def raw(kind: str, content: bytes, refusal: str, words: str, of: bytes = LINKED) -> Forged:
    """With this content as its first shard of a kind."""
    return Forged(with_shard(of, kind, content), refusal, words)


def item(
    kind: str, change: Callable[[Any], Any], refusal: str, words: str, of: bytes = LINKED
) -> Forged:
    """With a shard whose list was changed in place, or replaced by what is given back."""
    found, shards = apart(of)
    at = [shard["kind"] for shard in found["shards"]].index(kind)
    value: Any = rlp.decode(shards[at])
    value = change(value) or value
    return raw(kind, rlp.encode(value), refusal, words, of)


def made(evidence: Any, refusal: str, words: str) -> Forged:
    """Whatever was made, written by somebody who does not look at it."""
    return Forged(unchecked(getattr(evidence, "evidence", lambda: evidence)()), refusal, words)


def put(at: int, value: Any) -> Callable[[Any], None]:
    return lambda found: found.__setitem__(at, value)


def heads() -> Iterator[Forged]:
    bad = "MalformedCertificate"
    found, shards = apart(LINKED)
    yield head("governor", None, bad, "head, governor: it is not an object")
    yield head("more", "x", bad, "head, more: this field is not known")
    yield head("zeros", ..., bad, "head, zeros: this field is missing")
    yield head("shards", "x", bad, "head, shards: it is not an array")
    yield head("shards", found["shards"] * 600, "TooLarge", "4800 entries, more than 4096")
    yield head("chain", "01", bad, "head, chain: it is not an integer")
    yield head("chain", str(2**256), bad, "head, chain: it is 2^256 or more")
    yield head("anchor", "0x00", bad, "head, anchor: it is not 32 bytes")
    yield head("zeros", "some", bad, "head, zeros: it is none of absent, kept")
    yield head("governor.quorum", None, bad, "head, governor.quorum: it is missing")
    yield head("missing", {"powers": ""}, bad, "head, missing.powers: it is not a reason")
    yield head("missing", {"votes": "x"}, bad, "votes are missing, but powers are not")
    yield head("governor.token", [], bad, "head, governor.token: it has no offset")
    yield head("governor.token", ["2", "70000"], bad, "head, governor.token.1: it is 65,536")
    yield head("governor.token", ["36", "2"], bad, "head, governor.token.1: offsets do not asc")
    yield head("governor.form", "overridable", bad, "votes of this form cannot be summed")
    buckets = "they are not some of against, for and abstain in this order"
    yield head("governor.quorum.buckets", ["abstain", "for"], bad, buckets)
    yield head("governor.quorum.fixed", "5", bad, "not exactly one of denominator and fixed")
    yield head(
        "governor.quorum.denominator", "0", bad, "head, governor.quorum.denominator: it is z"
    )
    yield head("shards.0.size", "0", bad, "head, shards.0.size: it is zero")
    yield head("shards.0.size", str(2**20 + 1), "TooLarge", "a shard has at most 1 MiB")
    named = {"hash": "0x" + "00" * 32, "kind": "receipts", "size": str(2**20)}
    many = found["shards"][:5] + [named] * 1025
    yield head("shards", many, "TooLarge", "all together have at most 1 GiB")
    yield head("missing", LOWER, bad, "head, shards.6.kind: powers are said to be missing")
    rows = [*found["shards"][:6], found["shards"][7], found["shards"][6]]
    yield head("shards", rows, bad, "head, shards.7.kind: powers comes too late")
    yield head("shards", found["shards"][:3], bad, "head, shards: token is missing")
    assert len(shards) == 8


def texts() -> Iterator[Forged]:
    bad = "MalformedCertificate"
    yield line(b'{"a":"\\u0031"}', bad, "byte 92 may not stand here")
    _, first, _ = LINKED.split(b"\n", 2)
    yield line(first + b"{", bad, "JSON goes on after its end")
    yield line(b"[" * 9 + b"]" * 9, bad, "nested deeper than 8")
    yield line(b'{"a":1}', bad, "no value at byte 5")
    yield line(b'{"a":"x', bad, "a string does not end")
    yield line(b'{"b":"1","a":"1"}', bad, "key a is out of order or there twice")
    yield line(b'{"a";"1"}', bad, "no : at byte 4")


def files() -> Iterator[Forged]:
    bad = "MalformedCertificate"
    first, second, _ = LINKED.split(b"\n", 2)
    found, shards = apart(LINKED)
    yield Forged(b"", "CutShort", "seal: the file is empty")
    yield Forged(LINKED.replace(b" 1 ", b" 2 ", 1), bad, "no certificate of version 1")
    yield Forged(first, "CutShort", "seal: the file ends in the first line")
    yield Forged(first + b"\n" + b" " * (2**20 + 2), "TooLarge", "head: it is longer than 1 MiB")
    yield Forged(first + b"\n" + second, "CutShort", "head: the file ends in the head")
    yield Forged(LINKED.replace(b"closing", b"running"), "WrongHash", "head: it hashes to")
    yield Forged(LINKED[:-1], "CutShort", "shard 7 (used): the file ends after")
    swapped = [bytes(len(shards[0])), *shards[1:]]
    yield Forged(sealed(found, swapped, names=False), "WrongHash", "shard 0 (state): it hashes")
    yield Forged(LINKED + b"\0", "CutShort", "file: it goes on after its end")
    yield head("zeros", "kept", bad, "head, zeros: no slot that is proven holds a zero")


def lists() -> Iterator[Forged]:
    """What is no RLP, or not of the shape of its shard."""
    bad, part = "MalformedCertificate", "PartRefused"
    state = apart(LINKED)[1][0]
    deep = b"\xc0"
    for _ in range(66):
        deep = rlp.sequence([deep])
    yield raw("state", state + b"\0", part, "shard 0 (state): RLP goes on after its end")
    yield raw("state", b"\x01", bad, "shard 0 (state): a string stands where a list")
    yield raw("state", rlp.encode([b"\x01"]), bad, "a list has 1 entries, not 2")
    yield item("state", put(0, [b"\x01"]), bad, "header: a list stands where a string belongs")
    yield item("used", put(0, [ADA[:19]]), bad, "voters.0: a string has 19 bytes, not 20")
    long, zero = [[bytes([1]) * 9, b""], []], [[b"\0", b""], []]
    yield item("token", put(0, long[0]), bad, "checkpoint: a number has 9 bytes, more than 8")
    yield item("token", put(0, zero[0]), bad, "checkpoint: a number begins with a zero")
    yield raw("state", deep, part, "RLP is nested deeper than 64")
    yield raw("state", b"\x81\x05", part, "RLP gives a byte in two where one is enough")
    yield raw("state", b"\xf9\x01", part, "RLP ends in a length")
    yield raw("state", b"\xf9\x00\x38" + bytes(56), part, "an RLP length begins with a zero")
    yield raw("state", b"\xf8\x37" + bytes(55), part, "an RLP length is longer than needed")
    yield raw("state", b"\xc2\x01", part, "shard 0 (state): RLP ends too early")
    typed = Received(received={2: b"\x02"}, missing=LOWER)
    yield made(typed, part, "shard 5 (receipts), 0.indices.0: RLP ends too early")
    governor: Any = rlp.decode(apart(LINKED)[1][2])
    yield item("governor", put(1, governor[1][::-1]), "Disordered", "nodes.1: nodes do not ascend")
    yield item("history", put(3, [b"\x02", b"\x01"]), "Disordered", "numbers do not ascend", HOPPED)
    yield item("used", put(0, []), bad, "shard 7 (used), voters: it is empty")
    yield item("token", put(0, [b"\x01", b"\x02"]), bad, "checkpoint: it is beyond the end of its")
    yield raw("headers", b"\xc0", bad, "shard 4 (headers): it is empty")
    yield raw("receipts", b"\xc0", bad, "shard 5 (receipts): it is empty")


def grounds() -> Iterator[Forged]:
    """The anchor, the code, the governor and the token."""
    bad, part, claim = "MalformedCertificate", "PartRefused", "ClaimMismatch"
    evidence = WHOLE["linked"].evidence()
    rules, token = evidence.governor, evidence.token
    state: Any = rlp.decode(apart(LINKED)[1][0])
    fields: Any = rlp.decode(state[0])
    yield item("state", put(0, rlp.encode(fields[:14])), bad, "header: a header has 14 fields")
    other = rlp.encode([*fields[:3], b"\x99" * 32, *fields[4:]])
    yield item("state", put(0, other), claim, "header: it hashes to")
    contract = replace(token.contract, code_hash=b"\x01" * 32)
    strange = replace(evidence, token=replace(token, contract=contract))
    yield made(strange, claim, "shard 0 (state), token: its code is 0x")
    yield made(replace(evidence, code=bytes(2**16 + 1)), "TooLarge", "code has at most 65,536")
    yield made(replace(evidence, code=CODE + b"\0"), claim, "it is not the governor's running code")
    hidden = Stored(words={IMPLEMENTATION: 1})
    yield made(hidden, claim, "shard 2 (governor), implementation: the slot holds another one")
    behind = Stored(held={IMPLEMENTATION: 1})
    yield made(behind, claim, "shard 3 (token), implementation: the slot holds another one")
    started = Made(start=1_000_300, deadline=1_000_400)
    yield made(started, claim, "clock: it stands at 1000300, not past the start, 1000300")
    yield made(Made(start=0), part, "core: there is no such proposal")
    core = entry(4, PROPOSAL)
    twice_executed = int.from_bytes(ADA) | SNAPSHOT << 160 | 100 << 208 | 2 << 240
    wide = Stored(words={core + 1: 1 << 48})
    yield made(wide, part, "core: a word has bits above its last field")
    yield made(Stored(words={core: twice_executed}), part, "core: a flag is 2")
    bravo = Bravo(words={entry(10, PROPOSAL): PROPOSAL + 1})
    yield made(bravo, part, "core: the proposal has another id")
    legacy = replace(rules.layout, quorum_legacy=11)
    both = replace(evidence, governor=replace(rules, layout=legacy))
    yield made(both, bad, "numerator: it is not used where there is a history")
    assert rules.quorum is not None
    small = replace(rules, quorum=replace(rules.quorum, denominator=3))
    yield made(
        replace(evidence, governor=small), claim, "numerator: it is greater than the denominator"
    )
    astray = replace(rules, token=WordAt(offsets=(3,)))
    yield made(
        replace(evidence, governor=astray), bad, "token: the offsets are not those of every push"
    )
    yield made(Made(token=b"\x71" * 20), claim, "shard 3 (token): the governor goes by another")
    data = CERTIFICATES["zeros kept"]
    yield head("zeros", "absent", part, "has a leaf that holds zero", data)
    yield item("token", put(0, [b"\x02", b"\x01"]), claim, "the history has 1 entries, not 2")


def links() -> Iterator[Forged]:
    """Headers, hashes that the history contract keeps, and blocks that receipts stand in."""
    broken, unused = "BrokenLink", "UnusedWitness"
    linked, hopped = WHOLE["linked"].evidence(), WHOLE["hopped"].evidence()
    (headers,) = linked.links
    hop, few = hopped.links
    assert isinstance(hop, witnesses.History)
    assert not isinstance(headers, witnesses.History)
    twice = replace(linked, links=[[headers[0], *headers]])
    yield made(twice, "Disordered", "headers.1: headers do not descend")
    alien = header(FIRST_BLOCK + 11, b"\x77" * 32, b"\x22" * 32, SNAPSHOT + 22)
    strange = replace(linked, links=[[alien, *headers[1:]]])
    yield made(strange, broken, f"headers.0: nothing links block {FIRST_BLOCK + 11}")
    below = replace(hopped, links=[hop._replace(under=FIRST_BLOCK + 3), few])
    yield made(below, broken, f"number: nothing links block {FIRST_BLOCK + 3}")
    late = replace(hopped, links=[hop._replace(numbers=(*hop.numbers, FIRST_BLOCK + 12)), few])
    yield made(late, broken, f"block {FIRST_BLOCK + 12} is not one of those before")
    votes = (*VOTES[:-1], Cast(DORA, 255, 0, 11, Tally()))
    denied = Made(hop=True, votes=votes, forged={FIRST_BLOCK + 11: b"\x88" * 32})
    yield made(denied, broken, f"block {FIRST_BLOCK + 11} is known by another hash")
    number = FIRST_BLOCK + 1
    away = [linked.receipts[0]._replace(number=number), *linked.receipts[1:]]
    yield made(replace(linked, receipts=away), broken, f"0.number: nothing links block {number}")
    more = WHOLE["linked"].blocks()[0][FIRST_BLOCK + 1]
    longer = replace(linked, links=[[*headers, more]])
    yield made(longer, unused, f"nothing rests on the header of block {FIRST_BLOCK + 1}")
    lower = replace(hopped, powers=(), used=(), missing=LOWER)
    shorter = replace(lower, links=[hop, list(few)[:-1]], receipts=hopped.receipts[1:])
    yield made(shorter, unused, f"nothing rests on the hash of block {hop.numbers[0]}")


def ballots() -> Iterator[Forged]:
    """Receipts, the votes in them, and what these add to."""
    part = "PartRefused"
    linked = WHOLE["linked"].evidence()
    first = linked.receipts[0]
    rows = WHOLE["linked"].blocks()[1][first.number]
    _, proofs = prove_ordered(rows, [0, 1, 3])
    more = BlockReceipts(first.number, node_set(chain(*proofs)), (0, 1, 3))
    idle = replace(linked, receipts=[more, *linked.receipts[1:]])
    yield made(idle, "UnusedWitness", "0.indices.0: the receipt has no vote on the proposal")
    again = replace(linked, receipts=[first, *linked.receipts])
    yield made(again, "Disordered", "1.indices.0: receipts do not ascend by block and index")
    _, proofs = prove_ordered(rows, [1, 3, 9])
    absent = BlockReceipts(first.number, node_set(chain(*proofs)), (1, 3, 9))
    ghost = replace(linked, receipts=[absent, *linked.receipts[1:]])
    yield made(ghost, part, "0.indices.2: there is no such receipt")
    short = Received(received={2: rlp.encode([b"\x01", b"", bytes(256)])}, missing=LOWER)
    yield made(short, part, "0.indices.0: a receipt has 3 fields")
    voter = ADA.rjust(32, b"\0")
    good = encode(["uint256", "uint8", "uint256", "bytes"], [PROPOSAL, 1, 700, b"because"])
    reduced = keccak(text="OverrideVoteCast(address,uint256,uint8,uint256,string)")
    core = good[:96]
    split = ["uint256", "uint8", "uint256", "bytes", "bytes"]
    parts = encode(["uint128"] * 3, [1, 2, 3])
    packed = b"".join(parts[at + 16 : at + 32] for at in (0, 32, 64))
    for topics, data, words in (
        ((CAST,), good, "the topics are not those of a vote"),
        ((CAST, b"\1" * 32), good, "the topics are not those of a vote"),
        ((reduced, voter), good, "a vote was overridden, which this certificate cannot show"),
        ((CAST, voter), good + b"\0", "the data of a vote is not whole"),
        ((CAST, voter), core + _words(128), "the data of a vote is not whole"),
        ((CAST, voter), good[:32] + _words(256) + good[64:], "support has more than 8 bits"),
        ((CAST, voter), good + bytes(32), "the data of a vote goes on after its end"),
        ((CAST, voter), core + _words(160, 0, 0), "an offset in the data of a vote is not the one"),
        (
            (WITH_PARAMS, voter),
            core + _words(160, 224, 32, 0),
            "the data of a vote ends too early",
        ),
        ((CAST, voter), core + _words(128, 33, 0), "the data of a vote ends too early"),
        ((CAST, voter), core + _words(128, 1, 1), "padding in the data of a vote is not zero"),
        (
            (WITH_PARAMS, voter),
            encode(split, [PROPOSAL, 255, 6, b"", packed[:47]]),
            "a split vote has no three amounts",
        ),
        (
            (WITH_PARAMS, voter),
            encode(split, [PROPOSAL, 255, 7, b"", packed]),
            "the parts of a split vote are not its weight",
        ),
        (
            (WITH_PARAMS, voter),
            encode(split, [PROPOSAL, 1, 6, b"", packed]),
            "a vote that is not split has params",
        ),
        ((CAST, voter), core[:32] + _words(3) + good[64:], "support 3 is not known"),
    ):
        odd = Logged(ADA, 1, 700, 2, topics=topics, data=data)
        yield made(Made(votes=(odd,), missing=LOWER), part, f"0.indices.0: {words}")
    heavy = Logged(ADA, 1, 2**96, 2, topics=(CAST, voter), data=_heavy())
    yield made(Bravo(votes=(heavy,)), part, "0.indices.0: a weight has more than 96 bits")
    yield made(Made(votes=VOTES[1:]), "SumMismatch", "votes: totals less votes are for 700")


def _heavy() -> bytes:
    return encode(["uint256", "uint8", "uint256", "bytes"], [PROPOSAL, 1, 2**96, b""])


def _words(*values: int) -> bytes:
    return b"".join(value.to_bytes(32, "big") for value in values)


def voters() -> Iterator[Forged]:
    """The power of every voter, what the governor keeps about each, and the claim."""
    bad, part, power = "MalformedCertificate", "PartRefused", "PowerMismatch"
    evidence = WHOLE["linked"].evidence()
    turned = replace(evidence, used=evidence.used[::-1])
    yield made(turned, "Disordered", "shard 7 (used), voters.0")
    yield made(replace(evidence, used=evidence.used[:-1]), bad, f"used: voter 0x{DORA.hex()} is mi")
    wrong = list(evidence.powers)
    before, after = (_other_place(wrong, at) for at in (0, 2))
    yield made(replace(evidence, powers=before), part, "the next checkpoint, of 999999, is not af")
    yield made(replace(evidence, powers=after), part, "the checkpoint is of 1000001, after 1000000")
    less = simple(powers={ADA: [(1, 701)], BEN: [(5, 300)]})
    yield made(less, power, "its votes weigh 700, and its power is 701")
    yield head("result", "x", "ClaimMismatch", "head, result: it is not an object")
    yield head("result.count", "running", "ClaimMismatch", "head, result.count: it is closing")
    yield head("result.more", "1", "ClaimMismatch", "head, result.more: it is missing or not known")


def _other_place(powers: list[Any], at: int) -> list[Any]:
    nodes = nodes_of(Made().token_storage(), oz5_token().history_of(BEN).slots(3, at))
    changed = Power(BEN, Checkpoint(3, at)), nodes
    return [changed if power.voter == BEN else (power, kept) for power, kept in powers]


STORIES = [heads, texts, files, lists, grounds, links, ballots, voters]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_each_is_refused_by_both_in_its_words(story: Callable[[], Iterator[Forged]]) -> None:
    forged = list(story())
    for one, other in zip(forged, there([one.data for one in forged]), strict=True):
        assert (other["refusal"], one.words in other["message"]) == (one.refusal, True), other
        with pytest.raises(CertificateRefusal):
            checked(one.data)
