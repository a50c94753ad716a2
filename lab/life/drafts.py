"""What is proposed: Markdown texts with the calls that carry them out, drawn at random."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from lab.bridge_governance import BridgeGovernance
from lab.deployment import MARKETS, market_id
from lab.governance import Action
from lab.schedule import ETHER
from lab.venue_governance import VenueGovernance


@dataclass(frozen=True)
class Draft:
    """A proposal before it is made."""

    title: str
    body: str
    actions: tuple[Action, ...]

    def text(self, label: str) -> str:
        """The description: a heading with the running label, then the body."""
        return f"# {label}: {self.title}\n\n{self.body}\n"


def _discussion(rng: random.Random) -> str:
    thread = rng.randrange(100, 999)
    return f"Discussion: [forum thread {thread}](https://forum.example.org/t/{thread})"


def _leverage(rng: random.Random, gov: VenueGovernance) -> Draft:
    market = rng.choice(list(MARKETS))
    factor = rng.randrange(8, 31)
    body = (
        f"## Summary\n\nSet the maximum leverage of **{market}** to **{factor}x**.\n\n"
        "## Why\n\n"
        "- open interest has settled since the last change;\n"
        "- the insurance fund covers the stressed loss at this leverage;\n"
        "- makers asked for a figure that is *predictable* over a quarter.\n\n"
        f"## What happens on chain\n\n`setMaxLeverage({market}, {factor * 10_000})`\n\n"
        f"{_discussion(rng)}"
    )
    action = gov.venue_action("setMaxLeverage", market_id(market), factor * 10_000)
    return Draft(f"Maximum leverage of {market} to {factor}x", body, (action,))


def _fee(rng: random.Random, gov: VenueGovernance) -> Draft:
    market = rng.choice(list(MARKETS))
    fee = rng.randrange(2, 13)
    body = (
        f"The taker fee of {market} becomes {fee} basis points ({fee / 100:.2f} %).\n\n"
        "| Venue | Taker fee |\n|---|---|\n| ours, proposed | "
        f"{fee} bps |\n| median of three others | 6 bps |\n\n"
        "> Fees should pay for the risk engine, not for the risk.\n\n"
        f"{_discussion(rng)}"
    )
    action = gov.venue_action("setTakerFee", market_id(market), fee)
    return Draft(f"Taker fee of {market} to {fee} bps", body, (action,))


def _quarterly(rng: random.Random, gov: VenueGovernance) -> Draft:
    market = rng.choice(list(MARKETS))
    leverage, margin, fee = rng.randrange(8, 26), rng.randrange(150, 700, 25), rng.randrange(2, 11)
    key = market_id(market)
    inner = (
        gov.venue_action("setMaxLeverage", key, leverage * 10_000),
        gov.venue_action("setMaintenanceMargin", key, margin),
        gov.venue_action("setTakerFee", key, fee),
    )
    body = (
        f"## Quarterly review of {market}\n\nThree parameters at once, all or none:\n\n"
        f"1. maximum leverage {leverage}x\n2. maintenance margin {margin / 100:.2f} %\n"
        f"3. taker fee {fee} bps\n\n"
        "The three calls travel inside one `batch`, so that no block sees only part of them.\n\n"
        f"{_discussion(rng)}"
    )
    return Draft(f"Quarterly review of {market}", body, (gov.batch_action(*inner),))


def _margins(rng: random.Random, gov: VenueGovernance) -> Draft:
    chosen = rng.sample(list(MARKETS), 2)
    values = [rng.randrange(150, 700, 25) for _ in chosen]
    rows = "\n".join(
        f"- **{market}**: {value / 100:.2f} %" for market, value in zip(chosen, values, strict=True)
    )
    actions = tuple(
        gov.venue_action("setMaintenanceMargin", market_id(market), value)
        for market, value in zip(chosen, values, strict=True)
    )
    body = f"Maintenance margins follow realised volatility:\n\n{rows}\n\n{_discussion(rng)}"
    return Draft(f"Maintenance margins of {chosen[0]} and {chosen[1]}", body, actions)


def _voting_rules(rng: random.Random, gov: VenueGovernance) -> Draft:
    percent = rng.choice((4, 4, 5))
    data = gov.governor.data("updateQuorumNumerator", percent)
    body = (
        f"The quorum is {percent} % of the supply from the block of execution on. "
        "Earlier proposals keep the quorum of their own snapshot.\n\n"
        f"{_discussion(rng)}"
    )
    return Draft(f"Quorum at {percent} %", body, (Action(gov.governor.address, data),))


def venue_draft(rng: random.Random, gov: VenueGovernance) -> Draft:
    """Something to propose on L2; a paused market comes first."""
    for market in MARKETS:
        if gov.is_paused(market):
            body = (
                f"The Safe paused {market}. The cause is understood and removed:\n\n"
                "- prices of all sources agree again;\n- no position is under its margin.\n\n"
                "Only the assembly can reopen a market, hence this proposal."
            )
            action = gov.venue_action("unpauseMarket", market_id(market))
            return Draft(f"Reopen {market}", body, (action,))
    kinds: tuple[Callable[[random.Random, VenueGovernance], Draft], ...]
    kinds = (_leverage, _fee, _quarterly, _margins, _voting_rules)
    return rng.choices(kinds, (4, 3, 3, 2, 1))[0](rng, gov)


def bridge_draft(rng: random.Random, gov: BridgeGovernance) -> Draft:
    """Something to propose on L1."""
    limit = rng.randrange(2_000, 12_000, 500)
    hours = rng.randrange(24, 240, 12)
    set_limit = gov.parameter_action("setDailyLimit(uint128)", limit * ETHER)
    set_delay = gov.parameter_action("setWithdrawalDelay(uint64)", hours * 3600)
    kind = rng.randrange(3)
    if kind == 0:
        body = (
            f"Let at most **{limit:,} ETH** a day leave over the bridge.\n\n"
            "- the busiest day of the last quarter stayed below it;\n"
            "- what waits is not lost, it leaves the day after.\n\n"
            f"{_discussion(rng)}"
        )
        return Draft(f"Daily bridge limit of {limit:,} ETH", body, (set_limit,))
    if kind == 1:
        body = (
            f"Withdrawals wait **{hours} hours** before they are paid.\n\n"
            "## Trade-off\n\nLonger is safer for the bridge and dearer for those who leave.\n\n"
            f"{_discussion(rng)}"
        )
        return Draft(f"Withdrawal delay of {hours} hours", body, (set_delay,))
    uri = f"https://status.example.org/bridge/{rng.randrange(1000, 9999)}"
    notice = gov.parameter_action("setNoticeUri(string)", uri)
    body = (
        f"1. limit {limit:,} ETH a day\n2. delay {hours} hours\n3. notice at <{uri}>\n\n"
        f"{_discussion(rng)}"
    )
    return Draft("Yearly review of the bridge", body, (set_limit, set_delay, notice))
