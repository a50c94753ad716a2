"""100 Groth16 proofs on BN254 with four public inputs, beside py_ecc and snarkjs.

Ours begins at the 256 bytes of each proof: parsed, every point checked for range, curve and
subgroup, then verified. py_ecc, the same code on the reference, takes its pairings from Python.
snarkjs is given decoded JSON and checks in its WebAssembly. All is processor time of one process,
since other work on the machine moves the wall clock.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from bench import circuit, npm_peer
from bench.stage import Stage, show
from proofs.curves import bn254_arkworks, bn254_py_ecc
from proofs.curves.groth16 import Verifier
from proofs.refusals import InvalidProof
from tools.node import NodeError, find_node

PROOFS, INPUTS = 100, 4
REPEATS = 7
AT_LEAST_FASTER_THAN_PY_ECC = 200
AT_LEAST_FASTER_THAN_SNARKJS = 10
PATIENCE_SECONDS = 1_800


def run(stage: Stage) -> bool:
    """Print the table; whether every way took the valid proofs, and ours named the false ones."""
    key, items = circuit.made(PROOFS, INPUTS)
    encoded = [(circuit.as_bytes(proof), inputs) for proof, inputs in items]
    ours = Verifier(key, backend=bn254_arkworks.load())
    reference = Verifier(key, backend=bn254_py_ecc.load())
    right: list[bool] = []

    def batch(bad: frozenset[int]) -> Callable[[], object]:
        given = [
            (proof, [inputs[0] ^ 1, *inputs[1:]] if place in bad else inputs)
            for place, (proof, inputs) in enumerate(encoded)
        ]

        def act() -> object:
            found = ours.verify_batch(given, os.urandom)
            blamed = {place for place, each in enumerate(found) if isinstance(each, InvalidProof)}
            right.append(blamed == bad)
            return None

        return act

    def one_by_one() -> None:
        for proof, inputs in encoded:
            ours.verify(proof, inputs)

    seconds = {
        "ours, in a batch": _median(batch(frozenset())) / PROOFS,
        "ours, one by one": _median(one_by_one) / PROOFS,
        "ours, in a batch with one false": _median(batch(frozenset({37}))) / PROOFS,
        "ours, in a batch of false ones": _median(batch(frozenset(range(PROOFS)))) / PROOFS,
        "py_ecc": _median(lambda: reference.verify(*encoded[0]), repeats=3),
    }
    peer = _snarkjs(stage, key, items)
    if peer is not None:
        held, taken = peer
        right.append(held)
        seconds["snarkjs 0.7.6"] = taken
    best = seconds["ours, in a batch"]
    show(
        f"{PROOFS} proofs with {INPUTS} public inputs, processor time of each proof",
        ("", "ms", "× ours in a batch"),
        [(name, f"{1000 * each:.3f}", f"{each / best:.1f}") for name, each in seconds.items()],
    )
    reached = seconds["py_ecc"] / best >= AT_LEAST_FASTER_THAN_PY_ECC
    if peer is not None:
        reached &= seconds["snarkjs 0.7.6"] / best >= AT_LEAST_FASTER_THAN_SNARKJS
    if not reached:
        print("The aims are not reached.")
    return all(right)


def _median(act: Callable[[], object], repeats: int = REPEATS) -> float:
    times = []
    for _ in range(repeats):
        began = time.process_time()
        act()
        times.append(time.process_time() - began)
    return statistics.median(times)


def _snarkjs(
    stage: Stage, key: circuit.VerifyingKey, items: list[circuit.Item]
) -> tuple[bool, float] | None:
    """Whether all held, and seconds of processor time of each; None where it cannot be had."""
    try:
        home = npm_peer.installed("snarkjs")
        node = str(find_node().node)
    except NodeError as error:
        print(f"snarkjs is left out: {error}", file=sys.stderr)
        return None
    request = stage.folder / "groth16.json"
    rows = [[circuit.proof_of_snarkjs(proof), circuit.decimals(inputs)] for proof, inputs in items]
    given = {"key": circuit.key_of_snarkjs(key), "items": rows, "repeats": 1}
    request.write_text(json.dumps(given))
    done = subprocess.run(
        [node, "verify.js", str(request)],
        cwd=home,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )
    answer = json.loads(done.stdout)
    return answer["held"] == len(items), answer["cpu"] / 1e6
