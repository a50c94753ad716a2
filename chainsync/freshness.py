"""Up to which block things are known, and which of them can no longer be reorganised away."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import OuterRef, Subquery
from django.db.models.functions import JSONObject

from chainsync import disputes
from chainsync.assurance import UNKNOWN, Assurance, assurance_read
from chainsync.models import Block, ChainStatus, Coverage, Dispute
from charter.models import Contract, Endpoint
from proofs.statements.assurance import Step, step

Word = Literal[
    "unknown",
    "reported",
    "agreed",
    "proven",
    "asserted",
    "settled",
    "finalized",
    "signed",
    "disputed",
]
"""How far something is proven, as programs read it."""


class Freshness(TypedDict):
    """How current one object is. `as_of_block` is None before anything was read."""

    as_of_block: int | None
    finalized: bool
    assurance: Word


@dataclass(frozen=True, slots=True)
class Followed:
    """How far one chain is followed; numbers of blocks, None before anything was read.

    `operators` gave the head; `disputes` are open, the lowest block first.
    """

    head: int | None = None
    head_timestamp: int | None = None
    finalized: int | None = None
    halted: str = ""
    operators: tuple[str, ...] = ()
    disputes: tuple[Dispute, ...] = ()


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far every chain is followed and every contract is folded, read at one moment.

    `chains` is keyed by primary key, `covered` by that of a contract.
    """

    chains: dict[int, Followed]
    covered: dict[int, Coverage]

    @classmethod
    def read(cls) -> "Horizon":
        """The horizon now, in two queries, whatever the number of contracts."""
        head = Block.objects.filter(chain=OuterRef("chain"), hash=OuterRef("head_hash"))
        standing = Dispute.objects.filter(chain=OuterRef("chain"), closed_at=None)
        told = JSONObject(
            first="first",
            last="last",
            about="about",
            contract_id="contract_id",
            says="says",
            endpoint="endpoint__name",
        )
        rows = ChainStatus.objects.annotate(
            operators=Subquery(head.values("operators")[:1]),
            disputes=ArraySubquery(standing.order_by("first", "pk").values(told=told)),
        )
        covered = Coverage.objects.select_related("contract")
        return cls(
            {status.chain_id: _followed(status) for status in rows},
            {row.contract_id: row for row in covered},
        )

    def chain(self, chain: int) -> Followed:
        """How far a chain is followed; nothing at all for one that never was."""
        return self.chains.get(chain, Followed())

    def final(self, chain: int, block: int, contract: int | None = None) -> bool:
        """Whether `block` of `chain` is final, for what rests on `contract` if one is named: at or
        below the finalized one, and below whatever is in dispute."""
        followed = self.chain(chain)
        last = disputes.final_to(followed.finalized, followed.disputes, contract)
        return last is not None and block <= last

    def folded_to(self, contract: int) -> int | None:
        """Last block whose logs of `contract` are taken in; None before the first."""
        found = self.covered.get(contract)
        return None if found is None else found.folded_to

    def of_rows(self, contract: int, block: int, first: int | None = None) -> Freshness:
        """Freshness of what was computed from logs of `contract`, the last of them in `block`.

        It rests on all blocks from `first` on; without that, on `block` alone.
        """
        found = self.covered.get(contract)
        if found is None:
            return UNREAD
        reached = self.read_of(contract, block if first is None else min(first, block), block)
        return Freshness(
            as_of_block=found.folded_to,
            finalized=self.final(found.contract.chain_id, block, contract),
            assurance=word_of(reached),
        )

    def read_of(self, contract: int, first: int, last: int) -> Assurance:
        """How far the logs of `contract` in blocks `first` to `last` are agreed."""
        found = self.covered.get(contract)
        if found is None:
            return UNKNOWN
        standing = self.chain(found.contract.chain_id).disputes
        return assurance_read(found, found.contract, standing, first, last)

    def of_block(self, chain: int, block: int, operators: Collection[str] = ()) -> Freshness:
        """Freshness of what hangs on `block` of `chain` alone, which these operators gave."""
        touched = disputes.touching(self.chain(chain).disputes, block, block) is not None
        reached = Assurance(step(operators, disputed=touched))
        return Freshness(
            as_of_block=self.chain(chain).head,
            finalized=self.final(chain, block),
            assurance="disputed" if touched and operators else word_of(reached),
        )


UNREAD = Freshness(as_of_block=None, finalized=False, assurance="unknown")
"""Of what was never read."""


def final_to(contract: Contract) -> int | None:
    """The last block that counts as final for what rests on a contract. Two queries at most."""
    status = ChainStatus.objects.filter(chain=contract.chain_id).first()
    finalized = status.finalized_number if status else None
    return disputes.final_to(finalized, disputes.open_disputes(contract.chain), contract.pk)


def word_of(reached: Assurance) -> Word:
    """An assurance in one word, for programs."""
    words: tuple[Word, ...] = ("unknown", "reported", "agreed", "proven", "asserted", "settled")
    if reached.disputed:
        return "disputed"
    if reached.step is Step.SIGNED:
        return "signed"
    return "finalized" if reached.finalized else words[reached.step]


def _followed(status: ChainStatus) -> Followed:
    row: Any = status  # annotated
    return Followed(
        status.head_number,
        status.head_timestamp,
        status.finalized_number,
        status.halted,
        tuple(row.operators or ()),
        tuple(
            Dispute(**{**told, "endpoint": Endpoint(name=told["endpoint"])})
            for told in row.disputes
        ),
    )


def version(contracts: Collection[int] | None = None) -> list[list[object]]:
    """Values that change whenever rows folded from logs of `contracts` (None: of all) do.

    One row a contract, one query, some index reads each: its last canonical log, the blocks of its
    last folded and its last finalized one, what up to there one operator alone gave, and what is
    disputed. A head that moves on alone changes none of them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT contract.id, last.block_id, last.log_index,
                   (SELECT max(log.block_number) FROM chainsync_log log
                    WHERE log.canonical
                      AND log.chain_id = contract.chain_id
                      AND log.address = contract.address
                      AND log.block_number <= coverage.folded_to),
                   (SELECT max(log.block_number) FROM chainsync_log log
                    WHERE log.canonical
                      AND log.chain_id = contract.chain_id
                      AND log.address = contract.address
                      AND log.block_number <= status.finalized_number),
                   ((coverage.blocks - coverage.agreed)
                    * int8multirange(int8range(0, last.block_number, '[]')))::text,
                   (SELECT array_agg(dispute.id ORDER BY dispute.id) FROM chainsync_dispute dispute
                    WHERE dispute.chain_id = contract.chain_id AND dispute.closed_at IS NULL)
            FROM charter_contract contract
            LEFT JOIN chainsync_coverage coverage ON coverage.contract_id = contract.id
            LEFT JOIN chainsync_chainstatus status ON status.chain_id = contract.chain_id
            LEFT JOIN LATERAL (
                SELECT log.block_id, log.log_index, log.block_number
                FROM chainsync_log log
                WHERE log.canonical
                  AND log.chain_id = contract.chain_id
                  AND log.address = contract.address
                ORDER BY log.block_number DESC, log.log_index DESC
                LIMIT 1
            ) last ON true
            WHERE %s::bigint[] IS NULL OR contract.id = ANY(%s::bigint[])
            ORDER BY contract.id
            """,
            [None if contracts is None else list(contracts)] * 2,
        )
        return [list(row) for row in cursor.fetchall()]
