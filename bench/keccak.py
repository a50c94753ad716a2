"""Keccak-256 over a batch of messages of 64 bytes, beside `eth_utils.keccak` and safe-pysha3.

The last rows are the same code made for machines with narrower vectors, in processes of their own.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
from eth_utils.crypto import keccak as eth_utils_keccak

from bench.stage import Stage, show
from proofs.keccak import keccak256
from proofs.keccak_batch import keccak256_many, keccak256_rows

MESSAGES, LENGTH = 20_000, 64
REPEATS = 11
AT_LEAST_FASTER = 30
NARROW = {"AVX2": ("x86-64-v3", "+avx,+avx2"), "SSE2": ("x86-64", "")}
"""What code is made for, as names of CPUs and their features."""


def run(stage: Stage) -> bool:
    """Print the table, and whether the aim is reached; whether all computed the same."""
    drawn = np.random.default_rng(1)
    messages = [drawn.bytes(LENGTH) for _ in range(MESSAGES)]
    right = [keccak256(one) for one in messages] == keccak256_many(messages)
    right &= keccak256_many(messages[:50]) == [eth_utils_keccak(one) for one in messages[:50]]
    seconds = {
        "ours, from arrays": ours(),
        "ours, from a list of bytes to a list of bytes": _median(lambda: keccak256_many(messages)),
        "safe-pysha3, one by one": _median(lambda: [keccak256(one) for one in messages]),
        "eth_utils.keccak, one by one": _median(
            lambda: [eth_utils_keccak(one) for one in messages], 3
        ),
    }
    if platform.machine() in {"x86_64", "AMD64"}:
        for name, (machine, features) in NARROW.items():
            seconds[f"ours, from arrays, made for {name}"] = _narrow(stage, machine, features)
    peer = seconds["eth_utils.keccak, one by one"]
    show(
        f"{MESSAGES:,} messages of {LENGTH} bytes",
        ("processor time", "ns a message", "× faster than eth_utils"),
        [
            (name, f"{each / MESSAGES * 1e9:.0f}", f"{peer / each:.1f}")
            for name, each in seconds.items()
        ],
    )
    missed = [
        name
        for name, each in seconds.items()
        if name.startswith("ours, from arrays") and peer < AT_LEAST_FASTER * each
    ]
    if missed:
        print(f"The aim is not reached: {', '.join(missed)}.")
    return right


def ours() -> float:
    """Seconds of processor time for the whole batch, from an array of bytes to one of digests."""
    data = np.frombuffer(np.random.default_rng(2).bytes(LENGTH * MESSAGES), np.uint8)
    offsets = np.arange(MESSAGES + 1, dtype=np.int64) * LENGTH
    keccak256_rows(data, offsets)
    return _median(lambda: keccak256_rows(data, offsets))


def _narrow(stage: Stage, machine: str, features: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", "import json, bench.keccak; print(json.dumps(bench.keccak.ours()))"],
        env={
            **os.environ,
            "NUMBA_CPU_NAME": machine,
            "NUMBA_CPU_FEATURES": features,
            "NUMBA_CACHE_DIR": str(stage.folder / machine),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return float(json.loads(done.stdout))


def _median(act: Callable[[], object], repeats: int = REPEATS) -> float:
    times = []
    for _ in range(repeats):
        began = time.process_time()
        act()
        times.append(time.process_time() - began)
    return statistics.median(times)
