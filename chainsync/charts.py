"""Layout of charts of an endpoint's history: numbers in, shapes of an SVG out. Pure.

Every chart is a box of WIDTH by HEIGHT, drawn without script; its words and its table stand beside
it. A part of time of which nothing is known is a gap, never a zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 1000, 160
_NICE = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle of a chart; `kind` is its class."""

    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars and lines of one chart, and the value at its top edge."""

    top: int
    bars: tuple[Bar, ...] = ()
    lines: tuple[str, ...] = ()


def ceiling(peak: int) -> int:
    """A round number at or above `peak` for the top of a chart: 1, 2, 5, 10, 20, 50, …."""
    if peak <= 1:
        return 1
    size: int = 10 ** (len(str(peak)) - 1)
    return next(size * step for step in _NICE if size * step >= peak)


def line(values: Sequence[int | None], top: int) -> str:
    """The path of a line through the middles of equal parts of time; it breaks where None is.

    A single value between two gaps is a short stroke, so that it is seen.
    """
    width = WIDTH / max(len(values), 1)
    path: list[str] = []
    drawing = False
    for index, value in enumerate(values):
        if value is None:
            drawing = False
            continue
        x, y = (index + 0.5) * width, _y(value, top)
        alone = not drawing and (index + 1 == len(values) or values[index + 1] is None)
        if alone:
            path.append(f"M{x - width / 3:.1f} {y:.1f}H{x + width / 3:.1f}")
        else:
            path.append(f"{'L' if drawing else 'M'}{x:.1f} {y:.1f}")
        drawing = True
    return "".join(path)


def stacked(columns: Sequence[Sequence[tuple[str, int]]], top: int) -> tuple[Bar, ...]:
    """Bars of equal parts of time, the (kind, value) pairs of each on top of one another.

    Whatever is not zero is at least two units high.
    """
    width = WIDTH / max(len(columns), 1)
    bars = []
    for index, column in enumerate(columns):
        below = 0.0
        for kind, value in column:
            if not value:
                continue
            height = max(HEIGHT * min(value, top) / top, 2.0)
            bars.append(
                Bar(
                    x=round(index * width + width * 0.1, 1),
                    y=round(HEIGHT - below - height, 1),
                    width=round(width * 0.8, 1),
                    height=round(height, 1),
                    kind=kind,
                )
            )
            below += height
    return tuple(bars)


def spans(
    times: Sequence[tuple[float, float | None, str]], begin: float, end: float
) -> tuple[Bar, ...]:
    """Bars over the whole height for (from, to, kind) in seconds; one without an end lasts on."""
    bars = []
    for first, last, kind in times:
        left, right = max(first, begin), min(end if last is None else last, end)
        if right < begin or left > end or end <= begin:
            continue
        x = WIDTH * (left - begin) / (end - begin)
        width = max(WIDTH * (right - left) / (end - begin), 4.0)
        bars.append(Bar(round(min(x, WIDTH - width), 1), 0, round(width, 1), HEIGHT, kind))
    return tuple(bars)


def _y(value: int, top: int) -> float:
    return HEIGHT - HEIGHT * min(value, top) / top
