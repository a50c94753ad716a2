"""Votes in bulk, of every kind, and those on proposals that nobody here has heard of."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chainsync.decoding import Undecodable
from chainsync.kinds import LogRecord
from charter.models import Contract
from governance.folding import votes
from governance.models import Proposal, StrayEvents, TallyDelta, Vote
from ledger.models import Finding, OutboxEntry
from proofs.statements.tally import Tally, pack_split
from tests.governance.chain_of_logs import account, address_of, contract, fold, log, unfold
from tests.governance.test_folding import proposal_created

pytestmark = pytest.mark.django_db


@pytest.fixture
def governor() -> Contract:
    """A governor with the proposals 1 and 2 in block 1."""
    contract("oz-timelock", "timelock")
    subject = contract("oz-governor-5", timelock="timelock")
    logs = [
        log(*proposal_created(number, 1, f"Proposal {number}"), 1, number, address_of(subject))
        for number in (1, 2)
    ]
    fold(subject, logs)
    OutboxEntry.objects.all().delete()
    return subject


def cast(
    subject: Contract, block: int, index: int, proposal: int = 1, **values: object
) -> LogRecord:
    """A `VoteCast` log."""
    given = {"voter": account(index), "support": 1, "weight": 10, "reason": "", **values}
    return log(
        votes.VOTE_CAST, {"proposalId": proposal, **given}, block, index, address_of(subject)
    )


@pytest.mark.slow
def test_a_hundred_thousand_votes_are_counted_and_a_tenth_taken_back(governor: Contract) -> None:
    """How long that takes is measured by the bench."""
    number, blocks = 100_000, 50
    logs = [
        cast(
            governor,
            2 + index * blocks // number,
            index,
            proposal=1 + index % 2,
            support=index % 3,
            weight=10**18 + index,
            reason="" if index % 3 else f"I have my reasons, {index}",
        )
        for index in range(number)
    ]
    fold(governor, logs)
    rows = Proposal.objects.order_by("proposal_id")
    total = sum(10**18 + index for index in range(number))
    assert sum(row.for_votes + row.against_votes + row.abstain_votes for row in rows) == total
    assert sum(row.vote_count for row in rows) == number == Vote.objects.count()
    assert TallyDelta.objects.count() == 2 * blocks

    unfold(governor, 2 + blocks - 5)
    assert Vote.objects.count() == number - number // 10
    left = sum(10**18 + index for index in range(number - number // 10))
    rows = Proposal.objects.order_by("proposal_id")
    assert sum(row.for_votes + row.against_votes + row.abstain_votes for row in rows) == left


def test_a_block_is_told_once_a_proposal(governor: Contract) -> None:
    """However many votes came, an open page refetches once; and the queries do not grow."""
    counts = []
    for block, number in ((2, 1), (3, 40)):
        logs = [cast(governor, block, index) for index in range(number)]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            fold(governor, logs)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    key = Proposal.objects.get(proposal_id=1).key
    told = OutboxEntry.objects.values_list("topic", "event")
    assert list(told) == [(f"proposal:{key}", "votes")] * 2


def test_votes_of_every_kind_add_up(governor: Contract) -> None:
    """Nominal, split in parts, whole with params, overriding a delegate and taken back."""
    at = address_of(governor)
    split = Tally(against=1, for_=2, abstain=3)
    base = {"voter": account(1), "proposalId": 1}
    fold(
        governor,
        [
            cast(governor, 2, 0, support=0, weight=100, reason="no"),
            log(
                votes.VOTE_CAST_WITH_PARAMS,
                {**base, "support": 255, "weight": 6, "reason": "", "params": pack_split(split)},
                2,
                1,
                at,
            ),
            log(
                votes.VOTE_CAST_WITH_PARAMS,
                {**base, "support": 1, "weight": 50, "reason": "", "params": b"\x01"},
                2,
                2,
                at,
            ),
            log(
                votes.VOTE_REDUCED,
                {"delegate": account(1), "proposalId": 1, "support": 0, "weight": 40},
                2,
                3,
                at,
            ),
            log(
                votes.OVERRIDE_VOTE_CAST,
                {**base, "support": 2, "weight": 40, "reason": "mine"},
                2,
                4,
                at,
            ),
        ],
    )
    row = Proposal.objects.get(proposal_id=1)
    assert (row.against_votes, row.for_votes, row.abstain_votes) == (61, 52, 43)
    kinds = Vote.objects.order_by("log_index").values_list("kind", "support", "weight")
    assert list(kinds) == [
        ("cast", 0, 100),
        ("cast", 255, 6),
        ("cast", 1, 50),
        ("reduced", 0, 40),
        ("override", 2, 40),
    ]
    assert bytes(Vote.objects.get(log_index=1).params) == pack_split(split)


def test_a_vote_on_an_unknown_proposal_is_said_aloud(governor: Contract) -> None:
    """A start block that is too late opens a finding, which a reorg may close again."""
    fold(governor, [cast(governor, 2, 0, proposal=77), cast(governor, 2, 1, proposal=1)])
    fold(governor, [cast(governor, 3, 0, proposal=77), cast(governor, 3, 1, proposal=77)])
    finding = Finding.objects.get(rule="governance.unknown-proposal", closed_at=None)
    assert finding.subject == f"{governor.key}:77"
    assert finding.facts["events"] == 3
    assert "start_block" in finding.summary
    assert Vote.objects.count() == 1
    unfold(governor, 3)
    finding.refresh_from_db()
    assert finding.facts["events"] == 1
    unfold(governor, 2)
    finding.refresh_from_db()
    assert finding.closed_at is not None
    assert not StrayEvents.objects.exists()


@pytest.mark.parametrize(
    "broken",
    [
        {"data": b"\0" * 159},
        {"topics": (votes.VOTE_CAST.topic0,)},
        {"topics": (votes.VOTE_CAST.topic0, b"\1" * 32)},
    ],
    ids=["cut off", "without a voter", "voter of 32 bytes"],
)
def test_a_broken_vote_is_refused(governor: Contract, broken: dict[str, object]) -> None:
    """What is not a vote is told to the journal, which leaves that log out."""
    good = cast(governor, 2, 0)
    bad = good._replace(**broken)
    with pytest.raises(Undecodable) as refusal:
        fold(governor, [good, bad])
    assert refusal.value.log == bad


@pytest.mark.parametrize("support", [3, 255])
def test_a_vote_without_meaning_is_refused(governor: Contract, support: int) -> None:
    """No counting module takes support 3, and a split needs params."""
    with pytest.raises(Undecodable):
        fold(governor, [cast(governor, 2, 0, support=support)])


def test_hostile_reasons_are_kept_as_text(governor: Contract) -> None:
    """NUL, invalid UTF-8 and markup come through as characters that PostgreSQL can hold."""
    plain = cast(governor, 2, 0, reason="x" * 40)
    raw = b"<script>\0\xff\xfe\\N\t\n\r'\"".ljust(40, b"!")
    hostile = plain._replace(data=plain.data.replace(b"x" * 40, raw), log_index=1)
    huge = cast(governor, 2, 2, reason="y" * 1_000_000)
    fold(governor, [plain, hostile, huge])
    reasons = list(Vote.objects.order_by("log_index").values_list("reason", flat=True))
    assert reasons[1] == raw.decode("utf-8", "replace").replace("\0", "\ufffd")
    assert len(reasons[2]) == 1_000_000
