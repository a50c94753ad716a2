"""An update of a light client with its committee's keys at hand, beside blst and py_ecc.

The same signature of 502 out of 512 members for all. *blst alone* sums the keys that signed, hashes
the message, reads the signature and checks two pairings, and does nothing else; it is called
through the same functions as ours. Our update begins at the SSZ bytes and ends at what the new
store certifies. py_ecc's own FastAggregateVerify decompresses and checks every key each time: it
has no other way; the row before it is what its pairing and hashing take without that.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

from py_ecc.bls import G2ProofOfPossession as PyEcc

from bench.beacon import FORK, Scene, scene
from bench.stage import Stage, show
from proofs.chain.beacon_network import MAINNET
from proofs.curves import bls, bls_arkworks, bls_blst, bls_py_ecc
from proofs.curves.bls_backend import CIPHERSUITE, GENERATOR, Backend, Point
from proofs.refusals import BatchRefused
from proofs.statements.light_client import process_update
from proofs.statements.light_client_data import form
from proofs.statements.light_client_store import Committees, certifies

ABSENT = 10
REPEATS = 51
BATCH = 100
AT_LEAST_FASTER_THAN_PY_ECC = 500
AT_MOST_TIMES_BLST = 2


def run(stage: Stage) -> bool:
    """Print the tables, and whether the aims are reached; whether every way accepted the update."""
    given = scene(ABSENT)
    blst, arkworks = bls_blst.load(), bls_arkworks.load()
    floor, finality, full, second = _medians(
        _alone(given, blst),
        _update(given, blst, full=False),
        _update(given, blst, full=True),
        _update(given, arkworks, full=False),
    )
    (cold,) = _medians(lambda: bls.Committee(given.keys, blst), repeats=5)
    verdicts: list[bool] = []
    (cached,) = _medians(_alone(given, bls_py_ecc.load()), repeats=1)
    (named,) = _medians(lambda: verdicts.append(_by_py_ecc(given)), repeats=1)
    rows = [
        ("blst alone, keys decompressed", floor),
        ("ours, finality update", finality),
        ("ours, update with the next committee", full),
        ("ours on arkworks, finality update", second),
        ("what decompressing the keys costs once a committee", cold),
        ("py_ecc alone, keys decompressed", cached),
        ("py_ecc FastAggregateVerify", named),
    ]
    show(
        f"One update signed by {len(given.keys)} of 512",
        ("processor time", "ms", "× blst", "times faster than py_ecc"),
        [
            (name, f"{1000 * each:.3f}", f"{each / floor:.2f}", f"{named / each:,.0f}")
            for name, each in rows
        ],
    )
    _show_batch(blst)
    reached = named / full >= AT_LEAST_FASTER_THAN_PY_ECC and full / floor <= AT_MOST_TIMES_BLST
    if not reached:
        print("The aims are not reached.")
    return all(verdicts)


def _by_py_ecc(given: Scene) -> bool:
    verify: Callable[[list[bytes], bytes, bytes], bool] = PyEcc.FastAggregateVerify  # type: ignore[assignment]
    return verify(given.keys, given.message, given.signature)


def _medians(*acts: Callable[[], object], repeats: int = REPEATS) -> list[float]:
    """Seconds of processor time of each act, in turns, so that the load of the machine meets all
    alike. Everything that is measured here computes in one thread."""
    found: list[list[float]] = [[] for _ in acts]
    for _ in range(repeats):
        for act, times in zip(acts, found, strict=True):
            began = time.process_time()
            act()
            times.append(time.process_time() - began)
    return [statistics.median(times) for times in found]


def _update(given: Scene, curve: Backend, *, full: bool, kept: bool = True) -> Callable[[], object]:
    """From the bytes of an update to the certified block."""
    schemas = form(FORK, MAINNET.committee_size)
    schema, data = (
        (schemas.update, given.full) if full else (schemas.finality_update, given.finality)
    )
    committees = Committees(curve)
    committees.keys(given.store.current_committee)

    def act() -> object:
        update = schema.read(data)
        store = process_update(
            given.store, update, current_slot=update.signature_slot, committees=committees
        )
        return certifies(store)

    return act


def _alone(given: Scene, curve: Backend) -> Callable[[], object]:
    """Nothing but the curve's part of FastAggregateVerify, on keys that are points already."""
    points: Sequence[Point] = [curve.g1(key) for key in given.keys]
    minus = curve.g1_negated(curve.g1(GENERATOR))

    def act() -> object:
        signed, total = curve.g2(given.signature), curve.g1_sum(points)
        hashed = curve.hash_to_g2(given.message, CIPHERSUITE)
        if not curve.pairings_cancel([(minus, signed), (total, hashed)]):
            raise AssertionError("A right signature was refused.")
        return None

    return act


def _show_batch(curve: Backend) -> None:
    """100 signatures over 100 messages: one by one, together, and with bad ones."""
    claims = []
    for secret in range(1, BATCH + 1):
        message = b"%032d" % secret
        key = bls.Key(curve.g1_times(curve.g1(GENERATOR), secret), curve)
        signature = curve.g2_times(curve.hash_to_g2(message, CIPHERSUITE), secret)
        claims.append(bls.Claim(key, message, curve.g2_bytes(signature)))
    all_bad = [bls.Claim(each.key, b"another", each.signature) for each in claims]

    def blame(batch: Sequence[bls.Claim], bad: set[int]) -> None:
        try:
            bls.check_batch(batch)
        except BatchRefused as refused:
            if set(refused.refusals) == bad:
                return
        raise AssertionError("The batch did not name the bad ones, and no other.")

    def one_by_one() -> None:
        for claim in claims:
            bls.check(claim)

    ways: dict[str, Callable[[], object]] = {
        "in batch": lambda: bls.check_batch(claims),
        "one by one": one_by_one,
        "in batch, one bad": lambda: blame([*claims[:-1], all_bad[-1]], {BATCH - 1}),
        "in batch, all bad": lambda: blame(all_bad, set(range(BATCH))),
    }
    times = _medians(*ways.values(), repeats=9)
    show(
        f"{BATCH} signatures over as many messages",
        ("processor time", "ms a signature", "× in batch"),
        [
            (name, f"{1000 * each / BATCH:.3f}", f"{each / times[0]:.2f}")
            for name, each in zip(ways, times, strict=True)
        ],
    )
