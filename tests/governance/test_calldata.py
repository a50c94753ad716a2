"""Calls told in plain sentences: known, half known, unknown, nested and hostile ones."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainsync.decoding import Function
from governance.calldata import known, multisend
from governance.calldata.decoding import CALLS_AT_MOST, DEPTH, Grade, Lexicon, ToldCall, tell
from governance.calldata.describing import Subcall, TokenUnit
from governance.projections import FUNCTIONS
from proofs.keccak import keccak256
from tests.governance.chain_of_logs import account

LEXICON = Lexicon.of(
    FUNCTIONS, dict.fromkeys(multisend.ADDRESSES, multisend.FUNCTIONS), known.FUNCTIONS
)
VENUE, TOKEN, TIMELOCK, GOVERNOR, SAFE, BRIDGE, BRAVO, LOCK = (account(n) for n in range(8))
STRANGER = account(99)
MULTISEND = multisend.ADDRESSES[-1]
ETH_PERP = b"ETH-PERP".ljust(32, b"\0")


class Town:
    """Surroundings of eight contracts, and parameters as they are in force."""

    names = {
        VENUE: ("the Venue", "venue"),
        TOKEN: ("the Venue Token", "erc20-votes"),
        TIMELOCK: ("the Timelock", "oz-timelock"),
        GOVERNOR: ("the Governor", "oz-governor-5"),
        SAFE: ("the Safe", "safe"),
        BRIDGE: ("the Bridge", "bridge-parameters"),
        BRAVO: ("the old Governor", "governor-bravo"),
        LOCK: ("the old Timelock", "compound-timelock"),
    }

    def __init__(self, latest: Mapping[tuple[str, str], str] | None = None) -> None:
        self._latest = latest or {}

    def name(self, address: bytes) -> str:
        return self.names.get(address, ("0x" + address.hex(), ""))[0]

    def kind(self, address: bytes) -> str | None:
        return self.names.get(address, (None, None))[1]

    def token(self, address: bytes) -> TokenUnit | None:
        return TokenUnit("VNU", 18) if address == TOKEN else None

    def clock(self, governor: bytes) -> str | None:
        return "timestamp" if governor == GOVERNOR else None

    def latest(self, address: bytes, parameter: str, scope: str) -> str | None:
        return self._latest.get((parameter, scope))


def call(target: bytes, declaration: str, *values: object, wei: int = 0) -> Subcall:
    return Subcall(target, wei, Function.parse(declaration).encode(*values))


def told(one: Subcall, latest: Mapping[tuple[str, str], str] | None = None) -> ToldCall:
    return tell(one, Town(latest), LEXICON)


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (
            call(VENUE, "setMaxLeverage(bytes32,uint32)", ETH_PERP, 500_000),
            "Set the maximum leverage of market ETH-PERP on the Venue from 20x to 50x.",
        ),
        (
            call(VENUE, "setTakerFee(bytes32,uint32)", ETH_PERP, 5),
            "Set the taker fee of market ETH-PERP on the Venue to 0.05 %.",
        ),
        (
            call(VENUE, "setMaintenanceMargin(bytes32,uint32)", ETH_PERP, 250),
            (
                "Set the maintenance margin of market ETH-PERP on the Venue to 2.5 %, "
                "which it is already."
            ),
        ),
        (
            call(VENUE, "listMarket(bytes32,uint32,uint32,uint32)", ETH_PERP, 200_000, 250, 0),
            (
                "List the market ETH-PERP on the Venue with a maximum leverage of 20x, a "
                "maintenance margin of 2.5 % and a taker fee of 0 %."
            ),
        ),
        (
            call(VENUE, "unpauseMarket(bytes32)", ETH_PERP),
            "Open the paused market ETH-PERP on the Venue again.",
        ),
        (
            call(TOKEN, "transfer(address,uint256)", SAFE, 1_234_500_000_000_000_000_000),
            "Send 1,234.5 VNU to the Safe.",
        ),
        (
            call(TOKEN, "approve(address,uint256)", STRANGER, 2**256 - 1),
            f"Allow 0x{STRANGER.hex()} to spend an unlimited amount of VNU.",
        ),
        (
            call(TOKEN, "delegate(address)", SAFE),
            "Delegate its votes in the Venue Token to the Safe.",
        ),
        (
            call(TIMELOCK, "updateDelay(uint256)", 172_800),
            "Set the shortest delay of the Timelock from 1 day to 2 days.",
        ),
        (
            call(TIMELOCK, "grantRole(bytes32,address)", keccak256(b"EXECUTOR_ROLE"), bytes(20)),
            "Give everybody the role EXECUTOR_ROLE on the Timelock.",
        ),
        (
            call(GOVERNOR, "setVotingPeriod(uint32)", 604_800),
            "Set the voting period of the Governor to 7 days.",
        ),
        (
            call(BRIDGE, "setDailyLimit(uint128)", 25 * 10**17),
            "Set the limit of withdrawals of the Bridge to 2.5 ETH a day.",
        ),
        (
            call(SAFE, "addOwnerWithThreshold(address,uint256)", STRANGER, 2),
            f"Add 0x{STRANGER.hex()} to the owners of the Safe; 2 owners must sign.",
        ),
        (
            call(LOCK, "setDelay(uint256)", 259_200),
            "Set the delay of the old Timelock to 3 days.",
        ),
        (Subcall(SAFE, 10**18, b""), "Send 1 ETH to the Safe."),
        (
            call(VENUE, "pauseMarket(bytes32)", ETH_PERP, wei=1),
            "Pause the market ETH-PERP on the Venue, and send 0.000000000000000001 ETH with it.",
        ),
    ],
)
def test_known_calls_are_told_in_full(one: Subcall, sentence: str) -> None:
    """Parameters tell where they come from and where they go, amounts have units."""
    latest = {
        ("maxLeverageBps", "ETH-PERP"): "200000",
        ("maintenanceMarginBps", "ETH-PERP"): "250",
        ("minDelay", ""): "86400",
    }
    found = told(one, latest)
    assert found.sentence == sentence
    assert (found.grade, found.problem) == (Grade.FULL, "")


def test_bravo_gives_the_function_as_text() -> None:
    """A signature apart from the calldata is put back in its place."""
    data = Function.parse("f(uint256)").encode(259_200)[4:]
    found = tell(Subcall(LOCK, 0, data), Town(), LEXICON, "setDelay(uint256)")
    assert found.sentence == "Set the delay of the old Timelock to 3 days."
    assert found.calldata == Function.parse("setDelay(uint256)").selector + data

    strange = tell(Subcall(LOCK, 0, data), Town(), LEXICON, "launch(uint256)")
    assert (strange.grade, strange.signature) == (Grade.FUNCTION, "launch(uint256)")
    assert strange.arguments[0].text == "259,200"

    for lie in ("not a function", "setDelay(uint256 )", "a(uint7)", "\u202e(uint256)", "f("):
        hostile = tell(Subcall(LOCK, 0, data), Town(), LEXICON, lie)
        assert hostile.grade is Grade.UNKNOWN
        assert "\u202e" not in hostile.problem


def test_a_known_selector_at_an_unknown_contract_is_only_a_function() -> None:
    """What `transfer` does at a contract that the charter does not name, nobody promises."""
    found = told(call(STRANGER, "transfer(address,uint256)", SAFE, 5))
    assert found.grade is Grade.FUNCTION
    assert found.signature == "transfer(address,uint256)"
    assert found.sentence == f"Call transfer of 0x{STRANGER.hex()}."
    assert "the charter does not name it" in found.problem
    assert [argument.text for argument in found.arguments] == ["the Safe", "5"]


def test_unknown_and_broken_calldata_is_shown_as_such() -> None:
    """An unknown selector, arguments that are cut off, and data without a selector."""
    unknown = told(Subcall(VENUE, 0, b"\xde\xad\xbe\xef1234"))
    assert unknown.grade is Grade.UNKNOWN
    assert unknown.problem == "No function with the selector 0xdeadbeef is known."
    cut = call(VENUE, "setTakerFee(bytes32,uint32)", ETH_PERP, 5)
    broken = told(cut._replace(calldata=cut.calldata[:-1]))
    assert (broken.grade, broken.sentence) == (Grade.FUNCTION, "Call setTakerFee of the Venue.")
    assert "cannot be read" in broken.problem
    assert told(Subcall(VENUE, 0, b"\x01")).problem == "The data is too short to name a function."


def test_nested_calls_are_told_too() -> None:
    """A Safe that runs a MultiSend that schedules a batch that sets parameters."""
    leverage = call(VENUE, "setMaxLeverage(bytes32,uint32)", ETH_PERP, 100_000)
    fee = call(VENUE, "setTakerFee(bytes32,uint32)", ETH_PERP, 7)
    batch = call(VENUE, "batch(bytes[])", [leverage.calldata, fee.calldata])
    schedule = call(
        TIMELOCK,
        "scheduleBatch(address[],uint256[],bytes[],bytes32,bytes32,uint256)",
        [VENUE],
        [0],
        [batch.calldata],
        bytes(32),
        bytes(32),
        3600,
    )
    packed = b"".join(
        bytes([0]) + one.target + bytes(32) + len(one.calldata).to_bytes(32, "big") + one.calldata
        for one in (schedule, call(TOKEN, "transfer(address,uint256)", SAFE, 10**18))
    )
    send = call(MULTISEND, "multiSend(bytes)", packed)
    terms = (MULTISEND, 0, send.calldata, 1, 0, 0, 0, bytes(20), bytes(20), b"")
    types = "address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes"
    found = told(call(SAFE, f"execTransaction({types})", *terms))

    assert found.sentence == f"Let the Safe run the code of 0x{MULTISEND.hex()} as its own."
    assert "all rights" in found.inner[0].warning
    assert found.inner[0].sentence == "Make 2 calls, all or none."
    scheduled, sent = found.inner[0].inner
    assert (scheduled.sentence, sent.sentence) == (
        "Schedule in the Timelock, to be made after 1 hour, 1 call.",
        "Send 1 VNU to the Safe.",
    )
    assert [one.sentence for one in scheduled.inner[0].inner] == [
        "Set the maximum leverage of market ETH-PERP on the Venue to 10x.",
        "Set the taker fee of market ETH-PERP on the Venue to 0.07 %.",
    ]


def test_nesting_and_number_are_bounded() -> None:
    """A call within a call within a call, and a batch of thousands, cost no more than they may."""
    one = call(VENUE, "pauseMarket(bytes32)", ETH_PERP)
    for _ in range(50):
        one = call(VENUE, "batch(bytes[])", [one.calldata])
    found, depth = told(one), 1
    while found.inner:
        found, depth = found.inner[0], depth + 1
    assert (depth, found.left_out) == (DEPTH, 1)

    many = call(VENUE, "batch(bytes[])", [b"\x01\x02\x03\x04"] * 5_000)
    wide = told(many)
    assert len(wide.inner) + wide.left_out == 5_000
    assert len(wide.inner) == CALLS_AT_MOST - 1


def test_a_badly_packed_multisend_is_not_half_read() -> None:
    """Bytes that are no whole number of calls are told as a call that will fail."""
    found = told(call(MULTISEND, "multiSend(bytes)", b"\x00" * 90))
    assert "will fail" in found.sentence
    assert found.inner == ()


@given(
    st.sampled_from([VENUE, TOKEN, TIMELOCK, GOVERNOR, SAFE, BRIDGE, MULTISEND, STRANGER]),
    st.sampled_from(sorted(LEXICON.anywhere)),
    st.binary(max_size=400),
    st.integers(0, 2**256 - 1),
)
def test_nothing_breaks_on_any_bytes(
    target: bytes, selector: bytes, rest: bytes, value: int
) -> None:
    """Whatever is proposed, something is told, on one line."""
    found = told(Subcall(target, value, selector + rest))
    assert found.sentence
    assert "\n" not in found.sentence
