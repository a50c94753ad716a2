"""Folding and unfolding: what a reorg takes back is exactly what the orphaned logs had done."""

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainsync import kinds
from chainsync.decoding import Event
from chainsync.kinds import LogRecord
from charter.models import Contract
from governance.folding import delegates, proposals, votes
from governance.projections import KINDS, compound_timelock, oz_timelock
from ledger.models import Finding
from proofs.statements.tally import Tally, pack_split
from tests.governance.chain_of_logs import account, address_of, contract, fold, log, rows, unfold

pytestmark = pytest.mark.django_db

SMALL = st.integers(0, 3)
AMOUNT = st.one_of(st.integers(0, 5), st.just(2**96 - 1))


def proposal_created(number: int, calls: int, text: str) -> tuple[Event, dict]:
    return proposals.PROPOSAL_CREATED, {
        "proposalId": number,
        "proposer": account(number),
        "targets": [account(n) for n in range(calls)],
        "values": list(range(calls)),
        "signatures": [""] * calls,
        "calldatas": [bytes([n] * n) for n in range(calls)],
        "voteStart": 10,
        "voteEnd": 20,
        "description": text,
    }


@st.composite
def governor_steps(draw: st.DrawFn) -> list[tuple[Event, dict]]:
    """A life of a governor: creations (each id once), votes and progress, some on unknown ids."""
    steps: list[tuple[Event, dict]] = []
    created: set[int] = set()
    for _ in range(draw(st.integers(1, 12))):
        number = draw(SMALL)
        what = draw(st.sampled_from(["create", "vote", "vote", "split", "said", "reduced"]))
        if what == "create":
            if number not in created:
                created.add(number)
                steps.append(proposal_created(number, draw(st.integers(1, 3)), draw(st.text())))
            continue
        common = {"voter": account(draw(SMALL)), "proposalId": number}
        if what == "vote":
            values = {"support": draw(st.integers(0, 2)), "weight": draw(AMOUNT)}
            steps.append((votes.VOTE_CAST, {**common, **values, "reason": draw(st.text())}))
        elif what == "split":
            split = Tally(against=draw(AMOUNT), for_=draw(AMOUNT), abstain=draw(AMOUNT))
            values = {"support": 255, "weight": split.total, "params": pack_split(split)}
            steps.append((votes.VOTE_CAST_WITH_PARAMS, {**common, **values, "reason": ""}))
        elif what == "reduced":
            support, weight = draw(st.integers(0, 2)), draw(st.integers(1, 5))
            first = {"support": support, "weight": weight, "reason": "before"}
            steps.append((votes.VOTE_CAST, {**common, **first}))
            after = {"delegate": common["voter"], "support": support, "weight": weight}
            steps.append((votes.VOTE_REDUCED, {"proposalId": number, **after}))
        else:
            event, name = draw(
                st.sampled_from(
                    [
                        (proposals.PROPOSAL_QUEUED, "etaSeconds"),
                        (proposals.PROPOSAL_EXTENDED, "extendedDeadline"),
                        (proposals.PROPOSAL_EXECUTED, ""),
                        (proposals.PROPOSAL_CANCELED, ""),
                    ]
                )
            )
            extra = {name: draw(st.integers(1, 100))} if name else {}
            steps.append((event, {"proposalId": number, **extra}))
    return steps


@st.composite
def token_steps(draw: st.DrawFn) -> list[tuple[Event, dict]]:
    """Delegations and checkpoints, with nobody as a delegate and the same delegate twice."""
    people = st.sampled_from([bytes(20), account(1), account(2), account(3)])
    steps: list[tuple[Event, dict]] = []
    for _ in range(draw(st.integers(1, 12))):
        if draw(st.booleans()):
            values = {"delegator": account(9), "fromDelegate": draw(people)}
            steps.append((delegates.DELEGATE_CHANGED, {**values, "toDelegate": draw(people)}))
        else:
            values = {"previousVotes": draw(AMOUNT), "newVotes": draw(AMOUNT)}
            steps.append((delegates.DELEGATE_VOTES_CHANGED, {"delegate": draw(people), **values}))
    return steps


@st.composite
def timelock_steps(draw: st.DrawFn) -> list[tuple[Event, dict]]:
    """Operations of one or two calls, executed or canceled, scheduled again, or unheard of."""
    steps: list[tuple[Event, dict]] = []
    for _ in range(draw(st.integers(1, 10))):
        id_ = draw(SMALL).to_bytes(32, "big")
        call = {"target": account(1), "value": 1, "data": b"\x01\x02"}
        what = draw(st.sampled_from(["schedule", "schedule", "execute", "cancel", "delay"]))
        if what == "schedule":
            for index in range(draw(st.integers(1, 2))):
                rest = {"predecessor": bytes(32), "delay": draw(st.integers(0, 9))}
                values = {"id": id_, "index": index, **call, **rest}
                steps.append((oz_timelock.CALL_SCHEDULED, values))
            steps.append((oz_timelock.CALL_SALT, {"id": id_, "salt": b"\x07" * 32}))
        elif what == "execute":
            steps.append((oz_timelock.CALL_EXECUTED, {"id": id_, "index": 0, **call}))
        elif what == "cancel":
            steps.append((oz_timelock.CANCELLED, {"id": id_}))
        else:
            change = Event.parse("MinDelayChange(uint256 previous, uint256 value)")
            steps.append((change, {"previous": 1, "value": draw(AMOUNT)}))
    return steps


@st.composite
def compound_steps(draw: st.DrawFn) -> list[tuple[Event, dict]]:
    """Calls queued, executed and canceled in Compound's Timelock."""
    events = [
        compound_timelock.QUEUE_TRANSACTION,
        compound_timelock.QUEUE_TRANSACTION,
        compound_timelock.EXECUTE_TRANSACTION,
        compound_timelock.CANCEL_TRANSACTION,
    ]
    steps = []
    for _ in range(draw(st.integers(1, 10))):
        id_ = draw(SMALL).to_bytes(32, "big")
        call = {"target": account(1), "value": 0, "signature": "a(uint256)", "data": b"", "eta": 9}
        steps.append((draw(st.sampled_from(events)), {"txHash": id_, **call}))
    return steps


@st.composite
def venue_steps(draw: st.DrawFn) -> list[tuple[Event, dict]]:
    """Markets listed, changed and paused."""
    listed = Event.parse(
        "MarketListed(bytes32 indexed market, uint32 maxLeverageBps, uint32 maintenanceMarginBps, "
        "uint32 takerFeeBps)"
    )
    fee = Event.parse("TakerFeeSet(bytes32 indexed market, uint32 previous, uint32 value)")
    market = {"market": b"ETH-PERP".ljust(32, b"\0")}
    rest = {"maxLeverageBps": 1, "maintenanceMarginBps": 2, "takerFeeBps": draw(st.integers(0, 9))}
    fees = draw(st.lists(st.integers(0, 9), max_size=3))
    return [
        (listed, {**market, **rest}),
        *((fee, {**market, "previous": 0, "value": value}) for value in fees),
    ]


@st.composite
def safe_steps(draw: st.DrawFn) -> list[tuple[Event, dict]]:
    """Owners, thresholds and executions of Safes of both generations."""
    choices = [
        (Event.parse("AddedOwner(address indexed owner)"), {"owner": account(1)}),
        (Event.parse("AddedOwner(address owner)"), {"owner": account(1)}),
        (Event.parse("ChangedThreshold(uint256 threshold)"), {"threshold": draw(AMOUNT)}),
        (
            Event.parse("ExecutionSuccess(bytes32 indexed txHash, uint256 payment)"),
            {"txHash": b"\x01" * 32, "payment": 0},
        ),
        (
            Event.parse("ExecutionFailure(bytes32 txHash, uint256 payment)"),
            {"txHash": b"\xff" * 32, "payment": 5},
        ),
    ]
    return draw(st.lists(st.sampled_from(choices), min_size=1, max_size=6))


@st.composite
def bridge_steps(draw: st.DrawFn) -> list[tuple[Event, dict]]:
    """Limits and notices of the bridge, hostile text included."""
    limit = Event.parse("DailyLimitSet(uint128 previous, uint128 value)")
    notice = Event.parse("NoticeUriSet(string previous, string value)")
    steps = [(limit, {"previous": 0, "value": draw(st.integers(0, 2**128 - 1))})]
    return [*steps, (notice, {"previous": "", "value": draw(st.text())})]


STEPS = {
    "oz-governor-5": governor_steps(),
    "oz-governor-4-bravo": governor_steps(),
    "governor-bravo": governor_steps(),
    "erc20-votes": token_steps(),
    "comp-token": token_steps(),
    "oz-timelock": timelock_steps(),
    "compound-timelock": compound_steps(),
    "venue": venue_steps(),
    "safe": safe_steps(),
    "bridge-parameters": bridge_steps(),
}


def as_logs(subject: Contract, steps: list[tuple[Event, dict]], gaps: list[int]) -> list[LogRecord]:
    """The steps as logs of a contract that its kind listens to; gap 0 stays in the same block."""
    topics = kinds.get(subject.kind).topics
    logs = []
    block, index = 100, 0
    for number, (event, values) in enumerate(steps):
        gap = gaps[number % len(gaps)]
        block, index = (block + gap, 0) if gap else (block, index + 1)
        if event.topic0 in topics:
            logs.append(log(event, values, block, index, address_of(subject)))
    return logs


def test_every_kind_has_steps_here() -> None:
    """A new kind must be added to the property below."""
    assert STEPS.keys() == {kind.name for kind in KINDS}


@pytest.mark.parametrize("name", sorted(STEPS))
def test_unfolding_leaves_what_was_there_before(name: str) -> None:
    """fold A, fold B, unfold B == fold A, and a refold of everything gives the same rows."""
    links = {"timelock": "locks"} if "governor" in name else {}
    if links:
        lock = "compound-timelock" if name == "governor-bravo" else "oz-timelock"
        contract(lock, "locks")
    subject = contract(name, **links)

    @settings(
        max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        steps=STEPS[name],
        gaps=st.lists(st.integers(0, 2), min_size=1, max_size=5),
        cut=st.integers(0, 12),
    )
    def holds(steps: list[tuple[Event, dict]], gaps: list[int], cut: int) -> None:
        logs = as_logs(subject, steps, gaps)
        boundary = 100 + cut
        before = [one for one in logs if one.block_number < boundary]
        after = [one for one in logs if one.block_number >= boundary]
        with transaction.atomic():
            fold(subject, before)
            expected = rows(subject)
            findings = open_findings()
            fold(subject, after)
            everything = rows(subject)
            unfold(subject, boundary)
            assert rows(subject) == expected
            assert open_findings() == findings
            fold(subject, after)
            assert rows(subject) == everything
            unfold(subject, 0)
            assert not any(rows(subject).values())
            assert not open_findings()
            for one in logs:
                fold(subject, [one])
            assert rows(subject) == everything
            transaction.set_rollback(True)

    holds()


def open_findings() -> list[tuple[str, str, str]]:
    """Open findings as a reader sees them."""
    found = Finding.objects.filter(closed_at=None).order_by("rule", "subject")
    return list(found.values_list("rule", "subject", "summary"))
