"""Delegation and checkpoints of voting power, and the summary of each delegate."""

from collections import Counter
from collections.abc import Sequence

from django.db import connection

from chainsync.decoding import Event
from chainsync.kinds import Kind, LogRecord
from charter.models import Contract
from governance import families
from governance.folding import told
from governance.folding.copying import LOG_COLUMNS, copy_rows, log_values
from governance.models import Checkpoint, Delegation

DELEGATE_CHANGED = Event.parse(
    "DelegateChanged(address indexed delegator, address indexed fromDelegate, "
    "address indexed toDelegate)"
)
DELEGATE_VOTES_CHANGED = Event.parse(
    "DelegateVotesChanged(address indexed delegate, uint256 previousVotes, uint256 newVotes)"
)
NOBODY = bytes(20)

_UPSERT_VOTES = """
INSERT INTO governance_delegate (contract_id, address, votes, delegators)
SELECT %s, address, votes, 0 FROM unnest(%s::bytea[], %s::numeric[]) AS given (address, votes)
ON CONFLICT (contract_id, address) DO UPDATE SET votes = excluded.votes
"""
_UPSERT_DELEGATORS = """
INSERT INTO governance_delegate (contract_id, address, votes, delegators)
SELECT %s, address, 0, delegators
FROM unnest(%s::bytea[], %s::int[]) AS given (address, delegators)
ON CONFLICT (contract_id, address)
DO UPDATE SET delegators = governance_delegate.delegators + excluded.delegators
"""
_RESTORE_VOTES = """
WITH gone AS (
    DELETE FROM governance_checkpoint WHERE contract_id = %(contract)s AND block_number >= %(block)s
    RETURNING delegate
)
UPDATE governance_delegate AS summary
SET votes = coalesce((
    SELECT votes FROM governance_checkpoint AS last
    WHERE last.contract_id = %(contract)s AND last.delegate = summary.address
      AND last.block_number < %(block)s
    ORDER BY last.block_number DESC, last.log_index DESC LIMIT 1
), 0)
WHERE contract_id = %(contract)s AND address IN (SELECT delegate FROM gone)
RETURNING address
"""
_TAKE_DELEGATIONS = """
DELETE FROM governance_delegation WHERE contract_id = %s AND block_number >= %s
RETURNING from_delegate, to_delegate
"""
_FORGET_UNHEARD_OF = """
DELETE FROM governance_delegate AS summary
WHERE contract_id = %(contract)s AND address = ANY(%(addresses)s)
  AND NOT EXISTS (SELECT FROM governance_checkpoint
                  WHERE contract_id = %(contract)s AND delegate = summary.address)
  AND NOT EXISTS (SELECT FROM governance_delegation
                  WHERE contract_id = %(contract)s AND to_delegate = summary.address)
  AND NOT EXISTS (SELECT FROM governance_delegation
                  WHERE contract_id = %(contract)s AND from_delegate = summary.address)
"""


def token_kind(name: str) -> Kind:
    """Build the kind of a votes token."""
    families.declare_token(name)
    return Kind(
        name=name,
        topics=frozenset({DELEGATE_CHANGED.topic0, DELEGATE_VOTES_CHANGED.topic0}),
        fold=fold,
        unfold=unfold,
    )


def fold(contract: Contract, logs: Sequence[LogRecord]) -> None:
    """Write delegations and checkpoints, and bring the delegates up to date."""
    delegations: list[tuple[object, ...]] = []
    checkpoints: list[tuple[object, ...]] = []
    votes: dict[bytes, int] = {}
    delegators: Counter[bytes] = Counter()
    for log in logs:
        if log.topics[0] == DELEGATE_VOTES_CHANGED.topic0:
            values = DELEGATE_VOTES_CHANGED.decode(log)
            delegate, power = values["delegate"], values["newVotes"]
            if delegate != NOBODY:
                votes[delegate] = power
            row = (*log_values(contract, log), delegate, values["previousVotes"], power)
            checkpoints.append(row)
        else:
            values = DELEGATE_CHANGED.decode(log)
            former, latter = values["fromDelegate"], values["toDelegate"]
            _move(delegators, former, latter, 1)
            delegations.append((*log_values(contract, log), values["delegator"], former, latter))

    copy_rows(Checkpoint, (*LOG_COLUMNS, "delegate", "previous", "votes"), checkpoints)
    copy_rows(Delegation, (*LOG_COLUMNS, "delegator", "from_delegate", "to_delegate"), delegations)
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT_VOTES, [contract.pk, list(votes), list(votes.values())])
    _add_delegators(contract, delegators)
    if votes or delegators:
        told.delegates_changed(contract, len(votes.keys() | delegators.keys()))


def unfold(contract: Contract, from_block: int) -> None:
    """Take back delegations and checkpoints of `from_block` and above."""
    delegators: Counter[bytes] = Counter()
    with connection.cursor() as cursor:
        cursor.execute(_RESTORE_VOTES, {"contract": contract.pk, "block": from_block})
        changed = {bytes(address) for (address,) in cursor.fetchall()}
        cursor.execute(_TAKE_DELEGATIONS, [contract.pk, from_block])
        for former, latter in cursor.fetchall():
            _move(delegators, bytes(former), bytes(latter), -1)
    _add_delegators(contract, delegators)
    changed |= delegators.keys()
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_UNHEARD_OF, {"contract": contract.pk, "addresses": sorted(changed)})
    if changed:
        told.delegates_changed(contract, len(changed))


def _move(delegators: Counter[bytes], former: bytes, latter: bytes, sign: int) -> None:
    """Count one delegator from `former` to `latter`; choosing the same delegate moves nothing."""
    for delegate, number in ((former, -sign), (latter, sign)):
        if delegate != NOBODY:
            delegators[delegate] += number


def _add_delegators(contract: Contract, delegators: Counter[bytes]) -> None:
    addresses = list(delegators)
    with connection.cursor() as cursor:
        cursor.execute(
            _UPSERT_DELEGATORS,
            [contract.pk, addresses, [delegators[address] for address in addresses]],
        )
