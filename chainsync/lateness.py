"""How late a chain is, and the word for it. Pure."""

from typing import Literal

Level = Literal["fresh", "late", "down"]


def late_after(block_time: float) -> int:
    """Seconds without a new block after which a chain counts as late."""
    return max(8, round(5 * block_time))


def down_after(block_time: float) -> int:
    """Seconds without a new block after which a chain counts as standing still."""
    return max(60, round(25 * block_time))


def level(age: int | None, block_time: float, *, halted: bool = False) -> Level:
    """`age`: seconds since the head block, None when there is none yet."""
    if halted or age is None or age > down_after(block_time):
        return "down"
    return "late" if age > late_after(block_time) else "fresh"


def age_text(age: int | None, found: Level) -> str:
    """The age in words: `3 s`, `44 s late`, `6 min, standing still`, `no block yet`."""
    if age is None:
        return "no block yet"
    age = max(age, 0)
    amount = f"{age} s" if age < 120 else f"{age // 60} min" if age < 7200 else f"{age // 3600} h"
    return {"fresh": amount, "late": f"{amount}, late", "down": f"{amount}, standing still"}[found]
