"""What every endpoint of a chain says of one block, and who of them is right. No database here.

The order of evidence: an endpoint whose answers contradict each other is wrong. Logs under the
receipts root of the header that all share are right, whoever gave them. Where no receipts can be
had, two of three operators decide, and the words say so. Fewer decide nothing.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from chainsync.endpoint import checking, fetching
from chainsync.endpoint.checking import Lie
from chainsync.endpoint.failures import EndpointFailure, RpcError
from chainsync.endpoint.fetching import Wanted
from chainsync.endpoint.pool import Source
from chainsync.endpoint.wire import FetchedLog, Header

NEEDED_OPERATORS = 3
LINKED_AT_MOST = 1_000


class Subject(NamedTuple):
    """The block that is looked at: its number, and our hash of it."""

    number: int
    our_hash: bytes


class Testimony(NamedTuple):
    """What one source says. `logs` only where it has our block; `proven` where its receipts have
    the root of the header. `lied` holds how it contradicts itself, `silent` why it says nothing."""

    source: Source
    header: Header | None = None
    logs: list[FetchedLog] | None = None
    proven: list[FetchedLog] | None = None
    receipts: list[dict[str, Any]] | None = None
    unlinked: bool = False
    lied: str = ""
    silent: str = ""


class Verdict(NamedTuple):
    """Who is right. `truth` are the logs (None: not decided, or not about logs); `by` is
    `receipts` or `majority`; `words` say why, for people."""

    decided: bool
    words: str
    by: str = ""
    truth: list[FetchedLog] | None = None
    receipts: list[dict[str, Any]] | None = None
    right: tuple[Testimony, ...] = ()
    wrong: tuple[Testimony, ...] = ()

    @property
    def operators(self) -> list[str]:
        """Operators who gave what is right."""
        return sorted({one.source.operator for one in self.right})


def hear_all(sources: Sequence[Source], subject: Subject, wanted: Wanted) -> list[Testimony]:
    """Ask each source in turn. Runs in a thread or outside of any transaction."""
    return [hear(source, subject, wanted) for source in sources]


def hear(source: Source, subject: Subject, wanted: Wanted) -> Testimony:
    """What one source says of the block; its failures become words."""
    header: Header | None = None
    try:
        (header,) = fetching.headers(source, [subject.number])
        if header is None:
            return Testimony(source, silent="does not have the block.")
        if header.hash != subject.our_hash:
            # Twice: between two answers the node may have changed its branch.
            unlinked = not _linked(source, header) and not _linked(source, header)
            return Testimony(source, header, unlinked=unlinked)
        (logs,) = fetching.block_logs(source, [header], wanted)
        if isinstance(logs, RpcError):
            return Testimony(source, header, silent=str(logs))
        return _with_receipts(source, header, logs, wanted)
    except Lie as lie:
        return Testimony(source, header, lied=str(lie))
    except EndpointFailure as failure:
        return Testimony(source, header, silent=str(failure))


def judge_logs(testimonies: Sequence[Testimony]) -> Verdict:
    """Which logs a block holds whose hash is agreed."""
    liars = tuple(one for one in testimonies if one.lied)
    heard = [one for one in testimonies if one.logs is not None and not one.lied]
    proofs = [one for one in heard if one.proven is not None]
    if proofs and all(one.proven == proofs[0].proven for one in proofs):
        truth, names = proofs[0].proven, _names(proofs)
        assert truth is not None
        return Verdict(
            True,
            f"The receipts that {names} gave have the receipts root of the block's header and hold "
            f"{checking.counted(len(truth))} of ours.",
            "receipts",
            truth,
            proofs[0].receipts,
            tuple(one for one in heard if one.logs == truth),
            (*liars, *(one for one in heard if one.logs != truth)),
        )
    operators = {one.source.operator for one in testimonies if one.logs is not None or one.lied}
    for one in heard:
        right = tuple(other for other in heard if other.logs == one.logs)
        said = {other.source.operator for other in right}
        if _most(said, operators):
            wrong = (*liars, *(other for other in heard if other.logs != one.logs))
            return Verdict(
                True,
                f"{_count(said, operators)} give the same logs; no receipts prove them.",
                "majority",
                one.logs,
                None,
                right,
                wrong,
            )
    return Verdict(
        False,
        "Not decided: nobody gives receipts that prove the logs, and no two of three operators "
        f"agree. {_silences(testimonies)}".strip(),
        wrong=liars,
    )


def judge_block(testimonies: Sequence[Testimony], subject: Subject) -> Verdict:
    """Whose block is the one of this number: ours if our hash is among the right ones."""
    liars = tuple(one for one in testimonies if one.lied or one.unlinked)
    heard = [one for one in testimonies if one.header is not None and one not in liars]
    operators = {one.source.operator for one in (*heard, *liars)}
    for one in heard:
        assert one.header is not None
        right = tuple(o for o in heard if o.header and o.header.hash == one.header.hash)
        said = {other.source.operator for other in right}
        if _most(said, operators):
            return Verdict(
                True,
                f"{_count(said, operators)} have 0x{one.header.hash.hex()[:8]}… as block "
                f"{subject.number}.",
                "majority",
                right=right,
                wrong=tuple(o for o in (*heard, *liars) if o not in right),
            )
    words = "Not decided: no two of three operators have the same block."
    if liars and {one.header.hash for one in heard if one.header} == {subject.our_hash}:
        return Verdict(True, _linkless(liars), "links", right=tuple(heard), wrong=liars)
    return Verdict(False, f"{words} {_silences(testimonies)}".strip(), wrong=liars)


def _with_receipts(
    source: Source, header: Header, logs: list[FetchedLog], wanted: Wanted
) -> Testimony:
    (rows,) = fetching.receipts(source, [header])
    proven = None if rows is None else checking.receipts(source, header, rows)
    ours = None if proven is None else wanted.keep(proven)
    return Testimony(source, header, logs, ours, rows if ours is not None else None)


def _linked(source: Source, header: Header) -> bool:
    """Whether the source's branch leads from its block down to the one that it calls finalized
    itself (what we call so may be another node's word); True also where that lies above the block
    or too deep to be walked."""
    final = fetching.tags(source).finalized
    if final is None or not 0 < header.number - final.number <= LINKED_AT_MOST:
        return True
    below = fetching.headers(source, range(final.number, header.number))
    chain = [one for one in (*below, header) if one is not None]
    if len(chain) <= len(below):
        return True  # What it does not have cannot be held against it.
    links = all(child.parent_hash == parent.hash for parent, child in pairwise(chain))
    return links and chain[0].hash == final.hash


def _most(said: set[str], operators: set[str]) -> bool:
    return len(operators) >= NEEDED_OPERATORS and 2 * len(said) > len(operators)


def _count(said: set[str], operators: set[str]) -> str:
    words = {2: "Two", 3: "Three", 4: "Four", 5: "Five"}
    total = {number: word.lower() for number, word in words.items()}
    whole = total.get(len(operators), str(len(operators)))
    return f"{words.get(len(said), str(len(said)))} of {whole} operators"


def _names(testimonies: Sequence[Testimony]) -> str:
    return " and ".join(sorted({one.source.name for one in testimonies}))


def _linkless(liars: Sequence[Testimony]) -> str:
    told = [one.lied for one in liars if one.lied]
    if told:
        return " ".join(told)
    return (
        f"The parents of the block that {_names(liars)} gave do not lead down to the block that it "
        "calls finalized itself."
    )


def _silences(testimonies: Sequence[Testimony]) -> str:
    return " ".join(f"{one.source.name}: {one.silent}" for one in testimonies if one.silent)
