"""Markdown: what GitHub's own renderer makes of it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zonediff.reports.forms import markdown
from zonediff.reports.text import markdown as markup
from zonediff.reports.text.plain import one_line, visible
from zonediff.result.result import Result

cmarkgfm = pytest.importorskip("cmarkgfm")

NASTY = (
    "<script>alert(1)</script>", "[x](javascript:y)", "![x](y)", "http://evil.example", "a@b.c",
    "@someone", "#12", "www.evil.example", "- x", "1. x", "123) x", "> x", "# x", "===", "| a |",
    "`", "``a`", "\\|", "&lt;", "__a__", "a_b_c", "*a*", "~~a~~", "[ ] x", "[^1]", "$a$", "<!-- x",
    "</details>", "xmpp:a@b.c/d", "mailto:a@b.c",
)  # fmt: skip


def shown(text: str) -> str:
    out: str = cmarkgfm.github_flavored_markdown_to_html(
        text, cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE
    )
    return out


TEXT = (
    st.sampled_from(NASTY) | st.text("ab1 .|\\`*_[]()<>#~!&$@:/-+=w\n^\"'", max_size=20) | st.text()
)


@given(TEXT)
def test_text_is_text_wherever_it_stands(text: str) -> None:
    want = visible(one_line(text))
    if not want:
        return
    for place, page in (
        ("p: {}", r"<p>p: (.*)</p>\n"),
        ("- {}", r"<ul>\n<li>(.*)</li>\n</ul>\n"),
        ("| a |\n| --- |\n| {} |", r"<table>.*<td>(.*)</td>.*</table>\n"),
    ):
        match = re.fullmatch(page, shown(place.format(markup.text(text))), re.DOTALL)
        assert match is not None
        assert html.unescape(match[1].replace("<!-- -->", "")) == want


@given(TEXT)
def test_code_is_code_wherever_it_stands(text: str) -> None:
    want = visible(one_line(text))
    if not want:
        return
    for place, page, cell in (
        ("p: {}", r"<p>p: <code>(.*)</code></p>\n", False),
        ("| a |\n| --- |\n| {} |", r"<table>.*<td><code>(.*)</code></td>.*</table>\n", True),
    ):
        match = re.fullmatch(page, shown(place.format(markup.code(text, cell))), re.DOTALL)
        assert match is not None
        assert html.unescape(match[1]) == want


@given(TEXT)
def test_what_stands_in_html_is_text(text: str) -> None:
    want = visible(one_line(text))
    match = re.fullmatch(
        r"<details><summary>(.*)</summary>\n</details>\n",
        shown(f"<details><summary>{markup.html(text)}</summary>\n</details>"),
        re.DOTALL,
    )
    assert match is not None
    assert html.unescape(match[1].replace("<!-- -->", "")) == want
    assert not re.search(r"[@#]\w|://\w|www\.", html.unescape(match[1]), re.IGNORECASE)


@given(st.lists(st.text("`~ a\n", max_size=9), min_size=1, max_size=4))
def test_nothing_ends_a_block_of_code(lines: list[str]) -> None:
    page = shown("\n".join(markup.block(lines)))
    assert page.startswith("<pre><code>")
    assert page.endswith("</code></pre>\n")
    assert page.count("<code>") == 1


class Tags(HTMLParser):
    """Which elements there are; those that have an end are all ended, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.observation: set[str] = set()
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not attrs
        self.observation.add(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


OURS = {
    *("h3", "p", "ul", "li", "details", "summary", "b", "strong", "code", "pre", "sub"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


@pytest.mark.parametrize("text", [*NASTY, "x" * 3000, "\n\n", "", "\N{RIGHT-TO-LEFT OVERRIDE}"])
def test_whatever_a_stranger_writes_is_no_markup(
    hostile: Callable[[str], Result], text: str
) -> None:
    comment = markdown.render(hostile(text))
    assert len(comment.encode()) <= markup.LIMIT
    assert Tags(shown(comment)).observation <= OURS


def test_what_is_cut_is_said(result: Result) -> None:
    """A result too large for a comment: the first parts are whole, later ones name what is gone."""
    many = replace(
        result,
        claims=[replace(result.claims[0], id=f"C{number}" * 40) for number in range(900)],
    )
    comment = markdown.render(many)
    assert len(comment.encode()) <= markup.LIMIT
    [cut] = re.findall(r"\*\*Cut to fit into a comment:\*\* (\d+) of 900 under Claims\.", comment)
    assert comment.count("Igor Mammedov") == 900 - int(cut)
    assert "### Regressions" in comment
    assert "Cut" not in markdown.render(result)
    assert comment.splitlines()[-1].startswith("<sub>Made by a tool, zonediff")


def test_every_finding_is_named(result: Result) -> None:
    comment = markdown.render(result)
    for judgement in result.judgements:
        if judgement.kind != "unchanged":
            assert judgement.scenario in comment
    for variant in result.removals:
        assert all(removal.what in comment for removal in variant.removals)
