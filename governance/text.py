"""Text that strangers put on chain, made fit to be kept and shown. Pure.

Markup stays as it is: whoever shows it escapes or sanitizes it. What is taken out here is what can
hide or reorder the words around it, and what PostgreSQL cannot hold.
"""

import re
import unicodedata

TITLE_LENGTH = 300
TITLE_SOURCE_LENGTH = 20_000
SEARCH_CONFIG = "english"
SEARCH_LENGTH = 50_000
"""Characters of a description that are searchable: PostgreSQL's tsvector holds at most 1 MB."""

UNTITLED = "Proposal without a title"

_REORDERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_INVISIBLE = re.compile("[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2064\ufeff]")
_SPACE = re.compile(r"\s+")
_RULE = re.compile(r"^[\s*_=~`|>+-]*$")
_PROPOSER_SUFFIX = re.compile(r"#proposer=0x[0-9a-fA-F]{40}\Z")


def text_of(raw: bytes) -> str:
    """Return on-chain bytes as text that PostgreSQL can hold.

    What is not UTF-8, and NUL, becomes U+FFFD, so a reader sees that something was there.
    """
    return raw.decode("utf-8", errors="replace").replace("\0", "\ufffd")


def one_line(text: str, limit: int) -> str:
    """Return ``text`` on one line of at most ``limit`` characters, with nothing that hides in it.

    Control characters become spaces; marks that reorder text or cannot be seen are dropped.
    """
    text = _INVISIBLE.sub("", _REORDERING.sub("", text))
    text = "".join(" " if unicodedata.category(char) == "Cc" else char for char in text)
    text = _SPACE.sub(" ", text).strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def title_of(description: str) -> str:
    """Return the first line of a description that says something, without its Markdown marks."""
    start = _PROPOSER_SUFFIX.sub("", description[:TITLE_SOURCE_LENGTH])
    for line in start.splitlines():
        if _RULE.match(line):
            continue
        heading = re.sub(r"^\s{0,3}#{1,6}(\s+|$)|\s+#+\s*$", "", line)
        heading = re.sub(r"^(\*\*|__)(.+)\1$", r"\2", heading.strip())
        title = one_line(heading, TITLE_LENGTH)
        if title and not _RULE.match(title):
            return title
    return UNTITLED


def word_of(raw: bytes) -> str:
    """Return a 32-byte word as the short ASCII text it holds, or as hex when it holds none.

    Market names are such words: text, padded with zero bytes on the right.
    """
    text = raw.rstrip(b"\0")
    if text and all(0x21 <= byte <= 0x7E for byte in text):
        return text.decode("ascii")
    return "0x" + raw.hex()
