"""Operations of timelocks, with and without a proposal behind them."""

import pytest

from chainsync.decoding import Function
from governance.calldata.decoding import Grade
from governance.calldata.resolving import told
from governance.models import Operation, ParameterChange, Token
from governance.projections import oz_timelock
from ledger.models import Finding, OutboxEntry
from tests.governance.chain_of_logs import (
    BLOCK_SECONDS,
    GENESIS,
    account,
    address_of,
    contract,
    fold,
    log,
    unfold,
)

pytestmark = pytest.mark.django_db
ID = b"\x0a" * 32


def scheduled(lock: object, block: int, calls: int, delay: int = 100) -> None:
    """Schedule an operation of some calls, with a salt."""
    logs = [
        log(
            oz_timelock.CALL_SCHEDULED,
            {
                "id": ID,
                "index": index,
                "target": account(index),
                "value": index,
                "data": bytes([index]),
                "predecessor": bytes(32),
                "delay": delay,
            },
            block,
            index,
            address_of(lock),
        )
        for index in range(calls)
    ]
    salt = log(oz_timelock.CALL_SALT, {"id": ID, "salt": b"\x07" * 32}, block, 50, address_of(lock))
    fold(lock, [*logs, salt])


def test_an_operation_without_a_proposal_is_kept() -> None:
    """Calls, salt and the time from which it may be executed; then its execution."""
    lock = contract("oz-timelock")
    scheduled(lock, 10, 3)
    operation = Operation.objects.get()
    assert operation.ready_at == GENESIS + 10 * BLOCK_SECONDS + 100
    assert (operation.salt, operation.call_count) == ("0x" + "07" * 32, 3)
    assert list(operation.calls.values_list("index", "value")) == [(0, 0), (1, 1), (2, 2)]
    call = {"target": account(0), "value": 0, "data": b""}
    for index in range(3):
        done = {"id": ID, "index": index, **call}
        fold(lock, [log(oz_timelock.CALL_EXECUTED, done, 20, index, address_of(lock))])
        operation.refresh_from_db()
        assert operation.done == (index == 2)
    topics = OutboxEntry.objects.filter(topic="operations").values_list("topic", flat=True)
    assert len(topics) == 4


def test_an_id_may_be_scheduled_again_after_its_cancellation() -> None:
    """Each schedule is an operation of its own; what follows belongs to the latest."""
    lock = contract("oz-timelock")
    scheduled(lock, 10, 1)
    fold(lock, [log(oz_timelock.CANCELLED, {"id": ID}, 11, 0, address_of(lock))])
    scheduled(lock, 12, 1, delay=500)
    first, second = Operation.objects.order_by("block_number")
    assert (first.canceled, second.canceled) == (True, False)
    unfold(lock, 12)
    assert Operation.objects.get().canceled
    unfold(lock, 11)
    assert not Operation.objects.get().canceled


def test_an_event_of_an_unknown_operation_is_said_aloud() -> None:
    """It was scheduled before the start block."""
    lock = contract("oz-timelock")
    fold(lock, [log(oz_timelock.CANCELLED, {"id": ID}, 11, 0, address_of(lock))])
    finding = Finding.objects.get(rule="governance.unknown-operation")
    assert finding.facts["operation"] == "0x" + ID.hex()


def test_calls_are_told_with_the_names_of_the_charter() -> None:
    """And a call that was made tells what it changed, not what is in force now."""
    lock = contract("oz-timelock")
    venue = contract("venue", "venue")
    token = contract("erc20-votes", "token")
    Token.objects.create(contract=token, symbol="VNU", decimals=6, block_number=1)
    market = b"ETH-PERP".ljust(32, b"\0")
    place = {"contract": venue, "tx_hash": b"\0" * 32, "timestamp": 0, "log_index": 0}
    for block, value in ((5, "100000"), (25, "200000")):
        ParameterChange.objects.create(
            **place, block_number=block, name="maxLeverageBps", scope="ETH-PERP", value=value
        )
    calls = [
        (venue, Function.parse("setMaxLeverage(bytes32,uint32)").encode(market, 200_000)),
        (token, Function.parse("transfer(address,uint256)").encode(address_of(venue), 1_500_000)),
    ]
    fold(
        lock,
        [
            log(
                oz_timelock.CALL_SCHEDULED,
                {
                    "id": ID,
                    "index": index,
                    "target": address_of(target),
                    "value": 0,
                    "data": data,
                    "predecessor": bytes(32),
                    "delay": 0,
                },
                10,
                index,
                address_of(lock),
            )
            for index, (target, data) in enumerate(calls)
        ],
    )
    rows = list(Operation.objects.get().calls.all())
    leverage, transfer = told(lock.chain, rows, before=25)
    assert leverage.sentence == (
        "Set the maximum leverage of market ETH-PERP on The venue from 10x to 20x."
    )
    assert transfer.sentence == "Send 1.5 VNU to The venue."
    assert {leverage.grade, transfer.grade} == {Grade.FULL}
    assert told(lock.chain, rows)[0].sentence.endswith("to 20x, which it is already.")
