"""Whatever a log or calldata holds, it is read exactly or refused; eth_abi is the oracle."""

import pytest
from eth_abi.abi import encode
from eth_utils.address import to_canonical_address
from hypothesis import given, settings
from hypothesis import strategies as st

from chainsync.abi import BadData, BadSignature, compile_type, compile_values, split
from chainsync.decoding import Decoder, Event, Function, Undecodable
from chainsync.kinds import LogRecord

VOTE_CAST = Event.parse(
    "VoteCast(address indexed voter, uint256 proposalId, uint8 support, uint256 weight, "
    "string reason)"
)
VOTER = bytes.fromhex("70997970c51812dc3a010c7d01b50e0d17dc79c8")


def log(topics: list[bytes], data: bytes) -> LogRecord:
    return LogRecord(
        7, b"\1" * 32, 1_700_000_000, b"\2" * 32, 0, 3, b"\3" * 20, tuple(topics), data
    )


def vote(data: bytes) -> LogRecord:
    return log([VOTE_CAST.topic0, VOTER.rjust(32, b"\0")], data)


def body(reason: bytes, weight: int = 5) -> bytes:
    return encode(["uint256", "uint8", "uint256", "bytes"], [2**255 + 1, 1, weight, reason])


def test_a_vote_is_read_exactly() -> None:
    values = VOTE_CAST.decode(vote(body("für Ordnung".encode(), 2**256 - 1)))
    assert values == {
        "voter": VOTER,
        "proposalId": 2**255 + 1,
        "support": 1,
        "weight": 2**256 - 1,
        "reason": "für Ordnung",
    }


def test_text_that_is_not_utf8_or_holds_nul_is_kept_readable() -> None:
    assert VOTE_CAST.decode(vote(body(b"a\xff\0b\xed\xa0\x80")))["reason"].startswith("a��b")


def test_a_megabyte_of_text_is_read() -> None:
    text = "‮<script>" * 100_000
    assert VOTE_CAST.decode(vote(body(text.encode())))["reason"] == text


def test_each_truncation_is_refused_with_its_log() -> None:
    whole = body(b"because")
    for length in range(len(whole) - 32 + len(b"because")):
        record = vote(whole[:length])
        with pytest.raises(Undecodable) as refusal:
            VOTE_CAST.decode(record)
        assert refusal.value.log is record


def test_pointers_far_outside_are_refused() -> None:
    for pointer in (2**256 - 1, 2**255, 2**64, 10_000):
        data = encode(["uint256", "uint8", "uint256", "uint256"], [1, 1, 1, pointer])
        with pytest.raises(Undecodable):
            VOTE_CAST.decode(vote(data))


def test_dirty_words_are_refused() -> None:
    with pytest.raises(Undecodable, match="uint8"):
        VOTE_CAST.decode(vote(encode(["uint256", "uint256"], [1, 256]) + body(b"")[64:]))
    with pytest.raises(Undecodable, match="address"):
        VOTE_CAST.decode(log([VOTE_CAST.topic0, b"\1" * 32], body(b"")))


def test_shared_pointers_cannot_unpack_into_more_than_was_sent() -> None:
    count, blob = 2_000, b"x" * 64_000
    heads = b"".join((count * 32).to_bytes(32, "big") for _ in range(count))
    bomb = (32).to_bytes(32, "big") + count.to_bytes(32, "big") + heads
    bomb += len(blob).to_bytes(32, "big") + blob
    with pytest.raises(BadData, match="more than once"):
        compile_values([compile_type("bytes[]")])(bomb)


def test_an_array_that_claims_to_be_endless_is_refused_at_once() -> None:
    read = compile_values([compile_type("uint256[]")])
    with pytest.raises(BadData, match="does not fit"):
        read((32).to_bytes(32, "big") + (2**255).to_bytes(32, "big"))


def test_events_are_told_apart_by_their_number_of_topics() -> None:
    indexed = Event.parse("Moved(uint256 indexed a, uint256 indexed b)")
    plain = Event.parse("Moved(uint256 indexed a, uint256 b)")
    decoder = Decoder([indexed, plain])
    one, two = (1).to_bytes(32, "big"), (2).to_bytes(32, "big")
    assert indexed.topic0 == plain.topic0
    assert decoder.decode(log([indexed.topic0, one, two], b""))[0] is indexed
    assert decoder.decode(log([plain.topic0, one], two)) == (plain, {"a": 1, "b": 2})
    for stranger in (log([], b""), log([indexed.topic0], one + two), log([one], b"")):
        assert decoder.find(stranger) is None
        with pytest.raises(Undecodable):
            decoder.decode(stranger)


def test_an_indexed_text_is_its_hash() -> None:
    event = Event.parse("Named(string indexed name, uint256[2] indexed pair)")
    assert event.decode(log([event.topic0, b"\7" * 32, b"\10" * 32], b"")) == {
        "name": b"\7" * 32,
        "pair": b"\10" * 32,
    }


def test_functions_are_read_both_ways() -> None:
    function = Function.parse(
        "function propose(address[] memory targets, (uint256 a, bytes b)[] calldata parts) "
        "external returns (uint256 proposalId, (bool ok, string why) verdict)"
    )
    assert function.signature == "propose(address[],(uint256,bytes)[])"
    calldata = function.encode([to_canonical_address(VOTER)], [(1, b"x"), (2, b"")])
    assert function.decode(calldata) == {"targets": [VOTER], "parts": [(1, b"x"), (2, b"")]}
    assert function.returned(encode(["uint256", "(bool,string)"], [9, (True, "so")])) == (
        9,
        (True, "so"),
    )
    with pytest.raises(Undecodable):
        function.returned(b"")
    with pytest.raises(Undecodable):
        function.decode(b"\0\0\0\0" + calldata[4:])


@pytest.mark.parametrize(
    "wrong", ["Vote", "Vote(", "V(uint7 a)", "V(uint256 a b)", "V(bytes33)", "V(uint256[0] x)"]
)
def test_a_mistaken_signature_is_refused(wrong: str) -> None:
    with pytest.raises(BadSignature):
        Event.parse(wrong)


def test_topics_agree_with_published_ones() -> None:
    transfer = Event.parse("Transfer(address indexed from, address indexed to, uint256 value)")
    assert transfer.topic0.hex() == (
        "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    )


def values_of(name: str) -> st.SearchStrategy:
    if name.endswith("[]"):
        return st.lists(values_of(name[:-2]), max_size=3)
    if name.endswith("[2]"):
        return st.lists(values_of(name[:-3]), min_size=2, max_size=2)
    if name.startswith("("):
        return st.tuples(*[values_of(part) for part in split(name[1:-1])])
    return {
        "uint256": st.integers(0, 2**256 - 1),
        "uint8": st.integers(0, 255),
        "int64": st.integers(-(2**63), 2**63 - 1),
        "bool": st.booleans(),
        "address": st.binary(min_size=20, max_size=20),
        "bytes4": st.binary(min_size=4, max_size=4),
        "bytes": st.binary(max_size=70),
        "string": st.text(st.characters(exclude_categories=["Cs"], min_codepoint=1), max_size=40),
    }[name]


elementary = st.sampled_from(
    ["uint256", "uint8", "int64", "bool", "address", "bytes4", "bytes", "string"]
)
types = st.recursive(
    elementary,
    lambda inner: st.one_of(
        inner.map(lambda t: f"{t}[]"),
        inner.map(lambda t: f"{t}[2]"),
        st.lists(inner, min_size=1, max_size=3).map(lambda ts: f"({','.join(ts)})"),
    ),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(st.data(), st.lists(types, max_size=4))
def test_what_eth_abi_encodes_is_read_back(data: st.DataObject, names: list[str]) -> None:
    values = [data.draw(values_of(name)) for name in names]
    raw = encode(names, values)
    read = compile_values([compile_type(name) for name in names])
    assert list(read(raw)) == values


@settings(max_examples=150, deadline=None)
@given(st.data(), types, st.binary(max_size=400))
def test_noise_is_read_or_refused(data: st.DataObject, name: str, noise: bytes) -> None:
    read = compile_values([compile_type(name)])
    try:
        read(noise)
    except BadData:
        return
