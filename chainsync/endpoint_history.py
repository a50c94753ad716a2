"""The history of one endpoint as pages and the API read it: parts of time, their sums, charts."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from chainsync import charts
from chainsync.charts import Chart
from chainsync.endpoint import latencies
from chainsync.endpoint.history import COUNTS
from chainsync.models import Dispute
from charter.models import Endpoint

FAILURES = {
    "timeouts": "no answer in time",
    "unreachable": "not reachable",
    "malformed": "an answer that cannot be",
    "too_large": "an answer too large to read",
    "wrong_chain": "another chain than it should",
    "other": "something else",
}
"""Sorts of failure in words; being asked to slow down is counted apart."""

WINDOWS = {
    "hour": ("hour", 3_600, 60),
    "day": ("24 hours", 86_400, 900),
    "week": ("7 days", 604_800, 3_600 * 2),
    "month": ("30 days", 2_592_000, 3_600 * 8),
}
"""By name: how it is called, its length and that of its parts, in seconds."""

_PARTS = f"""
SELECT floor(extract(epoch FROM minute) / %(part)s)::bigint AS part,
       {", ".join(f"sum({name})::bigint" for name in COUNTS)}, max(latency_max_ms),
       max(lag_blocks), max(disagreements)
FROM chainsync_endpointminute
WHERE endpoint_id = %(endpoint)s AND minute >= to_timestamp(%(begin)s)
GROUP BY part
"""  # noqa: S608 - names of columns
_LATENCIES = """
SELECT floor(extract(epoch FROM minute) / %(part)s)::bigint AS part, bucket - 1, sum(count)::bigint
FROM chainsync_endpointminute, unnest(latencies) WITH ORDINALITY AS told(count, bucket)
WHERE endpoint_id = %(endpoint)s AND minute >= to_timestamp(%(begin)s) AND count > 0
GROUP BY part, bucket
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """How the endpoint answered in one part of the window; nothing was asked where `requests` is 0.

    `begin` in seconds since 1970; times in milliseconds, None without an answer; `lag` in blocks,
    None where it gave no head.
    """

    begin: int
    requests: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    rate_limited: int = 0
    median: int | None = None
    slowest: int | None = None
    lag: int | None = None
    disagreements: int = 0

    @property
    def failed(self) -> int:
        """Questions that were not answered, without those that it put off."""
        return sum(self.failures.values())

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.begin, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A window of an endpoint's history with its charts."""

    name: str
    title: str
    begin: int
    end: int
    parts: list[Part]
    total: Part
    disputes: list[Dispute]
    speed: Chart | None
    lag: Chart | None
    failures: Chart
    lies: Chart

    @property
    def told(self) -> list[Part]:
        """Parts in which something was asked, newest first."""
        return [part for part in reversed(self.parts) if part.requests]

    @property
    def answered_share(self) -> str:
        """`99.8 %` of the questions were answered; empty when none was put."""
        total = self.total.requests
        if not total:
            return ""
        lost = self.total.failed + self.total.rate_limited
        # Rounded down, so that 100 % means every single one.
        tenths = 1000 * (total - lost) // total
        return f"{tenths // 10}.{tenths % 10} %" if tenths % 10 else f"{tenths // 10} %"

    @property
    def sorts(self) -> list[tuple[str, int]]:
        """Failures of the window by sort in words, the most frequent first."""
        counts = sorted(self.total.failures.items(), key=lambda item: -item[1])
        told = [(FAILURES[sort], count) for sort, count in counts if count]
        if self.total.rate_limited:
            told.append(("asked us to slow down", self.total.rate_limited))
        return told


def read(endpoint: Endpoint, window: str, now: float) -> History:
    """A window (of WINDOWS) of the history of an endpoint up to `now`. Three queries."""
    title, length, step = WINDOWS[window]
    last = int(now // step)
    first = last - length // step + 1
    asked = {"endpoint": endpoint.pk, "part": step, "begin": first * step}
    histograms: dict[int, list[int]] = defaultdict(latencies.empty)
    for part, bucket, count in _rows(_LATENCIES, asked):
        histograms[part][bucket] += count
    known = {row[0]: row[1:] for row in _rows(_PARTS, asked)}
    parts = [
        _part(number * step, known.get(number), histograms.get(number))
        for number in range(first, last + 1)
    ]
    begin, end = first * step, (last + 1) * step
    disputes = list(_disputes(endpoint, begin))
    return History(
        name=window,
        title=title,
        begin=begin,
        end=end,
        parts=parts,
        total=_total(parts, latencies.added(list(histograms.values()))),
        disputes=disputes,
        speed=_speed(parts),
        lag=_lag(parts),
        failures=_failures(parts),
        lies=_lies(disputes, begin, end),
    )


def _rows(query: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, asked)
        return list(cursor.fetchall())


def _part(begin: int, row: Sequence[Any] | None, histogram: list[int] | None) -> Part:
    if row is None:
        return Part(begin=begin)
    counts = dict(zip(COUNTS, row, strict=False))
    slowest, lag, disagreements = row[len(COUNTS) :]
    median = latencies.median(histogram) if histogram else None
    return Part(
        begin=begin,
        requests=counts["requests"],
        failures={sort: counts[sort] for sort in FAILURES},
        rate_limited=counts["rate_limited"],
        median=median,
        slowest=None if median is None else slowest,
        lag=lag,
        disagreements=disagreements,
    )


def _total(parts: Sequence[Part], histogram: list[int]) -> Part:
    slowest = [part.slowest for part in parts if part.slowest is not None]
    lags = [part.lag for part in parts if part.lag is not None]
    return Part(
        begin=parts[0].begin,
        requests=sum(part.requests for part in parts),
        failures={sort: sum(part.failures.get(sort, 0) for part in parts) for sort in FAILURES},
        rate_limited=sum(part.rate_limited for part in parts),
        median=latencies.median(histogram),
        slowest=max(slowest, default=None),
        lag=max(lags, default=None),
        disagreements=max(part.disagreements for part in parts),
    )


def _disputes(endpoint: Endpoint, begin: int) -> Sequence[Dispute]:
    since = datetime.fromtimestamp(begin, UTC)
    still_told = Q(outcome=Dispute.Outcome.ENDPOINT_WRONG) & (
        Q(recanted_at=None) | Q(recanted_at__gte=since)
    )
    lasting = Q(closed_at=None) | Q(closed_at__gte=since) | still_told
    rows = Dispute.objects.filter(lasting, endpoint=endpoint)
    return list(rows.select_related("endpoint", "contract").order_by("-id")[:200])


def _over(row: Dispute) -> datetime | None:
    """When it was decided; a proven lie lasts until the endpoint stops telling it."""
    return row.recanted_at if row.outcome == Dispute.Outcome.ENDPOINT_WRONG else row.closed_at


def _speed(parts: Sequence[Part]) -> Chart | None:
    slowest = [part.slowest for part in parts]
    peak = max((value for value in slowest if value is not None), default=None)
    if peak is None:
        return None
    top = charts.ceiling(peak)
    medians = charts.line([part.median for part in parts], top)
    return Chart(top, lines=(charts.line(slowest, top), medians))


def _lag(parts: Sequence[Part]) -> Chart | None:
    lags = [part.lag for part in parts if part.lag is not None]
    if not lags:
        return None
    top = charts.ceiling(max(lags))
    return Chart(top, bars=charts.stacked([[("lag", part.lag or 0)] for part in parts], top))


def _failures(parts: Sequence[Part]) -> Chart:
    columns = [
        [
            *((sort.replace("_", "-"), part.failures.get(sort, 0)) for sort in FAILURES),
            ("rate-limited", part.rate_limited),
        ]
        for part in parts
    ]
    top = charts.ceiling(max(sum(count for _, count in column) for column in columns))
    return Chart(top, bars=charts.stacked(columns, top))


def _lies(disputes: Sequence[Dispute], begin: int, end: int) -> Chart:
    times = [
        (
            row.opened_at.timestamp(),
            None if (over := _over(row)) is None else over.timestamp(),
            "lie" if row.outcome == Dispute.Outcome.ENDPOINT_WRONG else "dispute",
        )
        for row in reversed(disputes)
    ]
    return Chart(1, bars=charts.spans(times, begin, end))
