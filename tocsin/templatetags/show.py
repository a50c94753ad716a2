"""How values are shown: amounts, addresses, hashes and moments, each the same everywhere."""

from datetime import UTC, datetime
from typing import Any

from django import template
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from charter.representation import LAST_DATED_SECOND, hexadecimal, iso
from governance import amounts, prose, wording
from governance.models import Vote
from governance.moments import When
from proofs.statements.tally import FRACTIONAL_SUPPORT

register = template.Library()


@register.filter
def group(number: int | None) -> str:
    """A whole number with commas between thousands."""
    return "" if number is None else wording.whole(int(number))


@register.simple_tag
def tokens(units: int, decimals: int, symbol: str = "") -> SafeString:
    """An amount for the eye, its exact value one hover or one copy away."""
    full = wording.amount(units, decimals)
    return format_html(
        '<data class="num" value="{}" title="{}">{}{}</data>',
        units,
        f"{full} {symbol}".strip(),
        amounts.brief(units, decimals),
        f" {symbol}" if symbol else "",
    )


@register.simple_tag
def share(part: int, whole: int) -> str:
    """`part` of `whole` in percent."""
    return wording.percent(part, whole, 1) if whole else ""


@register.filter(name="get")
def item(mapping: dict[Any, Any], key: Any) -> Any:
    """The value of `key`, None where there is none."""
    return mapping.get(key)


@register.filter(name="hex")
def hexed(raw: bytes) -> str:
    """Bytes as `0x` and digits."""
    return hexadecimal(raw) or ""


@register.simple_tag
def exact(units: int, decimals: int) -> str:
    """An amount with all its decimals."""
    return wording.amount(units, decimals)


@register.filter
def short(value: str) -> str:
    """An address or a hash, shortened so that its ends can be compared."""
    return f"{value[:6]}…{value[-4:]}" if len(value) > 14 else value


@register.filter
def fours(value: str) -> list[str]:
    """A hash in groups of four digits, to be read aloud."""
    digits = value.removeprefix("0x")
    return [digits[i : i + 4] for i in range(0, len(digits), 4)]


@register.filter
def visible(text: str) -> SafeString:
    """A stranger's words on one line: escaped, hidden characters spelled out."""
    return mark_safe(prose.visible(text))  # noqa: S308 - escaped there


@register.filter
def markdown(text: str) -> SafeString:
    """A stranger's Markdown as sanitized HTML."""
    return mark_safe(prose.markdown(text))  # noqa: S308 - sanitized there


@register.filter
def utc(seconds: int | datetime | None) -> str:
    """`Sat 21 Nov 2026, 17:20 UTC`; seconds are told only by `utc_full`."""
    return _date(seconds, "%a %-d %b %Y, %H:%M UTC")


@register.filter
def utc_full(seconds: int | datetime | None) -> str:
    """`Sat 21 Nov 2026, 17:20:05 UTC`."""
    return _date(seconds, "%a %-d %b %Y, %H:%M:%S UTC")


@register.simple_tag
def relative(seconds: int | datetime, now: int | None) -> SafeString:
    """How long ago or until, kept current by the page; the date is its title.

    Without `now` the date is told, so that a fragment is the same whenever it is rendered.
    """
    moment = _seconds(seconds)
    return format_html(
        '<time datetime="{}" data-relative="{}" title="{}">{}</time>',
        iso(moment) or "",
        moment,
        _date(moment, "%a %-d %b %Y, %H:%M:%S UTC"),
        _date(moment, "%-d %b, %H:%M UTC") if now is None else span(moment, now),
    )


@register.simple_tag
def when(moment: When | None) -> SafeString:
    """A moment as a date, with `about` where it was estimated from block times."""
    if moment is None:
        return SafeString("")
    pattern = "%a %-d %b, %H:%M:%S UTC" if moment.exact else "%a %-d %b, %H:%M UTC"
    return format_html(
        '{}<time datetime="{}">{}</time>',
        "" if moment.exact else "about ",
        iso(moment.seconds) or "",
        _date(moment.seconds, pattern),
    )


def span(moment: int, now: int) -> str:
    """`in 4 min 10 s`, `3 h ago`: the two greatest units between `now` and `moment`."""
    distance = abs(moment - now)
    if distance < 1:
        return "now"
    text = duration(distance)
    return f"in {text}" if moment > now else f"{text} ago"


@register.filter
def duration(seconds: int) -> str:
    """`2 days 3 h`, `4 min 10 s`, `12 s`."""
    parts = []
    rest = int(seconds)
    for size, word in ((86_400, "day"), (3_600, "h"), (60, "min"), (1, "s")):
        count, rest = divmod(rest, size)
        if count:
            plural = "s" if word == "day" and count > 1 else ""
            parts.append(f"{wording.whole(count)} {word}{plural}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts) or "0 s"


@register.filter
def spelled(number: int) -> str:
    """A small number as a word that begins a sentence."""
    return spelled_low(number).capitalize()


@register.filter
def spelled_low(number: int) -> str:
    """A small number as a word."""
    return _NUMBERS[number] if number < len(_NUMBERS) else wording.whole(number)


_NUMBERS = (
    *("no", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)


@register.filter
def choice(support: int) -> str:
    """What a vote was for."""
    return _CHOICES.get(support, f"Unknown ({support})")


_CHOICES = {0: "Against", 1: "For", 2: "Abstain", FRACTIONAL_SUPPORT: "Split"}


@register.simple_tag
def parts(vote: Vote, decimals: int) -> str:
    """The parts of a split vote: `40,000 for, 20,000 abstain`."""
    found = (
        ("for", vote.for_votes),
        ("against", vote.against_votes),
        ("abstain", vote.abstain_votes),
    )
    return ", ".join(f"{amounts.brief(units, decimals)} {name}" for name, units in found if units)


@register.filter
def verdict(text: str) -> SafeString:
    """Sentences with the first one in bold."""
    first, stop, rest = text.partition(". ")
    return format_html("<b>{}{}</b>{}", first, stop.strip(), f" {rest}" if rest else "")


@register.simple_tag(takes_context=True)
def query(context: Any, **changes: Any) -> str:
    """The query of the present address with some parameters changed, or dropped by None."""
    asked: QueryDict = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None:
            asked.pop(name, None)
        else:
            asked[name] = str(value)
    return asked.urlencode()


@register.inclusion_tag("components/address.html")
def address(value: str, label: str = "", chain: str = "") -> dict[str, str]:
    """An address, linked to its page, with the charter's name for it where there is one."""
    return {"value": value, "label": label}


@register.filter
def level_class(level: str) -> str:
    """Class of a finding's level."""
    return {"alarm": "alarm", "warning": "warn"}.get(level, "plain")


def _seconds(moment: int | datetime) -> int:
    return int(moment.timestamp()) if isinstance(moment, datetime) else int(moment)


def _date(moment: int | datetime | None, pattern: str) -> str:
    if moment is None:
        return ""
    seconds = _seconds(moment)
    if not 0 <= seconds <= LAST_DATED_SECOND:
        return "beyond the calendar"
    return datetime.fromtimestamp(seconds, UTC).strftime(pattern)
