"""The derivatives venue: markets, their parameters, and who may change or pause them."""

from collections.abc import Callable
from typing import Any

from governance import wording
from governance.calldata.describing import Described, Occasion, Subcall, described
from governance.folding.parameters import Setting, Told, parameter_kind, setting, several
from governance.text import word_of


def _listed(values: dict[str, Any]) -> list[Told]:
    market = word_of(values["market"])
    return [
        Told("listed", market, "false", "true"),
        *(
            Told(name, market, "", str(values[name]))
            for name in ("maxLeverageBps", "maintenanceMarginBps", "takerFeeBps")
        ),
    ]


def _of_market(event: str, name: str) -> Setting:
    return setting(
        f"{event}(bytes32 indexed market, uint32 previous, uint32 value)", name, scope="market"
    )


KIND = parameter_kind(
    "venue",
    (
        several(
            "MarketListed(bytes32 indexed market, uint32 maxLeverageBps, "
            "uint32 maintenanceMarginBps, uint32 takerFeeBps)",
            _listed,
        ),
        _of_market("MaxLeverageSet", "maxLeverageBps"),
        _of_market("MaintenanceMarginSet", "maintenanceMarginBps"),
        _of_market("TakerFeeSet", "takerFeeBps"),
        setting(
            "MarketPaused(bytes32 indexed market, address indexed by)",
            "paused",
            scope="market",
            said="true",
            was="false",
        ),
        setting(
            "MarketUnpaused(bytes32 indexed market, address indexed by)",
            "paused",
            scope="market",
            said="false",
            was="true",
        ),
        setting("GovernanceSet(address indexed previous, address indexed value)", "governance"),
        setting("GuardianSet(address indexed previous, address indexed value)", "guardian"),
    ),
)


def _set(parameter: str, words: str, reading: Callable[[int], str]) -> Callable[[Occasion], str]:
    def say(at: Occasion) -> str:
        market = word_of(at["market"])
        change = at.change(parameter, reading(at["value"]), market, reading)
        return f"Set the {words} of market {market} on {at.here} {change}."

    return say


def _list(at: Occasion) -> str:
    return (
        f"List the market {word_of(at['market'])} on {at.here} with a maximum leverage of "
        f"{wording.multiple(at['maxLeverageBps'])}, a maintenance margin of "
        f"{wording.basis_points(at['maintenanceMarginBps'])} and a taker fee of "
        f"{wording.basis_points(at['takerFeeBps'])}."
    )


def _batch(at: Occasion) -> str:
    number = len(at["calls"])
    return f"Make {wording.whole(number)} change{'' if number == 1 else 's'} on {at.here}."


def _batched(at: Occasion) -> list[Subcall]:
    return [Subcall(at.target, 0, call) for call in at["calls"]]


FUNCTIONS: tuple[Described, ...] = (
    described(
        "setMaxLeverage(bytes32 market, uint32 value)",
        _set("maxLeverageBps", "maximum leverage", wording.multiple),
    ),
    described(
        "setMaintenanceMargin(bytes32 market, uint32 value)",
        _set("maintenanceMarginBps", "maintenance margin", wording.basis_points),
    ),
    described(
        "setTakerFee(bytes32 market, uint32 value)",
        _set("takerFeeBps", "taker fee", wording.basis_points),
    ),
    described(
        "listMarket(bytes32 market, uint32 maxLeverageBps, uint32 maintenanceMarginBps, "
        "uint32 takerFeeBps)",
        _list,
    ),
    described(
        "pauseMarket(bytes32 market)",
        lambda at: f"Pause the market {word_of(at['market'])} on {at.here}.",
    ),
    described(
        "unpauseMarket(bytes32 market)",
        lambda at: f"Open the paused market {word_of(at['market'])} on {at.here} again.",
    ),
    described("batch(bytes[] calls)", _batch, _batched),
    described(
        "setGovernance(address value)",
        lambda at: f"Hand the governance of {at.here} over to {at.name('value')}.",
    ),
    described(
        "setGuardian(address value)",
        lambda at: f"Make {at.name('value')} the guardian of {at.here}, who may pause markets.",
    ),
)
