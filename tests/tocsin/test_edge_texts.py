"""Hostile texts: whatever a proposer writes, the page is small, quick and shows nothing hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from governance import prose, text

LENGTH = prose.RENDERED_LENGTH


def repeated(part: str) -> str:
    return (part * (LENGTH // len(part) + 1))[:LENGTH]


COSTLY = {
    "quotes": repeated(">"),
    "quotes and lists": repeated("> - 1. "),
    "deep lists": "".join(" " * depth + "- a\n" for depth in range(190)),
    "lists in a line": repeated("- "),
    "open brackets": repeated("["),
    "closed brackets": "[" * (LENGTH // 2) + "]" * (LENGTH // 2),
    "open links": repeated("[a](b"),
    "open pictures": repeated("!["),
    "parentheses": "[a](" + repeated("("),
    "emphasis": repeated("*a_"),
    "strong": repeated("**a *b "),
    "ticks": "".join("`" * length + " " for length in range(1, 200)),
    "open tags": repeated("<a "),
    "comments": repeated("<!--"),
    "instructions": repeated("<?"),
    "addresses": repeated("<http://a"),
    "entities": repeated("&#x41;"),
    "wide table": "|" + "a|" * 3000 + "\n|" + "-|" * 3000 + "\n" + "|b\n" * 2600,
    "long table": "|a|b|\n|-|-|\n" + "|c|d|\n" * 3300,
    "square table": ("|" + "a|" * 90 + "\n|" + "-|" * 90 + "\n") + "|b\n" * 6000,
    "definitions": "".join(f"[a{number}]: b\n" for number in range(2000)),
    "one long definition": "[a]: " + "b" * 9000 + "\n\n" + "[a]" * 1900,
    "one definition": "[a]: " + "b" * 1900 + "\n\n" + "[a]" * 1900,
    "overrides": repeated("\u202e"),
    "tags nobody sees": repeated("\U000e0041"),
    "joiners": repeated("\u200d"),
    "families": repeated("\U0001f469\u200d"),
    "nothing": repeated("\0"),
    "halves": repeated("\udcff\ud800"),
    "accents": "a" + repeated("\u0301"),
    "headings": repeated("# a\n"),
    "underlines": repeated("a\n=\n"),
    "rules": repeated("***\n"),
    "fences": repeated("```\n"),
    "spaces": repeated(" "),
    "returns": repeated("\r"),
    "backslashes": repeated("\\"),
    "titles": repeated('[a](b "'),
}


@pytest.mark.parametrize("name", COSTLY)
def test_no_text_becomes_a_page_that_is_much_larger_than_itself(name: str) -> None:
    prose.markdown.cache_clear()
    assert len(prose.markdown(COSTLY[name])) <= prose.LONGEST_HTML
    assert len(text.title_of(COSTLY[name])) <= text.TITLE_LENGTH


HOSTILE = [
    "<script>alert(1)</script>",
    "<ScRiPt/src=//evil>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<svg><animate onbegin=alert(1) attributeName=x>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href='jav&#x09;ascript:alert(1)'>x</a>",
    "<style>@import '//evil'</style>",
    "<base href=//evil>",
    "<meta http-equiv=refresh content='0;url=//evil'>",
    "<form action=//evil><input name=q></form>",
    "<template><script>alert(1)</script></template>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](\\javascript:alert(1))",
    "[x](%6aavascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "[x](file:///etc/passwd)",
    "[x](blob:https://evil/x)",
    "[x](//evil.example/)",
    '[x](https://good.example/"onmouseover="alert(1))',
    "[x](<https://good.example/ onmouseover=alert(1)>)",
    '[x](https://a "t\\" onmouseover=alert(1)")',
    "![x](https://evil/track.png)",
    "![x](javascript:alert(1))",
    '!["onerror=alert(1)](x)',
    "[x][y]\n\n[y]: javascript:alert(1)",
    "<javascript:alert(1)>",
    "<https://good.example/?<script>>",
    '```"><script>alert(1)</script>\nx\n```',
    "`<script>alert(1)</script>`",
    "| <script>alert(1)</script> |\n|-|\n| x |",
    "# <script>alert(1)</script>",
    "{{ 7*7 }} {% debug %}",
    "\u27e8U+003C\u27e9script\u27e8U+003E\u27e9",
    "<a class='button main' href=/sign-out/>Vote here</a>",
    "<span class='mark final'>final</span>",
    '<div id="vote-box" data-live="proposals" hx-get="/sign-out/" hx-trigger="load">x</div>',
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]
SAFE = {*prose._TAGS}


class Tags(HTMLParser):
    """Every tag of a text with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))


def variants() -> Iterator[str]:
    for one in HOSTILE:
        yield from (one, f"> {one}", f"- a\n\n  {one}", f"**{one}**", one.upper(), f"\u202e{one}")


@pytest.mark.parametrize("hostile", list(variants()))
def test_no_text_runs_leads_astray_or_pretends_to_be_ours(hostile: str) -> None:
    for tag, attributes in Tags(prose.markdown(hostile)).all:
        assert tag in SAFE, tag
        assert set(attributes) <= {"href", "rel", "class", "start", "title"}, attributes
        assert attributes.get("class") in (None, "unseen", "image-left-out"), attributes
        href = attributes.get("href")
        if href is not None:
            assert attributes["rel"] == "nofollow noopener noreferrer ugc"
            assert urlsplit(href.strip()).scheme.lower() in (
                "http",
                "https",
                "mailto",
                "ipfs",
                "",
            ), href
    assert not Tags(prose.visible(hostile)).all or "unseen" in prose.visible(hostile)


@pytest.mark.parametrize("hidden", [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x61C])
def test_text_that_reorders_what_follows_is_shown_as_such(hidden: int) -> None:
    for html in (
        prose.markdown(f"Pay 10 {chr(hidden)}ETH 000"),
        prose.visible(f"Pay {chr(hidden)}"),
    ):
        assert chr(hidden) not in html
        assert re.search(rf'class="unseen"[^>]*>U\+{hidden:04X}', html)


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"a\0b", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"])
def test_what_is_no_text_on_chain_is_kept_as_something_that_can_be_stored(raw: bytes) -> None:
    kept = text.text_of(raw)
    assert "\0" not in kept
    kept.encode("utf-8")
    assert "\ufffd" in kept
