"""Texts of strangers as safe HTML: Markdown rendered, what could deceive made visible. Pure."""

import html
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

RENDERED_LENGTH = 20_000
"""Characters of a text that are rendered; more is shown as plain text on demand."""
LONGEST_HTML = 400_000
"""Characters of HTML that one text may become; what would be longer is shown as plain text."""
MOST_BRACKETS = 2_000
"""Opening brackets of a text that is read as Markdown: links cost the square of their number."""
MOST_CELLS = 4_000
"""Cells of all tables of a text together: a narrow row costs as much as the widest one."""
LONGEST_LINK = 2_000
"""Characters of an address that is made a link: one definition may be used thousands of times."""

_HIDDEN = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5"
    "\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
_MARK = re.compile("\u27e8(U\\+[0-9A-F]{4,6})\u27e9")
_NAMES = {
    0x200B: "zero-width space",
    0x200C: "zero-width non-joiner",
    0x200D: "zero-width joiner",
    0x202E: "right-to-left override",
    0xFEFF: "byte order mark",
}
_TAGS = {
    *("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre"),
    *("code", "em", "strong", "s", "a", "table", "thead", "tbody", "tr", "th", "td", "span"),
}
_ATTRIBUTES = {"a": {"href"}, "span": {"class"}, "ol": {"start"}}


def _image_left_out(_: Any, tokens: Sequence[Token], index: int, *__: Any) -> str:
    token = tokens[index]
    source = html.escape(str(token.attrGet("src") or ""))
    words = html.escape(token.content) or "no description"
    return f'<span class="image-left-out">Picture left out: <a href="{source}">{words}</a></span>'


def _renderer(*, tables: bool) -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": False})
    markdown.enable(["table", "strikethrough"] if tables else ["strikethrough"]).disable("entity")
    markdown.add_render_rule("image", _image_left_out)
    sound = markdown.validateLink
    # Its types promise a method; the library's own way to change it is to put another in its place.
    markdown.validateLink = lambda url: len(url) <= LONGEST_LINK and sound(url)  # type: ignore[method-assign]
    return markdown


_MARKDOWN = _renderer(tables=True)
_WITHOUT_TABLES = _renderer(tables=False)


def reveal(text: str) -> str:
    """`text` with every character that hides or reorders others spelled out as `⟨U+202E⟩`.

    A zero-width joiner between two pictographs stays: it only makes one picture of them.
    """
    return _HIDDEN.sub(lambda match: _spell(text, match), text)


def visible(text: str) -> str:
    """One run of plain text as HTML: escaped, and hidden characters marked."""
    return _marked(html.escape(reveal(text)))


def without_title(text: str, title: str) -> str:
    """`text` without its first line where that is only the title that stands above it already."""
    head, _, rest = text.lstrip().partition("\n")
    return rest.lstrip("\n") if rest and head.strip("#* \r\t") == title else text


@lru_cache(maxsize=128)
def markdown(text: str) -> str:
    """Markdown as sanitized HTML: no raw HTML, no images, links that give nothing away.

    Headings start at the third level, since the page has its own above. At most RENDERED_LENGTH
    characters are rendered: call it with no more. A text that is made to cost much (thousands of
    brackets, tables without end) is shown as plain text, or its tables are.
    """
    rendered = _rendered(reveal(text[:RENDERED_LENGTH]))
    rendered = _under_page_headings(rendered)
    clean = nh3.clean(
        rendered,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "ipfs"},
        link_rel="nofollow noopener noreferrer ugc",
    )
    return _marked(clean)


def _rendered(text: str) -> str:
    """Markdown as HTML that is not sanitized yet, within bounds of time and length."""
    if text.count("[") <= MOST_BRACKETS:
        rows = [line.count("|") for line in text.splitlines() if "|" in line]
        small = len(rows) * (max(rows, default=0) + 1) <= MOST_CELLS
        rendered = (_MARKDOWN if small else _WITHOUT_TABLES).render(text)
        if len(rendered) <= LONGEST_HTML:
            return str(rendered)
    return f"<p>{html.escape(text)}</p>"


def _spell(text: str, match: re.Match[str]) -> str:
    char = match.group()
    if char == "\u200d" and _pictograph(text, match.start() - 1) and _pictograph(text, match.end()):
        return char
    return f"\u27e8U+{ord(char):04X}\u27e9"


def _pictograph(text: str, index: int) -> bool:
    if not 0 <= index < len(text):
        return False
    point = ord(text[index])
    return point == 0xFE0F or 0x2190 <= point <= 0x2BFF or 0x1F000 <= point <= 0x1FAFF


def _marked(safe: str) -> str:
    """Hidden characters as marks of their own; thousands of them stay spelled out in the text."""
    marked = _MARK.sub(_span, safe)
    return marked if len(marked) <= LONGEST_HTML else safe


def _span(match: re.Match[str]) -> str:
    code = match.group(1)
    name = _NAMES.get(int(code[2:], 16), "hidden character")
    return f'<span class="unseen" title="{name}">{code}</span>'


def _under_page_headings(rendered: str) -> str:
    """Headings from the third level on, and none deeper than one below the heading before it."""
    level = 2

    def lowered(match: re.Match[str]) -> str:
        nonlocal level
        if not match.group(1):
            level = min(int(match.group(2)) + 2, level + 1, 6)
        return f"<{match.group(1)}h{level}>"

    return re.sub(r"<(/?)h([1-6])>", lowered, rendered)
