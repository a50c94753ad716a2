"""What is wrong with chains as they are followed."""

from collections.abc import Iterable
from dataclasses import dataclass

from chainsync.rules.levels import ALARM, WARNING, Conditions
from ledger.findings import Standing

LEAST_STALE_SECONDS = 30.0
STALE_BLOCKS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFacts:
    """One chain as followed; `age` is seconds since its head block, None without a head,
    `finality_waits` why newer blocks are not final yet, in words."""

    key: str
    name: str
    block_time: float
    age: float | None
    halted: str
    finality_waits: str = ""


def stale(chains: Iterable[ChainFacts]) -> Conditions:
    """`chain.stale`: the head is older than 30 s and than ten blocks take."""
    return {
        chain.key: Standing(
            level=WARNING,
            summary=f"No new block of {chain.name} for more than {_limit(chain):.0f} s. What is "
            "shown may be out of date.",
            facts={"age_seconds": None if chain.age is None else round(chain.age)},
        )
        for chain in chains
        if chain.age is not None and chain.age > _limit(chain)
    }


def _limit(chain: ChainFacts) -> float:
    return max(LEAST_STALE_SECONDS, STALE_BLOCKS * chain.block_time)


def halted(chains: Iterable[ChainFacts]) -> Conditions:
    """`chain.finalized-reorg`: the nodes replaced what was finalized."""
    return {
        chain.key: Standing(level=ALARM, summary=chain.halted) for chain in chains if chain.halted
    }


def finality_waits(chains: Iterable[ChainFacts]) -> Conditions:
    """`chain.finality-waits`: one operator's nodes call blocks final, and no other's do."""
    return {
        chain.key: Standing(
            level=WARNING,
            summary=f"Nothing new becomes final on {chain.name}. {chain.finality_waits}",
        )
        for chain in chains
        if chain.finality_waits
    }
