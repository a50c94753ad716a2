"""Our states and tallies against the contracts' own, at one block, again and again.

A difference is a finding: it means that our reading of the contract, or the contract, is not what
we think it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from chainsync.decoding import Function
from chainsync.models import Block, ChainStatus
from charter.models import Chain
from governance import families, states, wording
from governance.asking import Orphaned, Question, ask, head_of, standing_on
from governance.models import Proposal
from governance.states import Living
from ledger.findings import Standing, stand
from proofs.refusals import Refusal
from proofs.statements.clock import Moment
from proofs.statements.family import Family
from proofs.statements.lifecycle import ENDED, ProposalState
from proofs.statements.tally import Tally

CHECK_SECONDS = 60
"""How often a proposal that has not ended is compared again, in seconds of chain time."""
AT_ONCE = 40
STATE_RULE = "governance.state-differs"
TALLY_RULE = "governance.tally-differs"

STATE = Function.parse("state(uint256 proposalId) view returns (uint8)")
PROPOSAL_VOTES = Function.parse(
    "proposalVotes(uint256 proposalId) view returns ((uint256 against, uint256 for_, "
    "uint256 abstain))"
)
_BRAVO_PROPOSAL = "uint256 id, address proposer, uint256 eta, uint256 start, uint256 end"
PROPOSALS = Function.parse(
    f"proposals(uint256 proposalId) view returns (({_BRAVO_PROPOSAL}, uint256 for_, "
    "uint256 against, uint256 abstain, bool canceled, bool executed))"
)


@dataclass(frozen=True, slots=True)
class Compared:
    """One proposal at one block: ours (`state` None where facts are missing) and the contract's."""

    proposal: Proposal
    state: ProposalState | None
    tally: Tally
    contract_state: int | None
    contract_tally: Tally | None


def due(chain: Chain, head: Block) -> bool:
    """Whether some proposal is to be compared at this head."""
    return Proposal.objects.filter(_unchecked(chain, head), contract__chain=chain).exists()


def reconcile(chain: Chain) -> list[Compared]:
    """Compare what is due at the head, open and close findings, note what was compared.

    Raises what `chainsync.calls.observe` raises.
    """
    head, subjects = _ours(chain)
    if head is None or not subjects:
        return []
    questions = [
        question
        for one in subjects
        for question in (
            Question(one.governor, STATE, (one.proposal.proposal_id,)),
            Question(one.governor, _tally_function(one), (one.proposal.proposal_id,)),
        )
    ]
    answers = ask(chain, questions, head)
    moment = Moment(block_number=head.number, timestamp=head.timestamp)
    compared = [
        Compared(
            one.proposal,
            _state(one, moment),
            one.facts.tally,
            answers[2 * index],
            _contract_tally(one, answers[2 * index + 1]),
        )
        for index, one in enumerate(subjects)
    ]
    try:
        with standing_on(chain, head):
            _declare(compared, head)
    except Orphaned:
        return []
    return compared


def _ours(chain: Chain) -> tuple[Block | None, list[Living]]:
    """The head, and facts of what is to be compared, as they are together at that head."""
    with transaction.atomic():
        ChainStatus.objects.select_for_update().filter(chain=chain).first()
        head = head_of(chain)
        if head is None:
            return None, []
        governors = states.ready(chain, head.number)
        rows = (
            Proposal.objects.filter(_unchecked(chain, head), contract__in=governors)
            .defer("description", "search")
            .order_by(F("checked_block").asc(nulls_first=True), "-timestamp")[:AT_ONCE]
        )
        return head, states.with_facts(chain, list(rows), governors)


def _unchecked(chain: Chain, head: Block) -> Q:
    interval = max(1, round(CHECK_SECONDS / chain.block_time))
    changed = Q(checked_block__isnull=True) | Q(checked_block__lt=F("state_block"))
    again = ~Q(state__in=ENDED) & Q(checked_block__lte=head.number - interval)
    return changed | again


def _tally_function(one: Living) -> Function:
    oz5 = families.rules_of(one.governor).family is Family.OZ5
    return PROPOSAL_VOTES if oz5 else PROPOSALS


def _contract_tally(one: Living, answer: Any) -> Tally | None:
    if answer is None:
        return None
    if _tally_function(one) is PROPOSAL_VOTES:
        against, for_, abstain = answer
    else:
        for_, against, abstain = answer[5:8]
    return Tally(against=against, for_=for_, abstain=abstain)


def _state(one: Living, moment: Moment) -> ProposalState | None:
    try:
        return one.state(moment)
    except Refusal:
        return None


def _declare(compared: Sequence[Compared], head: Block) -> None:
    keys = [one.proposal.key for one in compared]
    stand(
        rule=STATE_RULE,
        within=keys,
        standing={
            one.proposal.key: _state_differs(one, head)
            for one in compared
            if one.state is not None and one.state != one.contract_state
        },
    )
    stand(
        rule=TALLY_RULE,
        within=keys,
        standing={
            one.proposal.key: _tally_differs(one, head)
            for one in compared
            if one.tally != one.contract_tally
        },
    )
    checked = [one.proposal.pk for one in compared]
    Proposal.objects.filter(pk__in=checked).update(checked_block=head.number)


def _state_differs(one: Compared, head: Block) -> Standing:
    ours = one.state.name.lower() if one.state is not None else "unknown"
    theirs = _state_name(one.contract_state)
    return Standing(
        level="alarm",
        summary=(
            f"At block {wording.whole(head.number)} the governor says that “{one.proposal.title}” "
            f"is {theirs}, while it is {ours} by the facts read here. Do not rely on either until "
            "the difference is explained."
        ),
        facts={"proposal": one.proposal.key, "block": head.number, "ours": ours, "theirs": theirs},
    )


def _tally_differs(one: Compared, head: Block) -> Standing:
    theirs = one.contract_tally
    return Standing(
        level="alarm",
        summary=(
            f"At block {wording.whole(head.number)} the governor's tally of “{one.proposal.title}” "
            "is not the sum of the votes read here. Votes may be missing: check the start block "
            "of the governor and the coverage of its logs."
        ),
        facts={
            "proposal": one.proposal.key,
            "block": head.number,
            "ours": _numbers(one.tally),
            "theirs": None if theirs is None else _numbers(theirs),
        },
    )


def _state_name(number: int | None) -> str:
    if number is None:
        return "unknown to it"
    try:
        return ProposalState(number).name.lower()
    except ValueError:
        return f"in state {number}"


def _numbers(tally: Tally) -> dict[str, str]:
    return {
        "against": str(tally.against),
        "for": str(tally.for_),
        "abstain": str(tally.abstain),
    }
