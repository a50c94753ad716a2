"""Events about a proposal or an operation that is not in our rows: counted, and said aloud."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection
from django.db.models import F, Max, Min, Sum

from chainsync.kinds import LogRecord
from charter.models import Contract
from governance.models import StrayEvents
from ledger.findings import Standing, stand

RULES = {
    StrayEvents.Noun.PROPOSAL: "governance.unknown-proposal",
    StrayEvents.Noun.OPERATION: "governance.unknown-operation",
}
_COUNT = """
INSERT INTO governance_strayevents AS stray (contract_id, noun, block_number, name, count)
SELECT %s, %s, * FROM unnest(%s::bigint[], %s::text[], %s::int[])
ON CONFLICT (contract_id, block_number, noun, name)
DO UPDATE SET count = stray.count + excluded.count
"""
NAMED_AT_MOST = 100
"""How many unknown proposals or operations of one contract get a finding of their own."""


def count(
    contract: Contract, noun: StrayEvents.Noun, strays: Iterable[tuple[LogRecord, str]]
) -> None:
    """Count events by block and name of what they are about, and open the findings."""
    counter = Counter((log.block_number, name) for log, name in strays)
    if not counter:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT,
            [
                contract.pk,
                noun.value,
                [block for block, _ in counter],
                [name for _, name in counter],
                list(counter.values()),
            ],
        )
    declare(contract, noun)


def forget(contract: Contract, noun: StrayEvents.Noun, from_block: int) -> None:
    """Take back what was counted at `from_block` and above, and close what no longer stands."""
    gone, _ = StrayEvents.objects.filter(
        contract=contract, noun=noun, block_number__gte=from_block
    ).delete()
    if gone:
        declare(contract, noun)


def declare(contract: Contract, noun: StrayEvents.Noun) -> None:
    """Let the findings of this contract say what is counted."""
    groups = (
        StrayEvents.objects.filter(contract=contract, noun=noun)
        .values("name")
        .annotate(first=Min("block_number"), last=Max("block_number"), events=Sum("count"))
        .order_by(F("first"), F("name"))[:NAMED_AT_MOST]
    )
    prefix = f"{contract.key}:"
    stand(
        rule=RULES[noun],
        within=prefix,
        standing={f"{prefix}{group['name']}": _standing(contract, noun, group) for group in groups},
    )


def _standing(contract: Contract, noun: StrayEvents.Noun, group: Mapping[str, Any]) -> Standing:
    return Standing(
        level="warning",
        summary=(
            f"{group['events']} events of {contract.label} are about {noun} {group['name']}, whose "
            f"beginning was not read. They are kept in the journal and are not counted. Set "
            f"start_block of {contract.key} in venue.toml to a block before it began."
        ),
        facts={
            "contract": contract.key,
            noun.value: group["name"],
            **{name: group[name] for name in ("first", "last", "events")},
        },
    )
