"""Layout of charts: numbers in, points of an SVG out. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 1000, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class StepChart:
    """A stepped line over time in a box of WIDTH by HEIGHT; `peak` is the value at the top."""

    line: str
    area: str
    peak: int
    first: int
    last: int


def step_chart(points: Sequence[tuple[int, int]], until: int) -> StepChart | None:
    """Lay out (seconds, value) points, oldest first, each value holding to the next and `until`.

    None without points: there is nothing to draw.
    """
    if not points:
        return None
    first, last = points[0][0], max(until, points[-1][0] + 1)
    peak = max(value for _, value in points)
    path: list[str] = []
    for index, (moment, value) in enumerate(points):
        x = (moment - first) * WIDTH // (last - first)
        y = HEIGHT - (value * HEIGHT // peak if peak else 0)
        path.append(f"M{x} {y}" if index == 0 else f"H{x}V{y}")
    line = "".join(path) + f"H{WIDTH}"
    return StepChart(line=line, area=f"{line}V{HEIGHT}H0Z", peak=peak, first=first, last=last)
