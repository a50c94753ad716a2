"""Keccak-256 of many messages at once: on vectors where it can, one by one where it cannot.

Importing this module loads numpy; the first batch loads numba and the compiled loop of
`keccak_lanes` (compiled once, then kept on disk), and compares it with `keccak.keccak256`. Where
that fails, a SlowBatch warning says why and all batches are hashed one by one.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .inputs import octets
from .keccak import keccak256
from .refusals import WrongLength

Bytes: TypeAlias = npt.NDArray[np.uint8]
Offsets: TypeAlias = npt.NDArray[np.int64]
Kernel: TypeAlias = Callable[[Bytes, Offsets, int, int, npt.NDArray[np.uint64]], None]


class SlowBatch(RuntimeWarning):
    """A compiled batch path cannot be used, and why; the plain one takes its place."""


def keccak256_many(messages: Sequence[bytes]) -> list[bytes]:
    """The 32-byte Keccak-256 digests of messages, in their order. Raises NotBytes."""
    if set(map(type, messages)) - {bytes}:
        messages = [octets("a message", message) for message in messages]
    offsets = np.zeros(len(messages) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, messages), np.int64, len(messages)), out=offsets[1:])
    digests = keccak256_rows(np.frombuffer(b"".join(messages), np.uint8), offsets).tobytes()
    return [digests[at : at + 32] for at in range(0, len(digests), 32)]


def keccak256_rows(data: Bytes, offsets: Offsets) -> Bytes:
    """Digests of the messages ``data[offsets[i]:offsets[i + 1]]``, one a row of 32 bytes.

    ``data`` is a contiguous array of bytes, ``offsets`` of 64-bit integers. Raises WrongLength for
    offsets that decrease or leave the data.
    """
    data = np.ascontiguousarray(data, np.uint8)
    offsets = np.ascontiguousarray(offsets, np.int64)
    if (
        offsets.ndim != 1
        or data.ndim != 1
        or len(offsets) == 0
        or offsets[0] < 0
        or offsets[-1] > len(data)
        or (offsets[1:] < offsets[:-1]).any()
    ):
        raise WrongLength("The offsets of a batch leave its data.", bytes=data.size)
    # One type of argument, so that one loop is compiled: what cannot be written to.
    data, offsets = data.view(), offsets.view()
    data.flags.writeable = offsets.flags.writeable = False
    out = np.empty((len(offsets) - 1, 4), np.uint64)
    _chosen()(data, offsets, 0, len(out), out)
    return out.view(np.uint8)


@cache
def _chosen() -> Kernel:
    """The loop that hashes batches in this process."""
    return choose(_lanes)


def choose(load: Callable[[], Kernel]) -> Kernel:
    """The compiled loop if it loads and passes its test, else the plain one with a warning."""
    try:
        kernel = load()
        self_test(kernel)
    except Exception as reason:
        warnings.warn(f"Batches of keccak are hashed one by one: {reason}", SlowBatch, stacklevel=2)
        return one_by_one
    return kernel


def _lanes() -> Kernel:
    if sys.byteorder != "little":
        raise RuntimeError("this machine is not little-endian.")
    from .keccak_lanes import digest_all

    kernel: Kernel = digest_all
    return kernel


def one_by_one(
    data: Bytes, offsets: Offsets, first: int, end: int, out: npt.NDArray[np.uint64]
) -> None:
    """What `keccak_lanes.digest_all` does, by `keccak256`."""
    rows = out.view(np.uint8)
    for at in range(first, end):
        digest = keccak256(data[offsets[at] : offsets[at + 1]].tobytes())
        rows[at] = np.frombuffer(digest, np.uint8)


def self_test(kernel: Kernel) -> None:
    """Compare a loop with `keccak256` over messages of 0 to 420 bytes, in a mixed order, and over
    part of a batch. Raises RuntimeError."""
    # 211 has no common factor with 421, so short and long messages share the lanes.
    lengths = [at * 211 % 421 for at in range(421)]
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    data = (np.arange(offsets[-1]) * 167 % 251).astype(np.uint8)
    data.flags.writeable = offsets.flags.writeable = False
    for first, end in ((0, len(lengths)), (5, 18), (7, 7)):
        expected = np.zeros((len(lengths), 4), np.uint64)
        found = np.zeros_like(expected)
        one_by_one(data, offsets, first, end, expected)
        kernel(data, offsets, first, end, found)
        if not np.array_equal(found, expected):
            raise RuntimeError("it computes other digests than the plain one.")
