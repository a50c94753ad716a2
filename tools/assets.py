"""Copies the browser's share of the npm packages to `static/vendor/`, which git ignores.

A few named files, not a bundle: htmx, keccak for the in-page re-check of hashes, and three variable
fonts in their Latin cuts with a style sheet that names them. Standard library only: it runs before
anything is installed.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAMP = ".stamp"
SCRIPTS = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    # Says to node that these are modules: static/js/verifier/ runs there as well.
    "@noble/hashes/package.json": "noble-hashes/package.json",
    "@noble/hashes/sha3.js": "noble-hashes/sha3.js",
    "@noble/hashes/_u64.js": "noble-hashes/_u64.js",
    "@noble/hashes/utils.js": "noble-hashes/utils.js",
}
FONTS = ("inter", "jetbrains-mono", "source-serif-4")
SUBSETS = ("latin-ext", "latin")
SHEETS = ("wght.css", "wght-italic.css")
_FACE = re.compile(r"/\* (?P<cut>[\w-]+) \*/\s*(?P<face>@font-face \{.*?\n\})", re.DOTALL)
_SOURCE = re.compile(r"url\(\./files/(?P<file>[\w-]+\.woff2)\)")


class AssetMissing(RuntimeError):
    """A package does not have the file we serve from it: its version and this list disagree."""


def copy_assets(root: Path = ROOT) -> bool:
    """Bring `static/vendor/` up to date; True when something was copied. Raises AssetMissing."""
    modules, vendor = root / "node_modules", root / "static" / "vendor"
    wanted = hashlib.sha256(
        (root / "package-lock.json").read_bytes() + Path(__file__).read_bytes()
    ).hexdigest()
    stamp = vendor / STAMP
    if stamp.exists() and stamp.read_text() == wanted:
        return False
    fresh = vendor.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for source, target in SCRIPTS.items():
        _copy(modules / source, fresh / target)
    for package in sorted({_package(source) for source in SCRIPTS}):
        _copy(modules / package / "LICENSE", fresh / "licences" / f"{package.strip('@')}.txt")
    faces = [face for font in FONTS for face in _font(modules, font, fresh)]
    (fresh / "fonts" / "fonts.css").write_text("\n".join(faces) + "\n")
    (fresh / STAMP).write_text(wanted)
    shutil.rmtree(vendor, ignore_errors=True)
    fresh.rename(vendor)
    return True


def _package(source: str) -> str:
    parts = source.split("/")
    return "/".join(parts[:2]) if source.startswith("@") else parts[0]


def _font(modules: Path, font: str, fresh: Path) -> list[str]:
    """Copy the Latin cuts of one font; returns their @font-face rules, upright before italic."""
    package = modules / "@fontsource-variable" / font
    _copy(package / "LICENSE", fresh / "licences" / f"{font}.txt")
    rules = []
    for sheet in SHEETS:
        style = "italic" if "italic" in sheet else "normal"
        cuts = {f"{font}-{subset}-wght-{style}" for subset in SUBSETS}
        found = {
            match["cut"]: match["face"]
            for match in _FACE.finditer(_read(package / sheet))
            if match["cut"] in cuts
        }
        if found.keys() != cuts:
            raise AssetMissing(f"{package / sheet} lacks {', '.join(sorted(cuts - found.keys()))}.")
        for rule in found.values():
            for source in _SOURCE.finditer(rule):
                _copy(package / "files" / source["file"], fresh / "fonts" / source["file"])
            rules.append(_SOURCE.sub(r"url(\g<file>)", rule))
    return rules


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise AssetMissing(f"{path} is missing: run `make run` or `make test` again.") from error


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError as error:
        raise AssetMissing(
            f"{source} is missing: the versions in package.json and tools/assets.py disagree."
        ) from error
