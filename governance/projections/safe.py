"""Safes: who owns them, how many must sign, and what they executed."""

from governance import wording
from governance.calldata.describing import Described, Occasion, Subcall, described
from governance.folding.parameters import parameter_kind, setting

DELEGATECALL = 1

# Before 1.4.0 none of the arguments was indexed: the same first topic, another number of topics.
_BOTH = ("", "indexed ")

KIND = parameter_kind(
    "safe",
    (
        *(
            setting(
                f"{event}(bytes32 {indexed}txHash, uint256 payment)",
                "execution",
                scope="txHash",
                said=said,
            )
            for event, said in (("ExecutionSuccess", "success"), ("ExecutionFailure", "failure"))
            for indexed in _BOTH
        ),
        *(
            setting(f"{event}(address {indexed}owner)", "owner", scope="owner", said=said)
            for event, said in (("AddedOwner", "added"), ("RemovedOwner", "removed"))
            for indexed in _BOTH
        ),
        *(
            setting(f"{event}(address {indexed}module)", "module", scope="module", said=said)
            for event, said in (("EnabledModule", "enabled"), ("DisabledModule", "disabled"))
            for indexed in _BOTH
        ),
        *(
            setting(f"ChangedGuard(address {indexed}guard)", "guard", value="guard", previous=None)
            for indexed in _BOTH
        ),
        setting(
            "ChangedThreshold(uint256 threshold)", "threshold", value="threshold", previous=None
        ),
    ),
)


def _execution(at: Occasion) -> list[Subcall]:
    delegated = at["operation"] == DELEGATECALL
    return [Subcall(at["to"], at["value"], at["data"], delegated)]


def _execute(at: Occasion) -> str:
    if at["operation"] == DELEGATECALL:
        return f"Let {at.here} run the code of {at.name('to')} as its own."
    return f"Let {at.here} make a call to {at.name('to')}."


def _threshold(at: Occasion) -> str:
    number = wording.whole(at["_threshold"])
    return f"{number} owner{'' if at['_threshold'] == 1 else 's'} must sign"


FUNCTIONS: tuple[Described, ...] = (
    described(
        "execTransaction(address to, uint256 value, bytes data, uint8 operation, "
        "uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, "
        "address refundReceiver, bytes signatures)",
        _execute,
        _execution,
    ),
    described(
        "execTransactionFromModule(address to, uint256 value, bytes data, uint8 operation)",
        _execute,
        _execution,
    ),
    described(
        "addOwnerWithThreshold(address owner, uint256 _threshold)",
        lambda at: f"Add {at.name('owner')} to the owners of {at.here}; {_threshold(at)}.",
    ),
    described(
        "removeOwner(address prevOwner, address owner, uint256 _threshold)",
        lambda at: f"Remove {at.name('owner')} from the owners of {at.here}; {_threshold(at)}.",
    ),
    described(
        "swapOwner(address prevOwner, address oldOwner, address newOwner)",
        lambda at: (
            f"Replace {at.name('oldOwner')} by {at.name('newOwner')} among the owners of {at.here}."
        ),
    ),
    described("changeThreshold(uint256 _threshold)", lambda at: f"In {at.here}, {_threshold(at)}."),
    described(
        "enableModule(address module)",
        lambda at: f"Let {at.name('module')} act for {at.here} without signatures.",
    ),
    described(
        "disableModule(address prevModule, address module)",
        lambda at: f"No longer let {at.name('module')} act for {at.here}.",
    ),
    described(
        "setGuard(address guard)",
        lambda at: f"Let {at.name('guard')} check every transaction of {at.here}.",
    ),
)
