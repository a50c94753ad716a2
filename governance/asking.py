"""Asking contracts by call, at a block that is named by its hash.

The network is asked outside of any transaction; what it answered is written only while that block
is still canonical.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from chainsync.calls import Call, observe
from chainsync.decoding import Function, Undecodable
from chainsync.models import Block, ChainStatus
from charter.models import Chain, Contract
from ledger.faultpoints import reached


class Orphaned(RuntimeError):
    """The block at which something was read is no longer canonical: ask again at another."""


@dataclass(frozen=True, slots=True)
class Question:
    """One call and how its answer is read."""

    contract: Contract
    function: Function
    arguments: tuple[Any, ...] = ()

    @property
    def call(self) -> Call:
        return Call(self.contract.address, self.function.encode(*self.arguments))


def head_of(chain: Chain) -> Block | None:
    """The head as journalled, None before the first."""
    status = ChainStatus.objects.filter(chain=chain).first()
    if status is None or status.head_hash is None:
        return None
    return Block.objects.filter(chain=chain, hash=status.head_hash, canonical=True).first()


def ask(chain: Chain, questions: Sequence[Question], block: Block) -> list[Any]:
    """Answers in order: the single value returned, or None where the call fails or is not known.

    Raises what `chainsync.calls.observe` raises.
    """
    replies = observe(chain, [question.call for question in questions], block)
    reached("asking.answered")
    return [_read(q.function, reply) for q, reply in zip(questions, replies, strict=True)]


@contextmanager
def standing_on(chain: Chain, block: Block) -> Iterator[None]:
    """A transaction in which `block` is canonical from beginning to end. Raises Orphaned."""
    with transaction.atomic():
        # Whoever changes the canonical chain holds this row, so no reorg can come in between.
        ChainStatus.objects.select_for_update().get(chain=chain)
        if not Block.objects.filter(pk=block.pk, canonical=True).exists():
            raise Orphaned(f"block {block.number} of {chain.key} was orphaned")
        yield


def _read(function: Function, reply: bytes | None) -> Any:
    if reply is None:
        return None
    try:
        return function.returned(reply)[0]
    except Undecodable:
        return None
