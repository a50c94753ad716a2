"""Names and hex strings in the objects of JSON text."""

from __future__ import annotations

from . import inlined
from .digits import digits_value
from .text import COLON, IRREGULAR, QUOTE, Bytes, after_space, is_at, string_end

_MOST_DIGITS = 16


@inlined
def name_at(text: Bytes, at: int) -> tuple[int, int, int]:
    """Where the name begins whose string does at ``at``, how long it is and where its value begins;
    IRREGULAR for the last if there is none."""
    end = string_end(text, at)
    if end < 0:
        return at, 0, IRREGULAR
    size, name = end - at - 2, at + 1
    at = after_space(text, end)
    return name, size, after_space(text, at + 1) if is_at(text, at, COLON) else IRREGULAR


@inlined
def is_hex(text: Bytes, at: int, digits: int) -> bool:
    """Whether a string of so many characters after 0x begins at ``at``; they are not looked at."""
    return (
        at + digits + 4 <= len(text)
        and text[at] == QUOTE
        and text[at + 1] == 48
        and text[at + 2] == 120
        and text[at + digits + 3] == QUOTE
    )


@inlined
def digits_at(text: Bytes, at: int) -> tuple[int, int]:
    """How many characters after 0x the string at ``at`` has, and its end; IRREGULAR if none."""
    end = string_end(text, at)
    if end < at + 4 or text[at + 1] != 48 or text[at + 2] != 120:
        return IRREGULAR, IRREGULAR
    return end - at - 4, end


@inlined
def number_at(text: Bytes, at: int) -> tuple[int, int]:
    """The number in the string at ``at``, and its end. IRREGULAR unless it is one in hex digits of
    less than 64 bits."""
    digits, end = digits_at(text, at)
    if digits < 1 or digits > _MOST_DIGITS:
        return IRREGULAR, IRREGULAR
    # Of 64 bits a number is negative here, and could be taken for a word of ours.
    return max(digits_value(text, at + 3, digits), IRREGULAR), end
