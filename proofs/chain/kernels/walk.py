"""Walks of many keys through nodes that are hashed already.

Knows branches, extensions and leaves that are long enough to be hashed and hold nothing inlined,
with keys of 32 bytes, as storage tries have them. Whatever else a node may be is IRREGULAR here,
and rows that meet it are left to the plain path, which tells an unusual proof from a wrong one. A
row that is wrong in an ordinary way is blamed here, for the plain path to put into words.
"""

from __future__ import annotations

import numpy as np

from . import compiled
from .nodes import NO_VALUE, PLAIN, SHORT, Store
from .text import Bytes, Numbers, same

IRREGULAR, BRANCH, EXTENSION, LEAF = 0, 1, 2, 3
PROVEN, ANOTHER_NODE, NO_NODE, NEEDLESS_NODE, ANOTHER_VALUE = 0, 2, 3, 4, 5
SHORT_NODE, ANOTHER_SLOT = 6, 7
"""What becomes of a row; the last is for whoever knows what was asked."""
_DEPTH = 64
_EMPTY, _HASH = 0x80, 0xA0


@compiled
def _payload(data: Bytes, at: int, end: int) -> int:
    """Where the items of the RLP list ``data[at:end]`` begin; -1 unless it is canonical."""
    first = np.int64(data[at])
    if first < 0xC0 or first > 0xF9:
        return -1
    if first < 0xF8:
        return at + 1 if at + 1 + first - 0xC0 == end else -1
    width, size = first - 0xF7, 0
    for place in range(width):
        size = 256 * size + np.int64(data[at + 1 + place])
    begin = at + 1 + width
    return begin if size > 55 and data[at + 1] > 0 and begin + size == end else -1


@compiled
def _string(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """Begin and end of the bytes of the canonical RLP string at ``at``; -1 for a begin if none."""
    if at >= end:
        return -1, -1
    first = np.int64(data[at])
    if first < 0x80:
        return at, at + 1
    stop = at + 1 + first - 0x80
    if first > 0xB7 or stop > end or (first == 0x81 and data[at + 1] < 0x80):
        return -1, -1
    return at + 1, stop


@compiled
def shape_all(store: Store, shapes: Numbers) -> None:
    """Describe each node by a row of ``shapes``: its kind, and where its parts are.

    BRANCH: position of its first child, children that are there as bits. EXTENSION and LEAF: begin
    and end of its path (with the prefix), begin and end of the child's hash or of the value.
    """
    data, offsets = store.nodes, store.offsets
    for node in range(store.counts[0]):
        shape = shapes[node]
        shape[0] = IRREGULAR
        end = offsets[node + 1]
        at = _payload(data, offsets[node], end)
        if at < 0:
            continue
        # A branch: sixteen times a hash or nothing, then no value.
        children, slot, position = 0, 0, at
        while slot < 16 and position < end:
            if data[position] == _HASH:
                children |= 1 << slot
                position += 33
            elif data[position] == _EMPTY:
                position += 1
            else:
                break
            slot += 1
        if slot == 16:
            if position + 1 == end and data[position] == _EMPTY and children & (children - 1):
                shape[0], shape[1], shape[2] = BRANCH, at, children
            continue
        begin, stop = _string(data, at, end)
        if begin < 0 or stop == begin:
            continue
        prefix = np.int64(data[begin])
        flag = prefix >> 4
        if flag > 3 or (flag & 1 == 0 and prefix & 15):
            continue
        value, last = _string(data, stop, end)
        if value < 0 or last != end or value == last:
            continue
        if flag > 1:
            shape[0] = LEAF
        elif last - value == 32 and 2 * (stop - begin) - 2 + flag > 0:
            shape[0] = EXTENSION
        else:
            continue
        shape[1], shape[2], shape[3], shape[4] = begin, stop, value, last


@compiled
def _nibble(key: Bytes, depth: int) -> int:
    byte = np.int64(key[depth >> 1])
    return byte & 15 if depth & 1 else byte >> 4


@compiled
def _shares(data: Bytes, begin: int, end: int, key: Bytes, depth: int) -> int:
    """Depth after the path ``data[begin:end]`` if the key follows it, else -1."""
    prefix = np.int64(data[begin])
    odd = prefix >> 4 & 1
    end_depth = depth + 2 * (end - begin) - 2 + odd
    if end_depth > _DEPTH or (odd and prefix & 15 != _nibble(key, depth)):
        return -1
    depth += odd
    if depth & 1 == 0:
        for place in range(end - begin - 1):
            if data[begin + 1 + place] != key[(depth >> 1) + place]:
                return -1
        return end_depth
    for place in range(end_depth - depth):
        if _nibble(data[begin + 1 : end], place) != _nibble(key, depth + place):
            return -1
    return end_depth


@compiled
def _word(data: Bytes, begin: int, end: int, out: Bytes) -> bool:
    """Write the 32 bytes of a slot whose value, RLP of a number in the trie, is this; False unless
    it is one that is not zero."""
    if end - begin > 1 or data[begin] >= 0x80:
        inner, stop = _string(data, begin, end)
        if inner < 0 or stop != end or stop == inner or stop - inner > 32:
            return False
        begin = inner
    if data[begin] == 0:
        return False
    zeros = 32 - (end - begin)
    for at in range(zeros):
        out[at] = 0
    for at in range(end - begin):
        out[zeros + at] = data[begin + at]
    return True


@compiled
def walk(
    store: Store, shapes: Numbers, hashes: Bytes, paths: Bytes, root: Bytes, first: int, end: int
) -> None:
    """Prove the claimed values of the rows ``first`` to ``end``, or make them odd and say why; of
    those with NO_VALUE only what is there.

    ``hashes`` has the digest of each node, ``paths`` the hashed key of each row; ``root`` is the
    storage root, 32 bytes. Odd is a row PLAIN that is left to the plain path, ANOTHER_NODE with a
    node that does not have the hash found, NO_NODE where a node of that hash should follow,
    SHORT_NODE where one stands that was not stored, NEEDLESS_NODE with one too many, and
    ANOTHER_VALUE with another claim than the word found.
    """
    # Each mention of a field counts a reference, which costs more than the loop.
    data, refs, starts = store.nodes, store.refs, store.first
    odd, values, places, found = store.odd, store.values, store.places, store.found
    for row in range(first, end):
        unread = odd[row]
        if unread & ~NO_VALUE:
            continue
        claimed, word, depth, extended = values[row], found[row], 0, False
        path, wanted, at, verdict, position = paths[row], root, 0, NO_NODE, 0
        for ref in range(starts[row], starts[row + 1]):
            if verdict != NO_NODE:
                verdict = NEEDLESS_NODE
                break
            node = refs[ref]
            if node == SHORT:
                verdict = SHORT_NODE
                break
            if not same(hashes[node], 0, wanted, at, 32):
                verdict = ANOTHER_NODE
                break
            shape = shapes[node]
            kind = shape[0]
            if kind == IRREGULAR or (extended and kind != BRANCH):
                verdict = PLAIN
                break
            position += 1
            extended = kind == EXTENSION
            if kind == BRANCH:
                if depth == _DEPTH:
                    verdict = PLAIN
                    break
                nibble = _nibble(path, depth)
                depth += 1
                if shape[2] >> nibble & 1:
                    wanted, at = data, shape[1] + 1
                    for before in range(nibble):
                        at += 33 if shape[2] >> before & 1 else 1
                    continue
            else:
                below = _shares(data, shape[1], shape[2], path, depth)
                if kind == EXTENSION and below >= 0:
                    wanted, at, depth = data, shape[3], below
                    continue
                if below == _DEPTH:
                    verdict = PROVEN if _word(data, shape[3], shape[4], word) else PLAIN
                    if verdict == PLAIN:
                        break
                    continue
                if below >= 0:
                    verdict = PLAIN
                    break
            # The key leaves the trie here.
            word[:] = 0
            verdict = PROVEN
        if verdict == PROVEN and not unread and not same(word, 0, claimed, 0, 32):
            verdict = ANOTHER_VALUE
        elif verdict in (ANOTHER_NODE, NO_NODE, SHORT_NODE):
            for byte in range(32):
                word[byte] = wanted[at + byte]
        odd[row], places[row, 0], places[row, 1] = verdict | unread, position, depth
