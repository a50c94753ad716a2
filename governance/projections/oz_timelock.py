"""TimelockController of OpenZeppelin, versions 4 and 5."""

from chainsync.decoding import Decoder, Event, Undecodable
from chainsync.kinds import LogRecord
from governance import families, wording
from governance.calldata import roles
from governance.calldata.describing import Described, Occasion, Subcall, described
from governance.folding import parameters, timelocks
from governance.folding.operations import Happened, Scheduled
from governance.folding.roles import SETTINGS as ROLE_SETTINGS
from governance.models import OperationEvent
from proofs.statements.family import Timelock

CALL_SCHEDULED = Event.parse(
    "CallScheduled(bytes32 indexed id, uint256 indexed index, address target, uint256 value, "
    "bytes data, bytes32 predecessor, uint256 delay)"
)
CALL_EXECUTED = Event.parse(
    "CallExecuted(bytes32 indexed id, uint256 indexed index, address target, uint256 value, "
    "bytes data)"
)
CALL_SALT = Event.parse("CallSalt(bytes32 indexed id, bytes32 salt)")
CANCELLED = Event.parse("Cancelled(bytes32 indexed id)")

INDEX_LIMIT = 2**31
"""No block has room for an operation of so many calls."""

_decoder = Decoder([CALL_SCHEDULED, CALL_EXECUTED, CALL_SALT, CANCELLED])
_settings = parameters.Settings(
    [
        parameters.setting("MinDelayChange(uint256 previous, uint256 value)", "minDelay"),
        *ROLE_SETTINGS,
    ]
)


def _entry(log: LogRecord) -> Scheduled | Happened:
    event, values = _decoder.decode(log)
    if values.get("index", 0) >= INDEX_LIMIT:
        raise Undecodable(f"{event.name}: the operation has too many calls.", log)
    if event is CALL_SCHEDULED:
        return Scheduled(
            log,
            values["id"],
            values["index"],
            values["target"],
            values["value"],
            b"",
            values["data"],
            ready_at=_ready_at(log, values["delay"]),
            delay=values["delay"],
            predecessor=values["predecessor"],
        )
    if event is CALL_EXECUTED:
        return Happened(log, values["id"], OperationEvent.Kind.CALL_EXECUTED, index=values["index"])
    if event is CALL_SALT:
        return Happened(log, values["id"], OperationEvent.Kind.SALT, salt=values["salt"])
    return Happened(log, values["id"], OperationEvent.Kind.CANCELED)


def _ready_at(log: LogRecord, delay: int) -> int:
    ready_at = log.timestamp + delay
    if ready_at >> 256:
        raise Undecodable("CallScheduled: the delay ends beyond 256 bits.", log)
    return ready_at


families.declare_timelock("oz-timelock", Timelock.CONTROLLER)
KIND = timelocks.kind("oz-timelock", _decoder, _settings, _entry)


def _one(at: Occasion) -> list[Subcall]:
    return [Subcall(at["target"], at["value"], at["data"])]


def _many(at: Occasion) -> list[Subcall]:
    lists = at["targets"], at["values"], at["payloads"]
    if len({len(one) for one in lists}) != 1:
        return []
    return [Subcall(*call) for call in zip(*lists, strict=True)]


def _calls(at: Occasion) -> str:
    number = len(at["targets"])
    return f"{wording.whole(number)} call{'' if number == 1 else 's'}"


FUNCTIONS: tuple[Described, ...] = (
    described(
        "schedule(address target, uint256 value, bytes data, bytes32 predecessor, bytes32 salt, "
        "uint256 delay)",
        lambda at: (
            f"Schedule in {at.here}, to be made after {wording.duration(at['delay'])}, a call to "
            f"{at.name('target')}."
        ),
        _one,
    ),
    described(
        "scheduleBatch(address[] targets, uint256[] values, bytes[] payloads, "
        "bytes32 predecessor, bytes32 salt, uint256 delay)",
        lambda at: (
            f"Schedule in {at.here}, to be made after {wording.duration(at['delay'])}, "
            f"{_calls(at)}."
        ),
        _many,
    ),
    described(
        "execute(address target, uint256 value, bytes data, bytes32 predecessor, bytes32 salt)",
        lambda at: f"Make the call to {at.name('target')} that is scheduled in {at.here}.",
        _one,
    ),
    described(
        "executeBatch(address[] targets, uint256[] values, bytes[] payloads, "
        "bytes32 predecessor, bytes32 salt)",
        lambda at: f"Make {_calls(at)} that are scheduled in {at.here}.",
        _many,
    ),
    described(
        "cancel(bytes32 id)",
        lambda at: f"Cancel the operation 0x{at['id'].hex()} of {at.here}.",
    ),
    described(
        "updateDelay(uint256 newDelay)",
        lambda at: (
            f"Set the shortest delay of {at.here} "
            f"{at.change('minDelay', wording.duration(at['newDelay']), reading=wording.duration)}."
        ),
    ),
    *roles.FUNCTIONS,
)
