"""What pages read from governance, each in a bounded number of queries."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db.models import (
    CharField,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)

from charter.models import Contract
from governance.models import (
    Checkpoint,
    Delegate,
    Delegation,
    Operation,
    OperationEvent,
    ParameterChange,
    Proposal,
    ProposalEvent,
    TallyDelta,
    Vote,
)
from governance.text import SEARCH_CONFIG
from proofs.statements.lifecycle import ProposalState

LIVING = (
    ProposalState.PENDING,
    ProposalState.ACTIVE,
    ProposalState.SUCCEEDED,
    ProposalState.QUEUED,
)
"""States in which something may still happen."""

OVER = tuple(state for state in ProposalState if state not in LIVING)
"""States in which nothing happens any more."""


def proposals(
    *, states: Collection[int] = (), contracts: Collection[int] = (), search: str = ""
) -> QuerySet[Proposal]:
    """Proposals, newest first; each argument that is not empty narrows them."""
    chosen = Proposal.objects.defer("description", "search")
    if states:
        chosen = chosen.filter(state__in=states)
    if contracts:
        chosen = chosen.filter(contract_id__in=contracts)
    if search:
        words = SearchQuery(search, config=SEARCH_CONFIG, search_type="websearch")
        chosen = chosen.filter(Q(search=words) | Q(title__icontains=search))
    return chosen


def living(limit: int = 40) -> list[Proposal]:
    """Proposals that are not over, newest first."""
    return list(proposals(states=LIVING).order_by("-timestamp", "-id")[:limit])


def decided(limit: int = 6) -> list[Proposal]:
    """Proposals that are over, newest first."""
    return list(proposals(states=OVER).order_by("-timestamp", "-id")[:limit])


def proposal(key: str, *, text: bool = True) -> Proposal:
    """The proposal of this key with contract and chain; raises Proposal.DoesNotExist.

    Without `text` its description, which may be long, is left where it is.
    """
    slim = ("search",) if text else ("search", "description")
    rows = Proposal.objects.defer(*slim).select_related(
        "contract__chain__status", "contract__governor_profile", "proof_attempt"
    )
    return rows.get(key=key)


def proposal_events(found: Proposal) -> dict[str, ProposalEvent]:
    """The latest event of each kind."""
    return {event.kind: event for event in found.events.all()}


def proposal_endings(found: Iterable[Proposal]) -> dict[int, ProposalEvent]:
    """How governors said that these proposals ended, by primary key of the proposal."""
    over = [row.pk for row in found if row.executed or row.canceled]
    kinds = (ProposalEvent.Kind.EXECUTED, ProposalEvent.Kind.CANCELED)
    rows = ProposalEvent.objects.filter(proposal__in=over, kind__in=kinds)
    return {row.proposal_id: row for row in rows.order_by("block_number", "log_index")}


def operation_endings(found: Iterable[Operation]) -> dict[int, OperationEvent]:
    """The last call or the cancellation of operations that are over, by their primary key."""
    over = [row.pk for row in found if row.done or row.canceled]
    kinds = (OperationEvent.Kind.CALL_EXECUTED, OperationEvent.Kind.CANCELED)
    rows = OperationEvent.objects.filter(operation__in=over, kind__in=kinds)
    return {row.operation_id: row for row in rows.order_by("block_number", "log_index")}


def late_extension(governor: Contract) -> int | None:
    """By how much a late quorum extends voting, in the governor's clock; None if untold."""
    told = ParameterChange.objects.filter(contract=governor, name="lateQuorumExtension")
    newest = told.order_by("-block_number", "-log_index").values_list("value", flat=True).first()
    return int(newest) if newest is not None and newest.isdecimal() else None


def operation_of(found: Proposal, timelock: Contract | None) -> Operation | None:
    """The timelock operation that the proposal was queued as, if it was."""
    if found.operation_id is None or timelock is None:
        return None
    rows = Operation.objects.filter(contract=timelock, operation_id=found.operation_id)
    return rows.order_by("-block_number", "-log_index").first()


def operations_of(found: Iterable[Proposal]) -> dict[str, Operation]:
    """Operations of many proposals by operation id, later ones winning."""
    ids = [row.operation_id for row in found if row.operation_id]
    rows = Operation.objects.filter(operation_id__in=ids).order_by("block_number", "log_index")
    return {row.operation_id: row for row in rows}


def votes(found: Proposal) -> QuerySet[Vote]:
    """All vote events of a proposal, in no order yet."""
    return Vote.objects.filter(proposal=found)


def votes_of(voter: str, found: Proposal) -> list[Vote]:
    """Vote events of one voter on one proposal, oldest first."""
    return list(votes(found).filter(voter=voter).order_by("block_number", "log_index"))


def voted_on(voter: str, proposals: Collection[int]) -> set[int]:
    """Which of these proposals (primary keys) `voter` has voted on."""
    rows = Vote.objects.filter(voter=voter, proposal__in=proposals)
    return set(rows.values_list("proposal_id", flat=True))


def last_vote_blocks(found: Iterable[Proposal]) -> dict[int, int]:
    """Block of the last vote of each proposal that has one, by primary key. One query."""
    voted = [row.pk for row in found if row.vote_count]
    if not voted:
        return {}
    newest = TallyDelta.objects.filter(proposal=OuterRef("pk")).order_by("-block_number")
    rows = Proposal.objects.filter(pk__in=voted).annotate(
        last=Subquery(newest.values("block_number")[:1])
    )
    return {pk: last for pk, last in rows.values_list("pk", "last").order_by() if last is not None}


def power_now(token: Contract, holder: str) -> int:
    """Voting power of `holder` at its last checkpoint, in base units."""
    rows = Checkpoint.objects.filter(contract=token, delegate=holder)
    return rows.order_by("-block_number", "-log_index").values_list("votes", flat=True).first() or 0


def delegate_now(token: Contract, holder: str) -> Delegation | None:
    """Whom `holder` delegates to: the latest delegation, or None when there never was one."""
    rows = Delegation.objects.filter(contract=token, delegator=holder)
    return rows.order_by("-block_number", "-log_index").first()


def delegators(token: Contract, delegate: str, limit: int = 200) -> list[Delegation]:
    """Latest delegations of those who delegate to `delegate` now, newest first."""
    latest = Delegation.objects.filter(contract=token, delegator=OuterRef("delegator")).order_by(
        "-block_number", "-log_index"
    )
    rows = Delegation.objects.filter(contract=token, to_delegate=delegate)
    return list(rows.filter(pk=Subquery(latest.values("pk")[:1]))[:limit])


def delegates(token: Contract) -> QuerySet[Delegate]:
    """Delegates of a token with any power or delegators."""
    return Delegate.objects.filter(contract=token).filter(Q(votes__gt=0) | Q(delegators__gt=0))


def with_address(rows: QuerySet[Delegate], part: str) -> QuerySet[Delegate]:
    """Delegates whose address begins or ends with `part`, as the shortened ones are written.

    `0x12ab…34cd` is both ends at once.
    """
    begins, gap, ends = part.lower().replace("...", "…").partition("…")
    begins = begins.removeprefix("0x")
    digits = Func(F("address"), Value("hex"), function="encode", output_field=CharField())
    found = rows.alias(digits=digits)
    if gap:
        return found.filter(digits__startswith=begins, digits__endswith=ends)
    return found.filter(Q(digits__startswith=begins) | Q(digits__endswith=begins))


def delegated_total(token: Contract) -> int:
    """All voting power that delegates of a token hold together."""
    total = Delegate.objects.filter(contract=token).aggregate(total=Sum("votes"))["total"]
    return int(total or 0)


def checkpoints(token: Contract, delegate: str, limit: int = 500) -> list[Checkpoint]:
    """The last `limit` checkpoints of a delegate, oldest first."""
    rows = Checkpoint.objects.filter(contract=token, delegate=delegate)
    return list(rows.order_by("-block_number", "-log_index")[:limit])[::-1]


def votes_by(voter: str) -> QuerySet[Vote]:
    """All votes of an address with their proposals."""
    deferred = ("proposal__description", "proposal__search")
    return Vote.objects.filter(voter=voter).select_related("proposal__contract").defer(*deferred)


def attendance(voter: str, governors: Collection[int], limit: int = 12) -> list[dict[str, Any]]:
    """The last proposals that were opened for votes, each with the voter's summed votes or None."""
    opened = proposals(contracts=governors).exclude(state=ProposalState.PENDING)
    recent = list(opened.order_by("-timestamp", "-id")[:limit])
    cast: dict[int, list[Vote]] = {}
    for vote in Vote.objects.filter(voter=voter, proposal__in=recent):
        cast.setdefault(vote.proposal_id, []).append(vote)
    return [{"proposal": row, "votes": cast.get(row.pk, [])} for row in recent]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that happened lately: what, to which proposal, when (seconds)."""

    kind: str
    timestamp: int
    proposal: Proposal
    vote: Vote | None = None


def lately(limit: int = 12) -> list[Happening]:
    """What changed last: proposals made, decided, carried out, and heavy votes. Three queries."""
    slim = ("proposal__description", "proposal__search")
    made = proposals().select_related("contract").order_by("-timestamp", "-id")[:limit]
    told = (
        ProposalEvent.objects.select_related("proposal__contract")
        .defer(*slim)
        .order_by("-timestamp", "-id")[:limit]
    )
    cast = (
        Vote.objects.select_related("proposal__contract")
        .defer(*slim)
        # By order of writing, which an index has; it differs from time only during a backfill.
        .order_by("-id")[:limit]
    )
    happened = [
        *(Happening(kind="proposed", timestamp=row.timestamp, proposal=row) for row in made),
        *(Happening(kind=row.kind, timestamp=row.timestamp, proposal=row.proposal) for row in told),
        *(
            Happening(kind="vote", timestamp=row.timestamp, proposal=row.proposal, vote=row)
            for row in cast
        ),
    ]
    return sorted(happened, key=lambda one: -one.timestamp)[:limit]


def operations() -> QuerySet[Operation]:
    """All timelock operations with timelock and chain."""
    return Operation.objects.select_related("contract__chain").prefetch_related("calls")


def proposals_of_operations(rows: Iterable[Operation]) -> dict[str, Proposal]:
    """Which proposal each operation came from, by operation id."""
    ids = [row.operation_id for row in rows]
    found = proposals().filter(operation_id__in=ids)
    return {row.operation_id: row for row in found if row.operation_id}
