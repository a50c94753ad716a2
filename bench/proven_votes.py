"""A million votes from replies of nodes to a proven tally and rows in PostgreSQL.

Receipts against their roots, votes out of them, power and receipt of each voter by storage proofs,
the exact comparison with the totals, and the rows: by the batch paths that the product has, in two
workers, from replies that wait in files while they are measured: made by a process of its own out
of tries as large, and for fewer votes those of a real node. Beside it the floor of each part, and
what web3.py, `rlp` with `HexaryTrie` and Django's `bulk_create` take for ten thousand votes of the
same replies.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import reduce
from multiprocessing import get_context
from operator import add
from typing import NamedTuple

from bench import vote_floors, vote_stages, ways
from bench.stage import Stage, show, timed
from bench.vote_bodies import Parcel, Vote, streamed
from bench.vote_stages import (
    COLUMNS,
    COPY,
    POWERS,
    PROOFS,
    ROOTS,
    ROWS,
    Counted,
    Spent,
    megabytes,
)
from bench.vote_whole import Whole
from bench.votes import Scene

WORKERS = 2
SIZES = (10_000, 100_000, 1_000_000)
OF_NODE, LONG_OF_NODE = 10_000, 50_000
"""Votes of which a real node gives the replies: what one takes grows with all that it holds."""
AT_LEAST_FASTER, AT_MOST_MEGABYTES = 25, 1_000
TALLY = "exact tally"
STAGES = (ROOTS, COLUMNS, PROOFS, POWERS, TALLY, ROWS, COPY)


class Run(NamedTuple):
    """One vote counted: seconds that passed with two workers, what each stage took of one core,
    megabytes at most of all our processes together, and whether the tally was proven and the rows
    are those votes; `source` says who made the replies."""

    votes: int
    source: str
    passed: float
    spent: dict[str, Spent]
    megabytes: float
    right: bool

    @property
    def processor(self) -> float:
        """Seconds of processor time of all our processes; the database's are not in it."""
        return sum(one.processor for one in self.spent.values())


def run(stage: Stage) -> bool:
    """Print the tables; whether all were proven. As many as `--votes`, with --long a million."""
    most = max(SIZES) if stage.long else stage.votes
    sizes = [size for size in SIZES if size <= most] or [stage.votes]
    # In the order of their sizes: of its own memory a process only tells the most so far.
    of_node = LONG_OF_NODE if stage.long else min(OF_NODE, stage.votes)
    runs: list[Run] = []
    for size, asks in sorted([*((size, False) for size in sizes), (of_node, True)]):
        with stage.node() if asks else nullcontext() as node:
            runs.append(_run(stage, size, node.rpc.url if node else ""))
        _show_sizes(runs)
    floors, peers = vote_floors.measured(stage, sizes[0])
    last = runs[-1]
    _show_stages(last, floors)
    ours = {"passed": last.passed / last.votes, "processor": last.processor / last.votes}
    theirs = reduce(add, peers.values(), Spent(0, 0))
    least = sum(floors.values())
    rows = {
        "the floors together": (least, least),
        "ours, two workers": (ours["passed"], ours["processor"]),
        **{
            name: (one.passed / sizes[0], one.processor / sizes[0])
            for name, one in {**peers, "the conventional stack": theirs}.items()
        },
    }
    show(
        f"The whole: ours of {last.votes:,} votes, the others of {sizes[0]:,}",
        ("µs a vote", "passed", "× ours", "processor time", "× ours"),
        [
            (
                name,
                f"{passed * 1e6:.1f}",
                f"{passed / ours['passed']:.1f}",
                f"{processor * 1e6:.1f}",
                f"{processor / ours['processor']:.1f}",
            )
            for name, (passed, processor) in rows.items()
        ],
    )
    missed = []
    if peers and theirs.passed / sizes[0] < AT_LEAST_FASTER * ours["passed"]:
        missed.append(f"{AT_LEAST_FASTER} times the conventional stack")
    if last.megabytes > AT_MOST_MEGABYTES:
        missed.append(f"{AT_MOST_MEGABYTES} MB")
    if missed:
        print(f"The aim is not reached: {', '.join(missed)}.")
    return all(one.right for one in runs)


def _show_stages(last: Run, floors: dict[str, float]) -> None:
    rows = []
    for name, one in last.spent.items():
        # What COPY waits for is the server, whose processor time is not ours.
        each = (one.passed if name == COPY else one.processor) / last.votes
        floor = floors.get(name)
        rows.append(
            (
                name,
                f"{one.processor / last.votes * 1e6:.2f}",
                f"{one.passed / last.votes * 1e6:.2f}",
                f"{floor * 1e6:.2f}" if floor else "",
                f"{each / floor:.1f}" if floor else "",
            )
        )
    show(
        f"{last.votes:,} votes by stage",
        ("µs a vote", "processor time", "passed", "floor", "× the floor"),
        rows,
    )


def _show_sizes(runs: list[Run]) -> None:
    show(
        "By size",
        (
            "votes",
            "replies of",
            "seconds, two workers",
            "µs a vote",
            "processor time",
            "MB at most",
        ),
        [
            (
                f"{one.votes:,}",
                one.source,
                f"{one.passed:.1f}",
                f"{one.passed / one.votes * 1e6:.1f}",
                f"{one.processor / one.votes * 1e6:.1f}",
                f"{one.megabytes:.0f}",
            )
            for one in runs
        ],
    )


def _run(stage: Stage, votes: int, node: str = "") -> Run:
    vote, parcels = streamed(stage.folder, votes, node)
    whole, passed = Whole(votes), 0.0
    with stage.database("proven_votes"):
        ways.propose(ways.charter("http://127.0.0.1:1", Scene(1, 2, votes), operators=0))
        with ProcessPoolExecutor(
            WORKERS, mp_context=get_context("spawn"), initializer=vote_stages.set_up
        ) as pool:
            for given in parcels:
                if not whole.blocks:
                    # The first parcel of a worker loads the compiled loops.
                    _counted(pool, given[:1] * WORKERS, vote, insert=False)
                seconds, found = timed(lambda: _counted(pool, given, vote))  # noqa: B023
                passed += seconds
                for parcel, one in zip(given, found, strict=True):
                    whole.add(parcel, one)
        with whole.clock.stage(TALLY):
            proven = whole.proven(vote)
        right = proven and ways.tally() == ways.tally_of_rows() == ways.Tally(
            votes, vote.totals[0], vote.totals[1], vote.totals[2]
        )
    if not right:
        print(f"{votes:,} votes were not proven, or other rows were written.", file=sys.stderr)
    spent = {name: whole.clock.spent[name] for name in STAGES}
    most = megabytes() + sum(whole.workers.values())
    source = "anvil" if node else "tries"
    return Run(votes, source, passed + spent[TALLY].passed, spent, most, right)


def _counted(
    pool: ProcessPoolExecutor, parcels: list[Parcel], vote: Vote, *, insert: bool = True
) -> list[Counted]:
    waiting = [
        pool.submit(vote_stages.count, parcel, vote.state_root, insert) for parcel in parcels
    ]
    return [one.result() for one in waiting]
