"""How far what is shown is proven by who said it: reported and agreed, from rows.

What lies above follows from proofs, which the floor above keeps.

Which function for what:

- a proposal's tally, quorum, state: `assurance_of(governor, first, last)` from the block of its
  creation to that of its last vote (None: to where the contract is folded). One query or two,
  whatever the number of votes, because agreement is kept as a set of blocks per contract;
- a vote, a delegation, an event of an operation: `assurance_of(contract, block, block)`; for a
  page of them `assurance_by_block(chain, numbers)`, two queries for the page;
- an operation: `assurance_of(timelock, block of its scheduling)`;
- a delegate's power or a token's supply: `assurance_of(token)`, over all of its history;
- a value that was read by call: `assurance_of_observation(row)`;
- a chain's head or any block of it: `assurance_of_head(chain)`, `assurance_of_blocks(...)`.

Each answers an `Assurance`: the step, its words, and, where a dispute makes it fall back, what is
disputed and since which block. Combine parts by `lowest_of`.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import connection

from chainsync import disputes, ranges
from chainsync.coverage import read_contracts
from chainsync.models import Block, ChainStatus, Coverage, Dispute, Observation
from charter.models import Chain, Contract
from proofs.statements.assurance import Step, step

_WORDS = {
    Step.UNKNOWN: "Not read yet",
    Step.REPORTED: "Reported: one operator's node said so",
    Step.AGREED: "Agreed: nodes of at least two operators gave the same",
    Step.PROVEN: "Proven: it follows from the state root of a block that is agreed",
    Step.ASSERTED: "Asserted: a commitment on L1 covers the block under which it is proven",
    Step.SETTLED: "Settled: that commitment is confirmed on L1",
    Step.SIGNED: "Signed: the sync committee signed the final L1 block under which it is proven",
}
_FINALIZED = "Finalized: proven under a block of L1 that nodes call final"
_AGREE = """
UPDATE chainsync_coverage AS coverage
SET agreed = coverage.agreed + (coverage.blocks * %(blocks)s::int8multirange)
WHERE coverage.contract_id = ANY(%(contracts)s)
  AND NOT coverage.agreed @> (coverage.blocks * %(blocks)s::int8multirange)
"""
_DISAGREE = """
UPDATE chainsync_coverage AS coverage
SET agreed = coverage.agreed - %(blocks)s::int8multirange
FROM charter_contract AS contract
WHERE contract.id = coverage.contract_id AND contract.chain_id = %(chain)s
  AND coverage.agreed && %(blocks)s::int8multirange
"""


@dataclass(frozen=True, slots=True)
class Assurance:
    """The step of one statement, and why it is no higher.

    `operators` names who gave it where that is known for the very block (a range keeps only that
    there were two). `disputed` holds the words of the open dispute that makes it fall back,
    `disputed_from` its lowest block. `unconfirmed_from` is the lowest block that was read from one
    operator alone. `finalized` says that step 5 was reached on L1, where nothing is settled.
    """

    step: Step
    operators: tuple[str, ...] = ()
    disputed: str = ""
    disputed_from: int | None = None
    unconfirmed_from: int | None = None
    finalized: bool = False

    @property
    def words(self) -> str:
        """What the step says, for people."""
        if self.disputed:
            return "Disputed: nodes of different operators contradict each other"
        return _FINALIZED if self.finalized else _WORDS[self.step]


UNKNOWN = Assurance(Step.UNKNOWN)


def lowest_of(parts: Iterable[Assurance]) -> Assurance:
    """The part with the lowest step, a disputed one before all others; UNKNOWN without parts."""
    return min(parts, key=lambda part: (part.step, not part.disputed), default=UNKNOWN)


def assurance_of(
    contract: Contract, first: int | None = None, last: int | None = None
) -> Assurance:
    """What rests on the logs of `contract` in blocks `first` to `last`, both included.

    Without `first` from its start block, without `last` up to where it is folded. UNKNOWN where
    some of these blocks were not read.
    """
    row = Coverage.objects.filter(contract=contract).first()
    if row is None:
        return UNKNOWN
    return assurance_read(row, contract, disputes.open_disputes(contract.chain), first, last)


def assurance_read(
    row: Coverage,
    contract: Contract,
    standing: Iterable[Dispute],
    first: int | None = None,
    last: int | None = None,
) -> Assurance:
    """What `assurance_of` answers, from rows at hand; `standing` are the chain's open disputes."""
    first = max(contract.start_block if first is None else first, contract.start_block)
    last = row.folded_to if last is None else last
    if last < first:
        return UNKNOWN
    if ranges.gaps(row.blocks, first, last):
        return UNKNOWN
    alone = ranges.gaps(row.agreed, first, last)
    return _fallen(
        Assurance(
            Step.REPORTED if alone else Step.AGREED,
            unconfirmed_from=alone[0][0] if alone else None,
        ),
        disputes.touching(standing, first, last, contract=contract),
    )


def assurance_by_block(
    chain: Chain, numbers: Collection[int], standing: Collection[Dispute] | None = None
) -> dict[int, Assurance]:
    """The assurance of each canonical block, by number; UNKNOWN where it is not journalled.

    `standing` are the chain's open disputes, where they are at hand.
    """
    known = dict(
        Block.objects.filter(chain=chain, canonical=True, number__in=set(numbers)).values_list(
            "number", "operators"
        )
    )
    if standing is None:
        standing = list(disputes.open_disputes(chain))
    return {
        number: _of_operators(known.get(number, ()), disputes.concerning(standing, number))
        for number in numbers
    }


def assurance_of_blocks(
    chain: Chain, numbers: Collection[int], standing: Collection[Dispute] | None = None
) -> Assurance:
    """The lowest assurance of these blocks; UNKNOWN without any."""
    return lowest_of(assurance_by_block(chain, numbers, standing).values())


def assurance_of_head(chain: Chain) -> Assurance:
    """How far the head is proven that the chain is shown with."""
    status = ChainStatus.objects.filter(chain=chain).first()
    if status is None or status.head_number is None:
        return UNKNOWN
    return assurance_of_blocks(chain, [status.head_number])


def assurance_of_observation(row: Observation) -> Assurance:
    """How far a value is proven that was read by call."""
    dispute = disputes.open_in(row.chain, row.block_number, row.block_number)
    return _of_operators(row.operators, dispute)


def note_agreed(contracts: Collection[int], blocks: ranges.Ranges) -> None:
    """Note inside a transaction that two operators gave the logs of these contracts (ids) alike in
    these blocks; what a contract's coverage does not hold is left out."""
    if not blocks or not contracts:
        return
    with connection.cursor() as cursor:
        cursor.execute(_AGREE, {"blocks": _literal(blocks), "contracts": sorted(contracts)})


def note_agreed_of_chain(chain: Chain, blocks: ranges.Ranges) -> None:
    """As `note_agreed`, for all contracts of a chain that are read."""
    if blocks:
        note_agreed([contract.pk for contract in read_contracts(chain)], blocks)


def forget_agreed(chain: Chain, blocks: ranges.Ranges) -> None:
    """Take agreement on these blocks back, for all contracts of the chain."""
    if not blocks:
        return
    with connection.cursor() as cursor:
        cursor.execute(_DISAGREE, {"blocks": _literal(blocks), "chain": chain.pk})


def _of_operators(operators: Collection[str], dispute: Dispute | None) -> Assurance:
    names = tuple(sorted(set(operators)))
    return _fallen(Assurance(step(names, disputed=dispute is not None), names), dispute)


def _fallen(reached: Assurance, dispute: Dispute | None) -> Assurance:
    if dispute is None or reached.step is Step.UNKNOWN:
        return reached
    return Assurance(
        min(reached.step, Step.REPORTED),
        reached.operators,
        disputed=f"{dispute.endpoint.name} says: {dispute.says}",
        disputed_from=dispute.first,
        unconfirmed_from=reached.unconfirmed_from,
    )


def _literal(blocks: ranges.Ranges) -> str:
    return "{" + ",".join(f"[{first},{last}]" for first, last in ranges.normal(blocks)) + "}"
