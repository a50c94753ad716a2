"""The long chaos run: episode after episode, each compared with a run that nobody disturbed.

    python -m chaos --seed 7 --minutes 60 [--broker filesystem|redis|rabbitmq]

Prints each event with its time; ends with the verdict and writes a report (JSON). Exit code 1 when
a digest differs, an outbox entry was never handed over, or an installation does not come to rest.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import platform
import shutil
import signal
import subprocess
import sys
import time
import traceback
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaos import disturbances, episode, ground, house, workshop
from chaos.processes import ROOT

BROKERS = ("filesystem", "redis", "rabbitmq")
HISTORY = 150
EPISODE_SECONDS = 60.0


def main() -> int:
    """Run until the time is over; 0 when every episode ended equal."""
    parser = argparse.ArgumentParser(
        prog="python -m chaos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--broker", choices=[*BROKERS, "any"], default="any")
    parser.add_argument("--chains", default="l2,l1", help="l2, or l2,l1 (default)")
    parser.add_argument("--report", type=Path, help="file of the report (default: in .data)")
    parser.add_argument("--keep", action="store_true", help="keep logs of episodes that failed")
    options = parser.parse_args()
    report = options.report or ROOT / ".data" / f"chaos-{options.seed}.json"
    report.parent.mkdir(parents=True, exist_ok=True)
    run = Run(options.seed, options.minutes, options.broker, options.chains.split(","))
    try:
        run.go(keep=options.keep)
    finally:
        run.write(report)
    return run.verdict(report)


class Run:
    """A long run and its account."""

    def __init__(self, seed: int, minutes: float, broker: str, chains: list[str]) -> None:
        self.seed = seed
        self.minutes = minutes
        self.broker = broker
        self.chains = chains
        self.began = time.monotonic()
        self.events: list[tuple[float, str]] = []
        self.reached: set[str] = set()
        self.episodes: list[dict[str, Any]] = []
        self.account: dict[str, Any] = {
            "seed": seed,
            "minutes": minutes,
            "command": f"make chaos ARGS='--seed {seed} --minutes {minutes:g}'",
            "commit": _commit(),
            "began": datetime.now(UTC).isoformat(timespec="seconds"),
            "python": platform.python_version(),
        }

    def say(self, words: str) -> None:
        """Print and remember what happened now."""
        at = time.monotonic() - self.began
        self.events.append((round(at, 1), words))
        print(f"{at:8.1f}  {words}", flush=True)

    def go(self, *, keep: bool) -> None:
        """Play episodes until the time is over."""
        self.say(f"seed {self.seed}, commit {self.account['commit']}")
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(workshop.folder(keep=keep))
            cellar = stack.enter_context(house.cellar(folder))
            self.account["small_disk"] = cellar.small
            grounds = [
                stack.enter_context(ground.start(name, self.seed, HISTORY)) for name in self.chains
            ]
            number = 0
            while time.monotonic() - self.began < self.minutes * 60 or not self.episodes:
                number += 1
                self._episode(number, folder, cellar, grounds)

    def _episode(
        self, number: int, folder: Path, cellar: house.Cellar, grounds: list[ground.Ground]
    ) -> None:
        broker = BROKERS[number % len(BROKERS)] if self.broker == "any" else self.broker
        if broker == "rabbitmq" and shutil.which("rabbitmqctl") is None:
            broker = "redis"
        if broker == "redis" and shutil.which("redis-server") is None:
            broker = "filesystem"
        name = f"episode-{number}"
        self.say(f"{name} on {broker}")
        found: dict[str, Any] = {"name": name, "broker": broker}
        try:
            outcome = episode.run(
                name,
                folder,
                cellar,
                grounds,
                disturbances.plan(f"{self.seed} {number}", EPISODE_SECONDS),
                seconds=EPISODE_SECONDS,
                broker=broker,
                say=self.say,
            )
        except Exception as error:
            found["failed"] = f"{type(error).__name__}: {error}"
            self.say(f"{name} FAILED: {''.join(traceback.format_exception(error))}")
        else:
            self.reached |= outcome.reached
            found |= {
                "digest": outcome.digest,
                "rows": outcome.rows,
                "outbox": outcome.entries,
                "settled_seconds": round(outcome.settled_seconds, 1),
                "fired": sorted(outcome.fired),
            }
            self.say(
                f"{name} equal: {outcome.digest}, {outcome.rows} rows, "
                f"{outcome.entries} outbox entries heard"
            )
        self.episodes.append(found)

    @property
    def failed(self) -> list[dict[str, Any]]:
        """Episodes that did not end equal."""
        return [one for one in self.episodes if "failed" in one]

    def write(self, path: Path) -> None:
        """Write the account, whatever has happened."""
        whole = {
            **self.account,
            "seconds": round(time.monotonic() - self.began),
            "verdict": "failed" if self.failed or not self.episodes else "equal",
            "episodes": self.episodes,
            "points_reached": sorted(self.reached),
            "points_not_reached": sorted(set(disturbances.points()) - self.reached),
            "events": self.events,
        }
        path.write_text(json.dumps(whole, indent=1) + "\n")

    def verdict(self, path: Path) -> int:
        """Say how it ended; the exit code."""
        print(f"\nseed {self.seed}, commit {self.account['commit']}, report {path}")
        for one in self.episodes:
            print(f"{one['name']:12} {one['broker']:10} {one.get('digest', 'FAILED')}")
        if self.failed or not self.episodes:
            print(f"{len(self.failed)} of {len(self.episodes)} episodes FAILED.", file=sys.stderr)
            return 1
        print(f"All {len(self.episodes)} episodes ended equal to an undisturbed run.")
        return 0


def _commit() -> str:
    words = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    warnings.simplefilter("ignore", ResourceWarning)
    # An end from outside is one, too: what was started must be ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    raise SystemExit(main())
