"""Which backend computes on a curve: the fastest that passes its self-test, said when it is not."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import TypeVar

from .bls_backend import SlowBackend

B = TypeVar("B")


def choose(curve: str, loaders: Iterable[Callable[[], B]], self_test: Callable[[B], None]) -> B:
    """Return the first backend that loads and passes; a SlowBackend warning names each that fails.

    The last loader gives the reference, which is what the others are tested against.
    """
    *fast, reference = loaders
    for load in fast:
        try:
            backend = load()
            self_test(backend)
        except Exception as reason:
            warnings.warn(f"{curve} will be slower: {reason}", SlowBackend, stacklevel=2)
        else:
            return backend
    return reference()
