"""Many digests at once are those that come out one by one; a loop that errs is not used."""

import os
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofs import keccak_batch
from proofs.chain import getproof_batch, receipts_batch
from proofs.keccak import keccak256
from proofs.keccak_batch import SlowBatch, choose, keccak256_many, keccak256_rows, one_by_one
from proofs.keccak_lanes import digest_all
from proofs.refusals import NotBytes, WrongLength

ROOT = Path(__file__).resolve().parents[2]
LENGTHS = st.one_of(st.integers(0, 40), st.integers(130, 140), st.integers(0, 1000))


def run(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=280,
    )
    return done.stdout + done.stderr


# The first batch of a process loads, or even compiles, the loop.
@settings(deadline=None)
@given(st.lists(LENGTHS, max_size=40), st.randoms(use_true_random=False))
def test_a_batch_is_hashed_as_its_messages_are(lengths: list[int], random: object) -> None:
    messages = [random.randbytes(length) for length in lengths]  # type: ignore[attr-defined]
    expected = [keccak256(message) for message in messages]
    assert keccak256_many(messages) == expected


def test_the_compiled_loop_is_the_one_in_use() -> None:
    assert keccak_batch._chosen() is digest_all


def test_one_long_message_beside_short_ones() -> None:
    messages = [bytes(100_000), *[b"short"] * 30, bytes(50_000)]
    assert keccak256_many(messages) == [keccak256(message) for message in messages]


def test_parts_of_the_data_may_be_left_out() -> None:
    data = np.arange(200, dtype=np.uint8)
    rows = keccak256_rows(data, np.array([3, 10, 10, 199]))
    raw = data.tobytes()
    assert [row.tobytes() for row in rows] == [
        keccak256(part) for part in (raw[3:10], b"", raw[10:199])
    ]


@pytest.mark.parametrize("offsets", [[], [-1, 2], [0, 3, 2], [0, 201], [5, 201, 5], [[0, 1]]])
def test_offsets_that_leave_the_data_are_refused(offsets: list[int]) -> None:
    """The loop itself looks at no bounds: what is outside would be read from foreign memory."""
    with pytest.raises(WrongLength):
        keccak256_rows(np.zeros(200, np.uint8), np.array(offsets, np.int64))


def test_what_is_no_bytes_is_refused() -> None:
    with pytest.raises(NotBytes):
        keccak256_many([b"", "text"])  # type: ignore[list-item]
    assert keccak256_many([]) == []


def test_a_loop_that_errs_or_does_not_load_is_replaced_with_a_warning() -> None:
    def wrong(data, offsets, first, end, out) -> None:  # type: ignore[no-untyped-def]
        one_by_one(data, offsets, first, end, out)
        if end > first:
            out[end - 1, 3] ^= np.uint64(1)

    def past_the_end(data, offsets, first, end, out) -> None:  # type: ignore[no-untyped-def]
        one_by_one(data, offsets, first, min(end + 1, len(out)), out)

    def missing() -> keccak_batch.Kernel:
        raise ImportError("No module named 'numba'")

    for load, says in (
        (lambda: wrong, "other digests"),
        (lambda: past_the_end, "other digests"),
        (missing, "numba"),
    ):
        with pytest.warns(SlowBatch, match=says):
            assert choose(load) is one_by_one  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert choose(lambda: digest_all) is digest_all


def test_on_a_machine_of_the_other_byte_order_all_goes_the_plain_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (keccak_batch, getproof_batch, receipts_batch):
        monkeypatch.setattr(module, "sys", SimpleNamespace(byteorder="big"))
    with pytest.warns(SlowBatch, match="little-endian"):
        assert choose(keccak_batch._lanes) is one_by_one
    for batch in (getproof_batch, receipts_batch):
        with pytest.warns(SlowBatch, match="little-endian"):
            assert batch.loops.__wrapped__() is None


def test_without_numba_batches_are_hashed_all_the_same() -> None:
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "from proofs.keccak_batch import keccak256_many as many\n"
        "from proofs.keccak import keccak256 as one\n"
        "assert many([b'a', b'b']) == [one(b'a'), one(b'b')]"
    )
    assert "SlowBatch: Batches of keccak are hashed one by one" in run(code)


@pytest.mark.parametrize(
    ("machine", "features", "lanes", "registers"),
    [("x86-64", "", 2, set()), ("x86-64-v3", "+avx,+avx2", 4, {"ymm"})],
)
def test_a_machine_without_wide_vectors_computes_the_same(
    machine: str, features: str, lanes: int, registers: set[str], tmp_path: Path
) -> None:
    """SSE2 and AVX2: no instruction of this machine is demanded, and its registers are filled."""
    import platform

    if platform.machine() not in {"x86_64", "AMD64"}:
        pytest.skip("These are names of x86 machines.")
    code = (
        "from proofs import keccak_batch, keccak_lanes\n"
        "assert keccak_batch._chosen() is keccak_lanes.digest_all\n"
        "made = ''.join(keccak_lanes.digest_all.inspect_asm().values())\n"
        "print(keccak_lanes.LANES, *[name for name in ('ymm', 'zmm') if name in made])"
    )
    seen = run(
        code,
        NUMBA_CPU_NAME=machine,
        NUMBA_CPU_FEATURES=features,
        NUMBA_CACHE_DIR=str(tmp_path),
    )
    assert seen.split() == [str(lanes), *registers]


def test_the_core_loads_neither_numba_nor_numpy_before_a_batch() -> None:
    """Web processes and workers that hash no batch do not pay for it."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sorted((ROOT / "proofs").rglob("*.py"))
        if not path.stem.endswith(("_batch", "_lanes", "columns")) and "kernels" not in path.parts
    ]
    code = (
        "import sys, importlib\n"
        f"for name in {['tocsin.settings', *names]}: importlib.import_module(name)\n"
        "assert not {'numba', 'numpy', 'llvmlite'} & set(sys.modules), 'loaded'"
    )
    run(code)
