"""Deciding on whose logs of a range are right, block by block, when two operators differ.

Only the blocks on which they differ are looked into: by their receipts, or where there are none by
a third operator (`chainsync/testimony.py`). What is settled is handed back to backfill, which goes
on with it; who was wrong is named. What cannot be settled stands as a dispute of the contract.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chainsync import disputing, standing, testimony
from chainsync.endpoint import fetching
from chainsync.endpoint.checking import counted
from chainsync.endpoint.failures import Disagreement, EndpointFailure
from chainsync.endpoint.fetching import Wanted
from chainsync.endpoint.pool import Pool, Source
from chainsync.endpoint.wire import FetchedLog, Header
from chainsync.models import Dispute
from chainsync.testimony import Subject, Verdict
from charter.models import Contract, Endpoint

BLOCKS_AT_ONCE = 20
By = dict[int, list[FetchedLog]]


@dataclass(frozen=True, slots=True)
class Settled:
    """What is right about blocks up to `last`: headers of those with logs, the logs, and which
    operators and endpoints gave just these."""

    last: int
    headers: list[Header]
    logs: list[FetchedLog]
    operators: list[str]
    endpoints: list[Endpoint]


class _Undecided(Exception):
    """Nothing decides about block `number`; the words say why."""

    def __init__(self, number: int, words: str) -> None:
        super().__init__(words)
        self.number = number


def settle_range(pool: Pool, contract: Contract, first: int, last: int, wanted: Wanted) -> Settled:
    """Decide by blocks on the logs of `first` to `last`, or of as many from `first` on as it takes
    to look into twenty blocks.

    Waits for the network: not inside a transaction. Raises Disagreement where the first block in
    question cannot be decided, NoEndpoint when fewer than two operators answer.
    """
    said = _ask_all(pool, first, last, wanted)
    if len({source.operator for source, _ in said}) < 2:
        raise pool.silence([])
    numbers = sorted({number for _, logs in said for number in logs})
    differing = [
        number
        for number in numbers
        if any(logs.get(number) != said[0][1].get(number) for _, logs in said)
    ]
    if len(differing) > BLOCKS_AT_ONCE:
        last = differing[BLOCKS_AT_ONCE] - 1
    truth = {number: said[0][1].get(number, []) for number in numbers if number <= last}
    try:
        for number in differing[:BLOCKS_AT_ONCE]:
            truth[number] = _decide(pool, contract, number, said, wanted)
    except _Undecided as undecided:
        last = undecided.number - 1
        if last < first:
            raise _open(pool, contract, first, said, undecided) from undecided
        truth = {number: logs for number, logs in truth.items() if number <= last}
    finally:
        disputing.write_down(pool.sources)
        disputing.apply(pool.sources)
    kept = {number: logs for number, logs in truth.items() if logs}
    right = [
        source
        for source, logs in said
        if {n: found for n, found in logs.items() if n <= last and found} == kept
    ]
    operators = sorted({source.operator for source in right})
    disputing.range_read(contract, first, last, operators)
    standing.stand_disputes()
    return Settled(
        last,
        _headers(pool, [*right, *[source for source, _ in said]], kept),
        [log for number in sorted(kept) for log in kept[number]],
        operators,
        [source.endpoint for source in right],
    )


def _ask_all(pool: Pool, first: int, last: int, wanted: Wanted) -> list[tuple[Source, By]]:
    said = []
    for source in pool.ranked():
        try:
            logs = fetching.range_logs(source, first, last, wanted)
        except EndpointFailure:
            continue  # The source keeps the account of its failures itself.
        by_block: By = {}
        for log in logs:
            by_block.setdefault(log.block_number, []).append(log)
        said.append((source, by_block))
    return said


def _decide(
    pool: Pool,
    contract: Contract,
    number: int,
    said: Sequence[tuple[Source, By]],
    wanted: Wanted,
) -> list[FetchedLog]:
    """The logs of one block; names who gave others. Raises _Undecided."""
    sources = [source for source, _ in said]
    block_hash = _agreed_hash(sources, number)
    heard = testimony.hear_all(sources, Subject(number, block_hash), wanted)
    verdict = testimony.judge_logs(heard)
    if not verdict.decided or verdict.truth is None:
        raise _Undecided(number, verdict.words)
    for source, logs in said:
        given = logs.get(number, [])
        if given != verdict.truth:
            _name(contract, source, number, block_hash, given, verdict)
    return verdict.truth


def _agreed_hash(sources: Sequence[Source], number: int) -> bytes:
    """Hash that more than half of the operators give a block, at least two. Raises _Undecided."""
    given: dict[bytes, set[str]] = {}
    for source in sources:
        try:
            (header,) = fetching.headers(source, [number])
        except EndpointFailure:
            continue
        if header is not None:
            given.setdefault(header.hash, set()).add(source.operator)
    operators = set[str]().union(*given.values())
    for block_hash, said in given.items():
        if len(said) > 1 and 2 * len(said) > len(operators):
            return block_hash
    raise _Undecided(number, "Not decided: no two operators have the same block.")


def _name(
    contract: Contract,
    source: Source,
    number: int,
    block_hash: bytes,
    given: list[FetchedLog],
    verdict: Verdict,
) -> None:
    others = "" if len(given) != len(verdict.truth or []) else ", others than the true ones"
    disputing.lied(
        source.endpoint,
        Dispute.About.LOGS,
        number,
        says=f"block {number} holds {counted(len(given))} of {contract.label}{others}",
        evidence=verdict.words,
        block_hash="0x" + block_hash.hex(),
        contract=contract,
        detail={"by": verdict.by, "right": [one.source.name for one in verdict.right]},
    )


def _open(
    pool: Pool,
    contract: Contract,
    first: int,
    said: Sequence[tuple[Source, By]],
    undecided: _Undecided,
) -> Disagreement:
    number = undecided.number
    (one, ours), *others = said
    for source, logs in others:
        if logs.get(number) != ours.get(number):
            row = disputing.open_dispute(
                source.endpoint,
                Dispute.About.RANGE,
                first,
                number,
                says=f"block {number} holds {counted(len(logs.get(number, [])))} of "
                f"{contract.label}, not the {len(ours.get(number, []))} that {one.name} gives",
                contract=contract,
            )
            disputing.explain(row, str(undecided))
    standing.stand_disputes()
    names = " and ".join(source.name for source, _ in said)
    return Disagreement(
        names,
        f"disagree on the logs of block {number} of {pool.chain.name}. {undecided} None of them is "
        "used.",
    )


def _headers(pool: Pool, sources: Sequence[Source], kept: By) -> list[Header]:
    """Headers of the blocks with logs, from the first source that has all of them."""
    hashes = {number: logs[0].block_hash for number, logs in sorted(kept.items())}
    if not hashes:
        return []
    for source in sources:
        try:
            found = fetching.headers(source, list(hashes))
        except EndpointFailure:
            continue
        headers = [header for header in found if header and header.hash == hashes[header.number]]
        if len(headers) == len(hashes):
            return headers
    raise pool.silence([])
