"""Keeps the processes of a Procfile alive, with their output interleaved, and ends them cleanly.

honcho starts a process and prints its lines; what it does not do is here: start a process again
that ended, with growing pauses, and leave nothing behind, grandchildren included. Every process
carries a mark in its environment, by which those of a killed run are found again.
"""

import datetime
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import psutil
from honcho.colour import get_colours
from honcho.printer import Message, Printer
from honcho.process import Popen

MARK = "TOCSIN_SUPERVISED_BY"
NAME = "TOCSIN_SUPERVISED_AS"
OWN_NAME = "tocsin"
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
"""A process that ran this long starts again after the first, shortest pause."""
STOP_SECONDS = 3.0
"""How long processes may take to end before what they stand on is asked to end, too."""
KILL_SECONDS = 10.0
"""How long everything may take to end before it is killed."""
LEFTOVER_SECONDS = 3.0
"""How long the orphans of a process that died may take to end before it is started again."""


@dataclass
class _Child:
    """One line of the Procfile and what became of it."""

    name: str
    command: str
    colour: str
    process: Popen | None = None
    asked: bool = False
    """Whether it was asked to end."""
    started: float = 0.0
    failures: int = 0
    due: float = 0.0


class Supervisor:
    """Starts, restarts and stops processes; `run` returns after `stop` was called and all ended."""

    def __init__(
        self,
        commands: Mapping[str, str],
        *,
        mark: str,
        environment: Mapping[str, str],
        cwd: Path,
        foundation: frozenset[str] = frozenset(),
        output: TextIO = sys.stdout,
    ) -> None:
        """`mark` names this run to the next one; `foundation` are those that end last."""
        colours = get_colours()
        self._children = {
            name: _Child(name, command, next(colours)) for name, command in commands.items()
        }
        self._environment = {**environment, MARK: mark}
        self._mark = mark
        self._cwd = str(cwd)
        self._foundation = foundation
        self._printer = Printer(output, width=max(map(len, [OWN_NAME, *commands])))
        self._events: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._impatient = threading.Event()
        self._unheard = False

    def say(self, text: str) -> None:
        """Print a line in the supervisor's own name; safe from any thread and signal handler."""
        self._events.put(
            Message("line", text, datetime.datetime.now().astimezone(), OWN_NAME, None)
        )

    def stop(self) -> None:
        """Ask everything to end; asked a second time, kill it."""
        if self._stopping.is_set():
            self._impatient.set()
        self._stopping.set()

    def run(self, tick: Callable[[], None] = lambda: None) -> None:
        """Keep everything running until `stop`; `tick` is called about every second meanwhile."""
        ticked = time.monotonic()
        try:
            while not self._stopping.is_set():
                self._start_due()
                self._listen(0.1)
                if time.monotonic() - ticked >= 1:
                    ticked = time.monotonic()
                    tick()
        finally:
            self._end()

    def _start_due(self) -> None:
        for child in self._children.values():
            if child.process is None and child.due <= time.monotonic():
                child.started = time.monotonic()
                child.process = Popen(
                    # Without a shell in between, a signal reaches the process itself.
                    f"exec {child.command}",
                    env={**self._environment, NAME: child.name},
                    cwd=self._cwd,
                )
                threading.Thread(
                    target=self._read, args=(child, child.process), daemon=True
                ).start()

    def _read(self, child: _Child, process: Popen) -> None:
        """Pass on the lines of one process until it and all who share its output have ended."""
        for line in iter(process.stdout.readline, b""):
            now = datetime.datetime.now().astimezone()
            self._events.put(Message("line", line, now, child.name, child.colour))
        process.stdout.close()

    def _listen(self, seconds: float) -> None:
        """Print what arrives, waiting at most so long for the first of it; then note ends."""
        with suppress(queue.Empty):
            self._print(self._events.get(timeout=seconds))
            for _ in range(1000):
                self._print(self._events.get_nowait())
        for child in self._children.values():
            if child.process is not None and child.process.poll() is not None:
                returncode, child.process = child.process.returncode, None
                if not self._stopping.is_set():
                    end_leftovers(self._mark, child.name, LEFTOVER_SECONDS)
                    self._plan_restart(child, returncode)

    def _plan_restart(self, child: _Child, returncode: int) -> None:
        lasted = time.monotonic() - child.started
        child.failures = 1 if lasted >= STEADY_SECONDS else child.failures + 1
        pause = min(FIRST_PAUSE_SECONDS * 2 ** (child.failures - 1), LONGEST_PAUSE_SECONDS)
        child.due = time.monotonic() + pause
        repeated = f", for the {child.failures}th time in a row" if child.failures > 3 else ""
        self.say(
            f"{child.name} {how_it_ended(returncode)} after {lasted:.0f} s{repeated}; "
            f"its last lines are above. Starting it again in {pause:.0f} s."
        )

    def _end(self) -> None:
        """End everything: first what serves, then what it stands on, then whatever is left."""
        begun = time.monotonic()
        everything = list(self._children.values())
        serving = [child for child in everything if child.name not in self._foundation]
        self._ask_to_end(serving, begun + STOP_SECONDS)
        self._ask_to_end(everything, begun + KILL_SECONDS)
        late = [child.name for child in everything if child.process]
        if late:
            self.say(f"{', '.join(late)} did not end in time and is killed.")
        end_leftovers(self._mark, patience_seconds=0)
        while any(child.process for child in everything):
            self._listen(0.05)
        self._listen(0.05)

    def _ask_to_end(self, children: list[_Child], deadline: float) -> None:
        """Send SIGTERM once to each and wait for them to end, at most until the deadline."""
        while any(child.process for child in children):
            if time.monotonic() > deadline or self._impatient.is_set():
                return
            for child in children:
                if child.process and not child.asked:
                    child.asked = True
                    child.process.terminate()
            self._listen(0.05)

    def _print(self, message: Message) -> None:
        if self._unheard:
            return
        try:
            self._printer.write(message)
        except BrokenPipeError:
            # Whoever read our output is gone: end, and have nothing more to say.
            self._unheard = True
            self._stopping.set()


def how_it_ended(returncode: int) -> str:
    """An exit code or signal in words."""
    if returncode >= 0:
        return f"ended with exit code {returncode}"
    try:
        return f"was ended by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"was ended by signal {-returncode}"


def marked(mark: str, name: str | None = None) -> Iterator[psutil.Process]:
    """Live processes that a run with this mark started, whoever their parent is now.

    With a name, only those that descend from that line of the Procfile.
    """
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            ours = environment.get(MARK) == mark and name in (None, environment.get(NAME))
            if ours and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                yield process
        except (psutil.Error, OSError):
            continue


def end_leftovers(mark: str, name: str | None = None, patience_seconds: float = 5.0) -> int:
    """End what a run left behind, first by asking; returns how many processes there were."""
    deadline = time.monotonic() + patience_seconds
    asked: set[psutil.Process] = set()
    while remaining := set(marked(mark, name)):
        late = time.monotonic() >= deadline
        for process in remaining if late else remaining - asked:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL if late else signal.SIGTERM)
        asked |= remaining
        time.sleep(0.1)
    return len(asked)
