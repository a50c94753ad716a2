"""Processes are kept alive while wanted, and gone when not."""

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pretended_venue as venue
import pytest

from tools import supervisor


@contextmanager
def supervised(
    folder: Path, commands: dict[str, str], **options: frozenset[str]
) -> Iterator[tuple[supervisor.Supervisor, io.StringIO]]:
    """Run a supervisor in a thread, and stop it at the end."""
    output = io.StringIO()
    keeper = supervisor.Supervisor(
        commands,
        mark=str(folder),
        environment={"PATH": "/usr/bin:/bin"},
        cwd=folder,
        output=output,
        **options,
    )
    thread = threading.Thread(target=keeper.run)
    thread.start()
    try:
        yield keeper, output
    finally:
        keeper.stop()
        thread.join(20)
        assert not thread.is_alive()
        assert list(supervisor.marked(str(folder))) == []


def test_a_process_that_dies_is_named_and_started_again(tmp_path: Path) -> None:
    (tmp_path / "flaky.sh").write_text("echo once more >> seen; sleep 300 & exit 7\n")
    with supervised(tmp_path, {"flaky": "sh flaky.sh", "steady": "sleep 300"}) as (_, output):
        seen = tmp_path / "seen"
        venue.wait_until(lambda: seen.exists() and len(seen.read_text().splitlines()) == 3)
        said = output.getvalue()
        assert "flaky ended with exit code 7" in said
        assert "Starting it again in 1 s." in said
        assert "Starting it again in 2 s." in said
        assert "steady ended" not in said
        # The orphan of each death is gone before the next start: steady and at most one sleeper.
        assert len(list(supervisor.marked(str(tmp_path), "flaky"))) <= 2


def test_what_does_not_listen_is_killed_with_its_grandchildren(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.5)
    monkeypatch.setattr(supervisor, "KILL_SECONDS", 1.0)
    (tmp_path / "deaf.sh").write_text(
        "trap '' TERM\nsetsid sleep 300 &\nwhile :; do sleep 1; done\n"
    )
    with supervised(tmp_path, {"deaf": "sh deaf.sh"}) as (keeper, output):
        venue.wait_until(lambda: len(list(supervisor.marked(str(tmp_path)))) >= 3)
        keeper.stop()
        venue.wait_until(lambda: not list(supervisor.marked(str(tmp_path))), 10)
    assert "deaf did not end in time and is killed." in output.getvalue()


def test_what_others_stand_on_ends_last(tmp_path: Path) -> None:
    for name, pause in (("base", 0), ("user", 0.5)):
        (tmp_path / f"{name}.sh").write_text(
            f"trap 'sleep {pause}; echo {name} >> order; exit 0' TERM\n"
            "touch ready.$$\nwhile :; do sleep 0.1; done\n"
        )
    with supervised(
        tmp_path, {"base": "sh base.sh", "user": "sh user.sh"}, foundation=frozenset({"base"})
    ):
        venue.wait_until(lambda: len(list(tmp_path.glob("ready.*"))) == 2)
    assert (tmp_path / "order").read_text().split() == ["user", "base"]


def test_lines_carry_the_name_of_their_process(tmp_path: Path) -> None:
    with supervised(tmp_path, {"one": "sh -c 'echo héllo; sleep 300'", "second": "sleep 300"}) as (
        _,
        output,
    ):
        venue.wait_until(lambda: "one    | héllo" in output.getvalue())


def test_a_reader_that_goes_away_ends_the_run(tmp_path: Path) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    keeper = supervisor.Supervisor(
        {"talker": "sh -c 'while :; do echo hello; sleep 0.1; done'"},
        mark=str(tmp_path),
        environment={"PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
        output=Closed(),
    )
    begun = time.monotonic()
    keeper.run()
    assert time.monotonic() - begun < 8
    assert list(supervisor.marked(str(tmp_path))) == []


def test_endings_are_put_in_words() -> None:
    assert supervisor.how_it_ended(3) == "ended with exit code 3"
    assert supervisor.how_it_ended(-9) == "was ended by SIGKILL"
    assert supervisor.how_it_ended(-200) == "was ended by signal 200"
