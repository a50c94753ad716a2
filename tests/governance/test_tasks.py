"""What workers do: alone, quietly put off when a node is silent, and nudged by heads."""

import pytest
from django.db import transaction

from chainsync import nudges
from chainsync.models import Block, ChainStatus
from charter.models import Endpoint
from governance import asking, observing, tasks
from governance.models import Governor, Proposal
from governance.states import with_facts
from lab.governance import Support
from ledger import leases
from ledger.models import Lease
from tests.governance.live import Scene

pytestmark = pytest.mark.node


def head(scene: Scene) -> Block:
    """The head as journalled."""
    found = asking.head_of(scene.chain)
    assert found is not None
    return found


def test_observing_is_done_by_one_at_a_time(venue: Scene) -> None:
    """Who holds the lease works; the others go home."""
    venue.follow()
    held = leases.take("observe:l2", "somebody else", 30)
    assert held is not None
    tasks.observe("l2")
    assert not Governor.objects.exists()
    leases.release(held)
    tasks.observe("l2")
    assert Governor.objects.count() == 1
    assert leases.take("observe:l2", "the next", 30) is not None


def test_a_silent_node_puts_the_work_off(venue: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is written and nothing is raised; the next nudge tries again."""
    from chainsync.endpoint import pool

    venue.follow()
    Endpoint.objects.update(url="http://127.0.0.1:9/")
    pool.close_all()
    with caplog.at_level("INFO", logger="governance.tasks"):
        tasks.observe("l2")
    assert "put off" in caplog.text
    assert not Governor.objects.exists()


def test_a_head_nudges_for_what_is_due(venue: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the commit, one message at most; and not when there is nothing to ask."""
    sent: list[str] = []
    monkeypatch.setattr(nudges, "_sent", lambda task, arguments: bool(sent.append(task.name) or 1))
    venue.follow()
    assert sent == ["governance.tasks.observe"]
    venue.lab.propose("Anything")
    venue.sync()
    sent.clear()
    Lease.objects.filter(name__startswith="nudge:").delete()
    with transaction.atomic():
        tasks.head_came(venue.chain, head(venue))
        assert sent == []
    assert sent == []

    Proposal.objects.update(checked_block=None)
    for _ in range(2):
        with transaction.atomic():
            tasks.head_came(venue.chain, head(venue))
    assert sent == ["governance.tasks.reconcile"]


def test_an_answer_of_an_orphaned_block_is_not_written(venue: Scene) -> None:
    """Between question and answer the chain may have moved to another branch."""
    venue.lab.propose("Anything")
    venue.follow()
    block = head(venue)
    observing.read_profiles(venue.chain, block)
    Block.objects.filter(pk=block.pk).update(canonical=False)
    with pytest.raises(asking.Orphaned):
        observing.read_quorums(venue.chain, block)
    assert Proposal.objects.get().quorum is None


def test_a_wrong_link_leaves_a_governor_out_and_the_chain_goes_on(venue: Scene) -> None:
    """A token is no timelock: no state is computed from that, and following does not stop."""
    lab = venue.lab
    proposal = lab.propose("Anything")
    venue.sync()
    governor = venue.governor
    governor.links = {**governor.links, "timelock": "venue"}
    governor.save()
    lab.open_voting(proposal)
    lab.vote("Ada", proposal, Support.FOR)
    venue.follow()
    row = venue.row(proposal)
    assert row.for_votes > 0
    assert with_facts(venue.chain, [row], {governor.pk: governor}) == []
    assert ChainStatus.objects.get().halted == ""
