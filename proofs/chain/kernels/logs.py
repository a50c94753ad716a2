"""Logs in the JSON text of a receipt: where their fields lie, and how long their RLP is."""

from __future__ import annotations

from .. import receipts as plain
from ..nesting import MAX_DEPTH
from . import compiled
from .digits import digits_value
from .fields import digits_at, is_hex, name_at
from .rlp import head_size
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
    is_word,
    letters,
)
from .values import value_end

ADDRESS, DATA, DATA_DIGITS, TOPICS, TOPIC, LOG_SIZE = 0, 1, 2, 3, 4, 8
"""Columns of a log: where its address lies, its data and how many digits that has, its topics and
how many; the size of its fields."""
LOG_COLUMNS = 9
LEAST_LOG_TEXT = 70
"""Characters of the shortest log, at least."""
ADDRESS_DIGITS, TOPIC_DIGITS = 40, 64

_IN_LOG = MAX_DEPTH - 5
"""Brackets that may be open in a log, with those of the receipt and the reply around it."""
_MOST_TOPICS = plain.MOST_TOPICS
_ADDRESS_NAME, _TOPICS_NAME, _DATA_NAME = letters("address"), letters("topics"), letters("data")


@compiled
def _log(text: Bytes, at: int, row: Numbers) -> int:
    """Read the log that begins at ``at``. Position after it, or IRREGULAR."""
    seen = 0
    if not is_at(text, at, BEGIN):
        return IRREGULAR
    while True:
        name, size, at = name_at(text, after_space(text, at + 1))
        if at < 0:
            return IRREGULAR
        if is_word(text, name, size, _ADDRESS_NAME):
            if seen & 1 or not is_hex(text, at, ADDRESS_DIGITS):
                return IRREGULAR
            seen |= 1
            row[ADDRESS] = at + 3
            at += ADDRESS_DIGITS + 4
        elif is_word(text, name, size, _DATA_NAME):
            if seen & 2:
                return IRREGULAR
            seen |= 2
            row[DATA] = at + 3
            row[DATA_DIGITS], at = digits_at(text, at)
            if at < 0 or row[DATA_DIGITS] & 1:
                return IRREGULAR
        elif is_word(text, name, size, _TOPICS_NAME):
            if seen & 4 or not is_at(text, at, OPEN):
                return IRREGULAR
            seen |= 4
            row[TOPICS] = 0
            at = after_space(text, at + 1)
            while not is_at(text, at, CLOSE):
                topic = row[TOPICS]
                if topic == _MOST_TOPICS or not is_hex(text, at, TOPIC_DIGITS):
                    return IRREGULAR
                row[TOPIC + topic] = at + 3
                row[TOPICS] = topic + 1
                at = after_space(text, at + TOPIC_DIGITS + 4)
                if is_at(text, at, COMMA):
                    at = after_space(text, at + 1)
                    if is_at(text, at, CLOSE):
                        return IRREGULAR
                elif not is_at(text, at, CLOSE):
                    return IRREGULAR
            at += 1
        else:
            at = value_end(text, at, _IN_LOG)
            if at < 0:
                return IRREGULAR
        at = after_space(text, at)
        if is_at(text, at, END):
            break
        if not is_at(text, at, COMMA):
            return IRREGULAR
    if seen != 7:
        return IRREGULAR
    length, topics = row[DATA_DIGITS] >> 1, row[TOPICS] * 33
    size = head_size(length) + length
    if length == 1:
        value = digits_value(text, row[DATA], 2)
        if value < 0:
            return IRREGULAR
        size = 1 if value < 128 else 2
    row[LOG_SIZE] = 21 + head_size(topics) + topics + size
    return at + 1


@compiled
def read_logs(text: Bytes, at: int, logs: Numbers, first: int) -> tuple[int, int, int]:
    """Read the array of logs that begins at ``at`` into rows from ``first`` on.

    The row after the last one, the bytes of their RLP, and the position after the array, which is
    IRREGULAR if it is.
    """
    row, total = first, 0
    if not is_at(text, at, OPEN):
        return row, total, IRREGULAR
    at = after_space(text, at + 1)
    if is_at(text, at, CLOSE):
        return row, total, at + 1
    while True:
        if row == len(logs):
            return row, total, IRREGULAR
        at = _log(text, at, logs[row])
        if at < 0:
            return row, total, IRREGULAR
        size = logs[row, LOG_SIZE]
        row, total = row + 1, total + head_size(size) + size
        at = after_space(text, at)
        if is_at(text, at, CLOSE):
            return row, total, at + 1
        if not is_at(text, at, COMMA):
            return row, total, IRREGULAR
        at = after_space(text, at + 1)
