"""From canonical logs to rows: handing logs to their kinds, in order, each exactly once.

Everything here runs inside a transaction of its caller.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from django.db import connection, transaction

from chainsync import kinds
from chainsync.decoding import Undecodable
from chainsync.endpoint.wire import FetchedLog, Header
from chainsync.kinds import Kind, LogRecord
from chainsync.models import Coverage, UndecodableLog
from charter.fields import AddressField
from charter.models import Contract

_LOGS = """
SELECT log.block_number, block.hash, block.timestamp, log.tx_hash, log.tx_index, log.log_index,
       log.address, log.topic0, log.topic1, log.topic2, log.topic3, log.data
FROM chainsync_log AS log JOIN chainsync_block AS block ON block.id = log.block_id
WHERE log.chain_id = %(chain)s AND log.address = %(address)s AND log.canonical
  AND log.block_number BETWEEN %(first)s AND %(last)s
  AND (%(all)s OR log.topic0 = ANY(%(topics)s))
ORDER BY log.block_number, log.log_index
"""
# As `LogRecord(…)`, in a third of the time.
_record_of = partial(tuple.__new__, LogRecord)


def decoded(kind: Kind, logs: Sequence[LogRecord]) -> Any | None:
    """What the kind makes of logs, for `fold`; None where it cannot read them all. No database."""
    try:
        return kind.decode(logs)
    except Exception:
        # Folding meets it again, in the transaction in which it is recorded.
        return None


def fold(
    contract: Contract, kind: Kind, logs: Sequence[LogRecord], decoded: Any | None = None
) -> None:
    """Hand logs to the kind, `decoded` where that was done ahead. A log that it cannot read is left
    out and recorded as such.

    The kind decodes before it writes, so a batch is read at most twice, however many of its logs
    are broken.
    """
    start = 0
    while start < len(logs):
        rest = logs[start:]
        try:
            with transaction.atomic():
                kind.fold(contract, kind.decode(rest) if decoded is None else decoded)
        except Undecodable as refusal:
            decoded = None
            bad = _position(rest, refusal)
            if bad:
                with transaction.atomic():
                    kind.fold(contract, kind.decode(rest[:bad]))
            _leave_out(contract, rest[bad], str(refusal))
            start += bad + 1
        else:
            return


def records(logs: Iterable[FetchedLog], headers: Iterable[Header]) -> list[LogRecord]:
    """Logs as kinds take them; `headers` are those of their blocks."""
    times = {header.number: header.timestamp for header in headers}
    return [
        _record_of((number, block, times[number], tx, at, index, address, topics, data))
        for number, block, tx, at, index, address, topics, data in logs
    ]


def unfold(coverage: Coverage, number: int) -> None:
    """Undo what logs at block `number` or above had done to the contract's projections."""
    contract = coverage.contract
    if coverage.folded_to >= number and kinds.known(contract.kind):
        kinds.get(contract.kind).unfold(contract, number)
        UndecodableLog.objects.filter(contract=contract, block_number__gte=number).delete()
        coverage.folded_to = max(number, contract.start_block) - 1
        coverage.save(update_fields=["folded_to"])


def pending(
    contract: Contract, kind: Kind, first: int, last: int, limit: int
) -> tuple[list[LogRecord], int]:
    """Canonical logs for the kind from block `first` on, and the block up to which these are all.

    Whole blocks up to `last`, about `limit` logs; a single block with more comes whole all the
    same.
    """
    logs = _read(contract, kind, first, last, limit + 1)
    if len(logs) <= limit:
        return logs, last
    cut = logs[-1].block_number
    whole = [log for log in logs if log.block_number < cut]
    if whole:
        return whole, cut - 1
    return _read(contract, kind, cut, cut, None), cut


def _read(
    contract: Contract, kind: Kind, first: int, last: int, limit: int | None
) -> list[LogRecord]:
    parameters: dict[str, Any] = {
        "chain": contract.chain_id,
        "address": AddressField().get_prep_value(contract.address),
        "first": first,
        "last": last,
        "all": not kind.topics,
        "topics": sorted(kind.topics),
    }
    query = _LOGS if limit is None else f"{_LOGS} LIMIT {limit}"
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        rows = cursor.fetchall()
    return [
        LogRecord(
            number,
            bytes(block_hash),
            timestamp,
            bytes(tx_hash),
            tx_index,
            log_index,
            bytes(address),
            tuple([bytes(topic) for topic in rest[:4] if topic is not None]),
            bytes(rest[4]),
        )
        for number, block_hash, timestamp, tx_hash, tx_index, log_index, address, *rest in rows
    ]


def _position(logs: Sequence[LogRecord], refusal: Undecodable) -> int:
    """Index of the log at fault. A refusal that names none of these is a mistake of its kind."""
    for index, log in enumerate(logs):
        if log is refusal.log or log == refusal.log:
            return index
    raise refusal


def _leave_out(contract: Contract, log: LogRecord, reason: str) -> None:
    UndecodableLog.objects.update_or_create(
        contract=contract,
        block_number=log.block_number,
        log_index=log.log_index,
        defaults={"reason": reason[:2000]},
    )
