"""Neutralise refusals in turn, and name those that no test misses.

python -m tools.mutating                          all of them
python -m tools.mutating proofs/chain/rlp.py      those of a file or of a folder
python -m tools.mutating --sample 50 --seed 7     some of them
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import session, tree
from .equivalent import PATH, Equivalents, read
from .site import Fate, Site

ROOT = Path(__file__).resolve().parents[2]
TESTS = ["tests/proofs"]
_LEFT_OUT = "not slow and not browser and not node"


def main(arguments: list[str], root: Path = ROOT) -> int:
    """1 when a mutant survives or a test fails without one, 2 when not all could be tried."""
    asked = _asked(arguments)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tocsin-mutate-") as folder:
        copied = Path(folder) / "tree"
        tree.copy(root, copied)
        sites = [site for site in tree.mutate(copied) if _is_asked(site, asked.paths)]
        if not sites:
            print(f"Nothing is refused in {' '.join(asked.paths)}.")
            return 2
        if asked.sample:
            draw = random.Random(asked.seed)  # noqa: S311 - a draw that can be made again
            sites = sorted(draw.sample(sites, min(asked.sample, len(sites))))
        print(f"{len(sites)} refusals. First the tests run without a mutant.", flush=True)
        equivalents = read(root)
        fates: dict[Site, Fate] = {}
        failing = 0
        by_number = {site.number: site for site in sites}
        for line in _lines(root, copied, sites, asked):
            if "number" not in line:
                failing += "failed" in line
                print(_told(line), flush=True)
                continue
            site = by_number[line["number"]]
            fates[site] = Fate(line["fate"])
            if fates[site] is not Fate.KILLED and site not in equivalents:
                print(f"  {_named(site)}: {fates[site]} {line['test']}".rstrip(), flush=True)
            if len(fates) % 50 == 0:
                print(f"  {len(fates)} of {len(sites)}", flush=True)
    if len(fates) < len(sites):
        return 2
    whole = not (asked.sample or asked.paths)
    found = _concluded(fates, equivalents, whole=whole, took=time.monotonic() - begun)
    return 1 if found or failing else 0


def _asked(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutate", description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", help="files or folders to stay within")
    parser.add_argument("--sample", type=int, help="try only so many, drawn by the seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tests", nargs="+", default=TESTS, help="the tests that may see it")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument("--patience", type=float, default=30, help="seconds before one is hung")
    return parser.parse_args(arguments)


def _is_asked(site: Site, paths: list[str]) -> bool:
    wanted = [path.rstrip("/") for path in paths]
    return not wanted or any(
        site.file == path or site.file.startswith(f"{path}/") for path in wanted
    )


def _lines(
    root: Path, copied: Path, sites: list[Site], asked: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """What the session in the copy tells, line by line; its own words when it breaks off."""
    plan, report, words = (copied.parent / name for name in ("plan", "report", "words"))
    plan.write_text(json.dumps(sites))
    report.touch()
    command = [sys.executable, "-m", "pytest", "-p", "tools.mutating.session", "-m", _LEFT_OUT]
    command += ["-p", "no:randomly", "-o", "timeout=0", "--capture=no", "-q", *asked.tests]
    environment = {
        "TOCSIN_VECTORS": str(root.parent / "shared" / "vectors"),
        **os.environ,
        session.PLAN: str(plan),
        session.REPORT: str(report),
        session.JOBS: str(asked.jobs),
        session.PATIENCE: str(asked.patience),
        "TMPDIR": str(copied.parent),
        "NUMBA_BOUNDSCHECK": "1",
    }
    with words.open("w") as out, report.open() as told:
        running = subprocess.Popen(
            command, cwd=copied, env=environment, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            while True:
                ended = running.poll() is not None
                for line in told:
                    yield json.loads(line)
                if ended:
                    break
                time.sleep(0.2)
        finally:
            running.send_signal(signal.SIGINT)
            running.wait()
    if running.returncode:
        print(words.read_text(), end="", flush=True)


def _told(line: dict[str, Any]) -> str:
    if "failed" in line:
        return f"Left out, since it fails without a mutant: {line['failed']}"
    return f"{line['tests']} tests took {line['seconds']} s. Now each refusal is neutralised."


def _concluded(
    fates: dict[Site, Fate], equivalents: Equivalents, *, whole: bool, took: float
) -> bool:
    alive = {site for site, fate in fates.items() if fate.alive}
    survivors = sorted(site for site in alive if site not in equivalents)
    needless = list(equivalents.needless(fates.keys() - alive, fates if whole else None))
    counts = Counter(fates.values())
    parts = [f"{counts[fate]} {fate}" for fate in Fate if counts[fate]]
    print(f"\n{len(fates)} refusals in {took:.0f} s: {', '.join(parts)}.")
    for entry in needless:
        print(f"{PATH}: killed, or not there: {entry}")
    if survivors:
        print(f"\nSurvivors, {len(survivors)}: no test fails without")
        for site in survivors:
            print(f"  {_named(site)}: {fates[site]}: {site.text}")
    else:
        listed = f" but {len(alive)} listed as equivalent" if alive else ""
        print(f"Survivors: none{listed}.")
    return bool(survivors or needless)


def _named(site: Site) -> str:
    return f"{site.file}:{site.line}"


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
