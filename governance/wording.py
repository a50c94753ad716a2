"""Numbers, times and states in words. Pure, exact, without floats."""

from datetime import UTC, datetime

from proofs.statements.clock import ClockMode
from proofs.statements.lifecycle import Change, ChangeKind, ProposalState
from proofs.statements.quorum import FixedQuorum, FractionQuorum, QuorumCheck
from proofs.statements.tally import Bucket

_BUCKETS = {Bucket.FOR: "For", Bucket.AGAINST: "Against", Bucket.ABSTAIN: "Abstain"}
_BUCKET_ORDER = (Bucket.FOR, Bucket.AGAINST, Bucket.ABSTAIN)
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_UNLIMITED = 2**256 - 1


def whole(number: int) -> str:
    """A whole number with thousands separators: `9,600,000`."""
    return f"{number:,}"


def amount(value: int, decimals: int, places: int | None = None) -> str:
    """Token units as a decimal number with thousands separators: `451,830.25`.

    Exact; with `places`, digits beyond are cut off, never rounded up, and an amount that is too
    small to show is written as `<0.01`.
    """
    if value < 0:
        return "−" + amount(-value, decimals, places)
    units, rest = divmod(value, 10**decimals)
    fraction = f"{rest:0{decimals}d}" if decimals else ""
    if places is not None:
        if 0 < value < 10 ** (decimals - min(places, decimals)):
            return "<1" if places == 0 else f"<0.{'0' * (min(places, decimals) - 1)}1"
        fraction = fraction[:places]
    fraction = fraction.rstrip("0")
    return f"{units:,}.{fraction}" if fraction else f"{units:,}"


def tokens(value: int, decimals: int, symbol: str) -> str:
    """An amount with its token, and the largest possible amount as what people mean by it."""
    if value == _UNLIMITED:
        return f"an unlimited amount of {symbol}" if symbol else "an unlimited amount"
    return f"{amount(value, decimals)} {symbol}".rstrip()


def percent(part: int, of: int, places: int = 2) -> str:
    """The share of `part` in `of`, rounded half up: `38.46 %`.

    A share that is not nothing is never shown as nothing, nor one that is not all as all.
    """
    if of == 0:
        return "0 %"
    scale = 10**places
    rounded = (part * 100 * scale * 2 + of) // (of * 2)
    if part and rounded == 0:
        return f"<{_scaled(1, places)} %"
    if part < of and rounded == 100 * scale:
        return f">{_scaled(100 * scale - 1, places)} %"
    return f"{_scaled(rounded, places)} %"


def fraction(numerator: int, denominator: int) -> str:
    """A share of the supply as governors are set to it: `4 %`, `0.35 %`, or `1/3` if inexact."""
    hundredths, rest = divmod(numerator * 1_000_000, denominator)
    if rest:
        return f"{whole(numerator)}/{whole(denominator)}"
    return f"{_scaled(hundredths, 4)} %"


def basis_points(value: int) -> str:
    """Hundredths of a percent as percent: 250 is `2.5 %`."""
    return f"{_scaled(value, 2)} %"


def multiple(value: int) -> str:
    """Hundredths of a percent of one as a multiple: 200,000 is `20x`."""
    return f"{_scaled(value, 4)}x"


def duration(seconds: int) -> str:
    """A span of time in its two largest units: `2 days 3 hours`."""
    if seconds < 0:
        return f"minus {duration(-seconds)}"
    parts: list[str] = []
    for name, size in _UNITS:
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(f"{number:,} {name}{'' if number == 1 else 's'}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts) or "0 seconds"


def moment(timestamp: int) -> str:
    """Seconds since 1970 as date and time: `20 November 2026, 13:44:05 UTC`."""
    try:
        at = datetime.fromtimestamp(timestamp, UTC)
    except (ValueError, OverflowError, OSError):
        return f"second {whole(timestamp)} since 1970"
    return f"{at.day} {at:%B %Y, %H:%M:%S} UTC"


def timepoint(value: int, mode: ClockMode) -> str:
    """A timepoint of a governor's clock: a moment, or `block 12,345`."""
    return moment(value) if mode is ClockMode.TIMESTAMP else f"block {whole(value)}"


def span(value: int, mode: ClockMode) -> str:
    """A length of time in a governor's clock: `3 days`, or `1,200 blocks`."""
    if mode is ClockMode.TIMESTAMP:
        return duration(value)
    return f"{whole(value)} block{'' if value == 1 else 's'}"


def buckets(counted: frozenset[Bucket]) -> str:
    """The votes that count: `For and Abstain`."""
    return joined([_BUCKETS[bucket] for bucket in _BUCKET_ORDER if bucket in counted])


def joined(words: list[str]) -> str:
    """Words as a list: `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def quorum(check: QuorumCheck, decimals: int, *, final: bool = True, closed: bool = False) -> str:
    """The arithmetic of a quorum, every number of it.

    `final` is false while the snapshot is not past, so that the number may still move; `closed` is
    true once no more votes are taken.
    """
    held = (
        f"{buckets(check.buckets)} {'holds' if len(check.buckets) == 1 else 'together hold'} "
        f"{amount(check.counted, decimals)} votes"
    )
    sentences = [_verdict(check, closed), f"{held}; {_needed(check, decimals, final)}."]
    if not check.reached:
        missing = amount(check.missing, decimals)
        sentences.append(f"{missing} {'were' if closed else 'are'} missing.")
    if not final:
        sentences.append("This is provisional until the snapshot is past.")
    return " ".join(sentences)


def quorum_unknown() -> str:
    """What is said while the quorum has not been read."""
    return (
        "The quorum is not known yet: it is read from the governor, and shown here as soon as "
        "it answers."
    )


def state(
    now: ProposalState,
    following: Change | None,
    *,
    quorum_reached: bool | None = None,
    majority: bool | None = None,
) -> str:
    """A proposal's state in a sentence, and what time alone brings next."""
    match now:
        case ProposalState.PENDING:
            said = "Voting has not opened yet."
        case ProposalState.ACTIVE:
            said = "Voting is open."
        case ProposalState.CANCELED:
            said = "The proposal was canceled. Nothing of it will be carried out."
        case ProposalState.DEFEATED:
            said = _defeat(quorum_reached, majority)
        case ProposalState.SUCCEEDED:
            said = "The vote is won. Anyone may now queue or execute the proposal."
        case ProposalState.QUEUED:
            said = "The proposal waits in the timelock."
        case ProposalState.EXPIRED:
            said = "The proposal was not executed within the timelock's grace period and lapsed."
        case ProposalState.EXECUTED:
            said = "The proposal was carried out."
    if following is None:
        ready = now is ProposalState.QUEUED
        return f"{said} Its delay is over: anyone with the right may execute it." if ready else said
    return f"{said} {_following(following)}"


def _following(change: Change) -> str:
    at = timepoint(change.value, change.clock_mode)
    match change.kind:
        case ChangeKind.VOTING_OPENS:
            return f"It opens at {at}."
        case ChangeKind.VOTING_CLOSES:
            if change.follows is None:
                return f"It closes at {at}."
            carried = change.follows is ProposalState.SUCCEEDED
            return (
                f"It closes at {at}. As the votes stand, the proposal would be "
                f"{'carried' if carried else 'defeated'}."
            )
        case ChangeKind.EXECUTION_OPENS:
            return f"It may be executed from {at}."
        case ChangeKind.EXPIRES:
            return f"It may be executed until {at}, when it lapses."


def _defeat(quorum_reached: bool | None, majority: bool | None) -> str:
    if majority is False and quorum_reached is False:
        return "The proposal was defeated: For did not outweigh Against, and quorum was missed."
    if majority is False:
        return "The proposal was defeated: For did not outweigh Against."
    if quorum_reached is False:
        return "The proposal was defeated: quorum was missed."
    return "The proposal was defeated."


def _verdict(check: QuorumCheck, closed: bool) -> str:
    if check.reached:
        return "Quorum was reached." if closed else "Quorum is reached."
    return "Quorum was missed." if closed else "Quorum is not reached yet."


def _needed(check: QuorumCheck, decimals: int, final: bool) -> str:
    needed = amount(check.needed, decimals)
    match check.basis:
        case FixedQuorum():
            return f"the governor asks for {needed}, whatever the supply"
        case FractionQuorum(supply=supply, numerator=numerator, denominator=denominator):
            existed = "that existed at the snapshot" if final else "that exist now"
            return (
                f"{fraction(numerator, denominator)} of the {amount(supply, decimals)} votes "
                f"{existed} are needed, that is {needed}"
            )


def _scaled(value: int, places: int) -> str:
    """`value` / 10**places without trailing zeros."""
    return amount(value, places)
