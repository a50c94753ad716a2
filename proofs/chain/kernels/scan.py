"""One pass over the JSON text of a reply to eth_getProof: its rows, and the nodes of their proofs.

It reads the text itself because millions of Python objects cost more than hashing the nodes. Names
may come in any order and spaces anywhere; whatever is not regular (escapes, unknown or repeated
names, odd digits) is left to the plain path, for the row or for the whole reply.
"""

from __future__ import annotations

from ..nesting import MAX_DEPTH
from . import compiled
from .nodes import NO_VALUE, PLAIN, Store, read_proof
from .text import (
    BEGIN,
    CLOSE,
    COMMA,
    END,
    IRREGULAR,
    OPEN,
    Bytes,
    Numbers,
    after_space,
    is_at,
    name,
    names,
    quantity,
    string_end,
    strings_end,
)
from .values import value_end

FIELDS = ("address", "balance", "codeHash", "nonce", "storageHash", "accountProof")
"""Fields of a result, by the number of their span."""

_IN_ROW = MAX_DEPTH - 4
"""Brackets that may be open in a row, with those of the reply around it."""
_REPLY = names("jsonrpc", "id", "result")
_RESULT = names(*FIELDS, "storageProof")
_ROW = names("key", "value", "proof")


@compiled
def _row(text: Bytes, at: int, store: Store) -> int:
    """Read one object of storageProof as the next row. Position after it, or IRREGULAR."""
    counts, keys, values, odd = store.counts, store.keys, store.values, store.odd
    row, begin, seen = counts[2], at, 0
    odd[row] = 0
    while True:
        number, at = name(text, after_space(text, at + 1), _ROW, seen)
        if number < 0:
            return IRREGULAR
        seen |= 1 << number
        if number == 2:
            before, array = counts[1], at
            at = read_proof(text, array, store) if is_at(text, array, OPEN) else IRREGULAR
            if at < 0:
                counts[1] = before
                odd[row] |= PLAIN
                at = value_end(text, array, _IN_ROW)
        else:
            end = string_end(text, at)
            if not quantity(text, at, end, keys if number == 0 else values, row):
                odd[row] |= PLAIN if number == 0 else NO_VALUE
            at = end if end > 0 else value_end(text, at, _IN_ROW)
        if at < 0:
            return IRREGULAR
        at = after_space(text, at)
        if is_at(text, at, END):
            break
        if not is_at(text, at, COMMA):
            return IRREGULAR
    if seen != 7:
        return IRREGULAR
    store.spans[row, 0], store.spans[row, 1] = begin, at + 1
    counts[2] += 1
    store.first[row + 1] = counts[1]
    return at + 1


@compiled
def _no_row(text: Bytes, begin: int, store: Store) -> int:
    """Take what is no object for the next row. Position after it, or IRREGULAR."""
    counts = store.counts
    row, end = counts[2], value_end(text, begin, _IN_ROW)
    store.odd[row], store.spans[row, 0], store.spans[row, 1] = PLAIN, begin, end
    counts[2] += 1
    store.first[row + 1] = counts[1]
    return end


@compiled
def _rows(text: Bytes, at: int, store: Store, most: int) -> int:
    """Read the array of rows, ``most`` at most. Position after it, or IRREGULAR."""
    if not is_at(text, at, OPEN):
        return IRREGULAR
    at = after_space(text, at + 1)
    if is_at(text, at, CLOSE):
        return at + 1
    for _ in range(most):
        at = _row(text, at, store) if is_at(text, at, BEGIN) else _no_row(text, at, store)
        if at < 0:
            return IRREGULAR
        at = after_space(text, at)
        if is_at(text, at, CLOSE):
            return at + 1
        if not is_at(text, at, COMMA):
            return IRREGULAR
        at = after_space(text, at + 1)
    return IRREGULAR


@compiled
def scan(text: Bytes, store: Store, most: int, spans: Numbers) -> bool:
    """Read one reply of at most ``most`` rows into a store; False when it is not regular.

    ``spans[i]`` becomes begin and end of the value of ``FIELDS[i]`` in the text.
    """
    at, seen, within = after_space(text, 0), 0, 0
    if not is_at(text, at, BEGIN):
        return False
    while True:
        number, at = name(text, after_space(text, at + 1), _RESULT if within else _REPLY, seen)
        if number < 0:
            return False
        seen |= 1 << number
        if not within and number == 2:
            if not is_at(text, at, BEGIN):
                return False
            within, seen = seen, 0
            continue
        begin = at
        if within and number == len(FIELDS):
            at = _rows(text, at, store, most)
        elif within and number == len(FIELDS) - 1:
            at = strings_end(text, at)
        elif not within and number == 1:
            while at < len(text) and 48 <= text[at] <= 57:
                at += 1
            if at == begin or (text[begin] == 48 and at > begin + 1):
                at = string_end(text, begin)
        else:
            at = string_end(text, at)
        if at < 0:
            return False
        if within and number < len(FIELDS):
            spans[number, 0], spans[number, 1] = begin, at
        at = after_space(text, at)
        if within and is_at(text, at, END):
            if seen != (1 << (len(FIELDS) + 1)) - 1:
                return False
            seen, within = within, 0
            at = after_space(text, at + 1)
        if not within and is_at(text, at, END):
            return seen >> 2 == 1 and after_space(text, at + 1) == len(text)
        if not is_at(text, at, COMMA):
            return False
