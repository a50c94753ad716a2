"""Voting power and total supply in the storage of votes tokens.

OpenZeppelin 5 (``Trace208``) and 4.9 (``u32 | u224``), COMP and UNI, and tokens like dYdX's. A
token without checkpoints (AAVE v3) proves power at a block only under the root of that block and
has no layout here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...inputs import fixed
from ...refusals import UnknownLayout
from ..power import CheckpointKind
from .histories import History, ProvenValue, proven_value
from .slots import mapping_slot, namespace_slot, offset_slot
from .words import Words, number


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLayout:
    """Slots of a votes token; None for what it does not have.

    ``checkpoints`` is a mapping from delegate to history. ``counts`` maps delegates to lengths
    where elements are mapping entries, not arrays. ``supply`` is the history of the total supply,
    with its own counter ``supply_count`` in that case. ``balances`` is given only where a delegate
    without any checkpoint has the power of its balance (implicit self-delegation). ``delegations``
    and ``units`` map accounts to whom they delegated and what they held (``VotesExtended``), by
    which overrides weigh.
    """

    kind: CheckpointKind
    checkpoints: int
    counts: int | None = None
    supply: int | None = None
    supply_count: int | None = None
    balances: int | None = None
    delegations: int | None = None
    units: int | None = None

    def history_of(self, delegate: bytes) -> History:
        """Return where the power of ``delegate`` (20 bytes) lies. Raises NotBytes, WrongLength."""
        own = mapping_slot(self.checkpoints, fixed("delegate", delegate, 20))
        if self.counts is None:
            return History(self.kind, own)
        return History(self.kind, mapping_slot(self.counts, delegate), own)

    def supply_history(self) -> History:
        """Return where the total supply lies. Raises UnknownLayout for a token that keeps none."""
        if self.supply is None:
            raise UnknownLayout("This token keeps no history of its total supply.")
        if self.supply_count is None:
            return History(self.kind, self.supply)
        return History(self.kind, self.supply_count, self.supply)

    def units_of(self, account: bytes) -> History:
        """Return where lies what ``account`` held. Raises UnknownLayout, NotBytes, WrongLength."""
        return History(self.kind, _entry(self.units, "what accounts held", account))

    def delegations_of(self, account: bytes) -> History:
        """Return where lies to whom ``account`` delegated. Raises as ``units_of``."""
        slot = _entry(self.delegations, "delegations", account)
        return History(CheckpointKind.DELEGATE, slot)

    def balance_slot(self, delegate: bytes) -> int | None:
        """Return the slot of the balance that is power without checkpoints, None without such."""
        if self.balances is None:
            return None
        return mapping_slot(self.balances, fixed("delegate", delegate, 20))

    def power_slots(self, delegate: bytes, length: int, index: int | None) -> tuple[int, ...]:
        """Return the slots to prove so that the power of ``delegate`` follows.

        Raises WrongCheckpoint, NotAnInteger, NotBytes, OutOfRange, WrongLength.
        """
        wanted = self.history_of(delegate).slots(length, index)
        balance = self.balance_slot(delegate)
        return wanted if length or balance is None else (*wanted, balance)


def proven_power(
    layout: TokenLayout,
    words: Words,
    delegate: bytes,
    *,
    timepoint: int,
    clock: int,
    index: int | None,
) -> ProvenValue:
    """Return ``getPastVotes`` (``getPriorVotes``, ``getPowerAtBlock``) from proven words.

    The words may be those of any later root; see :func:`.histories.proven_value`, whose refusals
    these are. Under implicit self-delegation an account without checkpoints never moved nor
    delegated, so that its balance under the later root is its power at any earlier timepoint since
    the token was set up.
    """
    history = layout.history_of(delegate)
    found = proven_value(history, words, timepoint=timepoint, clock=clock, index=index)
    balance = layout.balance_slot(delegate)
    if found.length or balance is None:
        return found
    power = number(words, balance, "The balance", layout.kind.value_bits)
    return ProvenValue(timepoint=timepoint, value=power, length=0, index=None)


def proven_supply(
    layout: TokenLayout, words: Words, *, timepoint: int, clock: int, index: int | None
) -> ProvenValue:
    """Return ``getPastTotalSupply`` from proven words. Raises as ``proven_power``."""
    history = layout.supply_history()
    return proven_value(history, words, timepoint=timepoint, clock=clock, index=index)


def _entry(base: int | None, what: str, account: bytes) -> int:
    if base is None:
        raise UnknownLayout(f"This token keeps no history of {what}.", what=what)
    return mapping_slot(base, fixed("account", account, 20))


def oz5_token(checkpoints: int = 9, supply: int = 10) -> TokenLayout:
    """ERC20Votes of OpenZeppelin 5 outside proxies; defaults: with ERC20Permit, nothing else."""
    return TokenLayout(kind=CheckpointKind.OZ5, checkpoints=checkpoints, supply=supply)


def oz5_extended_token(checkpoints: int = 9) -> TokenLayout:
    """ERC20Votes with VotesExtended (5.2 and later) outside proxies: four slots in a row."""
    return replace(
        oz5_token(checkpoints, checkpoints + 1), delegations=checkpoints + 2, units=checkpoints + 3
    )


def oz4_token(checkpoints: int = 10, supply: int = 11) -> TokenLayout:
    """ERC20Votes of OpenZeppelin 4.9; 205 and 206 behind a proxy, 255 and 256 for tokens as ARB."""
    return TokenLayout(kind=CheckpointKind.OZ4, checkpoints=checkpoints, supply=supply)


def comp_token(checkpoints: int = 3, counts: int = 4) -> TokenLayout:
    """COMP; UNI has the same shape at other slots. Their supply has no history."""
    return TokenLayout(kind=CheckpointKind.COMP, checkpoints=checkpoints, counts=counts)


def dydx_token(checkpoints: int = 7, counts: int = 8) -> TokenLayout:
    """The dYdX token: voting power at 7 and 8, proposing power at 10 and 11."""
    return TokenLayout(
        kind=CheckpointKind.DYDX,
        checkpoints=checkpoints,
        counts=counts,
        supply=13,
        supply_count=14,
        balances=0,
    )


_VOTES = namespace_slot("openzeppelin.storage.Votes")

OZ5_PROXIED_TOKEN = oz5_token(offset_slot(_VOTES, 1), offset_slot(_VOTES, 2))
"""ERC20VotesUpgradeable of OpenZeppelin 5, in its ERC-7201 namespace."""

_EXTENDED = namespace_slot("openzeppelin.storage.VotesExtended")

OZ5_PROXIED_EXTENDED_TOKEN = replace(
    OZ5_PROXIED_TOKEN, delegations=_EXTENDED, units=offset_slot(_EXTENDED, 1)
)
"""The same with VotesExtendedUpgradeable."""

OZ4_PROXIED_TOKEN = oz4_token(205, 206)
"""ERC20VotesUpgradeable with ERC20Permit of OpenZeppelin 4.9."""
