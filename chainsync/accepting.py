"""Giving up a finalized branch by the decision of a person, after the nodes replaced it.

Following refuses a branch that crosses what was finalized and stands still. It resumes by itself
when nodes are back on our branch; otherwise only here, with both branches laid side by side and the
hash of the first replaced block typed in. Blocks of the old branch stay, as orphaned.
"""

import time
from dataclasses import dataclass

from django.db import transaction

from chainsync import (
    advancing,
    assurance,
    branch,
    disputing,
    folding,
    following,
    heads,
    journal,
    planning,
)
from chainsync.endpoint import fetching
from chainsync.endpoint.failures import EndpointFailure
from chainsync.endpoint.pool import pool_of
from chainsync.endpoint.wire import Header
from chainsync.models import Block, ChainStatus, Coverage, Dispute, Reorg
from charter.models import Chain
from ledger import leases
from ledger.actions import audit, tell
from ledger.acts import Act
from ledger.leases import Held

LEASE_SECONDS = 30.0
WAIT_SECONDS = 40.0


class NotAccepted(RuntimeError):
    """The branch cannot be taken over; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Side:
    """Where one endpoint stands: its head, the highest block it shares with us, and the block
    that follows that one on its branch. `silent` says why it could not be asked."""

    name: str
    operator: str
    head: Header | None = None
    fork: int | None = None
    first: Header | None = None
    ours: bool = False
    silent: str = ""


@dataclass(frozen=True, slots=True)
class Branches:
    """Our branch and what each endpoint says of it."""

    chain: Chain
    status: ChainStatus
    sides: list[Side]

    @property
    def others(self) -> dict[str, list[Side]]:
        """Endpoints on other branches, by the hash (0x…) of the first block that is not ours."""
        found: dict[str, list[Side]] = {}
        for side in self.sides:
            if side.first is not None:
                found.setdefault("0x" + side.first.hash.hex(), []).append(side)
        return found


def compare(chain: Chain) -> Branches:
    """Ask every endpoint which of our blocks it has. Raises NotAccepted for a chain that was never
    followed."""
    status = ChainStatus.objects.filter(chain=chain).first()
    if status is None or status.head_number is None:
        raise NotAccepted(f"{chain.name} was never followed.")
    sides = []
    for source in pool_of(chain).sources:
        side = Side(source.name, source.operator)
        try:
            head = fetching.tags(source).latest
            top = min(status.head_number, head.number)
            fork = branch.common_ancestor(source, chain, top=top, floor=None)
            if fork is None:
                fork = _lowest(chain) - 1  # Of what lies below we know nothing.
            first = None
            if fork < top:
                (first,) = fetching.headers(source, [fork + 1])
        except EndpointFailure as failure:
            sides.append(Side(side.name, side.operator, silent=str(failure)))
            continue
        sides.append(Side(side.name, side.operator, head, fork, first, ours=fork == top))
    return Branches(chain, status, sides)


def _lowest(chain: Chain) -> int:
    rows = Block.objects.filter(chain=chain, canonical=True).order_by("number")
    return rows.values_list("number", flat=True)[0]


def accept(branches: Branches, first_hash: str, *, user: str, alone: bool = False) -> ChainStatus:
    """Give up our blocks above the fork for the branch whose first block has this hash.

    `user` is who decided, for the audit. One operator's word is enough only if `alone` says so.
    Takes the follower's lease for the time of the transaction. Raises NotAccepted.
    """
    chain = branches.chain
    if not branches.status.halted:
        raise NotAccepted(f"{chain.name} does not stand still: there is nothing to accept.")
    sides = branches.others.get(first_hash.strip().lower())
    if not sides:
        raise NotAccepted(
            f"No endpoint is on a branch that begins with {first_hash}. Nothing was changed."
        )
    operators = {side.operator for side in sides}
    if len(operators) < 2 and not alone:
        raise NotAccepted(
            f"Only {sides[0].operator} is on that branch. Wait for another operator, or add "
            "--alone to believe this one. Nothing was changed."
        )
    fork = sides[0].fork
    assert fork is not None
    held = _take_lease(chain)
    try:
        with transaction.atomic(durable=True):
            return _give_up(held, chain, fork, sides, first_hash, user)
    finally:
        leases.release(held)


def _take_lease(chain: Chain) -> Held:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        held = leases.take(following.lease_name(chain.key), leases.new_owner(), LEASE_SECONDS)
        if held is not None:
            return held
        time.sleep(0.1)
    raise NotAccepted(
        f"A worker keeps following {chain.name}. Stop the workers, or throw the switch "
        "`no-following`, and try again. Nothing was changed."
    )


def _give_up(
    held: Held, chain: Chain, fork: int, sides: list[Side], first_hash: str, user: str
) -> ChainStatus:
    leases.check(held)
    status = ChainStatus.objects.select_for_update().get(chain=chain)
    shared = Block.objects.filter(chain=chain, canonical=True, number=fork).first()
    old_head = status.head_hash
    if not status.halted or status.head_number is None or old_head is None:
        raise NotAccepted("The chain changed meanwhile: look again with `manage.py branch show`.")
    depth = status.head_number - fork
    rows = Coverage.objects.select_for_update(of=("self",)).select_related("contract__chain")
    for row in rows.filter(contract__chain=chain).order_by("pk"):
        folding.unfold(row, fork + 1)
    _blocks, logs = journal.orphan_above(chain, fork)
    journal.uncover_above(chain, fork)
    assurance.forget_agreed(chain, [(fork + 1, fork + depth)])
    planning.forget_above(chain, fork)
    Reorg.objects.create(
        chain=chain,
        fork_number=fork,
        depth=depth,
        old_head=old_head,
        new_head=sides[0].head.hash if sides[0].head else first_hash,
        logs_orphaned=logs,
    )
    _stand_at(status, shared)
    if shared is not None:
        heads.announce(chain, shared)
    words = f"The branch that begins with {first_hash} was accepted by {user}."
    standing = Dispute.objects.filter(chain=chain, closed_at=None, first__gt=fork)
    disputing.close(standing.select_related("endpoint", "chain"), Dispute.Outcome.ORPHANED, words)
    detail = {
        "fork": fork,
        "depth": depth,
        "old_head": old_head,
        "first": first_hash,
        "operators": sorted({side.operator for side in sides}),
        "logs_orphaned": logs,
        "user": user,
    }
    audit(actor="system:operator", act=Act.BRANCH_ACCEPTED, subject=chain.key, detail=detail)
    tell(topic=advancing.topic(chain), event="branch-accepted", detail=detail)
    return status


def _stand_at(status: ChainStatus, shared: Block | None) -> None:
    """Everything above the block that both branches share is forgotten, finality included; without
    such a block the chain is begun anew."""
    status.halted = ""
    if shared is None:
        status.head_number = status.head_hash = status.head_timestamp = None
        status.finalized_number = status.finalized_hash = None
        status.safe_number = status.dense_from = None
        status.save()
        return
    status.head_number, status.head_hash = shared.number, shared.hash
    status.head_timestamp = shared.timestamp
    if status.finalized_number is not None and status.finalized_number > shared.number:
        status.finalized_number, status.finalized_hash = shared.number, shared.hash
    if status.safe_number is not None:
        status.safe_number = min(status.safe_number, shared.number)
    status.dense_from = min(shared.number, status.dense_from or shared.number)
    status.save()
