"""Mutants that nobody can tell from the original, listed by hand, each with its reason.

[[equivalent]]
file = "proofs/chain/trie.py"
text = "raise NotRlp(…)"     # its line, without the spaces before it
reason = "Why no input tells them apart, in a sentence."
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from .site import Site

PATH = "tools/mutating/equivalent.toml"


class Equivalents:
    """The list: by file and text of a line."""

    def __init__(self, lines: Iterable[tuple[str, str]]) -> None:
        self._lines = frozenset(lines)

    def __contains__(self, site: Site) -> bool:
        return (site.file, site.text) in self._lines

    def needless(self, killed: Iterable[Site], tried: Iterable[Site] | None) -> Iterator[str]:
        """Entries whose mutant was killed; with all sites that were tried also those of no site."""
        wrong = {(site.file, site.text) for site in killed}
        known = self._lines if tried is None else {(site.file, site.text) for site in tried}
        for line in sorted(self._lines):
            if line in wrong or line not in known:
                yield f"{line[0]}: {line[1]}"


def read(root: Path) -> Equivalents:
    """The list of a tree; none if it has no such file. Raises KeyError for an entry without a
    reason."""
    path = root / PATH
    entries = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    given = entries.get("equivalent", [])
    assert all(entry["reason"] for entry in given), f"{PATH}: an entry has no reason"
    return Equivalents((entry["file"], entry["text"]) for entry in given)
