"""Writing down what the chain said: blocks, logs, receipts, which of them are canonical.

Everything here runs inside a transaction of its caller, who holds the fence. Nothing is deleted:
a block that is orphaned keeps its row and its logs, and gets its flag back should the chain
return to it.
"""

import json
from collections.abc import Iterable, Sequence

import msgspec
from django.db import IntegrityError, connection, transaction

from chainsync import copying
from chainsync.endpoint.fetching import FetchedBlock
from chainsync.endpoint.wire import FetchedLog, Header
from chainsync.models import Block, BlockReceipts, Log
from charter.models import Chain

FEW = 50
_COLUMNS = ", ".join(copying.COLUMNS)
_ROW = f"({', '.join(['%s'] * len(copying.COLUMNS))})"
_INSERT = (
    f"INSERT INTO chainsync_log AS log ({_COLUMNS}) {{}} "
    "ON CONFLICT (block_id, log_index) DO UPDATE SET canonical = true WHERE NOT log.canonical"
)
_CONFIRM = """
UPDATE chainsync_block SET operators = operators || %(operator)s::jsonb
WHERE chain_id = %(chain)s AND hash = ANY(%(hashes)s) AND NOT operators @> %(operator)s::jsonb
"""
_COVER = """
UPDATE chainsync_coverage AS coverage
SET blocks = coverage.blocks + int8multirange(int8range(%(first)s, %(last)s + 1))
    * int8multirange(int8range(contract.start_block, NULL))
FROM charter_contract AS contract
WHERE contract.id = coverage.contract_id AND coverage.contract_id = ANY(%(contracts)s)
"""
_UNCOVER = """
UPDATE chainsync_coverage AS coverage
SET blocks = coverage.blocks - int8multirange(int8range(%(first)s, NULL))
FROM charter_contract AS contract
WHERE contract.id = coverage.contract_id AND contract.chain_id = %(chain)s
"""


class JournalConflict(RuntimeError):
    """A block cannot be canonical, because another of the same number is."""


def add_headers(chain: Chain, headers: Iterable[Header], operators: Sequence[str]) -> list[Block]:
    """Journal headers as canonical, in the order given; the rows.

    Of blocks that are known already the flag is set and the operators are added. Raises
    JournalConflict where another block of the same number is canonical.
    """
    rows = list(headers)
    hashes = ["0x" + header.hash.hex() for header in rows]
    same = Block.objects.filter(chain=chain, hash__in=hashes)
    known = {block.hash: block for block in same}
    fresh = [
        Block(
            chain=chain,
            number=header.number,
            hash=text,
            parent_hash=header.parent_hash,
            timestamp=header.timestamp,
            header=header.fields,
            operators=sorted(set(operators)),
        )
        for text, header in sorted(zip(hashes, rows, strict=True), key=lambda pair: pair[1].number)
        if text not in known
    ]
    if fresh:
        # Another worker may journal the same block for another contract at this moment.
        Block.objects.bulk_create(fresh, batch_size=1000, ignore_conflicts=True)
        known = {block.hash: block for block in same.all()}
    for text, header in zip(hashes, rows, strict=True):
        block = known.get(text)
        if block is None:
            raise JournalConflict(f"block {header.number} of {chain.key} is not {text}")
        if not block.canonical or not set(operators) <= set(block.operators):
            block.canonical = True
            block.operators = sorted({*block.operators, *operators})
            block.save(update_fields=["canonical", "operators"])
    return [known[text] for text in hashes]


def add_blocks(
    chain: Chain, blocks: Sequence[FetchedBlock], operators: Sequence[str]
) -> list[Block]:
    """Journal whole blocks: header, logs, receipts."""
    rows = add_headers(chain, [block.header for block in blocks], operators)
    add_logs(
        chain,
        {row.number: row.pk for row in rows},
        [log for block in blocks for log in block.logs],
    )
    add_receipts(zip(rows, blocks, strict=True))
    return rows


def add_receipts(pairs: Iterable[tuple[Block, FetchedBlock]]) -> None:
    """Keep the raw receipts of blocks that have some; by COPY, since they outweigh all the rest."""
    raw = {row.pk: block.receipts for row, block in pairs if block.receipts is not None}
    known = BlockReceipts.objects.filter(pk__in=raw).values_list("pk", flat=True)
    fresh = raw.keys() - set(known) if raw else set()
    if not fresh:
        return
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy("COPY chainsync_blockreceipts (block_id, receipts) FROM STDIN") as copy,
    ):
        for pk in sorted(fresh):
            copy.write_row((pk, msgspec.json.encode(raw[pk]).decode()))


def add_logs(chain: Chain, block_ids: dict[int, int], logs: Sequence[FetchedLog]) -> None:
    """Journal logs of canonical blocks (ids by number); a known log gets its flag back.

    A few go in directly, many by COPY; where some of many are known already, the COPY goes
    through a temporary table.
    """
    if not logs:
        return
    if len(logs) <= FEW:
        rows = [copying.values(chain.pk, block_ids[log.block_number], log) for log in logs]
        values = ", ".join([_ROW] * len(rows))
        with connection.cursor() as cursor:
            cursor.execute(_INSERT.format(f"VALUES {values}"), [v for row in rows for v in row])
        return
    try:
        with transaction.atomic():
            _copy("chainsync_log", copying.stream(chain.pk, block_ids, logs))
    except IntegrityError:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE arriving (LIKE chainsync_log)")
            cursor.execute("ALTER TABLE arriving ALTER COLUMN id DROP NOT NULL")
            _copy("arriving", copying.stream(chain.pk, block_ids, logs))
            cursor.execute(_INSERT.format(f"SELECT {_COLUMNS} FROM arriving"))  # noqa: S608
            cursor.execute("DROP TABLE arriving")


def _copy(table: str, stream: Iterable[bytes]) -> None:
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(f"COPY {table} ({_COLUMNS}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        for part in stream:
            copy.write(part)


def orphan_above(chain: Chain, number: int) -> tuple[int, int]:
    """Take the flag from all blocks above `number` and from their logs; how many of each."""
    blocks = Block.objects.filter(chain=chain, number__gt=number, canonical=True)
    orphaned = list(blocks.values_list("pk", flat=True))
    logs = Log.objects.filter(block__in=orphaned, canonical=True).update(canonical=False)
    return blocks.update(canonical=False), logs


def cover(contracts: Sequence[int], first: int, last: int) -> None:
    """Note that all logs of these contracts (ids) in blocks `first` to `last` are journalled."""
    with connection.cursor() as cursor:
        cursor.execute(_COVER, {"first": first, "last": last, "contracts": list(contracts)})


def uncover_above(chain: Chain, number: int) -> None:
    """Forget the coverage of all contracts of the chain above `number`."""
    with connection.cursor() as cursor:
        cursor.execute(_UNCOVER, {"first": number + 1, "chain": chain.pk})


def confirm(chain: Chain, hashes: Sequence[str], operator: str) -> int:
    """Note that this operator, too, gave these block hashes; how many rows that changed."""
    if not hashes:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _CONFIRM,
            {
                "chain": chain.pk,
                "hashes": [bytes.fromhex(text[2:]) for text in hashes],
                "operator": json.dumps([operator]),
            },
        )
        return int(cursor.rowcount)
