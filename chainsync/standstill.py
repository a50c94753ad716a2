"""When nodes deny what was finalized: nothing of their branch is taken in.

Following stands still then, and goes on by itself as soon as any endpoint is back on our branch;
otherwise a person decides (`chainsync/accepting.py`).
"""

import logging

from chainsync import advancing, branch, disputing
from chainsync.endpoint.failures import EndpointFailure
from chainsync.endpoint.fetching import Tags
from chainsync.endpoint.pool import Pool, Source
from chainsync.models import ChainStatus, Dispute
from ledger.leases import Held

logger = logging.getLogger(__name__)

Found = tuple[ChainStatus, Source | None]
"""The status afterwards, and the endpoint that is on our branch, if there is one."""


def refuse(held: Held, pool: Pool, status: ChainStatus, source: Source, tags: Tags) -> Found:
    """`source` denies our finalized block: find an endpoint that has it, else stand still.

    Raises EndpointFailure, FenceLost.
    """
    chain, number, block_hash = pool.chain, status.finalized_number, status.finalized_hash
    assert number is not None
    assert block_hash is not None
    _in_dispute(source, status)
    status, back = _back(held, pool, status, [one for one in pool.ranked() if one is not source])
    if back is not None:
        return status, back
    fork = branch.common_ancestor(source, chain, top=number, floor=status.dense_from or number)
    words = (
        f"The nodes of {chain.name} replaced blocks from {(fork or number - 1) + 1} on, "
        f"although block {number} was finalized ({block_hash[:10]}…). Nothing of the new "
        "branch is taken in. Find out which branch is right: if the nodes are wrong, repair "
        "or replace them in venue.toml, and following resumes by itself; if they are right, "
        f"accept their branch with `manage.py branch accept {chain.key}`."
    )
    if status.halted != words:
        logger.error("%s", words)
    fork = number - 1 if fork is None else fork
    return advancing.refuse(held, chain, words, fork=fork, new_head=tags.latest.hash), None


def resume(held: Held, pool: Pool, status: ChainStatus) -> Found:
    """While halted: look for an endpoint that is back on our branch. Raises FenceLost."""
    return _back(held, pool, status, pool.ranked())


def _back(held: Held, pool: Pool, status: ChainStatus, sources: list[Source]) -> Found:
    number, block_hash = status.finalized_number, status.finalized_hash
    assert number is not None
    assert block_hash is not None
    for source in sources:
        try:
            agrees = branch.has(source, number, block_hash)
        except EndpointFailure as failure:
            logger.info("%s", failure)
            continue
        if agrees:
            disputing.agrees(source.endpoint, {number: block_hash})
            disputing.apply(pool.sources)
            if status.halted:
                status = advancing.resume(held, pool.chain)
            return status, source
        _in_dispute(source, status)
    return status, None


def _in_dispute(source: Source, status: ChainStatus) -> None:
    number = status.finalized_number
    assert number is not None
    disputing.open_dispute(
        source.endpoint,
        Dispute.About.BLOCK,
        number,
        says=f"block {number} is another than the one that was finalized",
        block_hash=status.finalized_hash,
    )
    disputing.apply([source])
