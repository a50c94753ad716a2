"""Putting the facts before the rules, and what they say into the register."""

import time
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import Count, Max, Sum
from django.utils import timezone

from chainsync import ranges, rules, standing
from chainsync.contracts import NO_CODE
from chainsync.light_client import facts as light_client
from chainsync.models import (
    BackfillRange,
    CodeRecord,
    Coverage,
    EndpointMinute,
    UndecodableLog,
)
from chainsync.rules.chains import ChainFacts
from chainsync.rules.contracts import ContractFacts
from chainsync.rules.endpoints import EndpointFacts
from charter.models import Chain, Contract, Endpoint

LIMITED_FOR = timedelta(minutes=2)


def review() -> None:
    """Run every rule of this app and keep the register at their level."""
    chains = list(Chain.objects.filter(active=True).select_related("status"))
    found = rules.all_of(
        [_chain_facts(chain) for chain in chains],
        _endpoint_facts(chains),
        _contract_facts(chains),
        standing.dispute_facts(),
        standing.lie_facts(),
        light_client.of_beacons(time.time()),
        timezone.now(),
    )
    standing.record(found)


def _chain_facts(chain: Chain) -> ChainFacts:
    status = getattr(chain, "status", None)
    timestamp = status.head_timestamp if status else None
    return ChainFacts(
        key=chain.key,
        name=chain.name,
        block_time=chain.block_time,
        age=None if timestamp is None else time.time() - timestamp,
        halted=status.halted if status else "",
        finality_waits=status.finality_waits if status else "",
    )


def _endpoint_facts(chains: list[Chain]) -> list[EndpointFacts]:
    heads = {chain.pk: _head(chain) for chain in chains}
    rows = Endpoint.objects.filter(chain__in=chains, active=True, status__isnull=False)
    lately = EndpointMinute.objects.filter(
        endpoint__in=rows, minute__gte=timezone.now() - LIMITED_FOR
    )
    counts = {
        endpoint: (limited, malformed)
        for endpoint, limited, malformed in lately.values_list("endpoint")
        .annotate(Sum("rate_limited"), Sum("malformed"))
        .order_by()
    }
    return [
        EndpointFacts(
            chain=row.chain.key,
            name=row.name,
            operator=row.operator,
            block_time=row.chain.block_time,
            chain_id=row.chain.chain_id,
            chain_id_seen=row.status.chain_id_seen,
            failures=row.status.failures,
            silent=_age(row.status.answered_at),
            last_error=row.status.last_error,
            behind=_behind(heads[row.chain_id], row.status.head_number),
            limited=counts.get(row.pk, (0, 0))[0],
            malformed=counts.get(row.pk, (0, 0))[1],
            implausible=row.status.implausible,
        )
        for row in rows.select_related("status", "chain")
    ]


def _contract_facts(chains: list[Chain]) -> list[ContractFacts]:
    heads = {chain.pk: _head(chain) for chain in chains}
    contracts = Contract.objects.filter(chain__in=chains, active=True)
    coverage = {row.contract_id: row for row in Coverage.objects.filter(contract__in=contracts)}
    ranges_of: dict[int, dict[str, Any]] = {
        row["contract"]: dict(row)
        for row in BackfillRange.objects.filter(contract__in=contracts)
        .values("contract")
        .annotate(Max("attempts"), error=Max("last_error"), dispute=Max("disputed"))
        .order_by()
    }
    undecodable = dict(
        UndecodableLog.objects.filter(contract__in=contracts)
        .values_list("contract")
        .annotate(Count("id"))
        .order_by()
    )
    codes = _codes(list(contracts))
    facts = []
    for contract in contracts:
        read, waiting = coverage.get(contract.pk), ranges_of.get(contract.pk, {})
        no_code, changed_at = codes.get(contract.pk, (False, None))
        head = heads[contract.chain_id]
        facts.append(
            ContractFacts(
                key=contract.key,
                label=contract.label,
                missing=_missing(read, contract.start_block, head),
                attempts=waiting.get("attempts__max", 0),
                last_error=waiting.get("error", ""),
                disputed=waiting.get("dispute", ""),
                fold_error=read.fold_error if read else "",
                undecodable=undecodable.get(contract.pk, 0),
                no_code=no_code,
                changed_at=changed_at,
            )
        )
    return facts


def _codes(contracts: list[Contract]) -> dict[int, tuple[bool, datetime | None]]:
    """By contract: whether its address holds no code, and when its code last changed."""
    found: dict[int, tuple[bool, datetime | None]] = {}
    rows = CodeRecord.objects.filter(contract__in=contracts).order_by("contract", "id")
    for contract, records in groupby(rows, key=lambda row: row.contract_id):
        *before, last = records
        had_code = bool(before) and before[-1].code_hash != NO_CODE
        found[contract] = last.code_hash == NO_CODE, last.seen_at if had_code else None
    return found


def _missing(read: Coverage | None, start: int, head: int | None) -> int:
    if read is None or head is None:
        return 0
    return ranges.count(ranges.gaps(read.blocks, start, head))


def _head(chain: Chain) -> int | None:
    status = getattr(chain, "status", None)
    return status.head_number if status else None


def _behind(head: int | None, number: int | None) -> int | None:
    return None if head is None or number is None else max(head - number, 0)


def _age(moment: datetime | None) -> float | None:
    return None if moment is None else (timezone.now() - moment).total_seconds()
