"""Compound's Timelock, which queues each call by itself."""

from chainsync.decoding import Decoder, Event
from chainsync.kinds import LogRecord
from governance import families, wording
from governance.calldata.describing import Described, described
from governance.folding import parameters, timelocks
from governance.folding.operations import Happened, Scheduled
from governance.models import OperationEvent
from proofs.statements.family import Timelock

GRACE_PERIOD = 14 * 86_400
"""Seconds after its eta in which a queued call may be executed: a constant of the contract."""

_FIELDS = (
    "(bytes32 indexed txHash, address indexed target, uint256 value, string signature, "
    "bytes data, uint256 eta)"
)
QUEUE_TRANSACTION = Event.parse("QueueTransaction" + _FIELDS)
EXECUTE_TRANSACTION = Event.parse("ExecuteTransaction" + _FIELDS)
CANCEL_TRANSACTION = Event.parse("CancelTransaction" + _FIELDS)

_decoder = Decoder([QUEUE_TRANSACTION, EXECUTE_TRANSACTION, CANCEL_TRANSACTION])
_settings = parameters.Settings(
    [
        parameters.setting("NewAdmin(address indexed value)", "admin", previous=None),
        parameters.setting("NewPendingAdmin(address indexed value)", "pendingAdmin", previous=None),
        parameters.setting("NewDelay(uint256 indexed value)", "delay", previous=None),
    ]
)


def _entry(log: LogRecord) -> Scheduled | Happened:
    event, values = _decoder.decode(log)
    if event is QUEUE_TRANSACTION:
        return Scheduled(
            log,
            values["txHash"],
            0,
            values["target"],
            values["value"],
            values["signature"].encode("utf-8"),
            values["data"],
            ready_at=values["eta"],
            expires_at=min(values["eta"] + GRACE_PERIOD, 2**256 - 1),
        )
    if event is EXECUTE_TRANSACTION:
        return Happened(log, values["txHash"], OperationEvent.Kind.CALL_EXECUTED, index=0)
    return Happened(log, values["txHash"], OperationEvent.Kind.CANCELED)


families.declare_timelock("compound-timelock", Timelock.COMPOUND, grace_period=GRACE_PERIOD)
KIND = timelocks.kind("compound-timelock", _decoder, _settings, _entry)

FUNCTIONS: tuple[Described, ...] = (
    described(
        "setDelay(uint256 delay_)",
        lambda at: (
            f"Set the delay of {at.here} "
            f"{at.change('delay', wording.duration(at['delay_']), reading=wording.duration)}."
        ),
    ),
    described(
        "setPendingAdmin(address pendingAdmin_)",
        lambda at: f"Offer the administration of {at.here} to {at.name('pendingAdmin_')}.",
    ),
    described("acceptAdmin()", lambda at: f"Accept the administration of {at.here}."),
)
