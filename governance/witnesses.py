"""Gathering what a certificate of one proposal rests on, and writing it once it holds.

What cannot be proven is left out, and the certificate says why in words.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from chainsync.endpoint.failures import EndpointFailure
from chainsync.models import Block
from charter.models import Contract
from governance import facts, vote_blocks, voter_places
from governance.asking import Question, ask
from governance.layouts import Layouts
from governance.models import Proposal, Vote
from governance.observing import QUORUM, QUORUM_DENOMINATOR
from governance.proven_state import ProvenState
from governance.vote_blocks import VoteBlocks
from proofs.certificate import form
from proofs.certificate.facts import copies, governor_slots, token_slots
from proofs.certificate.refusals import PowerMismatch, SumMismatch, TooLarge
from proofs.certificate.rules import Contract as CertifiedContract
from proofs.certificate.rules import GovernorRules, QuorumRule, TokenRules, WordAt
from proofs.certificate.tallying import COUNTING
from proofs.certificate.witnesses import Checkpoint, Power, State, Storage, node_set
from proofs.certificate.writing import Evidence, write
from proofs.refusals import FutureLookup, Refusal, UnknownLayout
from proofs.statements.clock import ClockMode, Moment
from proofs.statements.quorum import CountingMode
from proofs.statements.storage.discovery import Code
from proofs.statements.storage.governor import GovernorLayout
from proofs.statements.storage.histories import History
from proofs.statements.storage.slots import namespace_slot
from proofs.statements.storage.tokens import TokenLayout

Contradicted = PowerMismatch | SumMismatch
"""Proven parts that do not belong together."""

_TOKEN_SLOTS = (namespace_slot("openzeppelin.storage.GovernorVotes"), 9)
"""Where governors in ERC-7201 namespaces and GovernorBravo keep their token."""
_KEPT = str.maketrans({'"': "'", "\\": "/"})


def certificate(
    proposal: Proposal, anchor: Block, contradicted: Callable[[Contradicted], None] | None = None
) -> tuple[bytes, Evidence]:
    """The certificate of a proposal at a journalled block, and what it was made of.

    Waits for the network: not inside a transaction. Parts that cannot be proven, or contradict the
    totals, are left out with their reason; `contradicted` is called with what contradicts. Raises
    Refusal where not even the totals can be proven, EndpointFailure where no endpoint proves the
    state of the anchor, NotAsked.
    """
    evidence = Gathering(proposal, anchor).evidence()
    while True:
        try:
            return b"".join(write(evidence)), evidence
        except (PowerMismatch, SumMismatch) as refusal:
            if contradicted is not None:
                contradicted(refusal)
            part = form.POWERS if isinstance(refusal, PowerMismatch) else form.VOTES
            evidence = lowered(evidence, part, str(refusal))
        except TooLarge as refusal:
            if not evidence.receipts:
                raise
            part = form.POWERS if evidence.powers else form.VOTES
            evidence = lowered(evidence, part, str(refusal))


def lowered(evidence: Evidence, part: str, why: str) -> Evidence:
    """The evidence without a part and what rests on it."""
    missing = evidence.missing | {part: plain(why)}
    if part == form.POWERS:
        return replace(evidence, powers=(), used=(), missing=missing)
    missing.setdefault(form.POWERS, "There are no proven votes whose power could be proven.")
    return replace(evidence, links=(), receipts=(), powers=(), used=(), missing=missing)


def plain(text: str) -> str:
    """A reason as a head may hold it: printable ASCII without quotation marks, cut to length."""
    ascii_only = text.translate(_KEPT).encode("ascii", "replace").decode("ascii")
    return "".join(sign if sign.isprintable() else " " for sign in ascii_only)[: form.MAX_REASON]


class Gathering:
    """The evidence about one proposal at one anchor; the contracts are looked at once."""

    def __init__(self, proposal: Proposal, anchor: Block) -> None:
        governor: Contract = proposal.contract
        token = governor.linked("token")
        if token is None:
            raise UnknownLayout(f"{governor.label} names no token: link one in venue.toml.")
        profile = getattr(governor, "governor_profile", None)
        self.proposal = proposal
        self.chain = governor.chain
        self.mode: CountingMode = facts.counting(governor, profile)
        self.clock_mode: ClockMode = facts.clock_mode(governor, profile)
        if self.clock_mode is ClockMode.BLOCKNUMBER and "l1BlockNumber" in anchor.header:
            raise UnknownLayout("The clock of this chain's contracts is not the block's number.")
        self.clock = Moment(block_number=anchor.number, timestamp=anchor.timestamp).clock(
            self.clock_mode
        )
        self.state = ProvenState(self.chain, anchor)
        self.layouts = Layouts(self.chain, self.state, self.clock)
        self.governor, self.token = governor, token
        self.governor_code, self.token_code = self.layouts.code(governor), self.layouts.code(token)
        self.missing: dict[str, str] = {}

    def evidence(self) -> Evidence:
        """Everything that can be had; raises as `certificate`."""
        code = self.state.code(self.governor_code.implementation or self.governor_code.contract)
        layout = self.layouts.governor(self.proposal, self.mode)
        token_layout = self.layouts.token(self.token)
        quorum = None
        try:
            quorum, layout = self._quorum(code, layout, token_layout)
        except (Refusal, EndpointFailure) as failure:
            self.missing[form.QUORUM] = plain(str(failure))
        share = quorum is not None and quorum.denominator is not None
        if not share:
            token_layout = replace(token_layout, supply=None, supply_count=None)
        governor = GovernorRules(
            contract=_certified(self.governor_code),
            clock=self.clock_mode,
            layout=layout,
            token=self._token_at(code),
            quorum=quorum,
        )
        token = TokenRules(contract=_certified(self.token_code), layout=token_layout)
        numerator = supply = None
        if share:
            numerator = self._place(self.governor_code, layout.quorum_history())
            supply = self._place(self.token_code, token_layout.supply_history())
        evidence = Evidence(
            chain_id=self.chain.chain_id,
            anchor=bytes.fromhex(self.state.block.hash[2:]),
            proposal_id=self.proposal.proposal_id,
            governor=governor,
            token=token,
            state=State(self.state.header, self._account_nodes()),
            code=code,
            governor_storage=self._storage(
                self.governor_code,
                governor_slots(governor, self.proposal.proposal_id, numerator),
                numerator,
            ),
            token_storage=self._storage(self.token_code, token_slots(token, supply), supply),
            missing=self.missing,
        )
        return self._with_votes(evidence)

    def _with_votes(self, evidence: Evidence) -> Evidence:
        if evidence.governor.layout.counting.form not in COUNTING:
            why = "Holders may override their delegates, so the sum shows no list complete."
            return lowered(evidence, form.VOTES, why)
        rows = Vote.objects.filter(
            proposal=self.proposal, block_number__lte=self.state.block.number
        )
        numbers = sorted(set(rows.values_list("block_number", flat=True).order_by()))
        address, proposal = self.governor_code.contract, self.proposal.proposal_id
        try:
            found = vote_blocks.gather(self.chain, self.state, address, proposal, numbers)
        except (Refusal, EndpointFailure) as failure:
            return lowered(evidence, form.VOTES, str(failure))
        evidence = replace(evidence, links=found.links, receipts=found.receipts)
        try:
            return self._with_powers(evidence, found)
        except (Refusal, EndpointFailure) as failure:
            return lowered(evidence, form.POWERS, str(failure))

    def _with_powers(self, evidence: Evidence, found: VoteBlocks) -> Evidence:
        layout, token = evidence.token.layout, self.token_code.contract
        places = voter_places.places(
            self.state,
            self.token,
            layout,
            self.clock_mode,
            found.voters,
            snapshot=self.proposal.vote_start,
            clock=self.clock,
        )
        counting, governor = evidence.governor.layout.counting, self.governor_code.contract
        kept = [counting.receipt_slot(self.proposal.proposal_id, voter) for voter in found.voters]
        self.state.words(governor, kept)
        return replace(
            evidence,
            powers=[
                (
                    Power(voter, place),
                    node_set(self.state.nodes(token, layout.power_slots(voter, *place))),
                )
                for voter, place in zip(found.voters, places, strict=True)
            ],
            used=[
                (voter, node_set(self.state.nodes(governor, [slot])))
                for voter, slot in zip(found.voters, kept, strict=True)
            ],
        )

    def _quorum(
        self, code: bytes, layout: GovernorLayout, token: TokenLayout
    ) -> tuple[QuorumRule, GovernorLayout]:
        if self.clock <= self.proposal.vote_start:
            raise FutureLookup("The snapshot is not past at the anchor.")
        slot = self.layouts.numerators(self.governor)
        if slot is not None and token.supply is not None:
            (denominator,) = ask(
                self.chain, [Question(self.governor, QUORUM_DENOMINATOR)], self.state.block
            )
            rule = QuorumRule(buckets=self.mode.buckets, denominator=denominator)
            return rule, replace(layout, quorum=slot)
        asked = Question(self.governor, QUORUM, (self.proposal.vote_start,))
        (votes,) = ask(self.chain, [asked], self.state.block)
        offsets = copies(code, votes.to_bytes(32, "big")) if votes else ()
        if not offsets:
            raise UnknownLayout("Where the governor keeps its quorum is not known.")
        return QuorumRule(buckets=self.mode.buckets, fixed=WordAt(offsets=offsets)), layout

    def _token_at(self, code: bytes) -> WordAt:
        wanted = self.token_code.contract.rjust(32, b"\0")
        if offsets := copies(code, wanted):
            return WordAt(offsets=offsets)
        words = self.state.words(self.governor_code.contract, _TOKEN_SLOTS)
        for slot in _TOKEN_SLOTS:
            if words[slot] == wanted:
                return WordAt(slot=slot)
        raise UnknownLayout("Where the governor keeps the address of its token is not known.")

    def _place(self, code: Code, history: History) -> Checkpoint:
        places = self.state.places(code.contract, [history], self.proposal.vote_start)
        return Checkpoint(*places[0])

    def _storage(self, code: Code, slots: Sequence[int], checkpoint: Checkpoint | None) -> Storage:
        self.state.words(code.contract, slots)
        return Storage(checkpoint, node_set(self.state.nodes(code.contract, slots)))

    def _account_nodes(self) -> tuple[bytes, ...]:
        addresses = [
            address
            for code in (self.governor_code, self.token_code)
            for address in (code.contract, code.implementation)
            if address is not None
        ]
        nodes = [node for address in addresses for node in self.state.account_nodes(address)]
        return node_set(nodes)


def _certified(code: Code) -> CertifiedContract:
    return CertifiedContract(
        address=code.contract,
        code_hash=code.code_hash,
        implementation=code.implementation,
        implementation_code=code.implementation_code,
    )
