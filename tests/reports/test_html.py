"""The page: whole, self-contained, safe whatever a scenario says, and equal for equal results."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from zonediff.reports.forms.html import render
from zonediff.reports.page.index import RESERVED
from zonediff.reports.text.kinds import SYMBOLS, css
from zonediff.result.result import Result

VOID = {"meta", "br", "input"}
OPTIONAL = {"li", "p", "dt", "dd", "tr", "th", "td", "thead", "tbody"}
ENDED_BY = {
    "li": {"li", "p"},
    "td": {"td", "th", "p"},
    "th": {"td", "th", "p"},
    "tr": {"td", "th", "tr", "p"},
    "tbody": {"td", "th", "tr", "thead", "tbody", "p"},
    "p": {"p"},
    "dt": {"dt", "dd", "p"},
    "dd": {"dt", "dd", "p"},
}
"""Elements that need no end tag, and those that a start tag ends."""

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=https://example.org/x onerror=alert(1)>',
    "' onclick='alert(1)",
    "javascript:alert(1)",
    "</style></script><!--",
    "{{ 7 * 7 }}{% raw %}",
    "left \N{RIGHT-TO-LEFT OVERRIDE}thgir\N{POP DIRECTIONAL FORMATTING}",
    "half a pair \ud800",
    "null \0 bell \a newline \n tab \t",
    "x" * 10_000,
    "",
    " ",
]


class Page(HTMLParser):
    """A page's elements; complains when they are not nested properly."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        while self.open and self.open[-1] in ENDED_BY.get(tag, ()):
            self.open.pop()
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes.extend((tag, name, value) for name, value in attrs)

    def handle_endtag(self, tag: str) -> None:
        while self.open[-1] != tag:
            assert self.open.pop() in OPTIONAL
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def values(self, name: str) -> list[str]:
        return [value or "" for _, key, value in self.attributes if key == name]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module")
def page(result: Result) -> Page:
    return Page(render(result))


def test_equal_results_give_equal_pages(result: Result) -> None:
    assert render(result) == render(replace(result))


def test_it_is_a_whole_page(result: Result, page: Page) -> None:
    text = render(result)
    assert text.startswith('<!DOCTYPE html>\n<html lang="en">')
    for tag in ("html", "head", "title", "body", "main", "h1"):
        assert page.tags[tag] == 1


def test_the_page(result: Result, golden: Callable[[str, str], None]) -> None:
    text = re.sub(r"(?s)(<(style|script)>).*?(</\2>)", r"\1...\3", render(result))
    golden("report.html", re.sub("sha256-[A-Za-z0-9+/=]*", "sha256-...", text))


def test_names_between_backticks_are_code(result: Result) -> None:
    text = "`<b>` and ``memory32/state``, `not closed"
    variants = [replace(item, summary=text, description=text) for item in result.variants]
    shown = render(replace(result, variants=variants))
    assert "<p><code>&lt;b&gt;</code> and <code>memory32/state</code>, `not closed</p>" in shown
    assert "`&lt;b&gt;`" not in shown


def test_ids_are_unique_and_links_lead_somewhere(page: Page) -> None:
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    targets = [target for target in page.values("href") if not target.startswith("https://")]
    assert targets
    assert {target[0] for target in targets} == {"#"}
    assert {target[1:] for target in targets} <= set(ids)


ABROAD = (
    "https://lore.kernel.org/all/",
    "https://git.kernel.org/linus/",
    "https://elixir.bootlin.com/linux/",
)


def test_messages_commits_and_functions_are_links_to_the_web(page: Page) -> None:
    abroad = [target for target in page.values("href") if target.startswith("https://")]
    assert abroad
    assert all(target.startswith(ABROAD) for target in abroad)
    assert page.values("rel") == ["noreferrer"] * len(abroad)
    assert "https://elixir.bootlin.com/linux/v4.10/A/ident/memory_root_attrs" in abroad


@pytest.mark.parametrize("made", ["", "2026-11-30"])
def test_the_title_says_what_was_compared(
    result: Result, monkeypatch: pytest.MonkeyPatch, made: str
) -> None:
    """The date is there only where it is asked for, so that equal results give equal pages."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    if made:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795996800")
    title = re.findall("<title>(.*?)</title>", render(result))
    names = "igor-movable, michal-split/1, michal-split/3 and 1 more against upstream"
    date = f", {made}" if made else ""
    assert title == [f"{names}, 6 scenarios, zonediff {result.version}{date}"]


def test_nothing_is_loaded_from_anywhere(result: Result, page: Page) -> None:
    assert not {"src", "srcset", "action", "style"} & {name for _, name, _ in page.attributes}
    assert not {"link", "img", "iframe", "object", "embed", "base"} & set(page.tags)
    without_links = re.sub(r'<a rel="noreferrer" href="[^"]*">', "", render(result))
    assert not re.search(r"https?://|@import|//[a-z]", without_links)


def test_the_policy_allows_this_style_and_script_only(result: Result, page: Page) -> None:
    (policy,) = [value for value in page.values("content") if "default-src" in value]
    text = render(result)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules.pop("default-src") == "'none'"
    assert rules.pop("base-uri") == rules.pop("form-action") == "'none'"
    for tag in ("style", "script"):
        (inline,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert rules.pop(f"{tag}-src") == f"'sha256-{digest}'"
    assert rules == {}
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_stranger_writes_does_no_harm(
    hostile: Callable[[str], Result], page: Page, text: str
) -> None:
    rendered = render(hostile(text))
    rendered.encode()
    other = Page(rendered)
    assert other.tags["script"] == other.tags["style"] == 1
    assert set(other.tags) <= set(page.tags) | {"pre"}
    assert {name for _, name, _ in other.attributes} <= {n for _, n, _ in page.attributes}
    inside = [target for target in other.values("href") if not target.startswith(ABROAD)]
    assert {target[0] for target in inside} == {"#"}
    assert {target[1:] for target in inside} <= set(other.values("id"))
    assert len(other.values("id")) == len(set(other.values("id")))
    assert not any(" " in name for name in other.values("id"))
    assert "49" not in other.text or text != "{{ 7 * 7 }}{% raw %}"


def test_text_that_would_hide_something_is_made_visible(hostile: Callable[[str], Result]) -> None:
    text = Page(render(hostile("a\N{RIGHT-TO-LEFT OVERRIDE}b"))).text
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in text
    assert "a\\u202eb" in text


def test_it_reads_from_the_verdict_down(result: Result) -> None:
    assert re.findall("<h2>(.*?)</h2>", render(result)) == [
        "Verdict",
        "Errors",
        "Regressions",
        "Matrix",
        "ABI removals",
        "Fixes",
        "Behaviour changes",
        "Intended differences",
        "Declared intents",
        "Same behaviour",
        "Claims",
        "History",
        "Scenarios",
        "Kernel functions",
        "Evidence",
        "Variants",
        "Provenance",
    ]


def test_every_scenario_and_its_reasons_are_there(result: Result, page: Page) -> None:
    text = numberless(page.text)
    for scenario in result.scenarios:
        assert scenario.title in page.text
        assert scenario.why in page.text
    for run in result.runs:
        for step in run.trace.steps if run.trace else ():
            for act in step.acts:
                assert all(numberless(reason.text) in text for reason in act.reasons)
    assert "RuntimeError: <no> 'zone'" in page.text


def numberless(text: str) -> str:
    """Of reasons that differ in numbers only a page shows the first and the last."""
    return re.sub("[0-9]+", "", text)


def test_what_differs_is_said_in_words_as_well_as_in_colour(page: Page) -> None:
    assert "first difference" in page.text
    assert "memory32: offline → online [Movable Normal]" in page.text
    assert "regression abi" in page.values("class")
    assert "✗ regression ⊘ ABI" in page.text


def test_every_class_has_its_sign_in_the_style(result: Result) -> None:
    style = re.findall("(?s)<style>(.*?)</style>", render(result))[0]
    for kind, sign in SYMBOLS.items():
        assert f'.{css(kind)} {{ --sign: "{sign}"; }}' in style
    assert "&" not in style


def test_claims_are_there_with_their_cases(page: Page) -> None:
    for text in (
        "C01 Igor Mammedov : A plain udev rule fails on the first block.",
        "supported upstream, michal-split/1",
        "refuted igor-movable",
        "supported if holds : the first block is refused step 1: EINVAL in ordering/reproducer",
        "besides holds : a way to online it movable after 2 writes (100 %, claimed 50 %)",
        "does not count: the mail contradicts itself",
        "echo online_movable > memory39/state echo online_movable > memory38/state",
        "what is a bug is a matter of opinion",
    ):
        assert text in page.text
    assert "#claim/C01" in page.values("href")


def test_the_sources_are_told(page: Page) -> None:
    assert "zonediff at 0123456789abcdef0123456789abcdef01234567" in page.text
    assert "variant file mine.py at no revision, with changes" in page.text


def test_an_interrupted_result_says_so(result: Result) -> None:
    part = replace(result, complete=False, runs=result.runs[:2], judgements=result.judgements[:1])
    text = Page(render(part)).text
    assert "the run was interrupted after 2 of 30 cells" in text
    assert "Not run." in text


def test_a_result_without_candidates_or_scenarios_has_a_page(result: Result) -> None:
    alone = replace(
        result,
        variants=result.variants[:1],
        scenarios=[],
        runs=[],
        judgements=[],
        removals=[],
        intents=[],
        claims=[],
    )
    assert "0 scenarios were run" in Page(render(alone)).text


def test_a_result_of_no_scenarios_lists_what_is_removed(result: Result) -> None:
    bare = replace(result, scenarios=[], runs=[], judgements=[], intents=[], claims=[])
    text = Page(render(bare)).text
    for item in result.removals:
        assert all(removal.what in text for removal in item.removals)


def test_a_result_of_no_scenarios_has_no_empty_parts(result: Result) -> None:
    bare = replace(result, scenarios=[], runs=[], judgements=[], intents=[], claims=[])
    page = Page(render(bare))
    ids = page.values("id")
    assert not {"verdict", "matrix", "filter", "alike", "scenarios"} & set(ids)
    assert {target[1:] for target in page.values("href")} <= set(ids)
    assert "script" not in page.tags


def test_no_part_of_the_page_has_an_anchor_that_a_scenario_could_take() -> None:
    templates = files("zonediff.reports").joinpath("templates")
    texts = [item.read_text() for item in templates.iterdir() if item.name.endswith(".html")]
    assert len(texts) > 10
    fixed = {name for text in texts for name in re.findall(r'id="([^"{:]+)"', text)}
    assert {"verdict", "patches"} <= fixed
    assert fixed <= {*RESERVED}


def test_known_outcomes_are_marked_on_the_page(result: Result, with_known: Result) -> None:
    text, bare = render(with_known), render(result)
    assert "<i>known: declared in the series</i>" in text
    assert text.count("<i>known</i>") == 1  # the failure
    cells = '<td class="[^"]*">[^<]* known(?=<td|\n)'  # of the matrix
    assert len(re.findall(cells, text)) == 2
    assert "1 error, 1 of them known</a>" in text
    assert re.search("[0-9]+ regressions?, 1 of them known</a>", text)
    assert "of them known" not in bare
    assert not re.search(cells, bare)
