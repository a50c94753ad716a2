"""Compiled loops of the batch paths. They see only what is regular; all else goes the plain path.

Importing this package loads numba.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache

_SOURCES = hashlib.sha256(
    b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
).hexdigest()


class _Cache(FunctionCache):
    """Machine code on disk, good only for all the sources of this package as they are now.

    By itself numba looks at the file of a function alone, and would go on with old code of the
    functions that it calls in others.
    """

    def _index_key(self, signature: Any, codegen: Any) -> tuple[Any, ...]:
        return (*super()._index_key(signature, codegen), _SOURCES)


def compiled(function: Callable[..., Any], *, inlined: bool = False) -> Any:
    """Compile a function at its first call, without the global lock, and keep it on disk."""
    dispatcher = njit(nogil=True, forceinline=inlined)(function)
    dispatcher._cache = _Cache(function)
    return dispatcher


def inlined(function: Callable[..., Any]) -> Any:
    """The same for what is small and called for every character or word: made part of its callers,
    since passing arrays costs more than what it does."""
    return compiled(function, inlined=True)
