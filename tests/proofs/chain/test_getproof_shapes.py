"""Proofs of storage in which one thing alone is wrong, with hashes that fit: both paths refuse.

What chance rarely finds: each test has a twin of its reply that holds, so that what is refused is
the flaw and nothing else.
"""

from typing import Any

import pytest
from both_paths import both
from made_state import Contract, body, hashed, result

from proofs.chain import rlp
from proofs.chain.getproof import Asked
from proofs.chain.trie import hex_prefix, path, prove
from proofs.keccak import keccak256
from proofs.refusals import NotHex, UnusedNode

TOKEN, SLOT = b"\x11" * 20, 1
KEY = hashed(SLOT)
PATH = path(KEY)
ASKED = [Asked(TOKEN, [SLOT])]


def under(nodes: list[bytes], value: str = "0x5") -> tuple[bytes, dict[str, Any]]:
    """State root, and the answer that proves a value of the slot by these nodes."""
    storage, code = keccak256(nodes[0]), keccak256(b"code")
    account = rlp.encode([b"\x01", b"\x05", storage, code])
    root, (above,) = prove({keccak256(TOKEN): account}, [keccak256(TOKEN)])
    return root, {
        "address": "0x" + TOKEN.hex(),
        "accountProof": ["0x" + node.hex() for node in above],
        "balance": "0x5",
        "codeHash": "0x" + code.hex(),
        "nonce": "0x1",
        "storageHash": "0x" + storage.hex(),
        "storageProof": [
            {"key": hex(SLOT), "value": value, "proof": ["0x" + node.hex() for node in nodes]}
        ],
    }


def holds(nodes: list[bytes], value: str = "0x5") -> bool:
    root, found = under(nodes, value)
    said = both(root, ASKED, [body(found)])
    if isinstance(said, list):
        return True
    refusals, _ = said
    assert [at for at, _ in refusals] == [(0, 0)]
    return False


def leaf(depth: int = 0, value: bytes = b"\x05", prefix: int | None = None) -> bytes:
    """A leaf of the slot; `value` is RLP of a number, `prefix` the first byte of another path."""
    key = hex_prefix(PATH[depth:], 2)
    if prefix is not None:
        key = bytes((prefix,)) + key[1:]
    return rlp.encode([key, value])


def branch(depth: int, below: bytes, others: int) -> bytes:
    """A branch with so many children besides the one of the slot."""
    children = [b""] * 17
    for step in range(1, others + 1):
        children[(PATH[depth] + step) % 16] = keccak256(bytes((step,)))
    children[PATH[depth]] = keccak256(below)
    return rlp.encode(children)


def extension(depth: int, end: int, below: bytes, pad: int = 0) -> bytes:
    key = bytearray(hex_prefix(PATH[depth:end], 0))
    key[0] |= pad
    return rlp.encode([bytes(key), keccak256(below)])


def test_an_extension_leads_to_a_branch() -> None:
    fork = branch(4, leaf(5), others=1)
    assert holds([extension(0, 4, fork), fork, leaf(5)])
    assert not holds([extension(0, 4, leaf(4)), leaf(4)])
    more = extension(2, 4, fork)
    assert not holds([extension(0, 2, more), more, fork, leaf(5)])


def test_an_inlined_leaf_may_be_listed_behind_its_parent() -> None:
    """Of a small number, where two keys share eight nibbles; alloy-trie lists it, geth does not."""
    short = leaf(9)
    assert len(short) == 31
    children: list[rlp.Item] = [b""] * 17
    children[PATH[8]], children[PATH[8] - 1] = rlp.decode(short), keccak256(b"other")
    fork = rlp.encode(children)
    above = [extension(0, 8, fork), fork]
    assert holds(above)
    assert holds([*above, short])
    for needless in ([short, short], [leaf(9, b"\x06")], [leaf(8)], [fork]):
        assert not holds([*above, *needless])
    assert not holds([short, *above])
    assert not holds([*above, short], "0x6")


def test_a_branch_has_two_ways_on() -> None:
    assert holds([branch(0, leaf(1), others=1), leaf(1)])
    assert not holds([branch(0, leaf(1), others=0), leaf(1)])


def test_nothing_fills_up_the_first_byte_of_a_path() -> None:
    fork = branch(4, leaf(5), others=1)
    assert holds([leaf(prefix=0x20)])
    assert not holds([leaf(prefix=0x21)])
    assert not holds([leaf(prefix=0x60)])
    assert not holds([extension(0, 4, fork, pad=1), fork, leaf(5)])


@pytest.mark.parametrize(
    ("value", "claimed"),
    [
        (b"\x00", "0x0"),
        (b"\x82\x00\x05", "0x5"),
        (b"\x81\x05", "0x5"),
        (b"\x80", "0x0"),
        (b"\xa1\x01" + bytes(32), "0x1"),
        (b"\x05\x05", "0x5"),
    ],
)
def test_a_number_is_written_in_one_way(value: bytes, claimed: str) -> None:
    assert holds([leaf(value=b"\x82\x05\x05")], "0x505")
    assert not holds([leaf(value=value)], claimed)


def test_a_string_of_one_small_byte_has_no_length_in_front() -> None:
    key = rlp.string(hex_prefix(PATH, 2))
    assert holds([rlp.sequence([key, b"\x05"])])
    assert not holds([rlp.sequence([key, b"\x81\x05"])])


def test_a_length_is_written_in_one_way() -> None:
    short, long = leaf(), leaf(value=b"\xa0" + b"\x05" * 32)
    assert (short[0], long[0]) == (0xC0 + len(short) - 1, 0xF8)
    large = hex(int.from_bytes(b"\x05" * 32, "big"))
    assert holds([short])
    assert holds([long], large)
    assert not holds([b"\xf8" + bytes((len(short) - 1,)) + short[1:]])
    assert not holds([b"\xf9\x00" + long[1:]], large)


def test_a_node_that_comes_again_proves_no_absence() -> None:
    """The last node once more: below the root, where its parent still names it."""
    root, found = result({TOKEN: Contract(dict.fromkeys(range(40), 5))}, TOKEN, [100, 101, 102])
    asked = [Asked(TOKEN, [100, 101, 102])]
    assert isinstance(both(root, asked, [body(found)]), list)
    for row in found["storageProof"]:
        assert len(row["proof"]) > 1
        row["proof"].append(row["proof"][-1])
    refusals, _ = both(root, asked, [body(found)])
    assert [at for at, _ in refusals] == [(0, 0), (0, 1), (0, 2)]


@pytest.mark.parametrize("last", [False, True])
def test_what_has_the_low_bits_of_a_digit_is_none(last: bool) -> None:
    """The sign whose low bits are those of a digit, among the first of a node and the last."""
    value = b"\x88" + b"\x11" * 8
    root, found = under([leaf(value=value)], "0x" + "11" * 8)
    assert isinstance(both(root, ASKED, [body(found)]), list)
    node = found["storageProof"][0]["proof"][0]
    at = len(node) - 1 if last else next(at for at in range(8, 60) if node[at] in "123456789")
    found["storageProof"][0]["proof"] = [node[:at] + chr(ord(node[at]) - 0x10) + node[at + 1 :]]
    refusals, _ = both(root, ASKED, [body(found)])
    assert [at for at, _ in refusals] == [(0, 0)]


def test_a_short_node_that_is_none_is_refused_as_that_wherever_it_stands() -> None:
    """Also where it would be refused for being needless, if it were read less strictly."""
    root, found = under([leaf()])
    for text, refusal in (("0x80", UnusedNode), ("0xzz", NotHex), ("0x8 ", NotHex)):
        nodes = [*found["storageProof"][0]["proof"], text]
        row = {**found["storageProof"][0], "proof": nodes}
        refusals, _ = both(root, ASKED, [body({**found, "storageProof": [row]})])
        assert [said for _, (said, *_) in refusals] == [refusal]


def test_a_node_is_known_by_all_of_its_text() -> None:
    """The second reply's node differs from the first's in a digit that is not sampled."""
    root, found = under([branch(0, leaf(1), others=9), leaf(1)])
    _, other = under([branch(0, leaf(1), others=9), leaf(1)])
    node = other["storageProof"][0]["proof"][0]
    other["storageProof"][0]["proof"][0] = node[:70] + ("1" if node[70] == "0" else "0") + node[71:]
    refusals, answers = both(root, ASKED * 2, [body(found), body(other)])
    assert [at for at, _ in refusals] == [(1, 0)]
    assert list(answers[0].words) == [0] * 31 + [5]


@pytest.mark.parametrize("value", ["0x", "0xg", "0x0g", "1x0", "00", "0x" + "0" * 65, "0x0 "])
def test_a_value_is_a_number_of_at_most_64_hex_digits(value: str) -> None:
    """Each would be read as the zero that is proven, if it were read less strictly."""
    root, found = result({TOKEN: Contract({2: 5})}, TOKEN, [SLOT])
    for fits in ("0x0", "0x" + "0" * 64):
        found["storageProof"][0]["value"] = fits
        assert isinstance(both(root, ASKED, [body(found)]), list)
    found["storageProof"][0]["value"] = value
    refusals, _ = both(root, ASKED, [body(found)])
    assert [at for at, _ in refusals] == [(0, 0)]
