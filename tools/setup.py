"""Sets up what the project needs: `.venv` with its Python packages, npm packages, browser assets.

    python3 tools/setup.py [--dev]

Runs on any Python 3, with the standard library alone, and looks for one that the project supports.
A second call costs a fraction of a second; each part is redone when what pins it has changed.
`--dev` adds what `make test` and `make check` need.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.assets import AssetMissing, copy_assets  # noqa: E402
from tools.node import MINIMUM_NODE, exclusively  # noqa: E402

SUPPORTED = ((3, 11), (3, 12), (3, 13))
VENV = ROOT / ".venv"
STAMP = VENV / "tocsin-installed.json"


class SetupFailed(RuntimeError):
    """Something is missing; one line that says what and what to do."""


def main(arguments: list[str]) -> int:
    """Set up; 0 when all is there, 1 with one line on stderr otherwise."""
    if unknown := set(arguments) - {"--dev"}:
        print(f"Unknown: {' '.join(sorted(unknown))}. Use: setup.py [--dev]", file=sys.stderr)
        return 1
    try:
        # The name differs from the one that tools/node.py locks, which runs inside this one.
        with exclusively(VENV):
            set_up(dev="--dev" in arguments)
    except (SetupFailed, AssetMissing) as error:
        print(f"Tocsin cannot be set up: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def set_up(dev: bool) -> None:
    """Everything, in the order of need. Raises SetupFailed or AssetMissing."""
    python = venv_python()
    requirements("requirements-dev.txt" if dev else "requirements.txt", python)
    if not has_node():
        requirements("requirements-node.txt", python)
    code = (
        "import sys, pathlib\nfrom tools.node import NodeError, npm_install\n"
        "try:\n    npm_install(pathlib.Path.cwd())\n"
        "except NodeError as error:\n    sys.exit(str(error))"
    )
    if not (ROOT / "node_modules" / ".tocsin" / "installed").exists():
        print("Installing npm packages.", flush=True)
    done = subprocess.run(
        [str(python), "-c", code], cwd=str(ROOT), stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise SetupFailed(f"{last_line(done.stderr)} Needs the network or an npm mirror once.")
    copy_assets(ROOT)


def venv_python() -> Path:
    """The Python of `.venv`, which is made when missing or when its Python is gone or too old."""
    python = VENV / "bin" / "python"
    if python.exists() and version_of(str(python)) in SUPPORTED:
        return python
    if VENV.exists() and any(VENV.iterdir()) and not (VENV / "pyvenv.cfg").exists():
        raise SetupFailed(f"{VENV} is in the way and is no Python environment; move it elsewhere.")
    base = find_python()
    print(f"Creating {VENV} with {base}.", flush=True)
    done = subprocess.run(
        [base, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        raise SetupFailed(
            f"`{base} -m venv` failed; Python's venv module is likely missing "
            "(on Debian and Ubuntu: apt-get install python3-venv)."
        )
    return python


def find_python() -> str:
    """A Python that we support: the running one, else the newest on PATH. Raises SetupFailed."""
    if sys.version_info[:2] in SUPPORTED:
        return sys.executable
    for major, minor in reversed(SUPPORTED):
        found = shutil.which(f"python{major}.{minor}")
        if found and version_of(found) == (major, minor):
            return found
    running = ".".join(map(str, sys.version_info[:2]))
    raise SetupFailed(
        f"Python 3.11, 3.12 or 3.13 is needed and none is on PATH (this is {running}); "
        "install one and run the command again."
    )


def version_of(python: str) -> tuple[int, ...]:
    """Major and minor version of a Python; empty when it does not run."""
    done = subprocess.run(
        [python, "-c", "import sys; print(*sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=False,
    )
    return tuple(map(int, done.stdout.split())) if done.returncode == 0 else ()


def has_node() -> bool:
    """Whether the machine has a node and npm new enough to build the lab's contracts."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = done.stdout.strip().lstrip("v").split(".")[0]
    return major.isdigit() and int(major) >= MINIMUM_NODE


def requirements(name: str, python: Path) -> None:
    """Install one pinned file unless this very file was installed last. Raises SetupFailed."""
    digest = hashlib.sha256((ROOT / name).read_bytes()).hexdigest()
    installed = json.loads(STAMP.read_text()) if STAMP.exists() else {}
    if installed.get(name) == digest:
        return
    print(f"Installing Python packages of {name}; a minute or two the first time.", flush=True)
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*command, "--require-hashes", "-r", str(ROOT / name)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore"},
        check=False,
    )
    if done.returncode:
        raise SetupFailed(
            f"pip could not install {name}: {last_line(done.stderr)} "
            "Check the network or your package mirror and run the command again."
        )
    installed[name] = digest
    if name == "requirements-dev.txt":
        # It contains all of the other at the same versions; `make check` watches over that.
        runtime = (ROOT / "requirements.txt").read_bytes()
        installed["requirements.txt"] = hashlib.sha256(runtime).hexdigest()
    STAMP.write_text(json.dumps(installed))


def last_line(text: str) -> str:
    """The last line that says something, errors before all else, as a sentence."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.upper().startswith("ERROR")]
    said = (errors or lines or ["no reason was given"])[-1]
    return said.removeprefix("ERROR:").strip().rstrip(".") + "."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
