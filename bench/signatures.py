"""10,000 ballots signed by their voters: from the fields of each to the address that signed it.

Ours hashes the ballots in their fixed layout and recovers in batch. *libsecp256k1 alone* is the C
library over the same digests and nothing else. eth_account is what a conventional stack calls for
each vote: general typed data, then recovery. Wall times, since threads are compared; processor time
beside them, since other work on the machine moves the wall clock.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from eth_account import Account
from eth_account.messages import encode_typed_data

from bench.stage import Stage, show
from proofs.curves import ecdsa_backend
from proofs.curves.ecdsa import recover_batch
from proofs.statements.ballots import ballot_digest, domain_separator

BALLOTS, BY_PEER = 10_000, 500
VOTERS = 200
REPEATS = 5
CHAIN, GOVERNOR = 10, b"\x60" * 20
FIELDS = [
    {"name": "proposalId", "type": "uint256"},
    {"name": "support", "type": "uint8"},
    {"name": "voter", "type": "address"},
    {"name": "nonce", "type": "uint256"},
]


def run(stage: Stage) -> bool:
    """Print the table; whether every way names every signer."""
    domain = domain_separator("Venue", "1", CHAIN, GOVERNOR)
    accounts = [Account.from_key(number.to_bytes(32, "big")) for number in range(1, VOTERS + 1)]
    addresses = [bytes.fromhex(account.address[2:]) for account in accounts]
    ballots, signatures = [], []
    for number in range(BALLOTS):
        voter = number % VOTERS
        ballot = (number, number % 3, addresses[voter], number)
        ballots.append(ballot)
        digest = ballot_digest(domain, *ballot)
        signatures.append(bytes(accounts[voter].unsafe_sign_hash(digest).signature))
    expected = [addresses[number % VOTERS] for number in range(BALLOTS)]
    digests = [ballot_digest(domain, *ballot) for ballot in ballots]
    right: list[bool] = []

    def ours(threads: int, backend: ecdsa_backend.Backend) -> Callable[[], object]:
        def act() -> object:
            hashed = [ballot_digest(domain, *ballot) for ballot in ballots]
            items = list(zip(hashed, signatures, strict=True))
            right.append(recover_batch(items, backend=backend, threads=threads) == expected)
            return None

        return act

    library = ecdsa_backend.Libsecp256k1()
    joined = b"".join(digests), b"".join(each[:64] for each in signatures)
    parities = bytes(each[64] - 27 for each in signatures)

    def peer() -> None:
        named = {"name": "Venue", "version": "1", "chainId": CHAIN}
        named["verifyingContract"] = "0x" + GOVERNOR.hex()
        for (proposal, support, voter, nonce), signature in zip(
            ballots[:BY_PEER], signatures, strict=False
        ):
            message = {
                "proposalId": proposal,
                "support": support,
                "voter": "0x" + voter.hex(),
                "nonce": nonce,
            }
            signable = encode_typed_data(named, {"Ballot": FIELDS}, message)
            found = Account.recover_message(signable, signature=signature)
            right.append(bytes.fromhex(found[2:]) == voter)

    ways = {
        "libsecp256k1 alone": (lambda: library.recover(*joined, parities), BALLOTS),
        "ours, one thread": (ours(1, library), BALLOTS),
        "ours, two threads": (ours(2, library), BALLOTS),
        "ours, by coincurve's own interface": (ours(1, ecdsa_backend.Coincurve()), BALLOTS),
        "eth_account": (peer, BY_PEER),
    }
    measured = {name: _median(act, count) for name, (act, count) in ways.items()}
    floor = measured["libsecp256k1 alone"]
    show(
        f"{BALLOTS:,} signed ballots, µs each",
        ("", "wall", "processor", "× floor, wall", "× floor, processor"),
        [
            (
                name,
                f"{wall:.1f}",
                f"{cpu:.1f}",
                f"{wall / floor[0]:.2f}",
                f"{cpu / floor[1]:.2f}",
            )
            for name, (wall, cpu) in measured.items()
        ],
    )
    return all(right)


def _median(act: Callable[[], object], count: int) -> tuple[float, float]:
    """Microseconds of wall time and of processor time for each."""
    wall, cpu = [], []
    for _ in range(REPEATS):
        began, used = time.perf_counter(), time.process_time()
        act()
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - used)
    return statistics.median(wall) / count * 1e6, statistics.median(cpu) / count * 1e6
