"""Which checkpoint of each voter was in force at a snapshot: told by our rows, shown by proofs.

Our rows of checkpoints say what the token must hold, so one round of proofs is enough where they
are right; whom they are wrong about is searched for in the token itself.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from charter.models import Contract
from governance.proven_state import ProvenState
from proofs.certificate.witnesses import Checkpoint
from proofs.refusals import Refusal
from proofs.statements.clock import ClockMode
from proofs.statements.storage.tokens import TokenLayout, proven_power
from proofs.statements.storage.words import Words

# Changes at one timepoint are one checkpoint in the contract.
_TOLD = """
SELECT delegate, count(DISTINCT {key}), count(DISTINCT {key}) FILTER (WHERE {key} <= %(snapshot)s)
FROM governance_checkpoint
WHERE contract_id = %(token)s AND block_number <= %(anchor)s AND delegate = ANY(%(voters)s)
GROUP BY delegate
"""
_KEYS = {ClockMode.TIMESTAMP: "timestamp", ClockMode.BLOCKNUMBER: "block_number"}


def places(
    state: ProvenState,
    token: Contract,
    layout: TokenLayout,
    mode: ClockMode,
    voters: Sequence[bytes],
    *,
    snapshot: int,
    clock: int,
) -> list[Checkpoint]:
    """The place of each voter; all slots that its power needs have then been asked of `state`.

    Raises as `ProvenState.places`.
    """
    address = bytes.fromhex(token.address[2:])
    rows = told(token, mode, voters, snapshot=snapshot, anchor=state.block.number)
    found = {voter: rows.get(voter, Checkpoint(0, None)) for voter in voters}
    wanted = [slot for voter in voters for slot in layout.power_slots(voter, *found[voter])]
    words = state.words(address, wanted)
    wrong = [
        voter
        for voter, place in found.items()
        if not _fits(layout, words, voter, place, snapshot, clock)
    ]
    if wrong:
        histories = [layout.history_of(voter) for voter in wrong]
        searched = state.places(address, histories, snapshot)
        found |= {voter: Checkpoint(*place) for voter, place in zip(wrong, searched, strict=True)}
        missing = [slot for voter in wrong for slot in layout.power_slots(voter, *found[voter])]
        state.words(address, missing)
    return [found[voter] for voter in voters]


def told(
    token: Contract, mode: ClockMode, voters: Sequence[bytes], *, snapshot: int, anchor: int
) -> dict[bytes, Checkpoint]:
    """What our rows say of those who have any; `anchor` is the number of a block."""
    values: dict[str, Any] = {
        "token": token.pk,
        "anchor": anchor,
        "snapshot": snapshot,
        "voters": list(voters),
    }
    with connection.cursor() as cursor:
        cursor.execute(_TOLD.format(key=_KEYS[mode]), values)
        return {
            bytes(voter): Checkpoint(length, before - 1 if before else None)
            for voter, length, before in cursor.fetchall()
        }


def _fits(
    layout: TokenLayout, words: Words, voter: bytes, place: Checkpoint, snapshot: int, clock: int
) -> bool:
    try:
        power = proven_power(layout, words, voter, timepoint=snapshot, clock=clock, index=place.at)
    except Refusal:
        return False
    return power.length == place.length
