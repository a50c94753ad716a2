"""Where a deployed governor and its token keep what is proven, found by answers that are known.

No slot is trusted by the name of a contract: each candidate is held against what the contract says
of itself at the same block, in words that are proven there.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from chainsync.decoding import Function
from charter.models import Chain, Contract
from governance import families
from governance.asking import Question, ask
from governance.models import Delegate, Proposal
from governance.proven_state import ProvenState
from governance.reconciling import PROPOSAL_VOTES, PROPOSALS
from proofs.refusals import Refusal, UnknownLayout
from proofs.statements.family import Family
from proofs.statements.quorum import CountingMode
from proofs.statements.storage import discovery
from proofs.statements.storage.counting import CountingForm, CountingLayout
from proofs.statements.storage.discovery import (
    NEEDED_DELEGATES,
    Code,
    CoreProbe,
    PowerProbe,
    Probe,
    SupplyProbe,
    TotalsProbe,
)
from proofs.statements.storage.governor import (
    BRAVO_GOVERNOR,
    GovernorLayout,
    oz5_proxied_governor,
)
from proofs.statements.storage.histories import History, latest_value
from proofs.statements.storage.slots import IMPLEMENTATION_SLOT, offset_slot
from proofs.statements.storage.tokens import (
    OZ4_PROXIED_TOKEN,
    OZ5_PROXIED_TOKEN,
    TokenLayout,
    comp_token,
    oz4_token,
    oz5_token,
)
from proofs.statements.storage.words import Words, address, word
from proofs.statements.tally import Counting, Tally

PLAIN_SLOTS = range(64)
"""Slots that contracts outside ERC-7201 namespaces may use for any of their parts."""
PROBED = 8

QUORUM_NUMERATOR = Function.parse("quorumNumerator() view returns (uint256)")
LATE_EXTENSION = Function.parse("lateQuorumVoteExtension() view returns (uint48)")
NUM_CHECKPOINTS = Function.parse("numCheckpoints(address account) view returns (uint32)")
GET_VOTES = Function.parse("getVotes(address account) view returns (uint256)")
CURRENT_VOTES = Function.parse("getCurrentVotes(address account) view returns (uint96)")
TOTAL_SUPPLY = Function.parse("totalSupply() view returns (uint256)")

L = TypeVar("L")
_found: dict[tuple[Code, Hashable], Any] = {}
"""Layouts by the code that they were found on and what they are of, for as long as this process
lives. Candidates are many and their slots thousands; those of one are a handful."""


@dataclass(frozen=True, slots=True)
class _Latest:
    """The last value of a history with a name for its subject: numerators of the quorum."""

    value: int
    clock: int
    subject: object = "latest"

    def slots(self, layout: History, words: Words) -> tuple[int, ...]:
        if layout.length_slot not in words:
            return (layout.length_slot,)
        length = word(words, layout.length_slot, "The length")
        return layout.slots(length, length - 1) if 0 < length < 2**32 else (layout.length_slot,)

    def holds(self, layout: History, words: Words) -> bool:
        length, key, value = latest_value(layout, words)
        return length > 0 and value == self.value and key <= self.clock


@dataclass(frozen=True, slots=True)
class _Fixed:
    """A word that fills a slot: the extension by which a late quorum extends voting."""

    value: int
    subject: object = "word"

    def slots(self, layout: int, words: Words) -> tuple[int, ...]:
        return (layout,)

    def holds(self, layout: int, words: Words) -> bool:
        return word(words, layout, "The word") == self.value


class Layouts:
    """Discovers layouts on one chain at one block; `clock` is the clock of governor and token.

    Everything raises Refusal where nothing, or more than one thing, fits, and what
    `chainsync.calls.observe` and `ProvenState` raise.
    """

    def __init__(self, chain: Chain, state: ProvenState, clock: int) -> None:
        self._chain = chain
        self._state = state
        self._clock = clock

    def governor(self, proposal: Proposal, mode: CountingMode) -> GovernorLayout:
        """Cores, votes and extended deadlines; where numerators lie is a question of its own."""
        governor = proposal.contract
        family = families.rules_of(governor).family
        form = form_of(family, mode)
        if family is Family.BRAVO:
            return replace(BRAVO_GOVERNOR, timelock=None)
        rows = self._proposals(governor)
        extension = self._answer(governor, LATE_EXTENSION)
        counting = self._votes(governor, family, form, rows)
        candidates = [
            GovernorLayout(family=family, proposals=p, counting=counting) for p in PLAIN_SLOTS
        ]
        if family is Family.OZ5:
            known = oz5_proxied_governor(form, extensions=True)
            candidates.append(replace(known, timelock=None, timelock_ids=None, quorum=None))
        core = CoreProbe(
            proposal_id=proposal.proposal_id,
            vote_start=proposal.vote_start,
            vote_end=proposal.vote_end,
            proposer=_raw(proposal.proposer),
        )
        found = self._discover(governor, counting, candidates, [core])
        if extension is None:
            return replace(found, extensions=None)
        if found.extensions is not None:
            return found
        period = self._discover(governor, "extension", list(PLAIN_SLOTS), [_Fixed(extension)])
        return replace(found, extensions=offset_slot(period, 1))

    def numerators(self, governor: Contract) -> int | None:
        """The slot of the history of quorum numerators, None for a governor without."""
        numerator = self._answer(governor, QUORUM_NUMERATOR)
        if numerator is None:
            return None
        family = families.rules_of(governor).family
        plain = GovernorLayout(family=family, proposals=0, counting=_NO_COUNTING)
        slots = [*PLAIN_SLOTS]
        if family is Family.OZ5:
            slots.append(oz5_proxied_governor(CountingForm.SIMPLE).quorum or 0)
        candidates = [replace(plain, quorum=slot).quorum_history() for slot in slots]
        probe = _Latest(numerator, self._clock)
        return self._discover(governor, "numerators", candidates, [probe]).length_slot

    def token(self, token: Contract) -> TokenLayout:
        """Checkpoints of power, and of the supply where the token keeps them."""
        comp = token.kind == "comp-token"
        votes = CURRENT_VOTES if comp else GET_VOTES
        holders = list(
            Delegate.objects.filter(contract=token, votes__gt=0)
            .order_by("-votes")
            .values_list("address", flat=True)[:PROBED]
        )
        questions = [
            Question(token, function, (_raw(holder),))
            for holder in holders
            for function in (NUM_CHECKPOINTS, votes)
        ]
        answers = ask(self._chain, questions, self._state.block)
        probes: list[Probe[TokenLayout]] = [
            PowerProbe(delegate=_raw(holder), length=length, votes=power, clock=self._clock)
            for holder, length, power in zip(holders, answers[::2], answers[1::2], strict=True)
        ]
        needed = NEEDED_DELEGATES
        candidates = [comp_token(p, p + 1) for p in PLAIN_SLOTS]
        if not comp:
            candidates = [make(p, p + 1) for p in PLAIN_SLOTS for make in (oz5_token, oz4_token)]
            candidates += [OZ5_PROXIED_TOKEN, OZ4_PROXIED_TOKEN, oz4_token(255, 256)]
            supply = self._answer(token, TOTAL_SUPPLY)
            probes.append(SupplyProbe(supply=supply, clock=self._clock))
            needed += 1
        return self._discover(token, token.kind, candidates, probes, needed)

    def code(self, contract: Contract) -> Code:
        """What runs at a contract's address, and behind it."""
        raw = _raw(contract.address)
        words = self._state.words(raw, [IMPLEMENTATION_SLOT])
        behind: bytes | None = address(words, IMPLEMENTATION_SLOT, "The implementation")
        behind = behind if behind and any(behind) else None
        return Code(
            chain_id=self._chain.chain_id,
            contract=raw,
            code_hash=self._state.account(raw).code_hash,
            implementation=behind,
            implementation_code=self._state.account(behind).code_hash if behind else None,
        )

    def _votes(
        self, governor: Contract, family: Family, form: CountingForm, rows: Sequence[Proposal]
    ) -> CountingLayout:
        function = PROPOSAL_VOTES if family is Family.OZ5 else PROPOSALS
        questions = [Question(governor, function, (row.proposal_id,)) for row in rows]
        answers = ask(self._chain, questions, self._state.block)
        probes = [
            TotalsProbe(proposal_id=row.proposal_id, totals=_totals(family, answer))
            for row, answer in zip(rows, answers, strict=True)
            if answer is not None
        ]
        candidates = [CountingLayout(form, slot) for slot in PLAIN_SLOTS]
        if family is Family.OZ5:
            candidates.append(CountingLayout.namespaced(form))
        return self._discover(governor, form, candidates, probes)

    def _proposals(self, governor: Contract) -> list[Proposal]:
        """The newest proposals that the block knows, those with votes first."""
        rows = Proposal.objects.filter(
            contract=governor, block_number__lte=self._state.block.number
        )
        return list(rows.defer("description", "search").order_by("-vote_count")[:PROBED])

    def _answer(self, contract: Contract, function: Function) -> Any:
        (answer,) = ask(self._chain, [Question(contract, function)], self._state.block)
        return answer

    def _discover(
        self,
        contract: Contract,
        what: Hashable,
        candidates: Sequence[L],
        probes: Sequence[Any],
        needed: int = 1,
    ) -> L:
        """The candidate that gives all answers; the one that was found on this very code first,
        which must give them again."""
        code = self.code(contract)
        kept: L | None = _found.get((code, what))
        if kept is not None:
            try:
                return self._fitting(code, [kept], probes, needed)
            except Refusal:
                _found.pop((code, what), None)
        found = self._fitting(code, candidates, probes, needed)
        _found[code, what] = found
        return found

    def _fitting(
        self, code: Code, candidates: Sequence[L], probes: Sequence[Any], needed: int
    ) -> L:
        words: Words = {}
        while wanted := discovery.slots_to_read(candidates, probes, words):
            words = self._state.words(code.contract, sorted(wanted))
        evidence = bytes.fromhex(self._state.block.hash[2:])
        found: L = discovery.discover(
            candidates, probes, words, code=code, evidence=evidence, needed=needed
        ).layout
        return found


def form_of(family: Family, mode: CountingMode) -> CountingForm:
    """How the governor keeps votes. Raises UnknownLayout for a form that has none here."""
    if family is Family.BRAVO:
        return CountingForm.BRAVO
    if family is Family.OZ4:
        # Of the older family only the governors with Bravo's interface are known here.
        return CountingForm.BRAVO_COMPATIBLE
    if mode.overridable:
        return CountingForm.OVERRIDABLE
    if mode.counting is Counting.FRACTIONAL:
        return CountingForm.FRACTIONAL
    if mode.counting is Counting.SIMPLE:
        return CountingForm.SIMPLE
    raise UnknownLayout(f"No layout is known for counting {mode.counting}.")


_NO_COUNTING = CountingLayout(CountingForm.SIMPLE, 0)


def _totals(family: Family, answer: Any) -> Tally:
    if family is Family.OZ5:
        against, for_, abstain = answer
    else:
        for_, against, abstain = answer[5:8]
    return Tally(against=against, for_=for_, abstain=abstain)


def _raw(text: str) -> bytes:
    return bytes.fromhex(text[2:])
