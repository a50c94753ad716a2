"""The leaves of receipts tries, written as RLP from what `receipts` has found in the text."""

from __future__ import annotations

from . import compiled
from .digits import digits_value, put_digits
from .logs import ADDRESS, ADDRESS_DIGITS, DATA, DATA_DIGITS, LOG_SIZE, TOPIC, TOPIC_DIGITS, TOPICS
from .receipts import (
    ABSENT,
    BLOOM,
    BLOOM_DIGITS,
    DEPOSIT,
    FIELDS_SIZE,
    GAS,
    KIND,
    LOG,
    LOG_END,
    LOGS_SIZE,
    NONCE,
    ODD,
    SIZE,
    STATUS,
    VERSION,
)
from .rlp import head_size, put_head, put_number
from .text import Bytes, Numbers


@compiled
def _write_log(text: Bytes, row: Numbers, out: Bytes, to: int) -> tuple[int, bool]:
    """Write the RLP of a log. Position after it, and whether all digits were."""
    to = put_head(out, to, row[LOG_SIZE], 0xC0)
    out[to] = 0x94
    good = put_digits(text, row[ADDRESS], ADDRESS_DIGITS >> 1, out, to + 1)
    to = put_head(out, to + 21, row[TOPICS] * 33, 0xC0)
    for topic in range(row[TOPICS]):
        out[to] = 0xA0
        good &= put_digits(text, row[TOPIC + topic], TOPIC_DIGITS >> 1, out, to + 1)
        to += 33
    size = row[DATA_DIGITS] >> 1
    if size != 1 or digits_value(text, row[DATA], 2) > 127:
        to = put_head(out, to, size, 0x80)
    good &= put_digits(text, row[DATA], size, out, to)
    return to + size, good


@compiled
def place(receipts: Numbers, keys: Numbers, ends: Numbers) -> None:
    """Where each leaf ends, if the first begins at 0; row i has a key of ``keys[i + 1] - keys[i]``
    bytes."""
    end = 0
    for row in range(len(receipts)):
        size = receipts[row, SIZE]
        size += head_size(size) + keys[row + 1] - keys[row]
        end += head_size(size) + size
        ends[row] = end


@compiled
def write(
    text: Bytes, receipts: Numbers, logs: Numbers, keys: Bytes, key_ends: Numbers, out: Bytes
) -> None:
    """Write the leaves one after the other; those of odd rows without what they hold.

    A row of which something that should be digits is none becomes odd.
    """
    at = 0
    for number in range(len(receipts)):
        row = receipts[number]
        first, stop, size = key_ends[number], key_ends[number + 1], row[SIZE]
        at = put_head(out, at, stop - first + head_size(size) + size, 0xC0)
        for byte in range(first, stop):
            out[at] = keys[byte]
            at += 1
        at = put_head(out, at, size, 0x80)
        following = at + size
        if row[KIND] != ODD:
            if row[KIND]:
                out[at] = row[KIND]
                at += 1
            at = put_head(out, at, row[FIELDS_SIZE], 0xC0)
            out[at] = 1 if row[STATUS] else 0x80
            at = put_number(out, at + 1, row[GAS])
            out[at], out[at + 1], out[at + 2] = 0xB9, 1, 0
            good = put_digits(text, row[BLOOM], BLOOM_DIGITS >> 1, out, at + 3)
            at = put_head(out, at + 259, row[LOGS_SIZE], 0xC0)
            for log in range(row[LOG], row[LOG_END]):
                at, fine = _write_log(text, logs[log], out, at)
                good &= fine
            if row[KIND] == DEPOSIT and row[VERSION] != ABSENT:
                at = put_number(out, at, row[NONCE])
                put_number(out, at, row[VERSION])
            if not good:
                row[KIND] = ODD
        at = following
