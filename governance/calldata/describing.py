"""How a kind describes the functions of its contracts. Pure.

A kind lists what it knows in a constant FUNCTIONS; `decoding` in this package finds them there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from chainsync.decoding import Function
from governance import wording


class Subcall(NamedTuple):
    """A call that another call would make. `value` in wei; `delegated` runs as its caller."""

    target: bytes
    value: int
    calldata: bytes
    delegated: bool = False


class TokenUnit(NamedTuple):
    """How amounts of a token are written."""

    symbol: str
    decimals: int


class Surroundings(Protocol):
    """What is known of the addresses around a call. Addresses are 20 bytes."""

    def name(self, address: bytes) -> str:
        """Its label in the charter, or its checksummed address."""

    def kind(self, address: bytes) -> str | None:
        """Its kind in the charter, None for an address that the charter does not name."""

    def token(self, address: bytes) -> TokenUnit | None:
        """Unit of a token, None when it is not known."""

    def clock(self, governor: bytes) -> str | None:
        """`timestamp` or `blocknumber` for a governor whose clock is known."""

    def latest(self, address: bytes, parameter: str, scope: str) -> str | None:
        """Present value of a parameter as it was told, None when it is not known."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """One call in its surroundings, as a sentence is made of it."""

    target: bytes
    value: int
    arguments: Mapping[str, Any]
    around: Surroundings

    def __getitem__(self, argument: str) -> Any:
        return self.arguments[argument]

    @property
    def here(self) -> str:
        """Name of the contract that is called."""
        return self.around.name(self.target)

    def name(self, argument: str) -> str:
        """Name of the address that an argument holds."""
        return self.around.name(self.arguments[argument])

    def tokens(self, argument: str, token: bytes | None = None) -> str:
        """An amount of `token`, by default of the contract that is called, with its unit."""
        number = self.arguments[argument]
        unit = self.around.token(self.target if token is None else token)
        if unit is None:
            return f"{wording.whole(number)} units"
        return wording.tokens(number, unit.decimals, unit.symbol)

    def change(
        self,
        parameter: str,
        new: str,
        scope: str = "",
        reading: Callable[[int], str] | None = None,
    ) -> str:
        """`from 20x to 50x`, `to 50x` while the present value is unknown, or that it stays."""
        old = self.around.latest(self.target, parameter, scope)
        if old is None:
            return f"to {new}"
        if reading is not None and old.isdecimal():
            old = reading(int(old))
        return f"to {new}, which it is already" if old == new else f"from {old} to {new}"


Say = Callable[[Occasion], str]
Inner = Callable[[Occasion], list[Subcall]]


@dataclass(frozen=True, slots=True)
class Described:
    """A function, the sentence that its call means, and the calls that it carries."""

    function: Function
    say: Say
    inner: Inner | None = None


def described(declaration: str, say: Say, inner: Inner | None = None) -> Described:
    """Describe a function, declared as Solidity does: `pauseMarket(bytes32 market)`."""
    return Described(Function.parse(declaration), say, inner)
