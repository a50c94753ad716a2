"""The embedded broker with several processes: every message whole, every message once."""

import multiprocessing
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection
from kombu.exceptions import ChannelError

from tocsin import broker

PRODUCERS, CONSUMERS, EACH = 3, 3, 100


def options(folder: Path) -> dict[str, Any]:
    return {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "control_folder": str(folder / "control"),
        "polling_interval": 0.001,
    }


def produce(folder: Path, producer: int) -> None:
    broker.install()
    with Connection("filesystem://", transport_options=options(folder)) as connection:
        queue = connection.SimpleQueue("nudges")
        for number in range(EACH):
            queue.put({"producer": producer, "number": number, "ballast": "x" * 20_000})
        queue.close()


def consume(folder: Path, found: Any, enough: Any) -> None:
    broker.install()
    with Connection("filesystem://", transport_options=options(folder)) as connection:
        queue = connection.SimpleQueue("nudges")
        while not enough.is_set():
            try:
                message = queue.get(timeout=0.3)
            except Empty:
                continue
            message.ack()
            found.put((message.payload["producer"], message.payload["number"]))
        queue.close()


@pytest.mark.slow
def test_every_message_arrives_whole_and_once(tmp_path: Path) -> None:
    (tmp_path / "messages").mkdir()
    (tmp_path / "control").mkdir()
    context = multiprocessing.get_context("spawn")
    found = context.Queue()
    enough = context.Event()
    consumers = [
        context.Process(target=consume, args=(tmp_path, found, enough)) for _ in range(CONSUMERS)
    ]
    producers = [
        context.Process(target=produce, args=(tmp_path, number)) for number in range(PRODUCERS)
    ]
    for process in [*consumers, *producers]:
        process.start()
    arrived = [found.get(timeout=30) for _ in range(PRODUCERS * EACH)]
    with pytest.raises(Empty):
        found.get(timeout=0.5)
    enough.set()
    for process in [*producers, *consumers]:
        process.join(30)
        assert process.exitcode == 0
    assert sorted(arrived) == [(p, n) for p in range(PRODUCERS) for n in range(EACH)]
    assert list((tmp_path / "messages").iterdir()) == []


def test_a_disk_that_is_full_breaks_no_binding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is half written, and what an older version left half written is written anew."""
    broker.install()
    (tmp_path / "messages").mkdir()
    with Connection("filesystem://", transport_options=options(tmp_path)) as connection:
        connection.SimpleQueue("filled").put({"number": 1})
    (table,) = (tmp_path / "control").glob("*.exchange")
    whole = table.read_text()

    def full(self: Path, text: str, **_: Any) -> None:
        self.touch()
        raise OSError(28, "No space left on device")

    with Connection("filesystem://", transport_options=options(tmp_path)) as connection:
        with monkeypatch.context() as patch:
            patch.setattr(Path, "write_text", full)
            with pytest.raises(ChannelError):
                connection.SimpleQueue("more").put({"number": 2})
        assert table.read_text() == whole
        assert not list(tmp_path.rglob("*.part"))
    table.write_text("")
    broker.Transport.global_state.clear()  # As in a process that has just begun.
    with Connection("filesystem://", transport_options=options(tmp_path)) as connection:
        queue = connection.SimpleQueue("filled")
        queue.put({"number": 3})
        for number in (1, 3):
            message = queue.get(timeout=30)
            assert message.payload == {"number": number}
            message.ack()


def test_a_broker_that_was_emptied_goes_on_with_those_who_are_connected(tmp_path: Path) -> None:
    """Messages are lost, and the next one arrives: nobody has to be started again."""
    broker.install()
    (tmp_path / "messages").mkdir()
    with Connection("filesystem://", transport_options=options(tmp_path)) as connection:
        queue = connection.SimpleQueue("emptied")
        queue.put({"number": 1})
        for path in [*(tmp_path / "messages").iterdir(), *(tmp_path / "control").iterdir()]:
            path.unlink()
        queue.put({"number": 2})
        message = queue.get(timeout=30)
        assert message.payload == {"number": 2}
        message.ack()
