"""The lab's people: fixed keys with names. Public test keys, worth nothing anywhere else."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from eth_account import Account as EthAccount
from eth_account.signers.local import LocalAccount
from eth_utils import keccak

MNEMONIC = "test test test test test test test test test test test junk"

ROLES = (
    "deployer",
    "safe-owner-1",
    "safe-owner-2",
    "safe-owner-3",
    "Ada",
    "Bertrand",
    "Chidi",
    "Dorothea",
    "Emre",
    "Fumiko",
    "Gustavo",
    "Hanna",
    "bridge-guardian",
    "relayer",
    "treasurer",
    "reorg-marker",
    "editor",
)
HOLDERS = ROLES[4:12]
SAFE_OWNERS = ROLES[1:4]


@dataclass(frozen=True)
class Actor:
    """A named key."""

    name: str
    key: LocalAccount

    @property
    def address(self) -> str:
        """Checksummed address."""
        return str(self.key.address)


@functools.cache
def actor(name: str) -> Actor:
    """One of `ROLES`: a development account that the nodes fund at genesis."""
    EthAccount.enable_unaudited_hdwallet_features()
    path = f"m/44'/60'/0'/0/{ROLES.index(name)}"
    return Actor(name, EthAccount.from_mnemonic(MNEMONIC, account_path=path))


@functools.cache
def patron(address: str) -> Actor:
    """The key that holds tokens on behalf of a visitor's wallet and delegates them to it."""
    key = EthAccount.from_key(keccak(text=f"tocsin lab patron of {address.lower()}"))
    return Actor(f"patron of {address}", key)


@functools.cache
def voter(index: int) -> Actor:
    """One of the numbered voters used for load; they have nothing until they are equipped."""
    return Actor(f"voter-{index}", EthAccount.from_key(keccak(text=f"tocsin lab voter {index}")))
