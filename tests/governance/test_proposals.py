"""Proposals from their logs: hostile texts, search, and the fates of Bravo on real event shapes."""

import pytest
from django.contrib.postgres.search import SearchQuery

from chainsync.decoding import Undecodable
from chainsync.models import Block, Coverage
from charter.models import Contract
from governance import states
from governance.folding import proposals, votes
from governance.models import Operation, Proposal
from governance.projections import compound_timelock
from governance.text import SEARCH_CONFIG
from ledger.models import OutboxEntry
from proofs.keccak import keccak256
from proofs.statements import ids
from proofs.statements.lifecycle import ProposalState
from tests.governance.chain_of_logs import (
    BLOCK_SECONDS,
    GENESIS,
    account,
    address_of,
    contract,
    fold,
    log,
    unfold,
)
from tests.governance.test_folding import proposal_created

pytestmark = pytest.mark.django_db


def created(subject: Contract, number: int, text: str, block: int = 1) -> None:
    fold(subject, [log(*proposal_created(number, 1, text), block, 0, address_of(subject))])


def test_a_hostile_description_is_kept_and_found() -> None:
    """Markup, a megabyte, NUL, broken UTF-8 and reordering: all are rows, with their true hash."""
    contract("oz-timelock", "timelock")
    subject = contract("oz-governor-5", timelock="timelock")
    mark = "x" * 64
    one = log(*proposal_created(1, 1, mark), 1, 0, address_of(subject))
    raw = b"# <script>\xff\0 \xe2\x80\xae gnp.exe".ljust(64, b".")
    fold(subject, [one._replace(data=one.data.replace(mark.encode(), raw))])
    row = Proposal.objects.get()
    assert row.description_hash == "0x" + keccak256(raw).hex()
    assert "\0" not in row.description
    assert "\ufffd\ufffd" in row.description
    assert row.title.startswith("<script>")
    assert "\u202e" not in row.title

    created(subject, 2, "# Liquidation engine\n\n" + "unique%d " * 10 + "z" * 1_000_000, 2)
    words = "".join(f"w{n}ord " for n in range(200_000))
    created(subject, 3, "# Leverage for everybody\n\n" + words, 3)
    query = SearchQuery("leverages", config=SEARCH_CONFIG)
    assert [found.proposal_id for found in Proposal.objects.filter(search=query)] == [3]
    query = SearchQuery("w17ord", config=SEARCH_CONFIG)
    assert [found.proposal_id for found in Proposal.objects.filter(search=query)] == [3]


def test_the_same_id_on_two_governors_is_two_proposals() -> None:
    """Ids of OpenZeppelin do not hold the governor; our keys do."""
    contract("oz-timelock", "timelock")
    first = contract("oz-governor-5", "first", timelock="timelock")
    second = contract("oz-governor-5", "second", timelock="timelock")
    for subject in (first, second):
        created(subject, 7, "The same")
    keys = set(Proposal.objects.values_list("key", "operation_id"))
    assert len(keys) == 2
    assert len({operation for _, operation in keys}) == 2, "the salt holds the governor"


def test_a_broken_proposal_is_refused() -> None:
    """Lists of different lengths and cut data name the log at fault."""
    contract("oz-timelock", "timelock")
    subject = contract("oz-governor-5", timelock="timelock")
    event, values = proposal_created(1, 2, "Text")
    uneven = log(event, {**values, "values": [1]}, 1, 0, address_of(subject))
    cut = log(event, values, 1, 1, address_of(subject))
    for bad in (uneven, cut._replace(data=cut.data[:-32])):
        with pytest.raises(Undecodable) as refusal:
            fold(subject, [bad])
        assert refusal.value.log == bad


def head(subject: Contract, number: int, timestamp: int | None = None) -> Block:
    """A head of the chain with everything folded."""
    for one in Contract.objects.filter(chain=subject.chain):
        Coverage.objects.update_or_create(contract=one, defaults={"folded_to": number})
    return Block(
        chain=subject.chain,
        number=number,
        timestamp=timestamp or GENESIS + number * BLOCK_SECONDS,
    )


def state_at(subject: Contract, number: int, timestamp: int | None = None) -> ProposalState:
    """The stored state after a head."""
    states.refresh(subject.chain, head(subject, number, timestamp))
    return ProposalState(Proposal.objects.get(contract=subject).state)


@pytest.fixture
def bravo() -> Contract:
    """A GovernorBravo whose proposal 5 won its vote (blocks 10 to 20) and is not queued."""
    contract("compound-timelock", "locks")
    subject = contract("governor-bravo", timelock="locks")
    at = address_of(subject)
    event, values = proposal_created(5, 1, "# Old school")
    values["signatures"], values["calldatas"] = ["setDelay(uint256)"], [(9).to_bytes(32, "big")]
    ballot = {"voter": account(1), "proposalId": 5, "support": 1, "reason": "", "weight": 500}
    fold(subject, [log(event, values, 1, 0, at)])
    assert state_at(subject, 10) is ProposalState.PENDING
    assert state_at(subject, 11) is ProposalState.ACTIVE
    fold(subject, [log(votes.VOTE_CAST, ballot, 12, 0, at)])
    Proposal.objects.update(quorum=400, quorum_final=True, quorum_block=12)
    assert state_at(subject, 20) is ProposalState.ACTIVE
    assert state_at(subject, 21) is ProposalState.SUCCEEDED
    return subject


def queue(bravo: Contract, eta: int) -> dict[str, object]:
    """Queue proposal 5 in both contracts, as the real ones do in one transaction."""
    lock = Contract.objects.get(key="locks")
    call = {
        "target": account(0),
        "value": 0,
        "signature": "setDelay(uint256)",
        "data": (9).to_bytes(32, "big"),
        "eta": eta,
    }
    name = ids.compound_transaction_hash(call["target"], 0, call["signature"], call["data"], eta)
    call["txHash"] = name
    fold(lock, [log(compound_timelock.QUEUE_TRANSACTION, call, 30, 0, address_of(lock))])
    said = {"proposalId": 5, "etaSeconds": eta}
    fold(bravo, [log(proposals.PROPOSAL_QUEUED, said, 30, 1, address_of(bravo))])
    return call


def test_bravo_expires_after_the_grace_period(bravo: Contract) -> None:
    """Queued until eta plus fourteen days, and then no more."""
    eta = GENESIS + 172_800
    queue(bravo, eta)
    operation = Operation.objects.get()
    assert Proposal.objects.get().actions.get().operation_id == operation.operation_id
    assert (operation.ready_at, operation.expires_at) == (eta, eta + 14 * 86_400)
    assert state_at(bravo, 31) is ProposalState.QUEUED
    assert state_at(bravo, 40, eta + 14 * 86_400 - 1) is ProposalState.QUEUED
    assert state_at(bravo, 41, eta + 14 * 86_400) is ProposalState.EXPIRED
    unfold(bravo, 30)
    assert Proposal.objects.get().actions.get().operation_id is None
    assert state_at(bravo, 31) is ProposalState.SUCCEEDED


def test_bravo_executes_and_cancels(bravo: Contract) -> None:
    """Execution and cancellation are the governor's word, and a reorg takes either back."""
    lock = Contract.objects.get(key="locks")
    call = queue(bravo, GENESIS + 100)
    done = {"proposalId": 5}
    fold(lock, [log(compound_timelock.EXECUTE_TRANSACTION, call, 80, 0, address_of(lock))])
    fold(bravo, [log(proposals.PROPOSAL_EXECUTED, done, 80, 1, address_of(bravo))])
    assert state_at(bravo, 80) is ProposalState.EXECUTED
    assert Operation.objects.get().done
    for one in (bravo, lock):
        unfold(one, 80)
    assert state_at(bravo, 80) is ProposalState.QUEUED
    assert not Operation.objects.get().done
    fold(lock, [log(compound_timelock.CANCEL_TRANSACTION, call, 81, 0, address_of(lock))])
    fold(bravo, [log(proposals.PROPOSAL_CANCELED, done, 81, 1, address_of(bravo))])
    assert state_at(bravo, 81) is ProposalState.CANCELED
    assert Operation.objects.get().canceled


def test_a_state_is_told_when_it_changes_and_only_then(bravo: Contract) -> None:
    """One row for the proposal and one for the list."""
    OutboxEntry.objects.all().delete()
    queue(bravo, GENESIS + 10_000)
    OutboxEntry.objects.all().delete()
    for number in (31, 32, 33):
        state_at(bravo, number)
    key = Proposal.objects.get().key
    told = OutboxEntry.objects.order_by("pk").values_list("topic", "event", "detail__state")
    assert list(told) == [
        (f"proposal:{key}", "state", "queued"),
        ("proposals", "state", "queued"),
    ]


def test_a_state_that_time_made_is_undone_with_its_block(bravo: Contract) -> None:
    """A branch whose clock is behind brings a closed vote back."""
    assert state_at(bravo, 19) is ProposalState.ACTIVE


def test_states_wait_for_logs_that_are_not_folded(bravo: Contract) -> None:
    """A governor behind the head keeps its state: votes may be missing."""
    Proposal.objects.update(state=ProposalState.ACTIVE, for_votes=0)
    new = head(bravo, 50)
    Coverage.objects.filter(contract=bravo).update(folded_to=12)
    assert states.refresh(bravo.chain, new) == []
    assert Proposal.objects.get().state == ProposalState.ACTIVE


def test_refreshing_costs_the_same_for_one_and_for_many(
    bravo: Contract, django_assert_num_queries: object
) -> None:
    """Five queries a head where nothing changes."""
    for number in range(20, 60):
        created(bravo, number, f"Another {number}", block=number)
    states.refresh(bravo.chain, head(bravo, 60))
    with django_assert_num_queries(5):  # type: ignore[operator]
        states.refresh(bravo.chain, Block(chain=bravo.chain, number=60, timestamp=GENESIS + 121))
