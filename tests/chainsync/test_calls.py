"""Values read by call: by block hash, from two operators, kept once read."""

import pytest

from chainsync import contracts, rechecking
from chainsync.calls import Call, observe
from chainsync.endpoint.failures import Disagreement, NoEndpoint
from chainsync.models import Block, ChainStatus, CodeRecord, Dispute, Observation
from charter.models import Chain
from ledger.models import Finding
from tests.chainsync.scene import Node, Toy
from tests.chainsync.test_evidence import suffer, third
from tests.chainsync.test_following import follow_to

pytestmark = pytest.mark.node

# Returns the block's number, or reverts when there is calldata.
NUMBER = "0x3615600957600080fd5b4360005260206000f3"
ADDRESS = "0x" + "77" * 20


@pytest.fixture
def head(node: Node, chain: Chain, toy: Toy) -> Block:
    node.call("anvil_setCode", ADDRESS, NUMBER)
    node.mine(3)
    return Block.objects.get(hash=follow_to(node, chain).head_hash)


def test_values_are_read_at_the_block_that_is_named(node: Node, chain: Chain, head: Block) -> None:
    node.mine(4)
    value, reverted, none = observe(
        chain,
        [Call(ADDRESS, b""), Call(ADDRESS, b"\1"), Call(b"\x99" * 20, b"\1")],
        head,
    )
    assert int.from_bytes(value or b"", "big") == head.number
    assert (reverted, none) == (None, b"")
    assert Observation.objects.first().operators == ["Operator A", "Operator B"]
    node.gateway.stop()
    assert observe(chain, [Call(bytes.fromhex("77" * 20), b"")], head) == [value]


def test_operators_who_differ_are_both_refused(node: Node, chain: Chain, head: Block) -> None:
    suffer(node, "l2-b", "call")
    with pytest.raises(Disagreement):
        observe(chain, [Call(ADDRESS, b"")], head)
    assert not Observation.objects.exists()
    finding = Finding.objects.get(rule="endpoint.disagreement", closed_at=None)
    assert finding.subject == "calls:l2/l2-b"
    assert Dispute.objects.get().about == "state"
    assert ChainStatus.objects.get().finalized_number is not None
    node.gateway.switchboard.heal()
    observe(chain, [Call(ADDRESS, b"")], head)
    finding.refresh_from_db()
    assert finding.closed_at
    assert Dispute.objects.get().outcome == Dispute.Outcome.AGREED_AGAIN


def test_a_third_operator_decides_and_the_liar_is_named(
    node: Node, chain: Chain, head: Block
) -> None:
    third(node, chain)
    suffer(node, "l2-a", "call")
    (value,) = observe(chain, [Call(ADDRESS, b"")], head)
    assert int.from_bytes(value or b"", "big") == head.number
    assert Observation.objects.get().operators == ["Operator B", "Operator C"]
    lie = Dispute.objects.get()
    assert (lie.endpoint.name, lie.outcome) == ("l2-a", Dispute.Outcome.ENDPOINT_WRONG)
    assert "Two of three operators" in lie.evidence
    found = Finding.objects.get(rule="endpoint.lied", closed_at=None)
    assert rechecking.recheck(chain) == 0
    node.gateway.switchboard.heal()
    assert rechecking.recheck(chain) == 1
    found.refresh_from_db()
    assert found.closed_at


def test_a_lie_about_a_block_that_was_orphaned_is_forgiven_by_what_is_said_today(
    node: Node, chain: Chain, head: Block
) -> None:
    """Nobody can be asked about the orphaned block any more; the newest observation is asked."""
    third(node, chain)
    suffer(node, "l2-a", "call")
    observe(chain, [Call(ADDRESS, b"")], head)
    assert rechecking.recheck(chain) == 0
    node.reorg(2)
    node.mine(2)
    fresh = Block.objects.get(hash=follow_to(node, chain).head_hash)
    head.refresh_from_db()
    assert not head.canonical
    observe(chain, [Call(ADDRESS, b"")], fresh)
    assert rechecking.recheck(chain) == 0, "it lies about the new block as well"
    node.gateway.switchboard.heal()
    assert rechecking.recheck(chain) > 0
    assert not Finding.objects.filter(rule="endpoint.lied", closed_at=None).exists()


def test_the_code_of_contracts_is_what_two_operators_say(
    node: Node, chain: Chain, toy: Toy
) -> None:
    proxy = toy.contract("proxy", 1)
    node.call("anvil_setStorageAt", proxy.address, contracts.IMPLEMENTATION_SLOT, "0x" + "42" * 32)
    node.mine()
    follow_to(node, chain)
    suffer(node, "l2-a", "call")
    with pytest.raises(Disagreement):
        contracts.check(chain)
    assert not CodeRecord.objects.exists()
    third(node, chain)
    (record,) = contracts.check(chain)
    assert (record.implementation or "").lower() == "0x" + "42" * 20
    assert Dispute.objects.filter(endpoint__name="l2-a", outcome="endpoint-wrong").exists()


def test_a_block_that_no_node_knows_is_no_revert(chain: Chain, head: Block) -> None:
    head.hash = "0x" + "ab" * 32
    with pytest.raises(NoEndpoint):
        observe(chain, [Call(ADDRESS, b"")], head)
