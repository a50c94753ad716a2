"""A governance on a real node, followed by the real follower into the rows of this test."""

from dataclasses import dataclass, field

from django.db import transaction

from chainsync import backfill, catching_up, following, planning
from chainsync.models import ChainStatus
from charter.models import Chain, Contract, Endpoint
from governance import asking, observing, reconciling, states
from governance.models import Proposal
from governance.reconciling import Compared
from lab.governance import Proposal as LabProposal
from lab.harness import Harness
from ledger.models import Finding
from proofs.statements.ids import proposal_key
from proofs.statements.lifecycle import ProposalState

KINDS = {
    "l2": {
        "token": ("erc20-votes", {}),
        "timelock": ("oz-timelock", {}),
        "governor": ("oz-governor-5", {"token": "token", "timelock": "timelock"}),
        "venue": ("venue", {}),
        "safe": ("safe", {}),
    },
    "l1": {
        "bridge_token": ("comp-token", {}),
        "bridge_timelock": ("oz-timelock", {}),
        "bridge_governor": (
            "oz-governor-4-bravo",
            {"token": "bridge_token", "timelock": "bridge_timelock"},
        ),
        "bridge_parameters": ("bridge-parameters", {}),
    },
}


@dataclass
class Scene:
    """A lab chain and the charter rows that describe it; `seen` is every state ever compared."""

    lab: Harness
    chain: Chain
    contracts: dict[str, Contract]
    seen: set[ProposalState] = field(default_factory=set)

    @classmethod
    def of(cls, lab: Harness) -> "Scene":
        """Write the charter of a lab chain."""
        chain = Chain.objects.create(
            key=lab.name, chain_id=lab.chain_id, name=lab.name.upper(), role=lab.name, block_time=2
        )
        for letter, url in zip("ab", lab.urls, strict=True):
            name = f"{lab.name}-{letter}"
            Endpoint.objects.create(chain=chain, name=name, operator=f"Operator {letter}", url=url)
        contracts = {
            key: Contract.objects.create(
                key=key,
                chain=chain,
                kind=kind,
                address=lab.addresses[key],
                start_block=lab.start_blocks[key],
                label=f"The {key.replace('_', ' ')}",
                links=links,
            )
            for key, (kind, links) in KINDS[lab.name].items()
        }
        return cls(lab, chain, contracts)

    @property
    def governor(self) -> Contract:
        """The only governor of the chain."""
        return next(c for c in self.contracts.values() if "governor" in c.kind)

    def follow(self) -> ChainStatus:
        """Take in everything up to the node's head."""
        head = self.lab.node.call("eth_getBlockByNumber", "latest", False)["hash"]
        turn = following.turn(
            self.chain.key, seconds=30, until=lambda status: status.head_hash == head
        )
        planning.plan(self.chain)
        backfill.turn(self.chain.key)
        catching_up.turn(self.chain.key)
        status = ChainStatus.objects.get(chain=self.chain)
        assert status.head_hash == head, turn
        return status

    def sync(self) -> None:
        """Follow, ask what is due, bring states up to date, and compare everything."""
        self.follow()
        observing.read_all(self.chain)
        head = asking.head_of(self.chain)
        assert head is not None
        with transaction.atomic():
            states.refresh(self.chain, head)
        Proposal.objects.update(checked_block=None)
        compared = reconciling.reconcile(self.chain)
        assert len(compared) == Proposal.objects.count()
        for one in compared:
            assert_equal(one)
            self.seen.add(ProposalState(one.proposal.state))
        assert not Finding.objects.filter(rule__startswith="governance.", closed_at=None).exists()

    def row(self, proposal: LabProposal) -> Proposal:
        """Our row of a proposal."""
        address = bytes.fromhex(self.governor.address[2:])
        return Proposal.objects.get(key=proposal_key(self.chain.chain_id, address, proposal.id))

    def state(self, proposal: LabProposal) -> ProposalState:
        """Our stored state of a proposal."""
        return ProposalState(self.row(proposal).state)


def assert_equal(one: Compared) -> None:
    """Ours, stored and computed, is what the contract says at the same block."""
    title = one.proposal.title
    assert one.state is not None, title
    assert one.state == one.contract_state == one.proposal.state, title
    assert one.tally == one.contract_tally, title
