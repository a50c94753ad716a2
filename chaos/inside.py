"""What must be done from within an installation: a servant on the database of DATABASE_URL.

It reads orders from standard input, one JSON list a line, and answers each with one JSON object:

    ["prepare"]                                             loads the charter
    ["settle", {"l2": [120, "0x…", 90]}, 120]               waits until workers have done everything
    ["sync", {"l2": [119, "0x…", 89]}, 120]                 does it all itself, undisturbed
    ["verify"] ["digest"]                                   ledger_verify, digest

Heads are number, hash and finalized number of each chain. The answer is `{"missing": […]}` where
something does not come to rest in so many seconds, else `{"missing": []}` with what was asked for.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Iterator
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.settings")
django.setup()

import psutil  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import close_old_connections  # noqa: E402
from django.db.models.functions import Now  # noqa: E402

from chainsync import backfill, catching_up, following, planning, ranges, review  # noqa: E402
from chainsync import contracts as codes  # noqa: E402
from chainsync.models import BackfillRange, ChainStatus, Coverage  # noqa: E402
from charter.models import Chain  # noqa: E402
from governance import observing, reconciling  # noqa: E402
from governance.asking import head_of  # noqa: E402
from ledger.actions import seal  # noqa: E402
from ledger.models import AuditEntry, Consumer, Finding, Lease, OutboxEntry, Seal  # noqa: E402
from ledger.seals import verify_seals  # noqa: E402
from tocsin.digest import digest  # noqa: E402

CONSUMER = "chaos"
PACES = ("check-contracts:", "fold-retry:", "prune:")
"""Leases that nobody holds in order to write: they say that something was done a while ago."""
Heads = dict[str, tuple[int, str, int]]


def prepare() -> None:
    """Load the charter, and let the listening consumer hear from the very first entry on."""
    Consumer.objects.get_or_create(name=CONSUMER, defaults={"position": 0})
    call_command("charter_load", verbosity=0, stdout=sys.stderr)


def missing(heads: Heads, *, heard: bool) -> Iterator[str]:
    """What still has to happen, in words; nothing when all is settled."""
    for chain in Chain.objects.filter(active=True):
        yield from _missing_of(chain, *heads[chain.key])
    if AuditEntry.objects.filter(position=None).exists():
        yield "audit entries without a seal"
    if unsealed := OutboxEntry.objects.filter(position=None).count():
        yield f"{unsealed} outbox entries without a seal"
    for finding in Finding.objects.filter(closed_at=None):
        yield f"finding {finding.rule} {finding.subject}: {finding.summary}"
    if heard:
        end = Seal.objects.filter(name="outbox").values_list("position", flat=True).first() or 0
        at = Consumer.objects.get(name=CONSUMER).position
        if at < end:
            yield f"the outbox is handed over to {at} of {end}"
    for lease in Lease.objects.filter(expires_at__gt=Now()):
        if lease.name.startswith(PACES):
            continue
        process = lease.owner.split(":")[1]
        if process.isdecimal() and not psutil.pid_exists(int(process)):
            yield f"lease {lease.name} is held by process {process}, which is dead"


def _missing_of(chain: Chain, number: int, block_hash: str, finalized: int) -> Iterator[str]:
    status = ChainStatus.objects.filter(chain=chain).first()
    if status is None:
        yield f"{chain.key} was never followed"
        return
    if status.head_hash != block_hash:
        yield f"{chain.key} is at {status.head_number} {status.head_hash}, not at {number}"
    if status.finalized_number != finalized:
        yield f"{chain.key} is final to {status.finalized_number}, not to {finalized}"
    if status.halted:
        yield f"{chain.key} is halted: {status.halted}"
    for read in Coverage.objects.filter(contract__chain=chain).select_related("contract"):
        start = read.contract.start_block
        if gaps := ranges.gaps(read.blocks, start, number):
            yield f"{read.contract.key} was not read in {gaps}"
        elif read.folded_to != number:
            yield f"{read.contract.key} is folded to {read.folded_to}"
        if read.fold_error:
            yield f"{read.contract.key} does not fold: {read.fold_error}"
    for row in BackfillRange.objects.filter(chain=chain):
        yield f"range {row} waits: {row.claimed_by} {row.last_error}"
    head = head_of(chain)
    if head is not None:
        if observing.due(chain, head):
            yield f"{chain.key}: something is to be asked"
        if reconciling.due(chain, head):
            yield f"{chain.key}: something is to be compared"


def settle(heads: Heads, seconds: float) -> list[str]:
    """Wait until nothing is missing; what is, when that takes too long."""
    deadline = time.monotonic() + seconds
    while (found := list(missing(heads, heard=True))) and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def sync(heads: Heads, seconds: float) -> list[str]:
    """Do in turn, undisturbed, what workers do, until nothing is missing; what is, when it takes
    too long."""
    deadline = time.monotonic() + seconds
    while True:
        for chain in Chain.objects.filter(active=True):
            _sync(chain, heads[chain.key])
        review.review()
        seal()
        found = list(missing(heads, heard=False))
        if not found or time.monotonic() > deadline:
            return found


def _sync(chain: Chain, head: tuple[int, str, int]) -> None:
    _, block_hash, finalized = head

    def arrived(status: ChainStatus) -> bool:
        return status.head_hash == block_hash and status.finalized_number == finalized

    following.turn(chain.key, seconds=5, until=arrived)
    planning.plan(chain)
    backfill.turn(chain.key, seconds=30)
    catching_up.turn(chain.key, seconds=30)
    following.turn(chain.key, seconds=1)  # What was added late is filled in, and others confirm.
    observing.read_all(chain)
    reconciling.reconcile(chain)
    codes.check(chain)


def obey(what: str, *rest: Any) -> dict[str, Any]:
    """Carry out one order."""
    close_old_connections()
    if what == "prepare":
        prepare()
    elif what == "verify":
        return {"entries": seal().outbox_position, "missing": [str(one) for one in verify_seals()]}
    elif what == "digest":
        return {"missing": [], "digest": digest().as_json()}
    else:
        given, seconds = rest
        heads: Heads = {key: (int(row[0]), str(row[1]), int(row[2])) for key, row in given.items()}
        return {"missing": {"settle": settle, "sync": sync}[what](heads, seconds)}
    return {"missing": []}


def main() -> None:
    """Serve until the input ends; an order that fails is answered with the reason."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Whatever the product prints is no answer.
    for line in sys.stdin:
        try:
            answer = obey(*json.loads(line))
        except Exception as error:
            answer = {"missing": ["".join(traceback.format_exception(error))]}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
