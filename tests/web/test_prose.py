"""Texts of strangers: what is rendered, what is refused, what is made visible."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance import amounts, charts, prose


def test_markdown_is_rendered_below_the_page_heading() -> None:
    html = prose.markdown("# One\n\n#### Deep\n\n**bold** `code`\n\n|a|b|\n|-|-|\n|1|2|")
    assert "<h3>One</h3>" in html
    assert "<h4>Deep</h4>" in html
    assert "<strong>bold</strong>" in html
    assert "<td>1</td>" in html


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](vbscript:msgbox)",
        "<a href='https://x' onclick=alert(1)>x</a>",
        "<svg/onload=alert(1)>",
        "![x](x onerror=alert(1))",
        "<style>body{display:none}</style>",
        "```<script>\nalert(1)\n```",
        '<https://x"onmouseover=alert(1)>',
        "[x](<javascript:alert(1)>)",
        "[x]: javascript:alert(1)\n\n[x]",
    ],
)
def test_nothing_dangerous_survives(hostile: str) -> None:
    html = prose.markdown(hostile)
    tags = re.findall(r"<[^>]*>", html)
    for tag in tags:
        assert not re.match(r"<(script|style|svg|img|iframe|form|input)", tag), tag
        assert not re.search(r"\son\w+\s*=", tag), tag
        assert not re.search(r"(javascript|vbscript|data):", tag), tag


def test_links_give_nothing_away() -> None:
    html = prose.markdown("[the analysis](https://example.org/a?b=1)")
    assert 'rel="nofollow noopener noreferrer ugc"' in html


def test_pictures_are_left_out_and_named() -> None:
    html = prose.markdown("![a chart](https://evil.example/pixel.png)")
    assert "<img" not in html
    assert "Picture left out" in html
    assert "a chart" in html


@pytest.mark.parametrize(
    "char", ["\u202e", "\u2066", "\u200b", "\ufeff", "\u00ad", "\x07", "\U000e0041"]
)
def test_hidden_characters_are_spelled_out(char: str) -> None:
    for html in (prose.visible(f"a{char}b"), prose.markdown(f"a{char}b")):
        assert char not in html
        assert f"U+{ord(char):04X}" in html


def test_pictographs_keep_their_joiner() -> None:
    family = "\U0001f469\u200d\U0001f680"
    assert prose.visible(family) == family


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_rendered_without_a_script(text: str) -> None:
    for html in (prose.visible(text), prose.markdown(text)):
        assert "<script" not in html
        assert "\u202e" not in html


def test_a_long_text_is_cut() -> None:
    assert len(prose.markdown("word " * 200_000)) < 2 * prose.RENDERED_LENGTH


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**128), st.integers(0, 24))
def test_amounts_come_back_from_their_exact_text(units: int, decimals: int) -> None:
    from governance.wording import amount

    assert amounts.parse(amount(units, decimals), decimals) == units


@pytest.mark.parametrize("typed", ["", ".", "1.2.3", "-1", "1e3", "٣", "0.0000000000000000001"])
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"write digits|decimals"):
        amounts.parse(typed, 18)


def test_widths_never_exceed_their_bar() -> None:
    assert amounts.width(1, 3) == "33.33%"
    assert amounts.width(5, 3) == "100.00%"
    assert amounts.width(1, 0) == "0%"


def test_a_step_chart_holds_each_value_to_the_next() -> None:
    chart = charts.step_chart([(0, 10), (50, 20)], until=100)
    assert chart is not None
    assert chart.line == "M0 100H500V0H1000"
    assert chart.peak == 20
    assert charts.step_chart([], until=5) is None
