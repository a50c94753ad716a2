"""A storage trie of millions of keys, and the proofs of all of them, as hex digits.

What `proofs.chain.trie` does key by key for a few, in a form that a generator can stream from: each
node is kept once, with the number of its parent, so a proof is the way up from a leaf.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left

from proofs.keccak import keccak256

_FEW = 64
"""Up to so many keys it is faster to look at each than to search."""


class GrownTrie:
    """The trie of ``content``: values of at least 1 by key, two keys or more.

    Keys are the 32 bytes of hashes, and as random: then only leaves may be so short that no hash
    names them.
    """

    def __init__(self, content: dict[bytes, int]) -> None:
        self._keys = sorted(key.hex() for key in content)
        self._values = [content[bytes.fromhex(key)] for key in self._keys]
        self._texts: list[str] = []
        self._parents = array("l")
        # Of each key the node that ends its way: a short leaf stands in its parent.
        self._ends = array("l", bytes(8 * len(self._keys)))
        _, number = self._node(0, len(self._keys), 0)
        self.root = keccak256(bytes.fromhex(self._texts[number]))

    def proof(self, key: bytes) -> list[str]:
        """Nodes on the way to a key, from the root on, as hex digits."""
        number = self._ends[bisect_left(self._keys, key.hex())]
        way = []
        while number >= 0:
            way.append(self._texts[number])
            number = self._parents[number]
        return way[::-1]

    def _node(self, first: int, end: int, depth: int) -> tuple[str, int]:
        """How a parent names the node over these keys, and its number; -1 for a short leaf."""
        keys = self._keys
        if end - first == 1:
            text = _listed(
                _string(_path(keys[first][depth:], 2)) + _string(_rlp(self._values[first]))
            )
            return self._named(text, first)
        start, last, fork = keys[first], keys[end - 1], depth
        while start[fork] == last[fork]:
            fork += 1
        if fork > depth:
            child, number = self._node(first, end, fork)
            name, own = self._named(_listed(_string(_path(start[depth:fork], 0)) + child), -1)
            self._parents[number] = own
            return name, own
        children = ["80"] * 17
        below: list[tuple[int, int]] = []
        while first < end:
            nibble, stop = keys[first][depth], first + 1
            if end - first > _FEW:
                stop = bisect_left(keys, start[:depth] + nibble + "g", first, end)
            else:
                while stop < end and keys[stop][depth] == nibble:
                    stop += 1
            children[int(nibble, 16)], number = self._node(first, stop, depth + 1)
            below.append((number, first))
            first = stop
        name, own = self._named(_listed("".join(children)), -1)
        for number, key in below:
            if number < 0:
                self._ends[key] = own
            else:
                self._parents[number] = own
        return name, own

    def _named(self, text: str, key: int) -> tuple[str, int]:
        if len(text) < 64:
            return text, -1
        number = len(self._texts)
        self._texts.append(text)
        self._parents.append(-1)
        if key >= 0:
            self._ends[key] = number
        return "a0" + keccak256(bytes.fromhex(text)).hex(), number


def _path(nibbles: str, flag: int) -> str:
    return f"{flag + 1}{nibbles}" if len(nibbles) % 2 else f"{flag}0{nibbles}"


def _rlp(value: int) -> str:
    digits = f"{value:x}"
    return _string(digits if len(digits) % 2 == 0 else "0" + digits)


def _string(digits: str) -> str:
    """RLP of up to 55 bytes."""
    if len(digits) == 2 and digits < "80":
        return digits
    return f"{0x80 + len(digits) // 2:02x}{digits}"


def _listed(content: str) -> str:
    size = len(content) // 2
    if size < 56:
        return f"{0xC0 + size:02x}{content}"
    length = f"{size:x}"
    length = length if len(length) % 2 == 0 else "0" + length
    return f"{0xF7 + len(length) // 2:02x}{length}{content}"
