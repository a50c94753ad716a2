"""One question to endpoints of two operators, and of more where those two differ.

For what is read from the state of a chain: nothing that a node answers there proves itself without
the storage behind it, so two operators must say the same, and where they do not, two of three.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from chainsync import disputing, standing
from chainsync.endpoint.failures import Disagreement, EndpointFailure
from chainsync.endpoint.pool import Pool, Source
from chainsync.models import Dispute
from charter.models import Contract

T = TypeVar("T")
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What was answered, by which operators alike, and who said otherwise."""

    value: T
    operators: list[str]
    right: list[Source]
    wrong: list[tuple[Source, T]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Question:
    """What an answer is about, for those who read of a dispute: the block it was asked at, what in
    words, and the contract if it is one."""

    block: int
    block_hash: str
    what: str
    contract: Contract | None = None


def ask(pool: Pool, about: Question, question: Callable[[Source], T]) -> Answer[T]:
    """The answer of two operators, or of one where no other answers.

    Where two differ a third decides; who was outvoted is named. Must not be called inside a
    transaction. Raises NoEndpoint when none answers, Disagreement when nothing decides.
    """
    first, value = pool.ask(lambda source: (source, question(source)))
    told = [(first, value)]
    for other in pool.others(first):
        try:
            told.append((other, question(other)))
        except EndpointFailure:
            continue
        answer = _agreed(told)
        if answer is not None:
            _settle(about, answer, len(told))
            return answer
    if len(told) == 1:
        return Answer(value, [first.operator], [first])
    raise _undecided(about, told)


def _agreed(told: Sequence[tuple[Source, T]]) -> Answer[T] | None:
    """The value that more than half of those asked gave, at least two of them."""
    for _, value in told:
        right = [source for source, other in told if other == value]
        if len(right) > 1 and 2 * len(right) > len(told):
            wrong = [(source, other) for source, other in told if other != value]
            return Answer(value, sorted({source.operator for source in right}), right, wrong)
    return None


def _settle(about: Question, answer: Answer[T], asked: int) -> None:
    changed = 0
    for source in answer.right:
        changed += disputing.answers_alike(source.endpoint, about.block)
    count = f"{_number(len(answer.right)).capitalize()} of {_number(asked)} operators"
    for source, value in answer.wrong:
        difference = _difference(value, answer.value)
        disputing.lied(
            source.endpoint,
            Dispute.About.STATE,
            about.block,
            says=f"{about.what} at block {about.block} is {difference['says']}",
            evidence=f"{count} say that it is {difference['others']}.",
            block_hash=about.block_hash,
            contract=about.contract,
            detail={"by": "majority", **difference},
        )
        changed += 1
    if changed:
        standing.stand_disputes()


def _undecided(about: Question, told: Sequence[tuple[Source, T]]) -> Disagreement:
    (first, value), *others = told
    for source, other in others:
        if other != value:
            difference = _difference(other, value)
            disputing.open_dispute(
                source.endpoint,
                Dispute.About.STATE,
                about.block,
                says=f"{about.what} at block {about.block} is {difference['says']}",
                block_hash=about.block_hash,
                contract=about.contract,
                detail=difference,
            )
    standing.stand_disputes()
    names = " and ".join(source.name for source, _ in told)
    return Disagreement(
        names,
        f"disagree: they give different values of {about.what} at block {about.block} of "
        f"{first.chain.name}, and no third operator decides. None of them is used.",
    )


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def _difference(said: object, other: object) -> Mapping[str, Any]:
    """Both answers for machines; of lists only where they first differ."""
    if isinstance(said, list) and isinstance(other, list):
        for position, (mine, theirs) in enumerate(zip(said, other, strict=False)):
            if mine != theirs:
                return {"position": position, "says": _shown(mine), "others": _shown(theirs)}
    return {"says": _shown(said), "others": _shown(other)}


def _shown(value: object) -> str:
    if value is None:
        return "a revert"
    if isinstance(value, bytes):
        text = "0x" + value.hex()
        return text if len(text) <= 74 else f"{text[:66]}… ({len(value)} bytes)"
    if isinstance(value, list):
        return f"{len(value)} values"
    return str(value)[:200]
