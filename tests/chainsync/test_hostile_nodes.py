"""A node that says what is wrong, among honest ones, in front of the real sync.

Whatever it says: no turn breaks, nothing wrong is ever shown as agreed or final, the node is named
in words, and once it is healed everything is as an honest sync has it.
"""

from typing import Any

import pytest

from chainsync import backfill, catching_up, disputes, planning, review
from chainsync.following import turn
from chainsync.models import ChainStatus, EndpointStatus, Log
from charter.models import Chain, Endpoint
from ledger.models import Finding
from tests.chainsync.scene import FINALIZED_DEPTH, SAID, Node, Toy
from tests.chainsync.stage import FADING, LEADING, SECOND, Stage
from tests.chainsync.test_hostile_answers import saying

pytestmark = [pytest.mark.node, pytest.mark.slow]

POSITIONS = pytest.mark.parametrize("liar", [LEADING, SECOND], ids=["leading", "second"])


NONSENSE = {
    "other-address": "was not asked for",
    "duplicate-log": "out of order",
    "wrong-block-hash": "another block",
    "wrong-index": "out of order",
    "removed-log": "removed",
    "wide-number": "quantity",
    "odd-hex": "hex",
    "no-parent": "hex data",
    "wide-header": "quantity",
    "other-id": "",
}


@POSITIONS
def test_nonsense_is_named_and_the_others_are_followed(stage: Stage, liar: str) -> None:
    for how, words in NONSENSE.items():
        stage.suffer(liar, "lie", how=how)
        stage.say()
        # What it said before may still be the last that is kept of it: this lie replaces it.
        stage.follow(lambda words=words: stage.is_current() and stage.has_said(liar, words))
        stage.heal()
    stage.suffer(liar, "lie", how="odd-hex")
    stage.say()
    stage.follow(lambda: stage.is_named(liar) and stage.is_current())
    stage.ends_as_an_honest_sync()


SHOWN_BY_EVIDENCE = ["data", "missing-log", "added-log", "many-logs", "wrong-header"]


@POSITIONS
@pytest.mark.parametrize("how", SHOWN_BY_EVIDENCE)
def test_a_lie_under_an_agreed_hash_is_never_believed(stage: Stage, liar: str, how: str) -> None:
    stage.suffer(liar, "lie", how=how)
    stage.say(2)
    stage.follow(lambda: stage.is_named(liar) and stage.is_current())
    honest = LEADING if liar == SECOND else SECOND
    assert not stage.is_named(honest), stage.findings()
    stage.ends_as_an_honest_sync()


@POSITIONS
@pytest.mark.parametrize("how", ["receipts", "no-receipts"])
def test_receipts_that_are_false_or_withheld_change_nothing(
    stage: Stage, liar: str, how: str
) -> None:
    stage.suffer(liar, "lie", how=how)
    stage.say(3)
    stage.follow(stage.is_current)
    if (liar, how) == (LEADING, "receipts"):
        # Receipts are read of the node that is followed; of the others when there is a dispute.
        stage.follow(lambda: stage.is_named(liar))
    stage.ends_as_an_honest_sync()


OUTAGES: list[tuple[str, dict[str, Any]]] = [
    ("refuse", {}),
    ("refuse", {"how": "unavailable"}),
    ("truncate", {}),
    ("truncate", {"how": "tidy"}),
    ("truncate", {"how": "huge"}),
    ("rate-limit", {"per_second": 0}),
    ("slow", {"seconds": 20}),
    ("wrong-chain", {}),
    ("lie", {"how": "null-block"}),
    ("lie", {"how": "wrong-hash"}),
]


@POSITIONS
@pytest.mark.parametrize(
    ("sort", "options"), OUTAGES, ids=[f"{s}-{o.get('how', 'default')}" for s, o in OUTAGES]
)
def test_a_node_that_gives_nothing_useful_is_named_and_replaced(
    stage: Stage, liar: str, sort: str, options: dict[str, Any]
) -> None:
    stage.suffer(liar, sort, **options)
    stage.say(2)
    stage.follow(lambda: stage.is_named(liar) and stage.is_current())
    stage.ends_as_an_honest_sync()


@POSITIONS
@pytest.mark.parametrize("how", ["behind", "frozen"])
def test_a_node_that_stays_behind_holds_nobody_up(stage: Stage, liar: str, how: str) -> None:
    stage.node.mine(200)
    stage.follow(stage.is_well)
    stage.suffer(liar, "stale", how=how, blocks=170)
    for _ in range(2):
        stage.say(2)
        stage.follow(lambda: stage.is_named(liar) and stage.is_current())
    stage.ends_as_an_honest_sync()


@POSITIONS
def test_a_branch_of_its_own_is_disputed_and_never_final(stage: Stage, liar: str) -> None:
    stage.suffer(liar, "lie", how="forged-block", from_block=stage.node.head - 1)
    stage.say(3)
    stage.follow(lambda: stage.is_named("l2-") and disputes.open_disputes(stage.chain).exists())
    stage.node.mine(3 * FINALIZED_DEPTH)
    # What is final is compared with the chain itself at each look, and with two nodes it may wait.
    turn("l2", seconds=5, until=lambda _: stage.check() is not None)
    waiting = disputes.disputed_from(stage.chain)
    final = ChainStatus.objects.get().finalized_number
    assert waiting is None or (final is not None and final < waiting)
    stage.ends_as_an_honest_sync()


def with_a_third(stage: Stage) -> None:
    url = f"{stage.node.gateway.url}/l2-c"
    Endpoint.objects.create(chain=stage.chain, name="l2-c", operator="Operator C", url=url)


@POSITIONS
def test_a_third_node_decides_about_a_branch(stage: Stage, liar: str) -> None:
    with_a_third(stage)
    stage.say()
    stage.follow(stage.is_well)
    stage.suffer(liar, "lie", how="forged-block", from_block=stage.node.head - 1)
    stage.say(2)
    stage.node.mine(3)
    stage.follow(lambda: stage.is_named(liar) and stage.is_current())
    honest = {LEADING, SECOND, "l2-c"} - {liar}
    assert not any(stage.is_named(name) for name in honest), stage.findings()
    stage.ends_as_an_honest_sync()


@pytest.mark.parametrize("how", ["forged-block", "wrong-header"])
def test_the_first_word_about_a_chain_is_not_final_by_itself(
    node: Node, chain: Chain, toy: Toy, how: str
) -> None:
    """A node that lies from the first block on, and is asked first."""
    contract = toy.contract(start_block=1)
    for number in range(FINALIZED_DEPTH + 6):
        node.say(contract.address, number)
    options = {"from_block": 1} if how == "forged-block" else {}
    node.gateway.switchboard.suffer(LEADING, "lie", how=how, **options)
    for _ in range(2):
        turn("l2", seconds=6)
    status = ChainStatus.objects.get(chain=chain)
    if status.finalized_number is not None:
        assert status.finalized_hash == node.hash(status.finalized_number)
    node.gateway.switchboard.heal()

    def is_current(status: ChainStatus) -> bool:
        return status.head_hash == node.hash(node.head) and not status.halted

    for _ in range(9):
        report = turn("l2", seconds=10, until=is_current)
        if report and report.ended == "condition":
            break
    assert is_current(ChainStatus.objects.get(chain=chain)), status.halted
    planning.plan(chain)
    backfill.turn("l2")
    catching_up.turn("l2")
    assert toy.rows(contract) == list(range(FINALIZED_DEPTH + 6))


BODIES = {
    "nested": '"result": ' + "[" * 100_000,
    "a NUL": '"error": {"code": -32005, "message": "rate limit \\u0000"}',
    "a NUL in a refusal": '"error": {"code": -32000, "message": "no \\u0000"}',
    "a huge chain id": f'"result": "{hex(2**200)}"',
    "a block of strange fields": '"result": {"hash": "\\u0000", "number": {"a": [1.5e300]}}',
}


@POSITIONS
def test_bodies_that_no_column_could_hold_break_no_turn(stage: Stage, liar: str) -> None:
    for name, body in BODIES.items():
        stage.node.interpose(liar, saying(body))
        stage.say()
        stage.follow(lambda: stage.is_current() and bool(stage.said_of(liar).strip()))
        assert liar in stage.said_of(liar), name
        stage.node.heal(liar)
    stage.ends_as_an_honest_sync()


PAST = ["data", "missing-log", "added-log", "many-logs", "unordered-logs", "odd-hex", "other-id"]


@POSITIONS
@pytest.mark.parametrize("how", PAST)
def test_a_past_that_is_told_wrongly_is_not_taken_in(
    node: Node, chain: Chain, toy: Toy, liar: str, how: str
) -> None:
    contract = toy.contract(start_block=1)
    for number in range(30):
        node.say(contract.address, number)
    head = node.hash(node.head)
    turn("l2", seconds=20, until=lambda status: status.head_hash == head)
    node.gateway.switchboard.suffer(liar, "lie", how=how)
    truth = {
        (int(log["blockNumber"], 16), log["data"])
        for log in node.call(
            "eth_getLogs", {"fromBlock": "0x1", "topics": ["0x" + SAID.topic0.hex()]}
        )
    }
    planning.plan(chain)
    done = backfill.turn("l2", seconds=10)
    kept = {(log.block_number, "0x" + bytes(log.data).hex()) for log in Log.objects.all()}
    assert kept <= truth
    if kept != truth:
        assert done.failures
        assert liar in " ".join(f"{subject} {words}" for subject, words in told())
    node.gateway.switchboard.heal()
    for _ in range(20):
        turn("l2", seconds=1)
        planning.plan(chain)
        backfill.turn("l2", seconds=3)
        catching_up.turn("l2")
        if toy.rows(contract) == list(range(30)):
            break
    assert toy.rows(contract) == list(range(30))
    review.review()
    open_now = Finding.objects.filter(closed_at=None, rule__startswith="endpoint.")
    assert not open_now.exclude(rule__in=FADING).exists()


def told() -> list[tuple[str, str]]:
    """What is said of endpoints and ranges, in findings and in the rows behind them."""
    from chainsync.models import BackfillRange

    review.review()
    found = [(f.subject, f"{f.summary} {f.facts}") for f in Finding.objects.filter(closed_at=None)]
    found += [("", f"{r.last_error} {r.disputed}") for r in BackfillRange.objects.all()]
    return found + [
        (r.endpoint.name, f"{r.last_error} {r.disagrees}")
        for r in EndpointStatus.objects.select_related("endpoint")
    ]
