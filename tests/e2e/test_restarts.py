"""Stopping, being cut off, and starting again: with its data, quickly, and in words."""

import re
import socket
from pathlib import Path

import pytest
from running_venue import Venue, started, until


def known_proposals(venue: Venue) -> dict[str, str]:
    """Titles of all proposals made so far, by key."""
    page = venue.api("proposals/")
    return {proposal["key"]: proposal["title"] for proposal in page["results"]}


def blocks_seen(venue: Venue) -> dict[str, int]:
    heads = {chain["key"]: chain["head"] for chain in venue.api("chains/")["results"]}
    return {key: head["block_number"] if head else 0 for key, head in heads.items()}


def follows(venue: Venue, before: dict[str, int]) -> bool:
    """Whether every chain went on past where it was."""
    return all(blocks_seen(venue)[key] > number for key, number in before.items())


@pytest.mark.timeout(420)
def test_a_venue_goes_on_with_its_data_after_ctrl_c_and_after_a_crash(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with started(data) as first:
        first.wait_until_open()
        until(lambda: len(known_proposals(first)) >= 5, 120, first.tail)
        until(lambda: first.get("/readyz")[0] == 200, 60, first.tail)
        proposals, heads = known_proposals(first), blocks_seen(first)
        lab = first.environment["TOCSIN_LAB_URL"]

        assert first.interrupt() == 0, first.tail()
        assert first.processes() == []
        assert "Traceback" not in first.said(), first.tail(200)

    with started(data, first.port) as second:
        took = second.wait_until_open()
        print(f"\nsecond start after Ctrl-C: {took:.1f} s")
        assert known_proposals(second).items() >= proposals.items()
        until(lambda: follows(second, heads), 60, second.tail)
        assert second.environment["TOCSIN_LAB_URL"] == lab
        heads, proposals = blocks_seen(second), known_proposals(second)

        second.kill()

    with started(data, first.port) as third:
        took = third.wait_until_open()
        print(f"start after everything was killed: {took:.1f} s")
        assert known_proposals(third).items() >= proposals.items()
        until(lambda: follows(third, heads), 60, third.tail)
        until(lambda: third.get("/readyz")[0] == 200, 60, third.tail)
        assert not unfit_chains(third), "a restart is no reorganisation across a finalized block"
        assert third.interrupt() == 0, third.tail()
        assert third.processes() == []


def unfit_chains(venue: Venue) -> list[str]:
    """Chains that are not followed any more, with the reason."""
    return [f"{c['key']}: {c['halted']}" for c in venue.api("chains/")["results"] if c["halted"]]


def test_a_port_in_use_is_told_with_the_command_that_avoids_it(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with started(tmp_path / "data", port) as run:
            assert run.process.wait(30) == 1
            assert re.search(rf"Port {port} cannot be used: .*make run PORT={port + 1}", run.said())
            assert run.processes() == []


def test_a_second_run_on_the_same_data_is_refused_and_harms_nothing(venue: Venue) -> None:
    second = venue.python("-m", "tools.run")
    assert second.returncode == 1
    assert "Another run already uses" in second.stderr
    assert f"http://localhost:{venue.port}/" in second.stderr
    assert venue.get("/healthz")[0] == 200
