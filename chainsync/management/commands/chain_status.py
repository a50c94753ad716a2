"""`manage.py chain_status`: how every chain is followed, in words."""

from typing import Any

from django.core.management.base import BaseCommand

from chainsync import queries
from chainsync.queries import ChainView


class Command(BaseCommand):
    """Prints head, finality, endpoints, coverage and reorgs of each chain."""

    help = "Print how each chain is followed: head, finality, endpoints, coverage, reorgs."

    def handle(self, *args: Any, **options: Any) -> None:
        views = queries.chains()
        if not views:
            self.stdout.write("No chain is loaded: run `manage.py charter_load`.")
        for view in views:
            self._print(view)

    def _print(self, view: ChainView) -> None:
        say = self.stdout.write
        status = view.status
        say(f"{view.chain.name} ({view.chain.key}, chain id {view.chain.chain_id})")
        if status is None or status.head_number is None or view.age is None:
            say("  never followed")
        else:
            say(f"  head {status.head_number}, {view.age:.0f} s old")
            say(f"  safe {status.safe_number}, finalized {status.finalized_number}")
            if status.halted:
                say(f"  STANDS STILL: {status.halted}")
        for one in view.endpoints:
            say(f"  endpoint {one.endpoint.name} ({one.endpoint.operator}): {_words(one)}")
        for read in view.coverage:
            say(
                f"  contract {read.contract.key}: {read.percent} % read, "
                f"folded to block {read.folded_to}"
            )
        for reorg in view.reorgs:
            refused = ", refused" if reorg.refused else ""
            say(
                f"  reorg of {reorg.depth} above block {reorg.fork_number} "
                f"at {reorg.seen_at:%Y-%m-%d %H:%M:%S} UTC{refused}"
            )


def _words(one: queries.EndpointView) -> str:
    status = one.status
    if status is None:
        return "not asked yet"
    if status.failures:
        return f"failed {status.failures} times in a row: {status.last_error}"
    words = f"answers in {status.latency_ms} ms, {one.behind} blocks behind"
    return f"{words}; disagrees: {status.disagrees}" if status.disagrees else words
