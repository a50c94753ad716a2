"""What is wrong with endpoints by themselves: silent, behind, on another chain, impossible."""

from collections.abc import Iterable
from dataclasses import dataclass

from chainsync.rules.levels import ALARM, NOTICE, WARNING, Conditions
from ledger.findings import Standing

FAILURES_TO_BE_DOWN = 3
SILENT_SECONDS = 10.0
MALFORMED_TO_BE_TOLD = 4
LEAST_LAG_BLOCKS = 5
LAG_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointFacts:
    """One endpoint as it has been answering: `failures` in a row, `silent` seconds since its last
    answer (None when it never gave one), `behind` our head in blocks."""

    chain: str
    name: str
    operator: str
    block_time: float
    chain_id: int
    chain_id_seen: int | None
    failures: int
    silent: float | None
    last_error: str
    behind: int | None
    limited: int = 0
    """How many of its answers in the last two minutes asked us to slow down."""
    malformed: int = 0
    """How many of its answers in the last two minutes could not be true."""
    implausible: str = ""
    """Why its head cannot be, in words that follow its name."""


def down(endpoints: Iterable[EndpointFacts]) -> Conditions:
    """`endpoint.down`: three requests in a row failed, or none succeeded for ten seconds."""
    return {
        _subject(one): Standing(
            level=WARNING,
            summary=f"{one.name} ({one.operator}) does not answer.",
            facts={"failures": one.failures, "last_error": one.last_error},
        )
        for one in endpoints
        if _down(one) and not _wrong(one)
    }


def lagging(endpoints: Iterable[EndpointFacts]) -> Conditions:
    """`endpoint.lagging`: it answers, but is more than 30 s of blocks behind our head."""
    return {
        _subject(one): Standing(
            level=NOTICE,
            summary=f"{one.name} ({one.operator}) is behind the head of the chain.",
            facts={"blocks_behind": one.behind},
        )
        for one in endpoints
        if one.behind is not None
        and one.behind > max(LEAST_LAG_BLOCKS, LAG_SECONDS / one.block_time)
        and not _down(one)
    }


def wrong_chain(endpoints: Iterable[EndpointFacts]) -> Conditions:
    """`endpoint.wrong-chain`: it serves another chain, and is not used."""
    return {
        _subject(one): Standing(
            level=ALARM,
            summary=f"{one.name} ({one.operator}) answers for chain id {one.chain_id_seen}, but "
            f"the charter says {one.chain_id}. It is not used: correct its address in venue.toml.",
        )
        for one in endpoints
        if _wrong(one)
    }


def rate_limited(endpoints: Iterable[EndpointFacts]) -> Conditions:
    """`endpoint.rate-limited`: within the last two minutes it asked us to slow down."""
    return {
        _subject(one): Standing(
            level=NOTICE,
            summary=f"{one.name} ({one.operator}) asks us to slow down. If it goes on, agree on a "
            "higher limit or add another endpoint.",
            facts={"refused": one.limited},
        )
        for one in endpoints
        if one.limited
    }


def malformed(endpoints: Iterable[EndpointFacts]) -> Conditions:
    """`endpoint.malformed`: within the last two minutes several answers of it could not be true.

    One or two are what a reorganisation between two answers looks like.
    """
    return {
        _subject(one): Standing(
            level=WARNING,
            summary=f"{one.name} ({one.operator}) gives answers that cannot be true. They are not "
            "used.",
            facts={"answers": one.malformed},
        )
        for one in endpoints
        if one.malformed >= MALFORMED_TO_BE_TOLD
    }


def implausible(endpoints: Iterable[EndpointFacts]) -> Conditions:
    """`endpoint.implausible-head`: the head that it gives cannot be, and is not followed."""
    return {
        _subject(one): Standing(
            level=ALARM,
            summary=f"{one.name} ({one.operator}) gives a head that cannot be. It is not followed "
            "there. Where it is said to be ahead of the clock, compare the clock of this machine.",
            facts={"says": f"{one.name} {one.implausible}"},
        )
        for one in endpoints
        if one.implausible
    }


def _down(one: EndpointFacts) -> bool:
    silent = one.silent is not None and one.silent > SILENT_SECONDS
    return one.failures >= FAILURES_TO_BE_DOWN or (one.failures > 0 and silent)


def _wrong(one: EndpointFacts) -> bool:
    return one.chain_id_seen is not None and one.chain_id_seen != one.chain_id


def _subject(one: EndpointFacts) -> str:
    return f"{one.chain}/{one.name}"
