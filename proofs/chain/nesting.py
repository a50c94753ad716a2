"""How deep lists and objects of a JSON text may lie in each other before it is read."""

from __future__ import annotations

import re

from ..refusals import UnreadableAnswer

MAX_DEPTH = 32
"""A batch of receipts with their logs needs seven."""
# Up to its end or that of the text: what never closes must not be looked at from each quote anew.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def shallow(text: bytes) -> bytes:
    """The same, when it is not nested deeper than a decoder can follow.

    Some libraries raise Python's limit of recursion so far (py_ecc does when it is imported) that
    a decoder overflows the stack and the process dies before any error. Raises UnreadableAnswer.
    """
    # Brackets within strings are no nesting, but to look for strings takes longer.
    if _deeper(text) and _deeper(_STRING.sub(b"", text)):
        raise UnreadableAnswer("It is nested too deeply.")
    return text


def _deeper(text: bytes) -> bool:
    brackets = text.translate(None, _BUT_BRACKETS)
    for _ in range(MAX_DEPTH):
        if not brackets:
            break
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    # What never closes the decoder refuses, but it must not be many.
    return len(brackets) > MAX_DEPTH
