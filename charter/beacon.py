"""What `[chains.KEY.beacon]` says once its `${NAME}` references are filled in."""

import re
from collections.abc import Iterator, Mapping

from charter import references
from charter.errors import CharterError, Problem
from charter.venue import BeaconEntry

_ROOT = re.compile(r"0x[0-9a-fA-F]{64}")


def root(text: str, environ: Mapping[str, str], *, key: str) -> bytes:
    """The 32 bytes of a root as written. Raises CharterError, which names what `key` refers to."""
    filled = _filled(text, environ, key)
    if not _ROOT.fullmatch(filled):
        raise CharterError("venue.toml", [Problem(key, _wrong(text, "no root"), _ROOT_INSTEAD)])
    return bytes.fromhex(filled[2:])


def seconds(value: int | str, environ: Mapping[str, str], *, key: str) -> int:
    """A time in seconds since 1970 UTC, as written: a number or a reference to one.

    Raises CharterError.
    """
    filled = value if isinstance(value, int) else _filled(value, environ, key)
    number = int(filled) if isinstance(filled, int) or _is_number(filled) else -1
    if not 0 <= number < 2**63:
        raise CharterError(
            "venue.toml",
            [
                Problem(
                    key,
                    _wrong(str(value), "no time"),
                    "Write the seconds since 1970, or ${NAME} of a variable that holds them.",
                )
            ],
        )
    return number


def problems(place: str, entry: BeaconEntry, environ: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong with the values of an entry of the right shape, endpoints left out."""
    checks = [(root, entry.checkpoint, f"{place}.checkpoint")]
    if entry.network is not None:
        where = f"{place}.network"
        written = entry.network.genesis_validators_root
        checks.append((root, written, f"{where}.genesis_validators_root"))
        try:
            seconds(entry.network.genesis_time, environ, key=f"{where}.genesis_time")
        except CharterError as error:
            yield from error.problems
    for check, text, key in checks:
        try:
            check(text, environ, key=key)
        except CharterError as error:
            yield from error.problems


_ROOT_INSTEAD = "Write 0x and 64 hex digits, or ${NAME} of a variable that holds them."


def _filled(text: str, environ: Mapping[str, str], key: str) -> str:
    if references.malformed(text):
        raise CharterError(
            "venue.toml",
            [
                Problem(
                    key,
                    "a $ stands in it that is no reference.",
                    "Refer to an environment variable as ${NAME}, in braces.",
                )
            ],
        )
    return references.expand(text, environ, key=key)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20


def _wrong(text: str, what: str) -> str:
    variables = references.names(text)
    after = f" once {' and '.join(variables)} is filled in" if variables else ""
    return f"it is {what}{after}."
