"""Named places at which a chaos run may have a process die or stand still.

`reached("room.what")` stands where dying would hurt most: between two writes, or between a commit
and what follows from it. It does nothing, at the price of one comparison, unless TOCSIN_CHAOS=1
and TOCSIN_FAULT_POINTS names a folder. There each place that is passed leaves a file
`reached/<name>`, and a file `armed/<name>` with the text `kill 3` lets the third passing of one
process be its last; `stop 1` has it stand still until it is woken (SIGCONT), as a process does
that was swapped out or whose machine slept. Whoever takes the fault renames the file into
`fired/`, so that of many processes one is hit, once.
"""

import os
import signal
from collections import Counter
from pathlib import Path

_folder: Path | None = None
_seen: set[str] = set()
_passed: Counter[str] = Counter()
_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


def configure() -> None:
    """Read the environment; called once at import."""
    global _folder
    named = os.environ.get("TOCSIN_FAULT_POINTS")
    _folder = Path(named) if named and os.environ.get("TOCSIN_CHAOS") == "1" else None
    _seen.clear()
    _passed.clear()


def reached(name: str) -> None:
    """Say that this process has come to the place `name`; it may not return."""
    if _folder is not None:
        _reached(_folder, name)


def _reached(folder: Path, name: str) -> None:
    if name not in _seen:
        _seen.add(name)
        (folder / "reached" / name).touch()
    armed = folder / "armed" / name
    try:
        what, _, number = armed.read_text().partition(" ")
    except FileNotFoundError:
        _passed.pop(name, None)
        return
    _passed[name] += 1
    if _passed[name] < int(number):
        return
    try:
        armed.rename(folder / "fired" / name)
    except FileNotFoundError:
        return  # Another process was hit at this moment.
    os.kill(os.getpid(), _SIGNALS[what])


configure()
