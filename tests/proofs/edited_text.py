"""A text with any one character changed: an exhaustive neighbourhood, where chance would miss."""

from __future__ import annotations

from collections.abc import Collection, Iterator

STRANGE = b'0129afgF"\\,:[]{}x \x1f\x7f\x80'
"""What JSON and hex digits are made of, and some that neither is."""


def edited(text: bytes, but: Collection[int] = ()) -> Iterator[bytes]:
    """The text cut off anywhere, or with one character left out, put in or replaced, except at the
    positions ``but``."""
    for at in range(len(text)):
        if at in but:
            continue
        yield text[:at]
        yield text[:at] + text[at + 1 :]
        for byte in STRANGE:
            yield text[:at] + bytes([byte]) + text[at:]
            yield text[:at] + bytes([byte]) + text[at + 1 :]
