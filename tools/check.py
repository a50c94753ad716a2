"""`make check`: everything that can be said about the project without running its tests.

Runs all parts even when one fails, so that one look shows all there is to mend.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


def steps(fix: bool) -> dict[str, list[str]]:
    """Name and command of each part, in order."""
    python = sys.executable
    ruff = str(BIN / "ruff")
    return {
        "style": [ruff, "check", "--quiet", *(["--fix"] if fix else []), "."],
        "format": [ruff, "format", "--quiet", *([] if fix else ["--check"]), "."],
        "types": [str(BIN / "mypy"), "--no-error-summary"],
        "floors": [str(BIN / "lint-imports"), "--no-logo"],
        "new migrations": [python, "manage.py", "makemigrations", "--check", "--dry-run"],
        "reversible migrations": [python, "-m", "tools.migrations"],
        "promises": [python, "-m", "tools.promises"],
        "hygiene": [python, "-m", "tools.hygiene"],
    }


def main(arguments: list[str]) -> int:
    """Run every part; 1 when any failed."""
    failed = []
    with tempfile.TemporaryDirectory(prefix="tocsin-check-") as data:
        for name, command in steps(fix="--fix" in arguments).items():
            begun = time.monotonic()
            done = subprocess.run(
                command,
                cwd=ROOT,
                env={**os.environ, "TOCSIN_DATA_DIR": data},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            took = time.monotonic() - begun
            print(f"{'ok  ' if done.returncode == 0 else 'FAIL'} {name} ({took:.1f} s)", flush=True)
            if done.returncode:
                failed.append(name)
                print(done.stdout.rstrip(), flush=True)
    if failed:
        print(f"\nTo mend: {', '.join(failed)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
