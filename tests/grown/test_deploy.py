"""The files of `deploy/` say what the Procfile and the documentation say."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from deployment import ROOT
from honcho.environ import parse_procfile

DEPLOY = ROOT / "deploy"
LINES = dict(parse_procfile((ROOT / "Procfile").read_text()).processes)
NAMES = sorted(set(LINES) - {"lab"})
# The part of the format of compose files that ours needs: compose-spec, 2025.
SERVICE_KEYS = {
    *("image", "build", "command", "environment", "env_file", "volumes", "ports", "secrets"),
    *("depends_on", "healthcheck", "restart", "stop_grace_period", "hostname"),
}


def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def words(line: str) -> list[str]:
    """The words of a command as a process gets them, its variables by name."""
    bare = re.sub(r"\$\{(\w+)(?::-[^}]*)?\}", r"$\1", line.replace('"', ""))
    return bare.split()


@pytest.mark.parametrize("name", NAMES)
def test_a_unit_of_systemd_runs_its_line_of_the_procfile(name: str) -> None:
    unit = (DEPLOY / "systemd" / f"tocsin-{name}.service").read_text()
    [command] = re.findall(r"^ExecStart=/opt/tocsin/\.venv/bin/(.*)$", unit, re.MULTILINE)
    assert words(command.replace("%%", "%")) == words(LINES[name])
    [seconds] = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert int(seconds) > 15


@pytest.mark.parametrize("name", NAMES)
def test_a_service_of_compose_runs_its_line_of_the_procfile(name: str) -> None:
    shell, flag, command = compose()["services"][name]["command"]
    assert (shell, flag) == ("sh", "-c")
    assert words(command.replace("$$", "$")) == ["exec", *words(LINES[name])]


def test_the_compose_file_has_the_shape_that_compose_reads() -> None:
    """Keys that are known, and names that lead somewhere. Docker itself has not read it here."""
    found = compose()
    assert {key for key in found if not key.startswith("x-")} == {
        *("name", "services", "secrets", "volumes"),
    }
    services = found["services"]
    for name, service in services.items():
        assert set(service) <= SERVICE_KEYS, name
        assert {"image", "restart"} <= set(service), name
        for other, how in service.get("depends_on", {}).items():
            assert other in services
            healthy = how["condition"] == "service_healthy"
            assert healthy == ("healthcheck" in services[other]), (name, other)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source.startswith("./") or source in found["volumes"], volume
        assert set(service.get("secrets", [])) <= set(found["secrets"])
        if "build" in service:
            context = (DEPLOY / service["build"]["context"]).resolve()
            assert (context / service["build"]["dockerfile"]).is_file()
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), "only the TLS proxy reaches the pages"


def test_every_variable_of_the_example_is_explained() -> None:
    """In the table of the documentation, unless it is one that venue.toml would refer to."""
    example = (DEPLOY / "environment.example").read_text()
    named = re.findall(r"^(\w+)=", example, re.MULTILINE)
    explained = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/operations.md").read_text(), re.M)
    assert [name for name in named if not name.endswith(("URL_A", "URL_B"))]
    for name in named:
        assert name in explained or re.fullmatch(r"L[12]_URL_[AB]", name), name


def test_the_project_asks_for_the_python_that_the_image_has() -> None:
    [version] = re.findall(r"^FROM python:(3\.\d+)-", (DEPLOY / "Dockerfile").read_text(), re.M)
    wanted = tomllib.loads(Path(ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    lower, upper = (int(minor) for minor in re.findall(r"3\.(\d+)", wanted))
    assert lower <= int(version.split(".")[1]) < upper
