"""`python -m lab endpoint …` on a lab that runs: what it says, what it does, what it refuses."""

import http.client
import stat
import urllib.error

import pytest
from lab_process import LabProcess, rpc

pytestmark = [pytest.mark.node, pytest.mark.slow]


def said(lab: LabProcess, *arguments: str) -> str:
    done = lab.run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_endpoints_suffer_and_heal_from_the_command_line(lab_process: LabProcess) -> None:
    lab_process.start("--no-life")
    url = lab_process.file()["gateway"]["url"]
    head = ("eth_getBlockByNumber", ["latest", False])

    told = said(lab_process, "endpoint", "lie", "l2-b")
    assert "l2-b lies: votes have three times their weight" in told
    assert "python -m lab endpoint heal l2-b" in told
    said(lab_process, "endpoint", "lie", "l2-b", "--how", "wrong-hash", "--seed", "5")
    honest, forged = (rpc(f"{url}/l2-{letter}", head)["result"] for letter in "ab")
    assert honest["hash"] != forged["hash"]
    said(lab_process, "endpoint", "stale", "l1-a", "l1-c", "--blocks", "2")
    told = said(lab_process, "status")
    assert "l2-b lies: blocks have a hash that is not theirs (rate 1, seed 5)" in told
    assert "l1-a is behind the others: always so many blocks behind (rate 1, blocks 2" in told
    assert "l1-b" not in told

    assert said(lab_process, "endpoint", "heal", "l2-b") == "l2-b is well again.\n"
    assert rpc(f"{url}/l2-b", ("eth_chainId", []))["result"] == hex(901)
    verbs = ("slow", "truncate", "rate-limit", "wrong-chain", "invent", "refuse", "flap")
    for verb in verbs:
        said(lab_process, "endpoint", verb, "l2-b")
    assert len(lab_process.status()["suffering"]["l2-b"]) == len(verbs)
    with pytest.raises((http.client.HTTPException, urllib.error.URLError)):
        rpc(f"{url}/l2-b", ("eth_chainId", []))
    healed = said(lab_process, "endpoint", "heal").splitlines()
    assert sorted(healed) == [f"{name} is well again." for name in ("l1-a", "l1-c", "l2-b")]
    assert said(lab_process, "endpoint", "heal") == "Nothing was wrong.\n"
    assert rpc(f"{url}/l2-b", head)["result"]["number"]


def test_what_cannot_be_done_is_said_and_the_token_is_the_owners(lab_process: LabProcess) -> None:
    assert "No lab is running" in lab_process.run("endpoint", "lie", "l2-b").stderr
    lab_process.start("--no-life")
    unknown = lab_process.run("endpoint", "refuse", "l3-a")
    assert unknown.returncode == 1
    assert "choose among l1-a, l1-b, l1-c, l2-a" in unknown.stderr
    for wrong in (["lie", "l2-b", "--how", "x"], ["slow", "l2-b", "--rate", "2"], ["refuse"]):
        assert lab_process.run("endpoint", *wrong).returncode == 2
    assert lab_process.status()["suffering"] == {}

    file = lab_process.folder / "lab.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    token = lab_process.file()["gateway"]["token"]
    assert len(token) >= 32
    assert token not in str(lab_process.status())
    file.write_text(file.read_text().replace(token, "another"))
    refused = lab_process.run("endpoint", "refuse", "l2-a")
    assert refused.returncode == 1
    assert "not the token" in refused.stderr
    assert lab_process.status()["suffering"] == {}
