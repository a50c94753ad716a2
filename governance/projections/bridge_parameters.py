"""What the L1 governance decides about the bridge to the venue's chain."""

from governance import wording
from governance.calldata.describing import Described, described
from governance.folding.parameters import parameter_kind, setting

ETHER_DECIMALS = 18

KIND = parameter_kind(
    "bridge-parameters",
    (
        setting("WithdrawalDelaySet(uint64 previous, uint64 value)", "withdrawalDelay"),
        setting("DailyLimitSet(uint128 previous, uint128 value)", "dailyLimit"),
        setting("NoticeUriSet(string previous, string value)", "noticeUri"),
        setting("GovernanceSet(address indexed previous, address indexed value)", "governance"),
    ),
)


def _ether(value: int) -> str:
    return wording.tokens(value, ETHER_DECIMALS, "ETH") + " a day"


FUNCTIONS: tuple[Described, ...] = (
    described(
        "setWithdrawalDelay(uint64 value)",
        lambda at: (
            f"Set the delay of withdrawals of {at.here} "
            f"{at.change('withdrawalDelay', wording.duration(at['value']), '', wording.duration)}."
        ),
    ),
    described(
        "setDailyLimit(uint128 value)",
        lambda at: (
            f"Set the limit of withdrawals of {at.here} "
            f"{at.change('dailyLimit', _ether(at['value']), '', _ether)}."
        ),
    ),
    described(
        "setNoticeUri(string value)",
        lambda at: f"Set the address of the public notice of {at.here} to “{at['value']}”.",
    ),
    described(
        "setGovernance(address value)",
        lambda at: f"Hand the governance of {at.here} over to {at.name('value')}.",
    ),
)
