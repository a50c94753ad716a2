"""A whole lab as a process: it lives, obeys its command line, and survives stops and crashes."""

import contextlib
import os
import signal
import time
import urllib.error

import pytest
from lab_process import LabProcess, rpc

from lab.anvil import ProcessRecord

pytestmark = [pytest.mark.node, pytest.mark.slow]

VOTE_CAST = "0xb8e138887d0aa13bab447e82de9d5c1777041ecd21ca36ba824ff1e6c07ddda4"


def records(lab: LabProcess) -> list[ProcessRecord]:
    return [ProcessRecord(row["pid"], row["port"]) for row in lab.file()["nodes"].values()]


def votes(lab: LabProcess, chain: str, since: int) -> int:
    key = "governor" if chain == "l2" else "bridge_governor"
    address = lab.file()["contracts"][chain][key]["address"]
    asked = {"address": address, "fromBlock": hex(since), "topics": [VOTE_CAST]}
    answer = rpc(f"{lab.file()['gateway']['url']}/{chain}-a", ("eth_getLogs", [asked]))
    return len(answer.get("result", ()))  # a block that is not there yet is answered by an error


def test_life_begins_soon_on_both_chains(lab_process: LabProcess) -> None:
    status = lab_process.start()
    heads = {name: chain["head"] for name, chain in status["chains"].items()}
    deadline = time.monotonic() + 60
    while not all(votes(lab_process, chain, heads[chain] + 1) for chain in heads):
        assert time.monotonic() < deadline, lab_process.log.read_text()
        time.sleep(1)
    now = lab_process.status()["chains"]
    assert all(now[chain]["head"] > heads[chain] for chain in heads)
    assert now["l2"]["finalized"] < now["l2"]["safe"] < now["l2"]["head"]


def test_a_stopped_lab_goes_on_where_it_was(lab_process: LabProcess) -> None:
    first = lab_process.start("--no-life")
    assert lab_process.run("proposal", "create", "--title", "Kept").returncode == 0
    nodes = records(lab_process)
    head = lab_process.status()["chains"]["l2"]["head"]
    assert lab_process.kill(signal.SIGINT) < 3
    assert lab_process.process is not None
    assert lab_process.process.returncode == 0
    assert not any(node.is_running() for node in nodes)
    began = time.monotonic()
    second = lab_process.start("--no-life")
    assert time.monotonic() - began < 20
    assert second["id"] == first["id"]
    # Whatever was stored before the start cannot be undone any more.
    assert second["chains"]["l2"]["finalized"] >= head
    done = lab_process.run("proposal", "create", "--title", "Kept")
    assert done.returncode == 0, done.stderr


def test_a_killed_lab_goes_on_and_ends_its_old_nodes(lab_process: LabProcess) -> None:
    first = lab_process.start("--no-life")
    nodes = records(lab_process)
    head = lab_process.status()["chains"]["l1"]["head"]
    lab_process.kill(signal.SIGKILL)
    assert all(node.is_running() for node in nodes)
    second = lab_process.start("--no-life")
    assert not any(node.is_running() for node in nodes)
    assert second["id"] == first["id"]
    assert second["chains"]["l1"]["head"] >= head


def test_an_unreadable_chain_begins_a_new_lab_and_says_so(lab_process: LabProcess) -> None:
    first = lab_process.start("--no-life")
    lab_process.kill()
    for name in ("l2.dump", "l2.dump.previous"):
        with contextlib.suppress(FileNotFoundError):
            (lab_process.folder / name).write_bytes(b"half")
    second = lab_process.start("--no-life")
    assert second["id"] != first["id"]
    said = lab_process.log.read_text()
    assert "cannot be read" in said
    assert "a new lab begins: no readable dump of l2 is left" in said


def test_a_node_that_dies_is_started_again(lab_process: LabProcess) -> None:
    lab_process.start("--no-life")
    dump = lab_process.folder / "l2.dump"
    deadline = time.monotonic() + 30
    while not dump.exists():
        assert time.monotonic() < deadline
        time.sleep(0.2)
    os.kill(lab_process.file()["nodes"]["l2"]["pid"], signal.SIGKILL)
    url = f"{lab_process.file()['gateway']['url']}/l2-a"
    while True:
        assert time.monotonic() < deadline, lab_process.log.read_text()
        with contextlib.suppress(urllib.error.HTTPError):
            if "the node ended by itself" in lab_process.log.read_text():
                assert rpc(url, ("eth_chainId", []))["result"] == hex(901)
                return
        time.sleep(0.3)


def test_the_command_line_drives_a_running_lab(lab_process: LabProcess) -> None:
    assert lab_process.run("status").returncode == 1
    lab_process.start("--no-life")
    status = lab_process.run("status")
    assert status.returncode == 0
    assert "l2: chain 901" in status.stdout
    second = lab_process.run("serve")
    assert second.returncode == 1
    assert "already being served" in second.stderr
    assert "running already" in lab_process.run("prepare").stdout

    nothing_open = lab_process.run("votes", "cast", "3")
    assert nothing_open.returncode == 1
    assert "--create" in nothing_open.stderr
    cast = lab_process.run("votes", "cast", "300", "--create")
    assert cast.returncode == 0, cast.stderr
    assert "300 votes cast" in cast.stdout
    too_many = lab_process.run("votes", "cast", "100000")
    assert too_many.returncode == 1
    assert "at most" in too_many.stderr
    unknown = lab_process.run("votes", "cast", "1", "--proposal", "12")
    assert unknown.returncode == 1

    head = lab_process.status()["chains"]["l2"]["head"]
    assert "20 blocks mined" in lab_process.run("chain", "mine", "l2", "20").stdout
    assert lab_process.status()["chains"]["l2"]["head"] >= head
    reorg = lab_process.run("chain", "reorg", "l2", "5")
    assert "5 blocks of l2 replaced" in reorg.stdout
    too_deep = lab_process.run("chain", "reorg", "l2", "60")
    assert too_deep.returncode == 1
    assert "--force" in too_deep.stderr
    forced = lab_process.run("chain", "reorg", "l2", "60", "--force")
    assert forced.returncode == 0, forced.stderr

    visitor = "0x" + "ab" * 20
    funded = lab_process.run("wallet", "fund", visitor, "--votes", "1234")
    assert funded.returncode == 0, funded.stderr
    assert "voting power now 1234 VNU" in funded.stdout
    assert lab_process.run("wallet", "fund", "0x12").returncode == 1

    assert lab_process.run("node", "resume", "l2").returncode == 1
    assert lab_process.run("node", "pause", "l2").returncode == 0
    assert "paused" in lab_process.run("status").stdout
    assert lab_process.run("node", "pause", "l2").returncode == 1
    assert lab_process.kill() < 3.5, "a paused node must not hold up the end"


def test_a_stop_while_starting_leaves_no_process(lab_process: LabProcess) -> None:
    lab_process.launch("--no-life")
    deadline = time.monotonic() + 30
    while not (lab_process.folder / "lab.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.2)
    lab_process.kill(signal.SIGTERM)
    assert lab_process.process is not None
    assert lab_process.process.returncode in (0, 130)
    assert not any(node.is_running() for node in records(lab_process))
