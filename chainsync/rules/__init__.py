"""What is wrong with chains, endpoints and contracts. Pure: facts in, standing conditions out.

Summaries hold no number that moves by itself: whoever reads them is told of each change.
"""

from collections.abc import Mapping
from datetime import datetime

from chainsync.rules import beacon
from chainsync.rules.beacon import BeaconFacts
from chainsync.rules.chains import ChainFacts, finality_waits, halted, stale
from chainsync.rules.contracts import (
    ContractFacts,
    code_changed,
    coverage_gaps,
    fold_failures,
    log_disputes,
    no_code,
    undecodable,
)
from chainsync.rules.disputes import DisputeFacts, LieFacts, disagreements, lied
from chainsync.rules.endpoints import (
    EndpointFacts,
    down,
    implausible,
    lagging,
    malformed,
    rate_limited,
    wrong_chain,
)
from chainsync.rules.levels import Conditions


def of_disputes(
    disputes: list[DisputeFacts], lies: list[LieFacts]
) -> Mapping[tuple[str, str | None], Conditions]:
    """The part of `all_of` that changes at once when a dispute is opened or decided."""
    standing = disagreements(disputes)
    return {
        ("endpoint.disagreement", prefix): {
            subject: one for subject, one in standing.items() if subject.startswith(prefix)
        }
        for prefix in ("blocks:", "calls:")
    } | {("endpoint.lied", None): lied(lies)}


def all_of(
    chains: list[ChainFacts],
    endpoints: list[EndpointFacts],
    contracts: list[ContractFacts],
    disputes: list[DisputeFacts],
    lies: list[LieFacts],
    beacons: list[BeaconFacts],
    now: datetime,
) -> Mapping[tuple[str, str | None], Conditions]:
    """Standing conditions by (rule, prefix of the subjects that were looked at)."""
    return {
        ("chain.stale", None): stale(chains),
        ("chain.finalized-reorg", None): halted(chains),
        ("chain.finality-waits", None): finality_waits(chains),
        ("chain.coverage-gap", None): coverage_gaps(contracts),
        ("endpoint.down", None): down(endpoints),
        ("endpoint.lagging", None): lagging(endpoints),
        ("endpoint.wrong-chain", None): wrong_chain(endpoints),
        ("endpoint.implausible-head", None): implausible(endpoints),
        ("endpoint.rate-limited", None): rate_limited(endpoints),
        ("endpoint.malformed", None): malformed(endpoints),
        ("endpoint.disagreement", "logs:"): log_disputes(contracts),
        **of_disputes(disputes, lies),
        ("chainsync.fold-failed", None): fold_failures(contracts),
        ("chainsync.undecodable", None): undecodable(contracts),
        ("beacon.silent", None): beacon.silent(beacons),
        ("beacon.refused", None): beacon.refused(beacons),
        ("beacon.participation", None): beacon.participation(beacons),
        ("beacon.stalled", None): beacon.stalled(beacons),
        ("beacon.checkpoint-old", None): beacon.checkpoint_old(beacons),
        ("beacon.contradicts-chain", None): beacon.contradicts_chain(beacons),
        ("beacon.forced", None): beacon.forced(beacons),
        ("contract.no-code", None): no_code(contracts),
        ("contract.code-changed", None): code_changed(contracts, now),
    }
