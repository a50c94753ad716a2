"""What a reorganisation of 64 blocks costs, beside how many votes the proposal has in all.

Each measured step is one that following takes: one transaction under the lease in which the old
branch is unfolded and marked, the new one is journalled with logs and receipts and folded, states
are brought up to the head, and readers are told. The new branch holds the same votes in other
blocks, as a chain's usually does; the tally must be the same afterwards, to the unit.
"""

from __future__ import annotations

import statistics
from typing import Any

from bench.branches import DEPTH, Branches
from bench.stage import Stage, show, timed

SIZES = (1_000, 10_000, 100_000)
LONG_SIZE = 1_000_000
ORPHANED = (0, 1_000, 10_000)
REPEATS = 3


def run(stage: Stage) -> bool:
    """Print the table; whether every tally came out as it was."""
    sizes = (*SIZES, LONG_SIZE) if stage.long else SIZES
    rows, right = [], True
    for size in sizes:
        with stage.database("reorgs"):
            seconds, same = _measure(size)
        right = right and same
        rows.append((f"{size:,}", *(f"{taken:.3f}" for taken in seconds)))
    show(
        f"Seconds of a reorg of {DEPTH} blocks, median of {REPEATS}",
        ("votes in the proposal before", *(f"{count:,} votes orphaned" for count in ORPHANED)),
        rows,
    )
    return right


def _measure(size: int) -> tuple[list[float], bool]:
    from bench import grown
    from chainsync import coverage, following
    from chainsync.models import ChainStatus
    from governance.models import Proposal, Vote
    from ledger import leases

    scene = grown.grow(size)
    chain = scene.chain
    contracts = coverage.read_contracts(chain)
    held = leases.take(following.lease_name(chain.key), leases.new_owner(), 3600)
    assert held is not None
    branch = Branches(scene.head, grown.proposal_id(size))
    seconds, right = [], True
    for count in ORPHANED:
        taken = []
        for attempt in range(REPEATS + 1):
            step = branch.step(count, fork=scene.head if attempt or count != ORPHANED[0] else None)
            head = ChainStatus.objects.get(chain=chain).head_hash
            spent, _ = timed(lambda: _advance(held, chain, head, contracts, step))  # noqa: B023
            # The first of a kind only lays down what the next ones take back.
            if attempt:
                taken.append(spent)
        found = Proposal.objects.get()
        expected = branch.tally(size, count)
        got = (found.against_votes, found.for_votes, found.abstain_votes)
        right = right and got == expected and Vote.objects.count() == size + count
        if got != expected:
            print(f"The tally is {got}, not {expected}.")
        seconds.append(statistics.median(taken))
    leases.release(held)
    return seconds, right


def _advance(held: Any, chain: Any, head: str | None, contracts: Any, step: Any) -> None:
    from chainsync import advancing

    advancing.advance(held, chain, head, contracts, step)
