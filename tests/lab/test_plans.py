"""The scripted life's plans lead where they say, from any seed."""

import random

from hypothesis import given
from hypothesis import strategies as st

from lab.accounts import HOLDERS
from lab.deployment import _BRIDGE_SHARES, _VENUE_SHARES
from lab.life.plans import Ending, draw_ending, make_plan
from lab.schedule import BRIDGE, ETHER, VENUE

POWER = {
    "l2": {name: share * 10**5 * ETHER for name, share in _VENUE_SHARES.items()},
    "l1": {name: share * 10**4 * ETHER for name, share in _BRIDGE_SHARES.items()},
}
QUORUM = {"l2": VENUE.supply * VENUE.quorum_percent // 100, "l1": BRIDGE.quorum}


def buckets(chain: str, ending: Ending, seed: int, until: float) -> list[int]:
    totals = [0, 0, 0]
    for ballot in make_plan(random.Random(seed), chain, ending).ballots:
        power = POWER[chain][ballot.voter]
        if ballot.due > until:
            continue
        if ballot.split is None:
            totals[ballot.support] += power
        else:
            assert sum(ballot.split) == 100
            for kind, share in enumerate(ballot.split):
                totals[kind] += power * share // 100
    return totals


@given(st.integers(min_value=0, max_value=2**64), st.sampled_from(["l1", "l2"]))
def test_plans_lead_to_their_endings(seed: int, chain: str) -> None:
    against, for_, abstain = buckets(chain, Ending.EXECUTED, seed, until=1)
    assert for_ > against
    assert for_ >= QUORUM[chain]
    against, for_, _ = buckets(chain, Ending.DEFEATED, seed, until=1)
    assert against > for_
    against, for_, abstain = buckets(chain, Ending.WITHOUT_QUORUM, seed, until=1)
    assert for_ + abstain < QUORUM[chain]


@given(st.integers(min_value=0, max_value=2**64))
def test_a_late_quorum_is_late(seed: int) -> None:
    _, for_, abstain = buckets("l2", Ending.LATE_QUORUM, seed, until=0.8)
    assert for_ + abstain < QUORUM["l2"]
    _, for_, abstain = buckets("l2", Ending.LATE_QUORUM, seed, until=1)
    assert for_ + abstain >= QUORUM["l2"]


@given(st.integers(min_value=0, max_value=2**64), st.sampled_from(["l1", "l2"]))
def test_a_seed_gives_one_story(seed: int, chain: str) -> None:
    ending = draw_ending(random.Random(seed), chain)
    assert ending is draw_ending(random.Random(seed), chain)
    first, second = (make_plan(random.Random(seed), chain, ending) for _ in range(2))
    assert first == second
    assert {ballot.voter for ballot in first.ballots} <= set(HOLDERS)
