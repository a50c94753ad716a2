"""What governors and tokens say of themselves when asked, and the quorum of each proposal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Max, OuterRef, Q, QuerySet, Subquery
from eth_utils.address import to_checksum_address

from chainsync.decoding import Function
from chainsync.models import Block
from charter.models import Chain, Contract
from governance import facts, families
from governance.asking import Question, ask, head_of, standing_on
from governance.models import Governor, ParameterChange, Proposal, Token
from governance.models.governor import TO_BE_ASKED
from governance.text import one_line
from ledger.actions import tell
from ledger.findings import Standing, stand
from proofs.refusals import Refusal
from proofs.statements.clock import DEFAULT_CLOCK_MODE, ClockMode, Moment, parse_clock_mode
from proofs.statements.family import Family
from proofs.statements.quorum import parse_counting_mode

QUORUMS_AT_ONCE = 50
PROFILE_RULE = "governance.rules-unknown"
QUORUM_RULE = "governance.quorum-unreadable"

CLOCK_MODE = Function.parse("CLOCK_MODE() view returns (string)")
COUNTING_MODE = Function.parse("COUNTING_MODE() pure returns (string)")
NAME = Function.parse("name() view returns (string)")
SYMBOL = Function.parse("symbol() view returns (string)")
DECIMALS = Function.parse("decimals() view returns (uint8)")
VOTING_DELAY = Function.parse("votingDelay() view returns (uint256)")
VOTING_PERIOD = Function.parse("votingPeriod() view returns (uint256)")
PROPOSAL_THRESHOLD = Function.parse("proposalThreshold() view returns (uint256)")
PROPOSAL_GUARDIAN = Function.parse("proposalGuardian() view returns (address)")
QUORUM = Function.parse("quorum(uint256 timepoint) view returns (uint256)")
QUORUM_VOTES = Function.parse("quorumVotes() view returns (uint256)")
QUORUM_NUMERATOR = Function.parse("quorumNumerator(uint256 timepoint) view returns (uint256)")
QUORUM_DENOMINATOR = Function.parse("quorumDenominator() view returns (uint256)")
PAST_TOTAL_SUPPLY = Function.parse("getPastTotalSupply(uint256 timepoint) view returns (uint256)")


def read_all(chain: Chain) -> int:
    """Read every profile and quorum that is due at the head; returns how many were written."""
    head = head_of(chain)
    if head is None:
        return 0
    return read_profiles(chain, head) + read_quorums(chain, head)


def due(chain: Chain, head: Block) -> bool:
    """Whether anything is to be asked at this head."""
    return (
        _unprofiled(chain, head, families.governor_kinds(), "governor_profile").exists()
        or _unprofiled(chain, head, families.token_kinds(), "token_profile").exists()
        or _without_quorum(chain, head).exists()
    )


def read_profiles(chain: Chain, head: Block) -> int:
    """Ask governors and tokens that were not asked, or whose parameters changed since."""
    governors = list(_unprofiled(chain, head, families.governor_kinds(), "governor_profile"))
    tokens = list(_unprofiled(chain, head, families.token_kinds(), "token_profile"))
    for governor in governors:
        _read_governor(governor, head)
    for token in tokens:
        _read_token(token, head)
    return len(governors) + len(tokens)


def read_quorums(chain: Chain, head: Block) -> int:
    """Ask for the quorum of proposals that have none, or only a provisional one."""
    rows = list(
        _without_quorum(chain, head)
        .select_related("contract__chain", "contract__governor_profile")
        .order_by("-timestamp")[:QUORUMS_AT_ONCE]
    )
    if not rows:
        return 0
    asked = [_QuorumAsked.of(row, head) for row in rows]
    questions = [question for one in asked for question in one.questions]
    answers = iter(ask(chain, questions, head))
    with standing_on(chain, head):
        for one in asked:
            _write_quorum(one, [next(answers) for _ in one.questions], head)
    return len(rows)


def _unprofiled(
    chain: Chain, head: Block, kinds: Sequence[str], profile: str
) -> QuerySet[Contract]:
    """Those that were there at this head and are to be asked."""
    latest = (
        ParameterChange.objects.filter(contract=OuterRef("pk"))
        .values("contract")
        .annotate(latest=Max("block_number"))
        .values("latest")
    )
    asked = F(f"{profile}__block_number")
    return (
        Contract.objects.filter(chain=chain, active=True, kind__in=kinds)
        .filter(start_block__lte=head.number)
        .annotate(changed=Subquery(latest))
        .filter(
            Q(**{f"{profile}__isnull": True})
            | Q(**{f"{profile}__block_number": TO_BE_ASKED})
            | Q(changed__gt=asked)
        )
        .select_related("chain")
    )


def _without_quorum(chain: Chain, head: Block) -> QuerySet[Proposal]:
    """Proposals whose final quorum was not read and can be, or which have not even a number."""
    timestamps = Q(contract__governor_profile__clock_mode=ClockMode.TIMESTAMP)
    past = (timestamps & Q(vote_start__lt=head.timestamp)) | (
        ~timestamps & Q(vote_start__lt=head.number)
    )
    return Proposal.objects.filter(
        past | Q(quorum__isnull=True),
        contract__chain=chain,
        contract__governor_profile__isnull=False,
        quorum_final=False,
    ).defer("description", "search")


def _read_governor(governor: Contract, head: Block) -> None:
    rules = families.rules_of(governor)
    functions = (
        CLOCK_MODE,
        COUNTING_MODE,
        NAME,
        VOTING_DELAY,
        VOTING_PERIOD,
        PROPOSAL_THRESHOLD,
        PROPOSAL_GUARDIAN,
    )
    clock, counting, name, delay, period, threshold, guardian = ask(
        governor.chain, [Question(governor, function) for function in functions], head
    )
    clock, counting = rules.clock_mode or clock, rules.counting_mode or counting
    try:
        if counting is None or None in (delay, period, threshold):
            raise Refusal("It does not answer the questions that every governor answers.")
        mode = DEFAULT_CLOCK_MODE if clock is None else parse_clock_mode(clock)
        parse_counting_mode(counting)
    except Refusal as refusal:
        _say_unknown(governor, str(refusal))
        return
    with standing_on(governor.chain, head):
        Governor.objects.update_or_create(
            contract=governor,
            defaults={
                "name": one_line(name or "", 100),
                "clock_mode": mode.value,
                "counting_mode": counting[:200],
                "voting_delay": delay,
                "voting_period": period,
                "proposal_threshold": threshold,
                "guardian": _address(guardian),
                "block_number": head.number,
            },
        )
        _say_known(governor)


def _read_token(token: Contract, head: Block) -> None:
    functions = (NAME, SYMBOL, DECIMALS, CLOCK_MODE)
    name, symbol, decimals, clock = ask(
        token.chain, [Question(token, function) for function in functions], head
    )
    try:
        mode = DEFAULT_CLOCK_MODE if clock is None else parse_clock_mode(clock)
    except Refusal as refusal:
        _say_unknown(token, str(refusal))
        return
    with standing_on(token.chain, head):
        Token.objects.update_or_create(
            contract=token,
            defaults={
                "name": one_line(name or "", 100),
                "symbol": one_line(symbol or "", 30),
                "decimals": 18 if decimals is None else decimals,
                "clock_mode": mode.value,
                "block_number": head.number,
            },
        )
        _say_known(token)


@dataclass(frozen=True, slots=True)
class _QuorumAsked:
    """A proposal and what is asked about its quorum; `final` once its snapshot is past."""

    proposal: Proposal
    questions: list[Question]
    final: bool

    @classmethod
    def of(cls, proposal: Proposal, head: Block) -> "_QuorumAsked":
        governor = proposal.contract
        mode = facts.clock_mode(governor, getattr(governor, "governor_profile", None))
        now = Moment(block_number=head.number, timestamp=head.timestamp).clock(mode)
        final = now > proposal.vote_start
        if families.rules_of(governor).family is Family.BRAVO:
            return cls(proposal, [Question(governor, QUORUM_VOTES)], final)
        # Until the snapshot is past, the newest timepoint that may be asked about stands for it.
        timepoint = proposal.vote_start if final else now - 1
        token = governor.linked("token") or governor
        questions = [
            Question(governor, QUORUM, (timepoint,)),
            Question(governor, QUORUM_NUMERATOR, (timepoint,)),
            Question(governor, QUORUM_DENOMINATOR),
            Question(token, PAST_TOTAL_SUPPLY, (timepoint,)),
        ]
        return cls(proposal, questions, final)


def _write_quorum(asked: _QuorumAsked, answers: Sequence[Any], head: Block) -> None:
    proposal = asked.proposal
    quorum, *rest = answers
    numerator, denominator, supply = rest or (None, None, None)
    Proposal.objects.filter(pk=proposal.pk).update(
        quorum=quorum,
        quorum_numerator=numerator,
        quorum_denominator=denominator,
        supply_at_snapshot=supply if numerator is not None else None,
        quorum_final=asked.final,
        quorum_block=head.number,
    )
    _say_quorum(proposal, readable=quorum is not None)
    for topic in (f"proposal:{proposal.key}", "proposals"):
        tell(topic=topic, event="quorum", detail={"key": proposal.key})


def _say_quorum(proposal: Proposal, *, readable: bool) -> None:
    standing = Standing(
        level="warning",
        summary=(
            f"{proposal.contract.label} does not say what quorum the proposal “{proposal.title}” "
            "needs, so its outcome cannot be computed here. Check the kind of the contract in "
            "venue.toml."
        ),
        facts={"proposal": proposal.key, "contract": proposal.contract.key},
    )
    stand(
        rule=QUORUM_RULE,
        standing={} if readable else {proposal.key: standing},
        within=[proposal.key],
    )


def _say_unknown(contract: Contract, reason: str) -> None:
    summary = (
        f"The rules of {contract.label} are not known here, so nothing is computed from it. "
        f"{reason} Check its kind and address in venue.toml."
    )
    standing = Standing(level="alarm", summary=summary, facts={"contract": contract.key})
    stand(rule=PROFILE_RULE, standing={contract.key: standing}, within=[contract.key])


def _say_known(contract: Contract) -> None:
    stand(rule=PROFILE_RULE, standing={}, within=[contract.key])


def _address(raw: bytes | None) -> str:
    if raw is None or not any(raw):
        return ""
    return to_checksum_address(raw)
