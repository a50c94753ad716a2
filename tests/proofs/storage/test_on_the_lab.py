"""Layouts beside the lab's real contracts: what storage says is what the contracts answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

from lab import harness
from lab.governance import Support
from lab.harness import Harness
from proofs.refusals import UnprovenSlot, WrongCheckpoint
from proofs.statements.family import Family
from proofs.statements.power import CheckpointKind
from proofs.statements.storage import safe
from proofs.statements.storage.counting import (
    CountingForm,
    CountingLayout,
    proven_receipt,
    proven_totals,
)
from proofs.statements.storage.discovery import Code, PowerProbe, SupplyProbe, discover
from proofs.statements.storage.discovery import slots_to_read as missing_slots
from proofs.statements.storage.governor import (
    GovernorLayout,
    proven_core,
    proven_extension,
    proven_numerator,
    proven_operation,
)
from proofs.statements.storage.histories import History, decode_checkpoint
from proofs.statements.storage.timelock import CONTROLLER, proven_min_delay
from proofs.statements.storage.timelock import proven_operation as proven_on_timelock
from proofs.statements.storage.tokens import (
    TokenLayout,
    comp_token,
    oz4_token,
    oz5_token,
    proven_power,
    proven_supply,
)
from proofs.statements.storage.words import Words
from proofs.statements.tally import Tally

pytestmark = [pytest.mark.node, pytest.mark.slow]

PEOPLE = ("Ada", "Emre", "Fumiko", "Chidi")
VENUE = GovernorLayout(
    family=Family.OZ5,
    proposals=4,
    counting=CountingLayout(CountingForm.FRACTIONAL, 9),
    quorum=10,
    extensions=12,
    timelock=14,
    timelock_ids=15,
)
BRIDGE = GovernorLayout(
    family=Family.OZ4,
    proposals=3,
    counting=CountingLayout(CountingForm.BRAVO_COMPATIBLE, 9),
)


def raw(address: str) -> bytes:
    return bytes.fromhex(address[2:])


def words_of(lab: Harness, contract: str, slots: Iterable[int]) -> Words:
    """The words of a contract at the head, as its node keeps them."""
    wanted = sorted(set(slots))
    address = lab.addresses[contract]
    calls = [("eth_getStorageAt", [address, f"0x{slot:064x}", "latest"]) for slot in wanted]
    answers = lab.node.batch(calls) if calls else []
    return {slot: raw(word) for slot, word in zip(wanted, answers, strict=True)}


def pairs_of(lab: Harness, contract: str, history: History) -> list[tuple[int, int]]:
    length = int.from_bytes(words_of(lab, contract, [history.length_slot])[history.length_slot])
    slots = [history.element_slot(index) for index in range(length)]
    words = words_of(lab, contract, slots)
    return [decode_checkpoint(history.kind, int.from_bytes(words[slot])) for slot in slots]


def check_power(lab: Harness, contract: str, layout: TokenLayout, people: Sequence[str]) -> int:
    """Compare every person at every edge of their history; how many comparisons that were."""
    clock, compared = lab.gov.clock(), 0
    for address in people:
        history = layout.history_of(raw(address))
        pairs = pairs_of(lab, contract, history)
        keys = [key for key, _ in pairs]
        edges = {key + step for key in keys for step in (-1, 0, 1)} | {1, clock - 1}
        for timepoint in (edge for edge in edges if 0 < edge < clock):
            index = max((i for i, key in enumerate(keys) if key <= timepoint), default=None)
            words = words_of(lab, contract, history.slots(len(pairs), index))
            found = proven_power(
                layout, words, raw(address), timepoint=timepoint, clock=clock, index=index
            )
            assert found.value == lab.gov.power(address, timepoint)
            compared += 1
            for other in {None, *range(len(pairs))} - {index}:
                with pytest.raises((WrongCheckpoint, UnprovenSlot)):
                    proven_power(
                        layout, words, raw(address), timepoint=timepoint, clock=clock, index=other
                    )
    return compared


def stir(lab: Harness) -> list[str]:
    """Delegate back and forth, twice within one timepoint; the addresses of those concerned."""
    ada, emre, fumiko, chidi = (lab.actor(name) for name in PEOPLE)
    lab.gov.delegate(ada, emre.address)
    lab.mine(2)
    lab.gov.delegate(emre, ada.address)
    lab.gov.delegate(ada, fumiko.address)
    lab.mine(1)
    lab.gov.delegate(ada, ada.address)
    lab.gov.delegate(emre, emre.address)
    lab.mine(2)
    nobody = "0x" + "77" * 20
    return [actor.address for actor in (ada, emre, fumiko, chidi)] + [nobody]


def test_power_and_supply_of_an_openzeppelin_5_token_are_what_it_answers() -> None:
    with harness.start("l2") as lab:
        people = stir(lab)
        assert check_power(lab, "token", oz5_token(), people) >= 20
        clock = lab.gov.clock()
        history = oz5_token().supply_history()
        pairs = pairs_of(lab, "token", history)
        words = words_of(lab, "token", history.slots(len(pairs), len(pairs) - 1))
        supply = proven_supply(
            oz5_token(), words, timepoint=clock - 1, clock=clock, index=len(pairs) - 1
        )
        assert supply.value == lab.chain.read(lab.gov.token, "getPastTotalSupply", clock - 1)

        candidates = [make(p, p + 1) for p in range(60) for make in (oz5_token, oz4_token)]
        probes = [
            PowerProbe(
                delegate=raw(person),
                length=lab.chain.read(lab.gov.token, "numCheckpoints", person),
                votes=lab.chain.read(lab.gov.token, "getVotes", person),
                clock=clock,
            )
            for person in people
        ]
        probed = [*probes, SupplyProbe(supply=supply.value, clock=clock)]
        words = {}
        while wanted := missing_slots(candidates, probed, words):
            words |= words_of(lab, "token", wanted)
        code = Code(chain_id=lab.chain_id, contract=raw(people[0]), code_hash=bytes(32))
        pinned = discover(candidates, probed, words, code=code, evidence=bytes(32), needed=4)
        assert pinned.layout == oz5_token()


def test_power_of_a_comp_like_token_is_what_it_answers() -> None:
    with harness.start("l1") as lab:
        assert comp_token().kind is CheckpointKind.COMP
        assert check_power(lab, "bridge_token", comp_token(), stir(lab)) >= 20


def test_a_proposal_of_openzeppelin_5_is_proven_through_its_life() -> None:
    with harness.start("l2") as lab:
        proposal = lab.propose("# To be read from storage")
        lab.open_voting(proposal)
        lab.vote("Ada", proposal, Support.FOR)
        chidi = lab.actor("Chidi")
        lab.gov.vote_split(chidi, proposal.id, 1, 2, 3)
        lab.vote("Emre", proposal, Support.AGAINST)

        words = words_of(lab, "governor", VENUE.core_slots(proposal.id))
        core = proven_core(VENUE, words, proposal.id)
        assert (core.vote_start, core.vote_end) == (proposal.snapshot, proposal.deadline)
        assert core.proposer == raw(proposal.proposer)
        assert (core.eta, core.executed, core.canceled) == (0, False, False)

        words = words_of(lab, "governor", VENUE.counting.totals_slots(proposal.id))
        against, for_, abstain = lab.gov.tally(proposal.id)
        totals = proven_totals(VENUE.counting, words, proposal.id)
        assert totals == Tally(against=against, for_=for_, abstain=abstain)
        assert totals.abstain == 3

        people = [raw(lab.actor(name).address) for name in ("Chidi", "Fumiko")]
        slots = [VENUE.counting.receipt_slot(proposal.id, person) for person in people]
        words = words_of(lab, "governor", slots)
        split, absent = (
            proven_receipt(VENUE.counting, words, proposal.id, person) for person in people
        )
        assert (split.voted, split.weight) == (True, 6)
        assert not absent.voted

        history = VENUE.quorum_history()
        words = words_of(lab, "governor", history.slots(1, 0))
        numerator = proven_numerator(
            VENUE, words, timepoint=proposal.snapshot, clock=lab.gov.clock(), index=0
        )
        assert numerator.value == lab.chain.read(
            lab.gov.governor, "quorumNumerator(uint256)", proposal.snapshot
        )

        lab.close_voting(proposal)
        extension = words_of(lab, "governor", [VENUE.extension_slot(proposal.id)])
        late = proven_extension(VENUE, extension, proposal.id)
        assert max(core.vote_end, late) == lab.gov.deadline(proposal.id)
        lab.queue(proposal)
        core = proven_core(
            VENUE, words_of(lab, "governor", VENUE.core_slots(proposal.id)), proposal.id
        )
        assert core.eta == lab.gov.eta(proposal.id) > 0
        operation = proven_operation(
            VENUE, words_of(lab, "governor", [VENUE.operation_slot(proposal.id)]), proposal.id
        )
        assert operation == lab.gov.operation_id(proposal)
        slots = [CONTROLLER.operation_slot(operation), CONTROLLER.min_delay]
        words = words_of(lab, "timelock", slots)
        assert proven_on_timelock(CONTROLLER, words, operation).timestamp == core.eta
        assert proven_min_delay(CONTROLLER, words) == lab.chain.read(
            lab.gov.timelock, "getMinDelay"
        )
        lab.ready(proposal)
        lab.execute(proposal)
        words = words_of(lab, "governor", VENUE.core_slots(proposal.id))
        assert proven_core(VENUE, words, proposal.id).executed
        done = words_of(lab, "timelock", [CONTROLLER.operation_slot(operation)])
        assert proven_on_timelock(CONTROLLER, done, operation).timestamp == 1


def test_a_proposal_of_openzeppelin_4_with_bravos_interface_is_proven() -> None:
    with harness.start("l1") as lab:
        proposal = lab.propose("# To be read from storage")
        lab.open_voting(proposal)
        lab.vote("Ada", proposal, Support.FOR)
        lab.vote("Emre", proposal, Support.ABSTAIN)
        core = proven_core(
            BRIDGE, words_of(lab, "bridge_governor", BRIDGE.core_slots(proposal.id)), proposal.id
        )
        assert (core.vote_start, core.vote_end) == (proposal.snapshot, proposal.deadline)
        assert core.proposer == raw(proposal.proposer)
        words = words_of(lab, "bridge_governor", BRIDGE.counting.totals_slots(proposal.id))
        against, for_, abstain = lab.gov.tally(proposal.id)
        totals = proven_totals(BRIDGE.counting, words, proposal.id)
        assert totals == Tally(against=against, for_=for_, abstain=abstain)
        ada = raw(lab.actor("Ada").address)
        slot = BRIDGE.counting.receipt_slot(proposal.id, ada)
        receipt = proven_receipt(
            BRIDGE.counting, words_of(lab, "bridge_governor", [slot]), proposal.id, ada
        )
        assert (receipt.voted, receipt.support, receipt.weight) == (True, Support.FOR, for_)


def test_the_safe_of_the_lab_is_read_from_its_list() -> None:
    with harness.start("l2") as lab:
        contract = lab.deployed["safe"].contract()
        owners = [raw(owner) for owner in lab.chain.read(contract, "getOwners")]
        words = words_of(lab, "safe", safe.owner_slots(owners))
        state = safe.proven_safe(words, sorted(owners))
        assert list(state.owners) == owners
        assert state.threshold == lab.chain.read(contract, "getThreshold")
        assert state.nonce == lab.chain.read(contract, "nonce")
        assert safe.proven_modules(words_of(lab, "safe", safe.module_slots([])), []) == ()
