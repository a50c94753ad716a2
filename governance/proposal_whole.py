"""All facts of one proposal, put together from rows in a bounded number of queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, Q

from chainsync.freshness import Horizon
from charter.models import Contract
from charter.representation import iso
from governance import facts, wording
from governance.calldata.resolving import told
from governance.models import (
    Operation,
    OperationCall,
    OperationEvent,
    Proposal,
    ProposalAction,
    ProposalEvent,
)
from governance.told_proof import ToldProof, told_proof
from proofs.refusals import Refusal
from proofs.statements.clock import ClockMode, Moment
from proofs.statements.lifecycle import Change, ProposalFacts, deadline, next_change, state
from proofs.statements.quorum import QuorumCheck, vote_succeeded
from proofs.statements.timeline import Moments, timeline

NOT_FOLDED = "Not every block up to the head is taken in yet."


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a proposal stands at a block, in plain values as the API tells them.

    While something is missing, `state` is the stored one, `says` names what is missing, and
    `next_change` and `timeline` are empty.
    """

    state: str
    state_at: dict[str, Any]
    says: str
    next_change: dict[str, Any] | None = None
    timeline: Sequence[dict[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A proposal's standing, its quorum, and the rows that hang on it.

    Each action has what its call means as `told`.
    """

    standing: Standing
    quorum: dict[str, Any] | None
    proven: ToldProof
    actions: list[ProposalAction]
    events: list[ProposalEvent]
    operations: list[Operation]


def whole(proposal: Proposal, horizon: Horizon) -> Whole:
    """Everything about a proposal whose contract, chain and profile are loaded.

    One query each for linked contracts, actions, events, operations, their calls and their events,
    for proof and last attempt, one to tell the actions, and one for each parameter that they
    change.
    """
    governor = proposal.contract
    profile = getattr(governor, "governor_profile", None)
    linked = _linked(governor)
    timelock, token = linked.get("timelock"), linked.get("token")
    actions, events = list(proposal.actions.all()), list(proposal.events.all())
    operations = _operations(proposal, actions)
    queued_as = [row for row in operations if row.operation_id == proposal.operation_id]
    _tell(proposal, actions, events, queued_as)
    moment = _moment([row for row in (governor, timelock) if row is not None], horizon)
    found, check, missing = None, None, ""
    try:
        found = facts.proposal_facts(
            proposal,
            governor=governor,
            profile=profile,
            timelock=timelock,
            operation=queued_as[-1] if queued_as else None,
        )
        check = facts.quorum_check(proposal, facts.counting(governor, profile))
    except (facts.NotAsked, Refusal) as error:
        missing = str(error)
    return Whole(
        standing=(
            _stored(proposal, missing or NOT_FOLDED)
            if found is None or moment is None
            else _standing(proposal, found, moment, check, _moments(proposal, events))
        ),
        quorum=None
        if check is None
        else _quorum(
            proposal, check, getattr(token, "token_profile", None), _closed(found, moment)
        ),
        proven=told_proof(proposal, horizon, found, check, moment),
        actions=actions,
        events=events,
        operations=operations,
    )


def timepoint(value: int | None, mode: ClockMode) -> dict[str, Any] | None:
    """A timepoint with its clock, and its time where the clock counts seconds."""
    if value is None:
        return None
    time = iso(value) if mode is ClockMode.TIMESTAMP else None
    return {"timepoint": value, "clock_mode": mode.value, "time": time}


def _standing(
    proposal: Proposal,
    found: ProposalFacts,
    moment: Moment,
    check: QuorumCheck | None,
    moments: Moments,
) -> Standing:
    clock = moment.clock(found.clock_mode)
    try:
        now = state(found, clock, moment.timestamp)
        change = next_change(found, clock, moment.timestamp)
        steps = timeline(found, clock, moment.timestamp, moments)
    except Refusal as refusal:
        return _stored(proposal, str(refusal))
    return Standing(
        state=now.name.lower(),
        state_at={
            "as_of_block": moment.block_number,
            "as_of_timestamp": moment.timestamp,
            "as_of_time": iso(moment.timestamp),
        },
        says=wording.state(
            now,
            change,
            quorum_reached=None if check is None else check.reached,
            majority=vote_succeeded(found.tally),
        ),
        next_change=None if change is None else _change(change),
        timeline=[
            {
                "kind": step.kind.value,
                "status": step.status.value,
                "at": timepoint(step.at, step.clock_mode),
                "until": timepoint(step.until, step.clock_mode),
            }
            for step in steps
        ],
    )


def _change(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind.value,
        "at": timepoint(change.value, change.clock_mode),
        "follows": None if change.follows is None else change.follows.name.lower(),
    }


def _stored(proposal: Proposal, missing: str) -> Standing:
    """The state as it was last computed, while `missing` keeps it from being computed afresh."""
    at = {"as_of_block": proposal.state_block, "as_of_timestamp": None, "as_of_time": None}
    return Standing(state=proposal.state_name, state_at=at, says=missing)


def _quorum(proposal: Proposal, check: QuorumCheck, token: Any, closed: bool) -> dict[str, Any]:
    return {
        "needed": check.needed,
        "counted": check.counted,
        "missing": check.missing,
        "reached": check.reached,
        "buckets": [bucket.name.lower() for bucket in sorted(check.buckets)],
        "numerator": proposal.quorum_numerator,
        "denominator": proposal.quorum_denominator,
        "supply": proposal.supply_at_snapshot,
        "final": proposal.quorum_final,
        "read_at_block": proposal.quorum_block,
        "says": wording.quorum(
            check,
            18 if token is None else token.decimals,
            final=proposal.quorum_final,
            closed=closed,
        ),
    }


def _closed(found: ProposalFacts | None, moment: Moment | None) -> bool:
    """Whether voting is over, as far as we know."""
    if found is None or moment is None:
        return False
    return moment.clock(found.clock_mode) > deadline(found)


def _tell(
    proposal: Proposal,
    actions: Sequence[ProposalAction],
    events: Iterable[ProposalEvent],
    operations: Iterable[Operation],
) -> None:
    """Give each action what it means: now, or at the time when it was carried out.

    Of what somebody executed on the timelock itself, the governor says nothing.
    """
    executed = [event.block_number for event in events if event.kind == ProposalEvent.Kind.EXECUTED]
    executed += [
        event.block_number
        for operation in operations
        if operation.done
        for event in operation.events.all()
        if event.kind == OperationEvent.Kind.CALL_EXECUTED
    ]
    chain = proposal.contract.chain
    calls = told(chain, actions, before=executed[0] if executed else None) if actions else []
    for action, call in zip(actions, calls, strict=True):
        action.told = call  # type: ignore[attr-defined]


def _linked(governor: Contract) -> dict[str, Contract]:
    """The contracts that play roles for a governor, by role."""
    rows = Contract.objects.filter(key__in=list(governor.links.values()))
    by_key = {row.key: row for row in rows.select_related("chain", "token_profile")}
    return {role: by_key[key] for role, key in governor.links.items() if key in by_key}


def _operations(proposal: Proposal, actions: Iterable[ProposalAction]) -> list[Operation]:
    """Operations of the proposal, oldest first: of the whole, or of each call."""
    ids = {proposal.operation_id, *(action.operation_id for action in actions)} - {None}
    calls = Prefetch("calls", OperationCall.objects.select_related("contract__chain"))
    rows = Operation.objects.filter(
        Q(operation_id__in=ids, contract__chain=proposal.contract.chain)
    ).select_related("contract__chain")
    return list(rows.prefetch_related(calls, "events").order_by("block_number", "log_index"))


def _moment(contracts: Iterable[Contract], horizon: Horizon) -> Moment | None:
    """The chain's head, if all of these contracts of one chain are folded up to it."""
    found = None
    for contract in contracts:
        head, folded = horizon.chain(contract.chain_id), horizon.folded_to(contract.pk)
        if head.head is None or head.head_timestamp is None or (folded or -1) < head.head:
            return None
        found = Moment(block_number=head.head, timestamp=head.head_timestamp)
    return found


def _moments(proposal: Proposal, events: Iterable[ProposalEvent]) -> Moments:
    at = {
        event.kind: Moment(block_number=event.block_number, timestamp=event.timestamp)
        for event in events
    }
    return Moments(
        proposed=Moment(block_number=proposal.block_number, timestamp=proposal.timestamp),
        queued=at.get(ProposalEvent.Kind.QUEUED),
        executed=at.get(ProposalEvent.Kind.EXECUTED),
        canceled=at.get(ProposalEvent.Kind.CANCELED),
    )
