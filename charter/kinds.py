"""Which kinds of contracts this installation understands.

Kinds live on higher floors; each floor that has some registers a function that names them.
"""

from collections.abc import Callable, Iterable

_providers: list[Callable[[], Iterable[str]]] = []


def register_kind_names(provider: Callable[[], Iterable[str]]) -> None:
    """Have `provider` name kinds whenever the charter is checked; registering twice is harmless."""
    if provider not in _providers:
        _providers.append(provider)


def known_kinds() -> frozenset[str]:
    """All kinds that are known now."""
    return frozenset(name for provider in _providers for name in provider())
