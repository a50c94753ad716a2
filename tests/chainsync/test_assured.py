"""Many assurances read at once are those that are read one by one."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

pytestmark = pytest.mark.django_db


def test_what_is_read_at_once_equals_what_is_read_one_by_one() -> None:
    from chainsync.assurance import assurance_of
    from chainsync.assured import Assured
    from chainsync.models import Coverage, Dispute
    from charter.models import Chain, Contract, Endpoint

    contracts = []
    for number, key in enumerate(("l1", "l2"), 900):
        chain = Chain.objects.create(key=key, chain_id=number, name=key, role=key, block_time=1)
        endpoint = Endpoint.objects.create(chain=chain, name=f"{key}-a", operator="A", url="x")
        for index in range(2):
            contract = Contract.objects.create(
                chain=chain,
                key=f"{key}-{index}",
                kind="toy",
                address=f"0x{number + index:040x}",
                start_block=5,
                label=key,
            )
            Coverage.objects.create(
                contract=contract, blocks=[(5, 60), (62, 99)], agreed=[(5, 40)], folded_to=60
            )
            contracts.append(contract)
    told = {"chain": chain, "endpoint": endpoint, "says": "It is another."}
    Dispute.objects.create(**told, about="block", first=55, last=55)
    Dispute.objects.create(**told, about="logs", first=20, last=21, contract=contracts[-1])

    ranges = [(None, None), (5, 30), (5, 19), (20, 20), (50, 52), (56, 60), (60, 62), (70, 3)]
    with CaptureQueriesContext(connection) as asked:
        assured = Assured.read()
        found = [assured.of(c.pk, first, last) for c in contracts for first, last in ranges]
    assert len(asked) == 2
    assert found == [assurance_of(c, first, last) for c in contracts for first, last in ranges]
    assert len({(one.step, bool(one.disputed)) for one in found}) == 4, "every sort occurs"
    assert assured.of(10**6).step == 0
    assert assured.chain_of(contracts[0].pk) == "l1"
    assert assured.at(chain.pk, contracts[-1].address) == contracts[-1]
    assert assured.at(chain.pk, contracts[0].address) is None
