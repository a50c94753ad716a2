"""Logs made by hand for the folding tests, and what is in the rows afterwards."""

from collections.abc import Iterable
from typing import Any

from django.db import models
from eth_abi.abi import encode

from chainsync.decoding import Event
from chainsync.kinds import LogRecord, get
from charter.models import Chain, Contract
from governance.models import (
    Checkpoint,
    Delegate,
    Delegation,
    Operation,
    OperationCall,
    OperationEvent,
    ParameterChange,
    Proposal,
    ProposalAction,
    ProposalEvent,
    StrayEvents,
    TallyDelta,
    Vote,
)
from proofs.keccak import keccak256

GENESIS = 1_700_000_000
BLOCK_SECONDS = 2


def account(number: int) -> bytes:
    """A made-up address."""
    return keccak256(b"account %d" % number)[:20]


def word(value: Any, type_: str) -> bytes:
    """A topic."""
    return encode([type_], [value])


def log(event: Event, values: dict[str, Any], block: int, index: int, address: bytes) -> LogRecord:
    """The log that a contract would have emitted; hashes are made up from the place."""
    plain = [parameter for parameter in event.parameters if not parameter.indexed]
    indexed = [parameter for parameter in event.parameters if parameter.indexed]
    return LogRecord(
        block_number=block,
        block_hash=keccak256(b"block %d" % block),
        timestamp=GENESIS + block * BLOCK_SECONDS,
        tx_hash=keccak256(b"transaction %d %d" % (block, index)),
        tx_index=0,
        log_index=index,
        address=address,
        topics=(event.topic0, *(word(values[p.name], p.type.name) for p in indexed)),
        data=encode([p.type.name for p in plain], [values[p.name] for p in plain]),
    )


def chain() -> Chain:
    """An L2 in the database."""
    return Chain.objects.get_or_create(
        key="l2",
        defaults={"chain_id": 901, "name": "Layer two", "role": "l2", "block_time": 2.0},
    )[0]


def contract(kind: str, key: str | None = None, **links: str) -> Contract:
    """A contract of a kind in the database."""
    key = key or f"some-{kind}"
    return Contract.objects.create(
        key=key,
        chain=chain(),
        kind=kind,
        address=keccak256(key.encode())[:20],
        start_block=1,
        label=f"The {key}",
        links=links,
    )


def address_of(contract: Contract) -> bytes:
    """Its 20 bytes, however the row came into memory."""
    given = contract.address
    return bytes.fromhex(given[2:]) if isinstance(given, str) else bytes(given)


def fold(contract: Contract, logs: Iterable[LogRecord]) -> None:
    """Fold logs by the contract's kind."""
    contract.refresh_from_db()
    kind = get(contract.kind)
    kind.fold(contract, kind.decode(list(logs)))


def unfold(contract: Contract, from_block: int) -> None:
    """Take back a block and everything above it."""
    contract.refresh_from_db()
    get(contract.kind).unfold(contract, from_block)


def rows(contract: Contract) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that folding has written for a contract, without our own row ids."""
    return {
        model.__name__: sorted(_values(model, contract, through), key=repr)
        for model, through in (
            (Proposal, "contract"),
            (ProposalAction, "proposal__contract"),
            (ProposalEvent, "contract"),
            (Vote, "contract"),
            (TallyDelta, "contract"),
            (StrayEvents, "contract"),
            (Operation, "contract"),
            (OperationCall, "contract"),
            (OperationEvent, "contract"),
            (ParameterChange, "contract"),
            (Delegation, "contract"),
            (Checkpoint, "contract"),
            (Delegate, "contract"),
        )
    }


def _values(
    model: type[models.Model], contract: Contract, through: str
) -> Iterable[tuple[Any, ...]]:
    names = []
    for field in model._meta.concrete_fields:
        if field.primary_key or field.name in {"state", "state_block"}:
            continue
        if isinstance(field, models.ForeignKey) and field.name != "contract":
            names.append(f"{field.name}__block_number")
            names.append(f"{field.name}__log_index")
        else:
            names.append(field.attname)
    for values in model.objects.filter(**{through: contract}).order_by().values_list(*names):
        yield tuple(bytes(v) if isinstance(v, memoryview) else v for v in values)
