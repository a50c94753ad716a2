"""Contract kinds: what a contract of a kind says, and who turns it into rows.

A kind is a plug-in: one file with its events and handlers, and one line that registers it. The
journal calls `fold` and `unfold` inside its own transaction; they read no clock and no network.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from chainsync.calls import Call
from charter.models import Contract


class LogRecord(NamedTuple):
    """One canonical log, as bytes. `timestamp` counts seconds, `data` is as emitted."""

    block_number: int
    block_hash: bytes
    timestamp: int
    tx_hash: bytes
    tx_index: int
    log_index: int
    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


Decode = Callable[[Sequence[LogRecord]], Any]
Fold = Callable[[Contract, Any], None]
Unfold = Callable[[Contract, int], None]
Profile = Callable[[Contract], list[Call]]


def _as_they_are(logs: Sequence[LogRecord]) -> Sequence[LogRecord]:
    return logs


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What the journal must know to serve contracts of one kind.

    `topics`: first topics of the logs to be journalled (32 bytes each); empty means every log.
    `decode(logs)`: what `fold` takes of canonical logs of one contract in (block, log index) order;
    by default the logs as they are. Without the database, since it runs ahead in another thread.
    `fold(contract, decoded)`: takes them in, each exactly once. A batch may span many blocks, and
    may begin inside the block in which the one before ended. A log that cannot be read raises
    `chainsync.decoding.Undecodable`, in `decode` or before anything is written, and is left out.
    `unfold(contract, number)`: undoes everything that logs at block `number` or above had done.
    `profile(contract)`: calls whose values are worth observing when the contract is first seen.
    """

    name: str
    topics: frozenset[bytes]
    fold: Fold
    unfold: Unfold
    decode: Decode = _as_they_are
    profile: Profile | None = None


class UnknownKind(LookupError):
    """No kind of this name is registered; the text lists those that are."""


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Add a kind; a name can be taken once (registering the very same kind again is fine)."""
    if _kinds.setdefault(kind.name, kind) is not kind:
        raise ValueError(f"two contract kinds are named {kind.name!r}")


def unregister(name: str) -> None:
    """Remove a kind; its contracts keep their rows and are no longer folded."""
    _kinds.pop(name, None)


def get(name: str) -> Kind:
    """The kind of this name; UnknownKind when there is none."""
    try:
        return _kinds[name]
    except KeyError:
        raise UnknownKind(
            f"There is no contract kind {name!r}; known are {', '.join(names())}."
        ) from None


def known(name: str) -> bool:
    """Whether a kind of this name is registered."""
    return name in _kinds


def names() -> list[str]:
    """Names of all registered kinds, sorted."""
    return sorted(_kinds)
