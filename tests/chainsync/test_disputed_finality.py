"""What is in dispute is not final: of a block for everybody, of a contract for what rests on it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

pytestmark = pytest.mark.django_db
FINALIZED = 90


@pytest.fixture
def contracts():
    """Two contracts of one chain that is final to block 90, all of it agreed."""
    from chainsync.models import ChainStatus, Coverage
    from charter.models import Chain, Contract, Endpoint

    chain = Chain.objects.create(key="l2", chain_id=901, name="L2", role="l2", block_time=1)
    Endpoint.objects.create(chain=chain, name="l2-a", operator="A", url="x")
    ChainStatus.objects.create(chain=chain, head_number=99, finalized_number=FINALIZED)
    rows = []
    for index in range(2):
        row = Contract.objects.create(
            chain=chain, key=f"c-{index}", kind="toy", address=f"0x{index:040x}", start_block=5
        )
        Coverage.objects.create(contract=row, blocks=[(5, 99)], agreed=[(5, 99)], folded_to=99)
        rows.append(row)
    return rows


def dispute(about, first, contract=None, last=None):
    from chainsync.models import Dispute
    from charter.models import Endpoint

    endpoint = Endpoint.objects.get()
    return Dispute.objects.create(
        chain=endpoint.chain,
        endpoint=endpoint,
        about=about,
        first=first,
        last=last or first,
        contract=contract,
        says="It is another.",
    )


def final(contract, block):
    """Whether everything that tells of finality says that a row of this block is final."""
    from chainsync import freshness
    from chainsync.assured import Assured
    from chainsync.freshness import Horizon

    told = {
        Horizon.read().of_rows(contract.pk, block)["finalized"],
        block <= (freshness.final_to(contract) or 0),
        block <= (Assured.read().final_to(contract, FINALIZED) or 0),
    }
    assert len(told) == 1
    return told.pop()


@pytest.mark.parametrize("about", ["range", "state"])
def test_what_is_disputed_of_a_contract_holds_its_finality_and_no_other(contracts, about) -> None:
    from chainsync.models import ChainStatus

    mine, other = contracts
    assert final(mine, 60)
    row = dispute(about, 50, mine, last=55)
    assert [final(mine, block) for block in (49, 50, 55, 60, 90)] == [True] + [False] * 4
    assert [final(other, block) for block in (49, 50, 60, 90, 91)] == [True] * 4 + [False]
    assert ChainStatus.objects.get().finalized_number == FINALIZED, "the chain's goes on"
    row.closed_at = row.opened_at
    row.save()
    assert final(mine, 60)


@pytest.mark.parametrize("about", ["block", "logs"])
def test_what_is_disputed_of_a_block_holds_everybody(contracts, about) -> None:
    from chainsync.freshness import Horizon

    dispute(about, 70)
    for contract in contracts:
        assert [final(contract, block) for block in (69, 70, 80)] == [True, False, False]
    chain = contracts[0].chain_id
    told = [Horizon.read().of_block(chain, block, "AB")["finalized"] for block in (69, 80)]
    assert told == [True, False]


def test_it_is_read_in_two_queries_whatever_is_disputed(contracts) -> None:
    from chainsync import freshness

    for first in range(20, 40):
        dispute("range", first, contracts[0])
    contract = type(contracts[0]).objects.select_related("chain").get(pk=contracts[0].pk)
    with CaptureQueriesContext(connection) as asked:
        assert freshness.final_to(contract) == 19
    assert len(asked) == 2
