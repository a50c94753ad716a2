"""Which contracts are read, which of their logs, and how far."""

from collections.abc import Sequence

from django.db import transaction

from chainsync import folding, kinds, ranges
from chainsync.endpoint.fetching import Wanted
from chainsync.models import Coverage
from charter.fields import AddressField
from charter.models import Chain, Contract
from ledger import leases
from ledger.leases import Held


def read_contracts(chain: Chain) -> list[Contract]:
    """Active contracts of the chain whose kind is registered, in a fixed order."""
    contracts = Contract.objects.filter(chain=chain, active=True).order_by("pk")
    return [contract for contract in contracts if kinds.known(contract.kind)]


def wanted(contracts: Sequence[Contract]) -> Wanted:
    """Which logs are ours, from the contracts' kinds."""
    return Wanted({address_of(c): kinds.get(c.kind).topics for c in contracts})


def address_of(contract: Contract) -> bytes:
    """The contract's address as 20 bytes."""
    raw = AddressField().get_prep_value(contract.address)
    assert raw is not None
    return raw


@transaction.atomic
def prepare(held: Held, contracts: Sequence[Contract]) -> None:
    """See to it, under the follower's lease, that each contract has its coverage.

    Where a kind has learned events that were never asked for, the contract begins again: its
    coverage is emptied and its projections are undone, to be folded anew; where it starts earlier
    than was said before, only its projections are undone. Raises FenceLost.
    """
    leases.check(held)
    known = {
        row.contract_id: row
        for row in Coverage.objects.select_for_update(of=("self",))
        .select_related("contract")
        .filter(contract__in=contracts)
        .order_by("pk")
    }
    for contract in contracts:
        topics = sorted("0x" + topic.hex() for topic in kinds.get(contract.kind).topics)
        coverage = known.get(contract.pk)
        if coverage is None:
            Coverage.objects.create(
                contract=contract, topics=topics, folded_to=contract.start_block - 1
            )
        elif _lacks(coverage.topics, topics):
            folding.unfold(coverage, contract.start_block)
            coverage.blocks = coverage.agreed = []
            coverage.topics = topics
            coverage.save(update_fields=["blocks", "agreed", "topics"])
        elif coverage.folded_to < contract.start_block - 1:
            # The charter now says that there is nothing to be read before a later block.
            coverage.folded_to = contract.start_block - 1
            coverage.save(update_fields=["folded_to"])
        elif coverage.folded_to > ranges.reach(coverage.blocks, contract.start_block):
            # The charter now says that it begins earlier: what was missed comes first.
            folding.unfold(coverage, contract.start_block)


def _lacks(asked: list[str], topics: list[str]) -> bool:
    return bool(asked) and (not topics or not set(topics) <= set(asked))
