"""What the running installation has written down about itself.

`make run` records its database, ports and keys in `run.json` of the data directory, so that
`manage.py` and other processes started by hand reach the same installation. A variable that is
set in the environment always wins.
"""

import json
import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent


def data_dir() -> Path:
    """Folder of everything this installation keeps: TOCSIN_DATA_DIR, or `.data` in the checkout."""
    return Path(os.environ.get("TOCSIN_DATA_DIR") or BASE_DIR / ".data").resolve()


def load() -> None:
    """Take over the variables of `run.json` that the environment does not set itself."""
    try:
        recorded = json.loads((data_dir() / "run.json").read_text())
    except FileNotFoundError:
        return
    for name, value in recorded["env"].items():
        os.environ.setdefault(name, value)
