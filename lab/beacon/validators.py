"""The lab's validators, their keys, and the sync committees drawn from them.

Everything follows from the numbers of validators and periods, so every start and every lab has the
same. The keys are public like all keys of the lab and worth nothing anywhere else.
"""

from __future__ import annotations

from functools import cache, lru_cache
from hashlib import sha256
from typing import Any

from lab.beacon import bls
from lab.beacon.containers import SyncCommittee, Validator, Validators, root
from lab.schedule import BEACON

FAR_FUTURE = 2**64 - 1
BALANCE = 32 * 10**9
"""Effective balance of each validator, in Gwei."""
PERIODS_AT_ONCE = 8
"""For how many periods committees are remembered."""


@cache
def secret(validator: int) -> int:
    """The secret key of a validator."""
    digest = sha256(b"tocsin lab validator %d" % validator).digest()
    return int.from_bytes(digest, "big") % bls.ORDER


@cache
def public_key(validator: int) -> bytes:
    """Its public key."""
    return bls.public_key([secret(validator)])


@cache
def registry() -> Any:
    """All validators, active from genesis on."""
    return Validators(_validator(public_key(index)) for index in range(BEACON.validators))


def _validator(key: bytes) -> Any:
    return Validator(
        pubkey=key,
        withdrawal_credentials=b"\0" + sha256(key).digest()[1:],
        effective_balance=BALANCE,
        exit_epoch=FAR_FUTURE,
        withdrawable_epoch=FAR_FUTURE,
    )


@cache
def genesis_validators_root() -> bytes:
    """What all signatures of this beacon chain are bound to."""
    return root(registry())


@lru_cache(PERIODS_AT_ONCE)
def members(period: int) -> tuple[int, ...]:
    """The validators that are the sync committee of a period; one may stand in it several times."""
    digests = (sha256(b"%d %d" % (period, seat)).digest() for seat in range(BEACON.committee_size))
    return tuple(int.from_bytes(digest[:8], "big") % BEACON.validators for digest in digests)


@lru_cache(PERIODS_AT_ONCE)
def committee(period: int) -> Any:
    """The sync committee of a period as it stands in states."""
    chosen = members(period)
    return SyncCommittee(
        pubkeys=[public_key(index) for index in chosen],
        aggregate_pubkey=bls.public_key(secret(index) for index in chosen),
    )


def signature(period: int, signers: int, message: bytes) -> bytes:
    """What the first so many members of a period's committee sign together, 96 bytes."""
    return bls.sign((secret(index) for index in members(period)[:signers]), message)


def proposer_signature(validator: int, message: bytes) -> bytes:
    """What one validator signs alone, 96 bytes."""
    return bls.sign([secret(validator)], message)
