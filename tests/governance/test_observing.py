"""What is asked of real contracts: rules, quorums, powers, and whether we count alike."""

import pytest
from django.db.models import F

from charter.models import Contract
from governance import asking, families, observing, reconciling
from governance.facts import quorum_check
from governance.folding import parameters
from governance.models import Delegate, Governor, ParameterChange, Proposal, Token
from governance.power import Why, power_at
from lab.governance import Support
from ledger.models import Finding
from proofs.statements.clock import ClockMode
from proofs.statements.quorum import parse_counting_mode
from tests.governance.live import Scene

pytestmark = pytest.mark.node
ETHER = 10**18


def open_findings(rule: str) -> list[str]:
    """Subjects of the open findings of a rule."""
    return list(Finding.objects.filter(rule=rule, closed_at=None).values_list("subject", flat=True))


def test_contracts_describe_themselves(venue: Scene) -> None:
    """Profiles are read once, and again when a parameter changed."""
    venue.sync()
    profile = Governor.objects.get()
    assert (profile.name, profile.clock_mode) == ("Venue Governor", "timestamp")
    assert profile.guardian == venue.lab.addresses["safe"]
    assert parse_counting_mode(profile.counting_mode).counting.value == "fractional"
    token = Token.objects.get()
    assert (token.symbol, token.decimals, token.clock_mode) == ("VNU", 18, "timestamp")
    head = asking.head_of(venue.chain)
    assert head is not None
    assert not observing.due(venue.chain, head)
    ParameterChange.objects.filter(contract=venue.governor).update(
        block_number=profile.block_number + 1
    )
    assert observing.due(venue.chain, head)
    assert observing.read_profiles(venue.chain, head) == 1


def test_nobody_is_asked_before_the_block_in_which_it_begins(venue: Scene) -> None:
    """What a contract that is not there yet says of itself is nothing, and would be kept."""
    venue.sync()
    head = asking.head_of(venue.chain)
    assert head is not None
    Token.objects.all().delete()
    kind = families.token_kinds()
    Contract.objects.filter(kind__in=kind).update(start_block=head.number + 1)
    assert not observing.due(venue.chain, head)
    assert observing.read_profiles(venue.chain, head) == 0
    Contract.objects.filter(kind__in=kind).update(start_block=head.number)
    assert observing.due(venue.chain, head)
    assert observing.read_profiles(venue.chain, head) == 1


def test_what_was_asked_with_a_parameter_that_is_undone_is_asked_again(venue: Scene) -> None:
    """A reorganisation takes the parameter back, and the profile that was read with it."""
    venue.sync()
    head = asking.head_of(venue.chain)
    assert head is not None
    ParameterChange.objects.filter(contract=venue.governor).update(block_number=head.number)
    Governor.objects.update(voting_delay=99, block_number=head.number)
    assert not observing.due(venue.chain, head)
    parameters.unfold(venue.governor, head.number)
    assert observing.due(venue.chain, head)
    observing.read_profiles(venue.chain, head)
    assert Governor.objects.get().voting_delay != 99
    assert not observing.due(venue.chain, head)


def test_a_quorum_is_provisional_until_its_snapshot_is_past(venue: Scene) -> None:
    """Read before and after the snapshot, and again when the block of reading was orphaned."""
    lab = venue.lab
    proposal = lab.propose("With a quorum")
    venue.sync()
    row = venue.row(proposal)
    assert (row.quorum, row.quorum_final) == (4_000_000 * ETHER, False)
    lab.open_voting(proposal)
    venue.sync()
    row = venue.row(proposal)
    assert (row.quorum, row.quorum_final) == (4_000_000 * ETHER, True)
    assert (row.quorum_numerator, row.quorum_denominator) == (4, 100)
    check = quorum_check(row, parse_counting_mode(Governor.objects.get().counting_mode))
    assert check is not None
    assert (check.needed, check.missing) == (4_000_000 * ETHER, 4_000_000 * ETHER)

    lab.vote("Ada", proposal, Support.FOR)
    lab.mine(1)
    Proposal.objects.update(quorum_block=F("quorum_block") + 2)
    venue.sync()
    lab.reorg(2)
    venue.follow()
    assert not venue.row(proposal).quorum_final
    venue.sync()
    assert venue.row(proposal).quorum_final


def test_a_difference_is_a_finding_until_it_is_gone(venue: Scene) -> None:
    """Rows that are not what the contract holds are noticed, and so is their repair."""
    lab = venue.lab
    proposal = lab.propose("Watched")
    lab.open_voting(proposal)
    lab.vote("Ada", proposal, Support.FOR)
    venue.sync()
    key = venue.row(proposal).key
    Proposal.objects.update(for_votes=F("for_votes") - 1, canceled=True, checked_block=None)
    reconciling.reconcile(venue.chain)
    assert open_findings("governance.tally-differs") == [key]
    assert open_findings("governance.state-differs") == [key]
    Proposal.objects.update(for_votes=F("for_votes") + 1, canceled=False, checked_block=None)
    reconciling.reconcile(venue.chain)
    assert open_findings("governance.tally-differs") == []
    assert open_findings("governance.state-differs") == []
    head = asking.head_of(venue.chain)
    assert head is not None
    assert not reconciling.due(venue.chain, head), "compared, and not due again at this block"


def test_power_at_a_timepoint_is_the_tokens_own(venue: Scene) -> None:
    """Every holder at every snapshot, and in words why one has nothing."""
    lab = venue.lab
    relayer, treasurer = lab.actor("relayer"), lab.actor("treasurer")
    lab.gov.delegate(relayer, relayer.address)
    first = lab.propose("First snapshot")
    lab.open_voting(first)
    lab.gov.delegate(lab.actor("Emre"), lab.actor("Ada").address)
    lab.chain.send(treasurer, lab.gov.token, "transfer", relayer.address, 5 * ETHER)
    lab.gov.delegate(treasurer, treasurer.address)
    second = lab.propose("Second snapshot")
    lab.open_voting(second)
    lab.mine(2)
    status = venue.follow()
    clock = status.head_timestamp
    assert clock is not None
    token = venue.contracts["token"]
    names = ("Ada", "Emre", "Hanna", "relayer", "treasurer", "deployer")
    found = {}
    for name in names:
        address = lab.actor(name).address
        for proposal in (first, second):
            power = power_at(token, ClockMode.TIMESTAMP, address, proposal.snapshot, clock)
            assert power.votes == lab.gov.power(address, proposal.snapshot), name
            assert not power.preliminary
            found[name, proposal.id] = power
    why = {name: found[name, first.id].why for name in names}
    assert why == {
        "Ada": Why.HAS_POWER,
        "Emre": Why.HAS_POWER,
        "Hanna": Why.DELEGATED_AWAY,
        "relayer": Why.GAINED_LATER,
        "treasurer": Why.DELEGATED_LATER,
        "deployer": Why.NEVER_DELEGATED,
    }
    assert found["Emre", second.id].why is Why.DELEGATED_AWAY
    assert lab.actor("Ada").address in found["Emre", second.id].sentence
    summary = Delegate.objects.get(address=lab.actor("Ada").address)
    assert summary.votes == found["Ada", second.id].votes
    assert summary.delegators == 2


def test_power_on_the_bridge_counts_blocks(bridge: Scene) -> None:
    """The same by block numbers, on a token of the older kind."""
    lab = bridge.lab
    lab.gov.delegate(lab.actor("Ada"), lab.actor("Emre").address)
    lab.mine(1)
    snapshot = lab.chain.block_number() - 1
    lab.gov.delegate(lab.actor("Ada"), lab.actor("Ada").address)
    lab.mine(2)
    status = bridge.follow()
    assert status.head_number is not None
    token = bridge.contracts["bridge_token"]
    for name in ("Ada", "Emre", "Bertrand", "Hanna", "deployer"):
        address = lab.actor(name).address
        power = power_at(token, ClockMode.BLOCKNUMBER, address, snapshot, status.head_number)
        assert power.votes == lab.gov.power(address, snapshot), name
    assert power_at(
        token, ClockMode.BLOCKNUMBER, address, status.head_number, status.head_number
    ).preliminary
