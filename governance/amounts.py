"""Amounts and shares where room is short, and back from what a person types. Pure."""

from governance import wording

SMALL_PLACES = 4
"""Decimals that are told of an amount below one whole token."""


def brief(units: int, decimals: int) -> str:
    """`units` in tokens, cut (never rounded up) to what an eye needs.

    Whole tokens from 1,000 on, two decimals from one, four below.
    """
    scale = 10**decimals
    places = 0 if abs(units) >= 1000 * scale else 2 if abs(units) >= scale else SMALL_PLACES
    return wording.amount(units, decimals, places)


def width(part: int, whole: int) -> str:
    """`part` of `whole` as the width of a bar: a percentage with two decimals, at most 100."""
    if whole <= 0 or part <= 0:
        return "0%"
    hundredths = min(part * 10_000 // whole, 10_000)
    return f"{hundredths // 100}.{hundredths % 100:02d}%"


def parse(text: str, decimals: int) -> int:
    """Base units of a number of tokens that a person typed (`1,234.5`). Raises ValueError."""
    whole, _, rest = text.replace(",", "").replace(" ", "").strip().partition(".")
    if not (whole or rest) or not (whole + rest).isascii() or not (whole + rest).isdigit():
        raise ValueError(f"{text[:40]!r} is not an amount: write digits, such as 1234.5")
    if len(rest) > decimals:
        raise ValueError(f"{text[:40]!r} has more than {decimals} decimals; the token has no more")
    scale: int = 10**decimals
    return int(whole or "0") * scale + int(rest.ljust(decimals, "0") or "0")
