"""`${NAME}` in the charter: values that stay in the environment because they may be secret."""

import re
from collections.abc import Mapping

from charter.errors import CharterError, Problem

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def names(text: str) -> list[str]:
    """Variables that the text refers to, in order, each once."""
    return list(dict.fromkeys(_REFERENCE.findall(text)))


def malformed(text: str) -> bool:
    """Whether a `$` stands in the text that is no part of a `${NAME}`."""
    return "$" in _REFERENCE.sub("", text)


def missing(text: str, environ: Mapping[str, str]) -> list[str]:
    """Variables of the text that are unset or empty."""
    return [name for name in names(text) if not environ.get(name)]


def expand(text: str, environ: Mapping[str, str], *, key: str) -> str:
    """The text with its references replaced. Raises CharterError naming unset variables."""
    if unset := missing(text, environ):
        raise CharterError("The environment", [unset_problem(key, unset)])
    return _REFERENCE.sub(lambda match: environ[match[1]], text)


def unset_problem(key: str, unset: list[str]) -> Problem:
    """What to say when variables that `key` refers to are not set."""
    variables = " and ".join(unset)
    are = "is" if len(unset) == 1 else "are"
    return Problem(
        key,
        f"it refers to {variables}, which {are} not set.",
        f"Set {variables} in the environment of every process, then load the charter again.",
    )
