"""How far a tally is assured, and what is known for and against it. Pure."""

from dataclasses import dataclass

from chainsync import evidence
from chainsync.assurance import Assurance
from chainsync.evidence import Point
from governance import wording
from governance.proven import Proven


@dataclass(frozen=True, slots=True, kw_only=True)
class TallyAssurance:
    """The step that a tally reached, why, and whether its last votes may still be taken back."""

    reached: Assurance
    points: tuple[Point, ...]
    provisional: bool


def tally_assurance(
    proven: Proven,
    *,
    first: int,
    last: int | None,
    finalized: int | None,
    final_to: int | None,
    checked: int | None,
    differs: str,
) -> TallyAssurance:
    """What may be said of a tally of the logs from block `first` to its last vote in `last`.

    `proven` is what is proven of it, `finalized` the last final block of the chain,
    `final_to` that of the contract, which is lower while something of it is in dispute, `checked`
    that of the last comparison with the contract, `differs` what differed then, in words, or
    nothing.
    """
    final = last is not None and final_to is not None and last <= final_to
    points = [
        *proven.points(),
        *evidence.of_range(proven.read, first, first if last is None else last),
    ]
    if last is not None:
        points.append(_finality(last, finalized, final_to))
    if differs:
        points.append(Point("bad", differs))
    elif checked is not None:
        points.append(
            Point(
                "holds",
                f"State and totals were compared with the contract's own at block "
                f"{wording.whole(checked)}: they are the same.",
            )
        )
    else:
        points.append(Point("open", "Not compared with the contract's own totals yet."))
    return TallyAssurance(
        reached=proven.tally, points=tuple(points), provisional=last is not None and not final
    )


def _finality(last: int, finalized: int | None, final_to: int | None) -> Point:
    vote = f"The last vote lies in block {wording.whole(last)}"
    if finalized is None or last > finalized:
        until = "" if finalized is None else f" (final is up to block {wording.whole(finalized)})"
        return Point(
            "open", f"{vote}, which is not final yet{until}: a reorganisation could take it back."
        )
    if final_to is None or last > final_to:
        since = wording.whole(0 if final_to is None else final_to + 1)
        return Point(
            "open",
            f"{vote}. The chain calls it final, but what this contract did from block {since} on "
            "is in dispute: until that is settled the count is not final.",
        )
    return Point("holds", f"{vote}, which is final.")
