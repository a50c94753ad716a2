"""Guessing what was meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def close(written: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` when a known word is close to the written one, else nothing."""
    matches = get_close_matches(written, list(known), n=1, cutoff=0.6)
    return f" Did you mean {matches[0]!r}?" if matches else ""
