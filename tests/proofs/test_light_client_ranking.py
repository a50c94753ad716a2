"""Which update is kept: a fixed order of what makes one better than another."""

from __future__ import annotations

from itertools import combinations

from light_client_chain import NETWORK, PERIOD, update

from proofs.statements.light_client_ranking import is_better

# From the best to the worst; each differs from its neighbour in what the comment says.
ORDER = [
    update(80, 70, handover=True),
    update(81, 70, handover=True),  # newer
    update(81, 70, handover=True, signature_slot=90),  # signed later
    update(80, 70, handover=True, signers=31),  # fewer of more than two thirds
    update(80, 60, handover=True),  # finalized in another period
    update(80, handover=True),  # nothing finalized
    update(80, 70),  # no next committee
    update(PERIOD * 2 - 1, handover=True, signers=30),  # one of another period than the signers'
    update(80, 70, handover=True, signers=21),  # less than two thirds
    update(80, 70, handover=True, signers=20),
    update(80, 70, signers=20),
    update(80, signers=20),
    update(80, 70, handover=True, signers=1),
]


def test_the_order() -> None:
    for better, worse in combinations(ORDER, 2):
        assert is_better(NETWORK, better, worse), (better.signature_slot, worse.signature_slot)
        assert not is_better(NETWORK, worse, better)


def test_of_equals_the_old_one_stays() -> None:
    for each in ORDER:
        assert not is_better(NETWORK, each, each)
