"""Refusals of the verifier in JavaScript, found in its text.

Each ``throw`` and each call of ``refuse`` does nothing while it is neutral, and what stands behind
it follows. That needs no parser: a ``throw`` is a statement wherever the word stands outside of
comments and texts, and a ``while`` before it takes no ``else`` away from an ``if`` around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_TOKENS = re.compile(
    r"""(?P<skipped>//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
    |(?P<throw>\bthrow\b)
    |(?P<refuse>(?<![\w.])(?:\w+\.)?refuse\()""",
    re.DOTALL | re.VERBOSE,
)
_METHOD = re.compile(r"\s*refuse\([\w, ]*\) \{")


def neutralised(text: str, number: Callable[[int], int], switch: str) -> str:
    """The module with all its refusals behind switches; ``number`` gives a line's site its own."""

    def behind(found: re.Match[str]) -> str:
        line = text.count("\n", 0, found.start())
        begin = text.rfind("\n", 0, found.start()) + 1
        end = text.find("\n", found.end())
        if found["skipped"]:
            return found[0]
        if found["throw"]:
            return f"while (off({number(line + 1)})) throw"
        if text[begin : found.start()].endswith("function ") or _METHOD.match(text[begin:end]):
            return found[0]
        return f"off({number(line + 1)}) && {found[0]}"

    changed = _TOKENS.sub(behind, text)
    return changed if changed == text else f'import {{ off }} from "./{switch}";\n{changed}'
