"""The plugin of pytest that runs in the mutated copy: maps tests to sites, then tries each mutant.

Tests are collected once. Everything else happens in forked processes, so that nothing a test leaves
behind, and no code that was compiled, reaches another. What is found is written as lines of JSON to
the file named by MUTATING_REPORT; the sites to try are read from MUTATING_PLAN.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .compiled import SWITCH
from .site import KERNELS, Fate, Form, Site
from .switch import NEUTRAL, REACHED

PLAN, REPORT = "MUTATING_PLAN", "MUTATING_REPORT"
JOBS, PATIENCE = "MUTATING_JOBS", "MUTATING_PATIENCE"
# A mutant is hung when it takes so many times as long as its tests take without it, and then the
# patience; what is compiled anew gets more.
_SLOWER, _COMPILING = 5, 120
_BROKEN = 70


class Known(NamedTuple):
    """What a run of all tests without a mutant told."""

    tests: dict[int, list[int]]
    """By site, the tests that reach it, the quickest first, as positions among the items."""

    seconds: dict[int, float]


def pytest_configure(config: pytest.Config) -> None:
    """The same examples in every process, and no time spent on making failing ones smaller."""
    from hypothesis import Phase, settings

    settings.register_profile(
        "mutating",
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        report_multiple_bugs=False,
    )
    settings.load_profile("mutating")


def pytest_runtestloop(session: pytest.Session) -> bool:
    """In place of pytest's own: the run without a mutant, then all mutants."""
    if session.testsfailed:
        raise session.Interrupted("the tests could not be collected")
    rows = json.loads(Path(os.environ[PLAN]).read_text())
    sites = [Site(number, file, line, Form(form), text) for number, file, line, form, text in rows]
    report = Path(os.environ[REPORT])

    def told(**line: Any) -> None:
        with report.open("a") as file:
            file.write(json.dumps(line) + "\n")

    known = _mapped(session, told)
    told(tests=len(session.items), seconds=round(sum(known.seconds.values()), 1))
    for site, fate, test in _tried(session, sites, known):
        told(number=site.number, fate=fate, test=test)
    return True


def _mapped(session: pytest.Session, told: Callable[..., None]) -> Known:
    """Run every test once, each file in one of as many processes as there are jobs. Tests that fail
    are told, and left out from then on."""
    files: dict[Path, list[int]] = defaultdict(list)
    for at, item in enumerate(session.items):
        files[item.path].append(at)
    jobs = int(os.environ[JOBS])
    groups = [list(chain(*list(files.values())[job::jobs])) for job in range(jobs)]
    with tempfile.TemporaryDirectory() as folder:
        children = []
        for job, group in enumerate(groups):
            out, marks = Path(folder) / f"{job}.json", Path(folder) / f"{job}.reached"
            children.append(_forked(partial(_map, session, group, out, marks)))
        try:
            for child in children:
                os.waitpid(child, 0)
        except KeyboardInterrupt:
            _end(children)
            raise
        tests, seconds = defaultdict(list), {}
        for job in range(jobs):
            rows = json.loads((Path(folder) / f"{job}.json").read_text())
            for at, took, failed, reached in rows:
                if failed:
                    told(failed=session.items[at].nodeid)
                    continue
                seconds[at] = took
                for number in reached:
                    tests[number].append(at)
    for found in tests.values():
        found.sort(key=seconds.__getitem__)
    return Known(dict(tests), seconds)


def _map(session: pytest.Session, group: Sequence[int], out: Path, marks: Path) -> int:
    os.environ[REACHED] = str(marks)
    rows = []
    for at, item in enumerate(group):
        marks.write_text("")
        for switch in _switches():
            switch.reached.clear()
        begun = time.monotonic()
        failed = _failed(session, item, group[at + 1 : at + 2])
        reached = sorted(set(map(int, marks.read_text().split())))
        rows.append((item, time.monotonic() - begun, failed, reached))
        session.testsfailed = 0
    out.write_text(json.dumps(rows))
    return 0


def _tried(
    session: pytest.Session, sites: Sequence[Site], known: Known
) -> Iterator[tuple[Site, Fate, str]]:
    """What becomes of each mutant, and the test that saw it first."""
    waiting = list(reversed(sites))
    running: dict[int, Running] = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            while waiting or running:
                while waiting and len(running) < int(os.environ[JOBS]):
                    site = waiting.pop()
                    is_compiled = site.form is Form.GIVES_UP
                    tests = known.tests.get(KERNELS if is_compiled else site.number, [])
                    if not tests:
                        yield site, Fate.UNREACHED, ""
                        continue
                    bound = float(os.environ[PATIENCE]) + _SLOWER * sum(
                        known.seconds[at] for at in tests
                    )
                    bound += _COMPILING if is_compiled else 0
                    seen_by = Path(folder) / str(site.number)
                    child = _forked(partial(_mutant, session, site, tests, seen_by))
                    running[child] = Running(site, time.monotonic() + bound, seen_by)
                time.sleep(0.005)
                for child, mutant in list(running.items()):
                    if (fate := _fate(child, mutant)) is not None:
                        del running[child]
                        yield mutant.site, fate, mutant.test()
        finally:
            _end(running)


class Running(NamedTuple):
    """A mutant at work: until when it may be, and the file in which it names its test."""

    site: Site
    until: float
    seen_by: Path

    def test(self) -> str:
        return self.seen_by.read_text() if self.seen_by.exists() else ""


def _fate(child: int, mutant: Running) -> Fate | None:
    """What became of a mutant, None while it may still be at work."""
    ended, status = os.waitpid(child, os.WNOHANG)
    if not ended:
        if time.monotonic() < mutant.until:
            return None
        _end([child])
        return Fate.HUNG
    if os.WIFSIGNALED(status):
        return Fate.CRASHED
    code = os.WEXITSTATUS(status)
    assert code != _BROKEN, f"{mutant.site} could not be tried: {mutant.test()}"
    return Fate.KILLED if code else Fate.SURVIVED


def _end(children: Iterable[int]) -> None:
    """Kill processes with all that they started."""
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _mutant(session: pytest.Session, site: Site, tests: Sequence[int], out: Path) -> int:
    """Neutralise one site in this process and run tests until one fails; 1 if one does."""
    os.environ[NEUTRAL] = str(site.number)
    for switch in _switches():
        switch.neutral = site.number
    if site.form is Form.GIVES_UP:
        _recompile(site)
    for at, item in enumerate(tests):
        out.write_text(session.items[item].nodeid)
        if _failed(session, item, tests[at + 1 : at + 2]):
            return 1
    return 0


def _recompile(site: Site) -> None:
    """Let a kernel be compiled with its switch turned, and not be loaded from disk."""
    module = importlib.import_module(site.file.removesuffix(".py").replace("/", "."))
    setattr(module, SWITCH, site.number)
    package: Any = sys.modules[module.__name__.rpartition(".")[0]]
    package._SOURCES = f"mutant {site.number}"


def _failed(session: pytest.Session, item: int, following: Sequence[int]) -> bool:
    """Run one test as pytest does; the last one before the end takes all fixtures down."""
    coming = session.items[following[0]] if following else None
    test = session.items[item]
    test.config.hook.pytest_runtest_protocol(item=test, nextitem=coming)
    if session.testsfailed and coming:
        session._setupstate.teardown_exact(None)
    return session.testsfailed > 0


def _forked(work: Callable[[], int]) -> int:
    """Process id of a child, in a group of its own, that works without a word and exits with what
    the work gives."""
    child = os.fork()
    if child:
        return child
    code = _BROKEN
    try:
        os.setsid()
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        code = work()
    finally:
        os._exit(code)


def _switches() -> list[Any]:
    """The modules of switches that the tests have imported."""
    return [module for name, module in sys.modules.items() if name.endswith("._switch")]
