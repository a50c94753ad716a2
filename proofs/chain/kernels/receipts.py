"""Receipts in the JSON text of a reply to eth_getBlockReceipts: where what a root covers lies.

One pass finds the fields and how long their RLP is, so that `leaves` can write it. Names may come
in any order, with spaces and among others; a receipt that is not regular (odd types, a
bloom left out, names twice) is left to the plain path, which reads it by itself.
"""

from __future__ import annotations

import numpy as np

from .. import receipts as plain
from ..nesting import MAX_DEPTH
from . import compiled
from .fields import is_hex, name_at, number_at
from .logs import read_logs
from .rlp import head_size, number_size
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
from .values import NULL, value_end

KIND, FROM, TO, STATUS, GAS, BLOOM, NONCE, VERSION = range(8)
LOG, LOG_END, LOGS_SIZE, FIELDS_SIZE, SIZE = range(8, 13)
"""Columns of a receipt: its type, or ODD for one that is left to the plain path; where it lies; its
status and gas; where the digits of its bloom lie; a deposit's fields, the second ABSENT before
Canyon; its logs, first and end; bytes of its logs, of its fields, and of all of it."""
COLUMNS = 13
ODD, ABSENT = -1, -2
LEAST_TEXT = 48
"""Characters of a receipt, at least; one of less is not regular."""
DEPOSIT = plain.DEPOSIT
BLOOM_DIGITS = 512

_IN_RECEIPT = MAX_DEPTH - 3
"""Brackets that may be open in a receipt, with those of the reply around it."""
_KINDS = np.zeros(256, np.bool_)
_KINDS[[0, DEPOSIT, *plain.PLAIN]] = True
_LOGS_NAME, _TYPE_NAME, _STATUS_NAME = letters("logs"), letters("type"), letters("status")
_BLOOM_NAME, _GAS_NAME = letters("logsBloom"), letters("cumulativeGasUsed")
_NONCE_NAME, _VERSION_NAME = letters("depositNonce"), letters("depositReceiptVersion")
_RESULT_NAME = letters("result")
# A bit each, in the order of the names above; the second may be missing, as may a deposit's.
_LOGS, _TYPE, _STATUS, _BLOOM, _GAS, _NONCE, _VERSION = (1 << at for at in range(7))
_NEEDED = _LOGS | _STATUS | _BLOOM | _GAS


@compiled
def _receipt(text: Bytes, at: int, logs: Numbers, row: Numbers) -> int:
    """Read the receipt that begins at ``at``. Position after it, or IRREGULAR; of one that lacks
    something the row is ODD."""
    seen = 0
    row[KIND], row[VERSION] = 0, ABSENT
    while True:
        name, size, at = name_at(text, after_space(text, at + 1))
        if at < 0:
            return IRREGULAR
        field, begin = 0, at
        if is_word(text, name, size, _LOGS_NAME):
            field = _LOGS
            row[LOG_END], row[LOGS_SIZE], at = read_logs(text, at, logs, row[LOG])
        elif is_word(text, name, size, _TYPE_NAME):
            field = _TYPE
            at = value_end(text, at, _IN_RECEIPT)
            if not is_word(text, begin, 4, NULL):
                row[KIND], _ = number_at(text, begin)
                if row[KIND] < 0 or row[KIND] > 255 or not _KINDS[row[KIND]]:
                    return IRREGULAR
        elif is_word(text, name, size, _STATUS_NAME):
            field = _STATUS
            if not is_hex(text, at, 1) or text[at + 3] >> 1 != 24:
                return IRREGULAR
            row[STATUS] = text[at + 3] - 48
            at += 5
        elif is_word(text, name, size, _BLOOM_NAME):
            field = _BLOOM
            if not is_hex(text, at, BLOOM_DIGITS):
                return IRREGULAR
            row[BLOOM] = at + 3
            at += BLOOM_DIGITS + 4
        elif is_word(text, name, size, _GAS_NAME):
            field = _GAS
            row[GAS], at = number_at(text, at)
        elif is_word(text, name, size, _NONCE_NAME):
            field = _NONCE
            at = value_end(text, at, _IN_RECEIPT)
            row[NONCE], _ = number_at(text, begin)
        elif is_word(text, name, size, _VERSION_NAME):
            field = _VERSION
            at = value_end(text, at, _IN_RECEIPT)
            if not is_word(text, begin, 4, NULL):
                row[VERSION], _ = number_at(text, begin)
        else:
            at = value_end(text, at, _IN_RECEIPT)
        if at < 0 or seen & field:
            return IRREGULAR
        seen |= field
        at = after_space(text, at)
        if is_at(text, at, END):
            break
        if not is_at(text, at, COMMA):
            return IRREGULAR
    if seen & _NEEDED != _NEEDED or row[GAS] < 0:
        row[KIND] = ODD
        return at + 1
    size = 1 + number_size(row[GAS]) + 3 + 256 + head_size(row[LOGS_SIZE]) + row[LOGS_SIZE]
    if row[KIND] == DEPOSIT and row[VERSION] != ABSENT:
        if not seen & _NONCE or row[NONCE] < 0 or row[VERSION] < 0:
            row[KIND] = ODD
            return at + 1
        size += number_size(row[NONCE]) + number_size(row[VERSION])
    row[FIELDS_SIZE] = size
    row[SIZE] = head_size(size) + size + (row[KIND] > 0)
    return at + 1


@compiled
def _all(text: Bytes, at: int, receipts: Numbers, logs: Numbers) -> tuple[int, int]:
    """Read the array of receipts that begins at ``at``. How many they are and the position after
    them, or IRREGULAR twice."""
    count, known = 0, 0
    if not is_at(text, at, OPEN):
        return IRREGULAR, IRREGULAR
    at = after_space(text, at + 1)
    if is_at(text, at, CLOSE):
        return 0, at + 1
    while True:
        if count == len(receipts) or not is_at(text, at, BEGIN):
            return IRREGULAR, IRREGULAR
        row = receipts[count]
        row[FROM], row[LOG] = at, known
        at = _receipt(text, at, logs, row)
        if at < 0:
            row[KIND] = ODD
            at = value_end(text, row[FROM], _IN_RECEIPT + 1)
            if at < 0:
                return IRREGULAR, IRREGULAR
        elif row[KIND] != ODD:
            known = row[LOG_END]
        row[TO] = at
        count += 1
        at = after_space(text, at)
        if is_at(text, at, CLOSE):
            return count, at + 1
        if not is_at(text, at, COMMA):
            return IRREGULAR, IRREGULAR
        at = after_space(text, at + 1)


@compiled
def scan(text: Bytes, receipts: Numbers, logs: Numbers) -> int:
    """Read one reply. How many receipts it has, a row each, or IRREGULAR."""
    at, count = after_space(text, 0), IRREGULAR
    if not is_at(text, at, BEGIN):
        return IRREGULAR
    while True:
        name, size, at = name_at(text, after_space(text, at + 1))
        if at < 0:
            return IRREGULAR
        if is_word(text, name, size, _RESULT_NAME):
            if count >= 0:
                return IRREGULAR
            count, at = _all(text, at, receipts, logs)
        else:
            at = value_end(text, at, MAX_DEPTH - 1)
        if at < 0:
            return IRREGULAR
        at = after_space(text, at)
        if is_at(text, at, END):
            return count if after_space(text, at + 1) == len(text) else IRREGULAR
        if not is_at(text, at, COMMA):
            return IRREGULAR


@compiled
def is_whole(text: Bytes) -> bool:
    """Whether a reply that was read is JSON to its last digit, of the kind that is passed over."""
    return value_end(text, after_space(text, 0), MAX_DEPTH) >= 0
