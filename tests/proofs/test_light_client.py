"""The light client follows the published vectors of every fork, step by step."""

from __future__ import annotations

from pathlib import Path

import pytest
from light_client_vectors import Case, shown

from proofs.chain.beacon import Fork
from proofs.refusals import AdvancedByForce, NoExecutionHeader, NotFinalized
from proofs.statements.light_client import force_update, process_update
from proofs.statements.light_client_store import Committees, Store, certifies

FORKS = ("altair", "bellatrix", "capella", "deneb", "electra")


@pytest.mark.parametrize("fork", FORKS)
def test_the_vectors(vectors: Path, fork: str) -> None:
    folders = sorted(path for path in (vectors / "light_client" / fork).iterdir() if path.is_dir())
    assert len(folders) >= 5
    for folder in folders:
        follow(Case(folder))


def follow(case: Case) -> Store:
    store, committees, forced = case.bootstrap(), Committees(), False
    with pytest.raises(NotFinalized):
        certifies(store)
    for number, step in enumerate(case.steps):
        ((kind, given),) = step.items()
        before = store
        if kind == "process_update":
            update = case.update(given)
            slot = int(given["current_slot"])
            store = process_update(store, update, current_slot=slot, committees=committees)
        elif kind == "force_update":
            store = force_update(store, current_slot=int(given["current_slot"]))
            forced = forced or store != before
        else:
            # A store does not depend on the fork of what it holds: there is nothing to upgrade.
            assert kind == "upgrade_store"
        place = f"{case.folder} step {number}"
        for name, expected in given["checks"].items():
            header = store.finalized if name == "finalized_header" else store.optimistic
            found = shown(case.network, header)
            assert expected.items() <= found.items(), f"{place}: {name}"
        check_certificate(store, forced)
    return store


def check_certificate(store: Store, forced: bool) -> None:
    assert store.forced is forced
    if forced:
        with pytest.raises(AdvancedByForce):
            certifies(store)
    elif store.signed is None:
        with pytest.raises(NotFinalized):
            certifies(store)
    elif store.network.fork(store.finalized.slot) < Fork.CAPELLA:
        with pytest.raises(NoExecutionHeader):
            certifies(store)
    else:
        found = certifies(store)
        assert found.state_root == store.finalized.execution.state_root != bytes(32)
        assert found.block_hash == store.finalized.execution.block_hash != bytes(32)
        assert 3 * found.signed.participants >= 2 * found.signed.committee_size
