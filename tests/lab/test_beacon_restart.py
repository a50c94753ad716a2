"""A whole lab's beacon chain: known before it runs, obedient, and the same after a stop."""

import time
from pathlib import Path

import pytest
from beacon_client import Client
from lab_process import LabProcess

from lab.beacon.archive import FILE
from proofs.statements.light_client_store import Certified, certifies
from tools.run import read_lab

pytestmark = [pytest.mark.node, pytest.mark.slow]


def client_of(lab: LabProcess, record: bytes = b"") -> Client:
    file = lab.file()
    made = Client(f"{file['gateway']['url']}/l1-beacon", file["beacon"]["checkpoint"], record)
    assert made.network.genesis_time == file["beacon"]["genesis_time"]
    root = "0x" + made.network.genesis_validators_root.hex()
    assert root == file["beacon"]["genesis_validators_root"]
    return made


def until_past(client: Client, number: int) -> Certified:
    """Follow until a block after this one is certified."""
    deadline = time.monotonic() + 120
    while (found := client.follow()).block_number <= number:
        assert time.monotonic() < deadline, found
        time.sleep(1)
    return found


def test_the_same_store_goes_on_after_a_stop_and_a_loss(lab_process: LabProcess) -> None:
    assert lab_process.run("prepare").returncode == 0
    before = lab_process.file()["beacon"]
    lab_process.start("--no-life")
    assert lab_process.file()["beacon"] == before
    client = client_of(lab_process)
    assert not client.get("/eth/v1/node/syncing")["data"]["is_syncing"]
    first = client.follow()
    final = client.get("/eth/v1/beacon/headers/finalized")["data"]["root"]
    lab_process.kill()

    lab_process.start("--no-life")
    assert lab_process.file()["beacon"] == before
    again = client_of(lab_process, client.record)
    assert again.get(f"/eth/v1/beacon/headers/{final}")["data"]["canonical"]
    assert certifies(again.store) == first
    second = until_past(again, first.block_number)
    lab_process.kill()

    # Without the stored chain it is made anew of what the node has, with the same committees.
    (lab_process.folder / FILE).unlink()
    lab_process.start("--no-life")
    last = client_of(lab_process, again.record)
    until_past(last, second.block_number)


def test_the_command_line_makes_it_go_wrong_and_well_again(lab_process: LabProcess) -> None:
    assert "No lab is running" in lab_process.run("beacon", "stall").stderr
    lab_process.start("--no-life")
    assert lab_process.run("beacon", "participation", "101").returncode == 2
    said = lab_process.run("beacon", "participation", "60").stdout
    assert "19 of 32 members sign from the next block on: too few for light clients." in said
    assert "python -m lab beacon heal" in said
    assert lab_process.run("beacon", "forge", "--how", "signature").returncode == 0
    assert lab_process.run("beacon", "stall").returncode == 0
    twice = lab_process.run("beacon", "stall")
    assert twice.returncode == 1
    assert "already" in twice.stderr
    status = lab_process.run("status").stdout
    assert "l1-beacon has 60 % of the committee signing (19 of 32)" in status
    assert "l1-beacon has no updates since slot" in status
    assert "l1-beacon forges updates: the signature is by keys" in status
    assert lab_process.run("beacon", "heal").stdout == "The beacon chain is well again.\n"
    assert lab_process.status()["suffering"] == {}


def test_the_product_is_told_what_a_light_client_begins_with(
    lab_process: LabProcess, tmp_path: Path
) -> None:
    assert lab_process.run("prepare").returncode == 0
    beacon = lab_process.file()["beacon"]
    assert read_lab(tmp_path).beacon == {
        "TOCSIN_LAB_BEACON_GENESIS_TIME": str(beacon["genesis_time"]),
        "TOCSIN_LAB_BEACON_VALIDATORS_ROOT": beacon["genesis_validators_root"],
        "TOCSIN_LAB_BEACON_CHECKPOINT": beacon["checkpoint"],
    }
