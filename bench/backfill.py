"""Backfill of `VoteCast` logs to votes and tallies, beside the bare transfer of the same bodies.

The raw transfer fetches the very logs that backfill fetches and does nothing with them: once for
one operator; for two operators both bodies, one after the other, each over a connection of its own.
Backfill goes all the way: checks, headers, journal, votes, tallies, what is told to readers. With
two operators each body is fetched twice and compared.
"""

from __future__ import annotations

import statistics
import sys

from bench import votes
from bench.stage import Stage, show, timed
from bench.votes import Scene
from bench.worker import Report, crew
from lab.anvil import Anvil

RAW_REPEATS = 5
RAW_LOGS = 10_000
REPEATS = 3
OPERATORS = {1: "one operator", 2: "two operators compared"}
CREWS = (1, 2, 4)
# Enough blocks for sixteen shares, as many as a range is cut into.
SHARED_PER_BLOCK = 100
MEMORY_LIMIT = 300


def run(stage: Stage) -> bool:
    """One worker, beside the raw transfer; whether all was counted."""
    logs = stage.votes
    right = True
    with stage.node() as node:
        scene = cast(node, logs)
        floor, size = raw(node.rpc.url, scene)
        both, _ = raw(node.rpc.url, scene, bodies=2)
        rows = [
            _row(f"raw transfer of one body ({size / 1e6:.0f} MB)", floor, logs, floor, both),
            _row("raw transfer of both bodies", both, logs, floor, both),
        ]
        for operators in OPERATORS:
            runs = []
            for _ in range(REPEATS):
                reports, counted = tocsin(stage, node.rpc.url, scene, operators=operators)
                right = right and counted == logs
                runs.append(reports[0])
            middle = sorted(runs)[len(runs) // 2]
            words = f"Tocsin, {OPERATORS[operators]}"
            rows.append(_row(words, middle.seconds, logs, floor, both, middle))
    show(
        f"Backfill of {logs:,} votes in {scene.last - scene.first + 1} blocks by one worker; "
        f"medians of {RAW_REPEATS} and {REPEATS}",
        _HEADER,
        rows,
    )
    return right


def workers(stage: Stage) -> bool:
    """Several workers at once on the same ranges."""
    logs = stage.votes
    right, first, rows = True, 0.0, []
    with stage.node() as node:
        scene = cast(node, logs, SHARED_PER_BLOCK)
        floor, _ = raw(node.rpc.url, scene)
        for number in CREWS:
            reports, counted = tocsin(stage, node.rpc.url, scene, number=number)
            right = right and counted == logs
            seconds = max(report.seconds for report in reports)
            first = first or seconds
            shares = ", ".join(f"{report.logs / logs:.0%}" for report in reports)
            busy = sum(report.busy for report in reports) / logs * 1e6
            rows.append(
                (f"{number}", f"{seconds:.2f}", f"{first / seconds:.2f}", f"{busy:.1f}", shares)
            )
    show(
        f"Backfill of {logs:,} votes in {scene.last - scene.first + 1} blocks, two operators "
        f"compared (raw transfer {floor:.2f} s)",
        ("workers", "seconds", "speed-up", "their processor time, µs/log", "who read how much"),
        rows,
    )
    return right


def scale(stage: Stage) -> bool:
    """Cost per log and memory of a worker from 10,000 logs to a million (with --long)."""
    right, rows = True, []
    for logs in (10_000, 100_000, *((1_000_000,) if stage.long else ())):
        with stage.node() as node:
            scene = cast(node, logs)
            floor, _ = raw(node.rpc.url, scene)
            both, _ = raw(node.rpc.url, scene, bodies=2)
            (report,), counted = tocsin(stage, node.rpc.url, scene)
        right = right and counted == logs and report.memory < MEMORY_LIMIT
        rows.append(_row(f"{logs:,} logs", report.seconds, logs, floor, both, report))
    show(
        "Backfill by one worker, two operators compared",
        _HEADER,
        rows,
    )
    return right


def raw(url: str, scene: Scene, *, bodies: int = 1) -> tuple[float, int]:
    """Median seconds of the bare transfer of all logs so many times, and how many bytes they
    are."""
    from bench import ways

    windows = max(scene.votes // RAW_LOGS, 1)
    runs = [
        timed(lambda: sum(ways.transfer(url, scene, windows) for _ in range(bodies)))
        for _ in range(RAW_REPEATS)
    ]
    return statistics.median(seconds for seconds, _ in runs), runs[0][1]


def tocsin(
    stage: Stage, url: str, scene: Scene, *, operators: int = 2, number: int = 1
) -> tuple[list[Report], int]:
    """Backfill by so many workers into a fresh database; their reports, and votes counted."""
    from bench import ways

    with stage.database("backfill"):
        chain = ways.charter(url, scene, operators)
        ways.follow_and_plan(chain)
        reports = crew(chain.key, number)
        tally = ways.tally()
        if tally != ways.tally_of_rows():
            print(f"The tally {tally} is not that of its rows.", file=sys.stderr)
            return reports, -1
        return reports, tally.votes


def cast(node: Anvil, logs: int, per_block: int = votes.PER_BLOCK) -> Scene:
    """So many votes on a node, announced."""
    print(f"Casting {logs:,} votes on a node of its own …", flush=True)
    return votes.cast(node, logs, per_block)


_HEADER = (
    *("", "seconds", "µs/log", "× one body", "× both bodies"),
    *("worker's processor, µs/log", "worker's memory, MB"),
)


def _row(
    what: str, seconds: float, logs: int, floor: float, both: float, report: Report | None = None
) -> tuple[str, ...]:
    own = (f"{report.busy / logs * 1e6:.1f}", f"{report.memory:.0f}") if report else ("", "")
    ratios = (f"{seconds / floor:.1f}", f"{seconds / both:.1f}")
    return (what, f"{seconds:.2f}", f"{seconds / logs * 1e6:.1f}", *ratios, *own)
