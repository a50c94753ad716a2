"""A branch across what was finalized: refused, laid side by side, and taken over by a person."""

import io

import pytest
from django.core.management import CommandError, call_command

from chainsync.following import turn
from chainsync.models import Block, ChainStatus, Dispute, Log, Reorg
from charter.models import Chain, Contract, Endpoint
from ledger.models import AuditEntry, OutboxEntry
from tests.chainsync.scene import Node, Toy
from tests.chainsync.test_evidence import follow_until
from tests.chainsync.test_following import assert_linked, follow_to

pytestmark = [pytest.mark.node, pytest.mark.slow]


@pytest.fixture
def replaced(node: Node, chain: Chain, toy: Toy) -> Contract:
    """The nodes replaced twelve blocks, four of them finalized; following stands still."""
    contract = toy.contract(start_block=1)
    follow_to(node, chain)
    for number in range(20):
        node.say(contract.address, number)
    follow_until(lambda: ChainStatus.objects.get().finalized_number == 12)
    follow_to(node, chain)
    node.reorg(12, says=[(contract.address, 100, 0)])
    node.mine(1)
    assert turn("l2", seconds=3)
    status = ChainStatus.objects.get()
    assert "manage.py branch accept l2" in status.halted
    assert (status.head_number, status.finalized_number) == (20, 12)
    return contract


def shown() -> str:
    out = io.StringIO()
    call_command("branch", "show", "l2", stdout=out)
    return out.getvalue()


def accept(given: str, **options: object) -> None:
    call_command("branch", "accept", "l2", hash=given, stdout=io.StringIO(), **options)


def test_both_branches_are_shown_side_by_side(node: Node, replaced: Contract) -> None:
    text = shown()
    assert "crosses" not in text
    assert f"its block 9 is {node.hash(9)}" in text
    assert "by the word of Operator A, Operator B" in text
    assert "taking it over orphans 12 blocks of ours" in text
    assert text.count("on another branch since block 9") == 2
    assert ChainStatus.objects.get().head_hash in text


def test_the_branch_is_followed_once_its_hash_is_typed(
    node: Node, chain: Chain, toy: Toy, replaced: Contract
) -> None:
    assert {row.about for row in Dispute.objects.filter(closed_at=None)} == {"block"}
    before = ChainStatus.objects.get()
    accept(node.hash(9))
    status = ChainStatus.objects.get()
    assert (status.head_number, status.finalized_number, status.halted) == (8, 8, "")
    assert toy.rows(replaced) == list(range(8))
    follow_to(node, chain)
    assert toy.rows(replaced) == [*range(8), 100]
    assert_linked(chain)
    assert Block.objects.get(hash=before.head_hash).canonical is False
    assert Log.objects.filter(canonical=False).count() == 12
    assert not Dispute.objects.filter(closed_at=None).exists()
    taken = Reorg.objects.filter(refused=False).get()
    assert (taken.fork_number, taken.depth) == (8, 12)
    audit = AuditEntry.objects.get(act="chainsync:branch:accept")
    assert audit.detail["first"] == node.hash(9)
    assert OutboxEntry.objects.filter(event="branch-accepted").exists()
    node.mine(20)
    follow_to(node, chain)
    follow_until(lambda: ChainStatus.objects.get().finalized_number == node.head - 8)


@pytest.mark.parametrize("typed", ["", "yes", "0x" + "ab" * 32])
def test_anything_else_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, replaced: Contract, typed: str
) -> None:
    monkeypatch.setattr("builtins.input", lambda _prompt: typed)
    before = ChainStatus.objects.values().get()
    with pytest.raises(CommandError, match="Nothing was changed"):
        accept("")
    assert ChainStatus.objects.values().get() == before
    assert not AuditEntry.objects.filter(act="chainsync:branch:accept").exists()


def test_one_operator_alone_is_believed_only_when_told_so(
    node: Node, chain: Chain, replaced: Contract
) -> None:
    Endpoint.objects.filter(name="l2-b").update(active=False)
    with pytest.raises(CommandError, match="Only Operator A"):
        accept(node.hash(9))
    accept(node.hash(9), alone=True)
    follow_to(node, chain)


def test_a_branch_that_shares_no_block_of_ours_is_begun_anew(
    node: Node, chain: Chain, toy: Toy
) -> None:
    contract = toy.contract(start_block=1)
    for number in range(20):
        node.say(contract.address, number)
    follow_to(node, chain)
    assert ChainStatus.objects.get().dense_from == 12
    node.reorg(12)
    node.mine(2)
    assert turn("l2", seconds=3)
    accept(node.hash(12))
    status = follow_to(node, chain)
    assert (status.dense_from, status.halted) == (14, "")
    assert_linked(chain)


def test_where_nothing_was_refused_there_is_nothing_to_accept(node: Node, chain: Chain) -> None:
    node.mine(3)
    follow_to(node, chain)
    assert "no branch was refused" in shown()
    with pytest.raises(CommandError, match="does not stand still"):
        accept(node.hash(1))
    with pytest.raises(CommandError, match="there are: l2"):
        call_command("branch", "show", "l3")
