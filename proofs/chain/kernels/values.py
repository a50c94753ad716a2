"""Whole JSON values that are passed over, whatever they are.

What counts as a value is narrower than in JSON, so that what is passed over here every reader would
take too: anything else is left to the plain path.
"""

from __future__ import annotations

import numpy as np

from . import compiled, inlined
from .text import (
    BACKSLASH,
    BEGIN,
    CLOSE,
    COLON,
    COMMA,
    END,
    IRREGULAR,
    OPEN,
    QUOTE,
    Bytes,
    after_space,
    is_at,
    is_word,
    letters,
    string_end,
)

_MOST_FIGURES = 15
_ESCAPED = np.zeros(256, np.bool_)
_ESCAPED[np.frombuffer(rb'"\/bfnrt', np.uint8)] = True
NULL, _TRUE, _FALSE = letters("null"), letters("true"), letters("false")


@compiled
def value_end(text: Bytes, at: int, deepest: int) -> int:
    """Position after the JSON value that begins at ``at``, whatever it is, or IRREGULAR.

    Strings are ASCII, numbers whole ones, and no more than ``deepest`` brackets, 62 at most, are
    open at once.
    """
    depth, objects = 0, 0
    while True:
        if at >= len(text):
            return IRREGULAR
        byte = text[at]
        if byte in (BEGIN, OPEN):
            depth, objects = depth + 1, objects << 1 | (byte == BEGIN)
            if depth > deepest:
                return IRREGULAR
            at = after_space(text, at + 1)
            if not is_at(text, at, END if objects & 1 else CLOSE):
                if objects & 1:
                    at = _name_end(text, at)
                    if at < 0:
                        return IRREGULAR
                continue
        else:
            at = _string_end(text, at) if byte == QUOTE else _scalar_end(text, at)
            if at < 0:
                return IRREGULAR
            if depth == 0:
                return at
            at = after_space(text, at)
        while depth and is_at(text, at, END if objects & 1 else CLOSE):
            depth, objects = depth - 1, objects >> 1
            if depth == 0:
                return at + 1
            at = after_space(text, at + 1)
        if not is_at(text, at, COMMA):
            return IRREGULAR
        at = after_space(text, at + 1)
        if objects & 1:
            at = _name_end(text, at)
            if at < 0:
                return IRREGULAR


@inlined
def _name_end(text: Bytes, at: int) -> int:
    """Where the value begins whose name begins at ``at``, or IRREGULAR."""
    at = _string_end(text, at)
    if at < 0:
        return IRREGULAR
    at = after_space(text, at)
    return after_space(text, at + 1) if is_at(text, at, COLON) else IRREGULAR


@compiled
def _string_end(text: Bytes, at: int) -> int:
    """Position after the string that begins at ``at``, escapes of one letter included."""
    end = string_end(text, at)
    if end >= 0 or not is_at(text, at, QUOTE):
        return end
    at += 1
    while at < len(text):
        byte = text[at]
        if byte == QUOTE:
            return at + 1
        if byte == BACKSLASH and at + 1 < len(text) and _ESCAPED[text[at + 1]]:
            at += 2
        elif byte == BACKSLASH or byte < 32 or byte > 127:
            return IRREGULAR
        else:
            at += 1
    return IRREGULAR


@compiled
def _scalar_end(text: Bytes, at: int) -> int:
    """Position after the literal or whole number that begins at ``at``, or IRREGULAR."""
    if is_word(text, at, 4, NULL) or is_word(text, at, 4, _TRUE):
        return at + 4
    if is_word(text, at, 5, _FALSE):
        return at + 5
    begin = at
    while at < len(text) and 48 <= text[at] <= 57:
        at += 1
    # What a reader makes of long numbers is its own affair.
    if at == begin or at > begin + _MOST_FIGURES or (text[begin] == 48 and at > begin + 1):
        return IRREGULAR
    return at
