"""`make lock`: pins every Python and npm package again, with hashes and without addresses."""

import json
import subprocess
import sys
from pathlib import Path

from tools.node import NodeError, find_node

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).parent / "uv"
NODE = "requirements-node.txt"
COMPILE = [
    *(str(UV), "pip", "compile", "--quiet", "--universal", "--generate-hashes"),
    *("--no-emit-index-url", "--no-header"),
]


def lock_python(upgrade: bool) -> None:
    """Compile the three requirement files; the developers' is held to the versions of the first."""
    newest = ["--upgrade"] if upgrade else []
    run = ["pyproject.toml", "-o", "requirements.txt"]
    dev = ["pyproject.toml", "--extra", "dev", "-c", "requirements.txt"]
    for arguments in (run, [*dev, "-o", "requirements-dev.txt"], ["--group", "node", "-o", NODE]):
        subprocess.run([*COMPILE, *newest, *arguments], cwd=ROOT, check=True)


def lock_npm() -> None:
    """Resolve the exact pins of package.json and drop the addresses npm records."""
    node = find_node()
    subprocess.run(
        [*node.npm, "install", "--package-lock-only", "--ignore-scripts", "--no-audit"],
        cwd=ROOT,
        env=node.environment(),
        check=True,
    )
    path = ROOT / "package-lock.json"
    lock = json.loads(path.read_text())
    for entry in lock["packages"].values():
        entry.pop("resolved", None)
    path.write_text(json.dumps(lock, indent=2) + "\n")


def main(arguments: list[str]) -> int:
    """Pin; `--upgrade` takes the newest versions that pyproject.toml allows."""
    try:
        lock_python(upgrade="--upgrade" in arguments)
        lock_npm()
    except (NodeError, subprocess.CalledProcessError) as error:
        print(f"Nothing more was pinned: {error}", file=sys.stderr)
        return 1
    print("Pinned. Look at `git diff --stat`, then run `make check` and `make test`.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
