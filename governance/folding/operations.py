"""Operations of timelocks: what was scheduled, and what became of it."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db import connection

from chainsync.kinds import LogRecord
from charter.models import Contract
from governance.folding import strays, told
from governance.models import Operation, OperationCall, OperationEvent, StrayEvents
from governance.text import text_of

_SUMMARISE = """
UPDATE governance_operation AS operation
SET call_count = counted.calls, executed_calls = counted.executed,
    done = counted.executed > 0 AND counted.executed >= counted.calls,
    canceled = counted.canceled, salt = counted.salt
FROM (
    SELECT asked.id,
           (SELECT count(*) FROM governance_operationcall AS call
            WHERE call.operation_id = asked.id) AS calls,
           (SELECT count(*) FROM governance_operationevent AS event
            WHERE event.operation_id = asked.id AND kind = 'call') AS executed,
           EXISTS (SELECT FROM governance_operationevent AS event
                   WHERE event.operation_id = asked.id AND kind = 'canceled') AS canceled,
           (SELECT salt FROM governance_operationevent AS event
            WHERE event.operation_id = asked.id AND kind = 'salt' LIMIT 1) AS salt
    FROM unnest(%s::bigint[]) AS asked (id)
) AS counted
WHERE operation.id = counted.id
"""


class Scheduled(NamedTuple):
    """One call of an operation as it was scheduled; `index` 0 begins the operation.

    Times in seconds; `ready_at` since 1970 UTC.
    """

    log: LogRecord
    operation_id: bytes
    index: int  # type: ignore[assignment]  # shadows tuple.index, which nobody calls here
    target: bytes
    value: int
    signature: bytes
    calldata: bytes
    ready_at: int
    delay: int | None = None
    predecessor: bytes | None = None
    expires_at: int | None = None


class Happened(NamedTuple):
    """What a timelock said of an operation later; `salt` where that is what it said."""

    log: LogRecord
    operation_id: bytes
    kind: OperationEvent.Kind
    index: int | None = None  # type: ignore[assignment]  # as above
    salt: bytes | None = None


def fold(contract: Contract, entries: Sequence[Scheduled | Happened]) -> None:
    """Write operations, their calls and what happened to them, in log order.

    One id may be scheduled again after it was canceled: what follows belongs to the latest.
    """
    latest = _latest(contract, {entry.operation_id for entry in entries})
    calls: list[OperationCall] = []
    events: list[OperationEvent] = []
    stray: list[tuple[LogRecord, str]] = []
    touched: set[int] = set()
    for entry in entries:
        if isinstance(entry, Scheduled) and entry.index == 0:
            latest[entry.operation_id] = _begin(contract, entry)
        operation = latest.get(entry.operation_id)
        if operation is None:
            stray.append((entry.log, "0x" + entry.operation_id.hex()))
            continue
        touched.add(operation)
        if isinstance(entry, Scheduled):
            calls.append(_call(contract, operation, entry))
            continue
        events.append(_event(contract, operation, entry))
    OperationCall.objects.bulk_create(calls, batch_size=1000)
    OperationEvent.objects.bulk_create(events, batch_size=1000)
    _summarise(touched)
    strays.count(contract, StrayEvents.Noun.OPERATION, stray)
    if touched:
        told.operations_changed(contract, len(touched))


def unfold(contract: Contract, from_block: int) -> None:
    """Take back what was scheduled and what happened at `from_block` and above."""
    new = {"contract": contract, "block_number__gte": from_block}
    touched = set(OperationEvent.objects.filter(**new).values_list("operation_id", flat=True))
    OperationEvent.objects.filter(**new).delete()
    OperationCall.objects.filter(**new).delete()
    gone = set(Operation.objects.filter(**new).values_list("pk", flat=True))
    Operation.objects.filter(pk__in=gone).delete()
    _summarise(touched - gone)
    strays.forget(contract, StrayEvents.Noun.OPERATION, from_block)
    if touched | gone:
        told.operations_changed(contract, len(touched | gone))


def _latest(contract: Contract, operation_ids: set[bytes]) -> dict[bytes, int]:
    rows = (
        Operation.objects.filter(contract=contract, operation_id__in=operation_ids)
        .order_by("block_number", "log_index")
        .values_list("operation_id", "pk")
    )
    return {bytes.fromhex(operation_id[2:]): pk for operation_id, pk in rows}


def _begin(contract: Contract, call: Scheduled) -> int:
    return Operation.objects.create(
        **_log_fields(contract, call.log),
        operation_id=call.operation_id,
        predecessor=call.predecessor,
        delay=call.delay,
        ready_at=call.ready_at,
        expires_at=call.expires_at,
    ).pk


def _call(contract: Contract, operation: int, call: Scheduled) -> OperationCall:
    return OperationCall(
        **_log_fields(contract, call.log),
        operation_id=operation,
        index=call.index,
        target=call.target,
        value=call.value,
        signature=text_of(call.signature),
        calldata=call.calldata,
    )


def _event(contract: Contract, operation: int, happened: Happened) -> OperationEvent:
    return OperationEvent(
        **_log_fields(contract, happened.log),
        operation_id=operation,
        kind=happened.kind,
        index=happened.index,
        salt=happened.salt,
    )


def _log_fields(contract: Contract, log: LogRecord) -> dict[str, object]:
    return {
        "contract": contract,
        "block_number": log.block_number,
        "log_index": log.log_index,
        "tx_hash": log.tx_hash,
        "timestamp": log.timestamp,
    }


def _summarise(operations: Iterable[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SUMMARISE, [list(operations)])
