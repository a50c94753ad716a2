"""Proposals and what their governor says of them: from logs to rows and flags."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from django.db import connection

from chainsync.abi import BadData, compile_type, compile_values
from chainsync.decoding import Event, Undecodable
from chainsync.kinds import LogRecord
from charter.models import Contract
from governance import families
from governance.models import Proposal, ProposalAction, ProposalEvent
from governance.text import SEARCH_CONFIG, SEARCH_LENGTH, text_of, title_of
from proofs.refusals import Refusal
from proofs.statements import ids
from proofs.statements.family import Family, Timelock

PROPOSAL_CREATED = Event.parse(
    "ProposalCreated(uint256 proposalId, address proposer, address[] targets, uint256[] values, "
    "string[] signatures, bytes[] calldatas, uint256 voteStart, uint256 voteEnd, "
    "string description)"
)
PROPOSAL_QUEUED = Event.parse("ProposalQueued(uint256 proposalId, uint256 etaSeconds)")
PROPOSAL_EXECUTED = Event.parse("ProposalExecuted(uint256 proposalId)")
PROPOSAL_CANCELED = Event.parse("ProposalCanceled(uint256 proposalId)")
PROPOSAL_EXTENDED = Event.parse(
    "ProposalExtended(uint256 indexed proposalId, uint64 extendedDeadline)"
)

# Texts are read as bytes: their hash is taken over what was said, valid UTF-8 or not.
_read_created = compile_values(
    [
        compile_type(parameter.type.name.replace("string", "bytes"))
        for parameter in PROPOSAL_CREATED.parameters
    ]
)
_SUMMARISE = """
UPDATE governance_proposal AS proposal
SET extended_deadline = said.extended_deadline, eta = said.eta,
    queued = coalesce(said.queued, false), executed = coalesce(said.executed, false),
    canceled = coalesce(said.canceled, false)
FROM governance_proposal AS asked
LEFT JOIN (
    SELECT proposal_id,
           max(value) FILTER (WHERE kind = 'extended') AS extended_deadline,
           max(value) FILTER (WHERE kind = 'queued') AS eta,
           bool_or(kind = 'queued') AS queued,
           bool_or(kind = 'executed') AS executed,
           bool_or(kind = 'canceled') AS canceled
    FROM governance_proposalevent WHERE proposal_id = ANY(%s) GROUP BY proposal_id
) AS said ON said.proposal_id = asked.id
WHERE asked.id = ANY(%s) AND proposal.id = asked.id
"""
_INDEX = """
UPDATE governance_proposal
SET search = setweight(to_tsvector(%s, title), 'A')
          || setweight(to_tsvector(%s, left(description, %s)), 'B')
WHERE id = ANY(%s)
"""

# A quorum that was read stays as a provisional one until it is read on the new branch.
_READ_AGAIN = """
UPDATE governance_proposal
SET state_block = CASE WHEN state_block >= %(block)s THEN 0 ELSE state_block END,
    checked_block = CASE WHEN checked_block >= %(block)s THEN NULL ELSE checked_block END,
    quorum_final = quorum_final AND quorum_block < %(block)s,
    quorum_block = CASE WHEN quorum_block >= %(block)s THEN NULL ELSE quorum_block END
WHERE contract_id = %(contract)s
  AND (state_block >= %(block)s OR checked_block >= %(block)s OR quorum_block >= %(block)s)
"""


class Created(NamedTuple):
    """A decoded `ProposalCreated`; `signatures` and `description` as the bytes that were said."""

    log: LogRecord
    proposal_id: int
    proposer: bytes
    targets: Sequence[bytes]
    values: Sequence[int]
    signatures: Sequence[bytes]
    calldatas: Sequence[bytes]
    vote_start: int
    vote_end: int
    description: bytes


class Said(NamedTuple):
    """What a governor said later; `value` is a new deadline or an eta."""

    log: LogRecord
    proposal_id: int
    kind: ProposalEvent.Kind
    value: int | None


def decode_created(log: LogRecord) -> Created:
    """A `ProposalCreated` log. Raises Undecodable."""
    if not PROPOSAL_CREATED.fits(log):
        raise Undecodable("The log is not a ProposalCreated.", log)
    try:
        created = Created(log, *_read_created(log.data))
    except BadData as error:
        raise Undecodable(f"ProposalCreated: {error}.", log) from error
    calls = len(created.targets)
    if not calls == len(created.values) == len(created.signatures) == len(created.calldatas):
        raise Undecodable("ProposalCreated: its lists of calls differ in length.", log)
    return created


def decode_said(log: LogRecord) -> Said:
    """A log of extension, queueing, execution or cancellation. Raises Undecodable."""
    kind, event, name = _SAID[log.topics[0]]
    values = event.decode(log)
    return Said(log, values["proposalId"], kind, values[name] if name else None)


_SAID = {
    PROPOSAL_EXTENDED.topic0: (
        ProposalEvent.Kind.EXTENDED,
        PROPOSAL_EXTENDED,
        "extendedDeadline",
    ),
    PROPOSAL_QUEUED.topic0: (ProposalEvent.Kind.QUEUED, PROPOSAL_QUEUED, "etaSeconds"),
    PROPOSAL_EXECUTED.topic0: (ProposalEvent.Kind.EXECUTED, PROPOSAL_EXECUTED, ""),
    PROPOSAL_CANCELED.topic0: (ProposalEvent.Kind.CANCELED, PROPOSAL_CANCELED, ""),
}


def known(contract: Contract, proposal_ids: Iterable[int]) -> dict[int, int]:
    """Primary keys of a governor's proposals by proposal id."""
    rows = Proposal.objects.filter(contract=contract, proposal_id__in=set(proposal_ids))
    return dict(rows.values_list("proposal_id", "pk"))


def create(contract: Contract, family: Family, created: Sequence[Created]) -> list[Proposal]:
    """Write new proposals with their calls and index their text."""
    if not created:
        return []
    proposals = Proposal.objects.bulk_create([_row(contract, family, one) for one in created])
    ProposalAction.objects.bulk_create(
        [
            ProposalAction(
                proposal=proposal,
                index=index,
                target=one.targets[index],
                value=one.values[index],
                signature=text_of(one.signatures[index]),
                calldata=one.calldatas[index],
            )
            for proposal, one in zip(proposals, created, strict=True)
            for index in range(len(one.targets))
        ],
        batch_size=1000,
    )
    with connection.cursor() as cursor:
        pks = [proposal.pk for proposal in proposals]
        cursor.execute(_INDEX, [SEARCH_CONFIG, SEARCH_CONFIG, SEARCH_LENGTH, pks])
    return proposals


def record(contract: Contract, said: Sequence[Said], pks: Mapping[int, int]) -> set[int]:
    """Write what a governor said and bring the flags up to date; returns the proposals touched."""
    if not said:
        return set()
    ProposalEvent.objects.bulk_create(
        [
            ProposalEvent(
                contract=contract,
                block_number=one.log.block_number,
                log_index=one.log.log_index,
                tx_hash=one.log.tx_hash,
                timestamp=one.log.timestamp,
                proposal_id=pks[one.proposal_id],
                kind=one.kind,
                value=one.value,
            )
            for one in said
        ],
        batch_size=1000,
    )
    touched = {pks[one.proposal_id] for one in said}
    summarise(contract, touched)
    return touched


def unfold(contract: Contract, from_block: int) -> tuple[list[tuple[str, str]], set[int]]:
    """Take back what was said at `from_block` and above, after its votes were taken back.

    Returns (key, title) of the proposals that are gone, and the primary keys of those that stay
    and changed.
    """
    gone = Proposal.objects.filter(contract=contract, block_number__gte=from_block)
    told = list(gone.order_by("pk").values_list("key", "title"))
    gone.delete()
    events = ProposalEvent.objects.filter(contract=contract, block_number__gte=from_block)
    touched = set(events.values_list("proposal_id", flat=True))
    events.delete()
    summarise(contract, touched)
    with connection.cursor() as cursor:
        cursor.execute(_READ_AGAIN, {"contract": contract.pk, "block": from_block})
    return told, touched


def summarise(contract: Contract, pks: Iterable[int]) -> None:
    """Compute the flags of these proposals from their events."""
    asked = list(pks)
    if not asked:
        return
    with connection.cursor() as cursor:
        cursor.execute(_SUMMARISE, [asked, asked])
    if families.timelock_of(contract) is Timelock.COMPOUND:
        _name_transactions(asked)


def _name_transactions(pks: Sequence[int]) -> None:
    """Give each call the id under which a Compound Timelock queues it, while it is queued."""
    etas = dict(Proposal.objects.filter(pk__in=pks).values_list("pk", "eta"))
    actions = list(ProposalAction.objects.filter(proposal__in=pks))
    for action in actions:
        eta = etas[action.proposal_id]
        action.operation_id = (
            None
            if eta is None
            else ids.compound_transaction_hash(
                bytes.fromhex(action.target[2:]),
                action.value,
                action.signature,
                bytes(action.calldata),
                eta,
            )
        )
    ProposalAction.objects.bulk_update(actions, ["operation_id"], batch_size=500)


def _row(contract: Contract, family: Family, created: Created) -> Proposal:
    governor = bytes.fromhex(contract.address[2:])
    log = created.log
    description = text_of(created.description)
    description_hash = ids.description_hash(created.description)
    calldatas = [
        ids.bravo_calldata(signature, data)
        for signature, data in zip(created.signatures, created.calldatas, strict=True)
    ]
    try:
        operation_id = ids.proposal_operation_id(
            family, governor, created.targets, created.values, calldatas, description_hash
        )
        key = ids.proposal_key(contract.chain.chain_id, governor, created.proposal_id)
    except Refusal as refusal:
        raise Undecodable(f"ProposalCreated: {refusal}", log) from refusal
    return Proposal(
        contract=contract,
        block_number=log.block_number,
        log_index=log.log_index,
        tx_hash=log.tx_hash,
        timestamp=log.timestamp,
        key=key,
        proposal_id=created.proposal_id,
        proposer=created.proposer,
        title=title_of(description),
        description=description,
        description_hash=description_hash,
        vote_start=created.vote_start,
        vote_end=created.vote_end,
        operation_id=operation_id,
    )
