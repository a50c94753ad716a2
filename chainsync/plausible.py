"""Which heads can be: by the clock, and by how far the nodes of other operators are.

A head is followed before anybody else has been asked for it. That is safe only where it lies about
where the others would be by now: a node that invents a far one would otherwise have all of them
look as if they were behind. What is refused here stays refused until its head can be again.
"""

import time

from chainsync import branch
from chainsync.endpoint import fetching
from chainsync.endpoint.failures import EndpointFailure, ImplausibleHead
from chainsync.endpoint.fetching import Tags
from chainsync.endpoint.pool import SLACK_BLOCKS, SLACK_SECONDS, Pool, Source
from chainsync.endpoint.wire import Header
from chainsync.models import ChainStatus, EndpointStatus

AHEAD_SECONDS = 60.0
"""So far may a head be ahead of our clock: clocks of machines differ by less, and nodes refuse
blocks that are a quarter of this ahead of theirs."""
FASTEST = 4.0
"""No chain makes blocks so many times faster than the charter says."""


def remember(pool: Pool) -> None:
    """Take over from the rows what another process knew of these endpoints."""
    rows = EndpointStatus.objects.filter(endpoint__in=[one.endpoint for one in pool.sources])
    words = dict(rows.values_list("endpoint", "implausible"))
    for source in pool.sources:
        source.implausible = words.get(source.endpoint.pk, "")


def look(pool: Pool, status: ChainStatus) -> None:
    """Judge the head of each endpoint as it was last told, and keep what is wrong with it."""
    for source in pool.sources:
        if source.head is not None and not source.resting:
            _keep(source, _problem(pool, source, source.head, status))


def check(pool: Pool, source: Source, tags: Tags, status: ChainStatus) -> None:
    """Refuse to follow a head that cannot be. Raises ImplausibleHead."""
    problem = _problem(pool, source, tags.latest, status)
    if not problem and tags.finalized and tags.finalized.number > tags.latest.number:
        problem = (
            f"calls block {tags.finalized.number} finalized, which is above its own head, block "
            f"{tags.latest.number}."
        )
    _keep(source, problem)
    if problem:
        raise ImplausibleHead(source.name, problem)


def _keep(source: Source, problem: str) -> None:
    # The first words stay: numbers that move would be news at each look.
    source.implausible = problem and (source.implausible or problem)


def _problem(pool: Pool, source: Source, head: Header, status: ChainStatus) -> str:
    """Why this cannot be the head, in words that follow the endpoint's name; empty if it can."""
    others = [other for other in pool.sources if other.operator != source.operator]
    ahead = head.timestamp - time.time()
    if ahead > AHEAD_SECONDS and not any(_shares(other, head) for other in others):
        return (
            f"calls block {head.number} its head, which lies {ahead:.0f} s ahead of our clock and "
            "which no other operator has."
        )
    for other in others:
        theirs = _head(other)
        if theirs is None or other.disagrees or head.number <= theirs.number:
            continue
        grown = (head.number - theirs.number) * pool.chain.block_time
        possible = FASTEST * max(head.timestamp - theirs.timestamp, 0)
        slack = max(SLACK_BLOCKS * pool.chain.block_time, SLACK_SECONDS)
        if grown > possible + slack and _is_ours(other, theirs, pool, status):
            return (
                f"calls block {head.number} its head, while {other.name} ({other.operator}) is at "
                f"block {theirs.number}: no chain grows so much in the time between the two."
            )
    return ""


def _head(other: Source) -> Header | None:
    """Its head when it was last asked; it is asked if it never was."""
    if other.head is None and not other.resting:
        try:
            fetching.tags(other)
        except EndpointFailure:
            return None
    return other.head


def _shares(other: Source, head: Header) -> bool:
    """Whether another node has this very block: then it is our clock that is wrong."""
    if other.resting:
        return False
    try:
        return branch.has(other, head.number, "0x" + head.hash.hex())
    except EndpointFailure:
        return False


def _is_ours(other: Source, head: Header, pool: Pool, status: ChainStatus) -> bool:
    """Whether a node is on our branch; only then does its head say how far the chain is. Where
    nothing is final yet our branch may itself be the invented one, so everybody is heard."""
    number, finalized = status.head_number, status.finalized_number
    if number is None or status.head_hash is None or finalized is None:
        return True
    try:
        if head.number > number:
            return branch.has(other, number, status.head_hash)
        if head.number >= (status.dense_from or 0):
            return branch.our_hash(pool.chain, head.number) == "0x" + head.hash.hex()
        return branch.has(other, finalized, status.finalized_hash or "")
    except EndpointFailure:
        return False
