"""The page of the whole corpus in a real browser, with everything that a report can have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.reports.tab import Tab, started_browser
from zonediff.compare.assemble import Wanted, assemble
from zonediff.corpus.loader import load
from zonediff.explore.arena import STANDARD
from zonediff.explore.pairs import explore_pairs
from zonediff.explore.portrait import portraits
from zonediff.reports.forms.html import render
from zonediff.result.result import Result
from zonediff.variants.registry import COMPARED, Registry

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def whole() -> Result:
    registry = Registry()
    wanted = Wanted(
        scenarios=list(load()),
        variants=COMPARED,
        registry=registry,
        whole_corpus=True,
        judge_claims=True,
    )
    result = assemble(wanted).result
    policies = [registry.model(name).policy for name in wanted.models]
    explorations = explore_pairs(policies, STANDARD["two-blocks"])
    return replace(result, explorations=explorations, portraits=portraits(policies))


@pytest.fixture(scope="module")
def address(whole: Result, tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(whole), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started_browser() as started:
        yield started


@pytest.fixture(scope="module")
def tab(browser: Browser, address: str) -> Iterator[Tab]:
    tab = Tab(browser)
    tab.page.goto(address)
    yield tab
    assert tab.trouble == []
    tab.page.context.close()


CLICK_EVERY_CELL = """
async () => {
  const missed = [];
  // A layout of the page for each click would take minutes.
  Element.prototype.scrollIntoView = () => {};
  HTMLElement.prototype.focus = () => {};
  document.body.style.display = "none";
  const cells = Array.from(document.querySelectorAll("tr.s td"));
  for (const cell of cells) {
    const row = cell.parentElement;
    const scenario = decodeURIComponent(row.querySelector("a").hash.slice(1));
    const head = document.querySelectorAll(".matrix thead th")[cell.cellIndex];
    const differs = cell.classList.length && !cell.classList.contains("met");
    const expected = differs ? `${scenario}/${head.dataset.cell}` : scenario;
    const arrived = new Promise((done) => addEventListener("hashchange", done, { once: true }));
    history.replaceState({}, "", "#");
    cell.click();
    await arrived;
    const hash = decodeURIComponent(location.hash.slice(1));
    const place = document.getElementById(hash);
    const card = place?.closest("details.scenario");
    if (hash !== expected || !card?.open || !document.querySelector(".nowhere").hidden) {
      missed.push([hash, expected]);
    }
  }
  document.body.style.display = "";
  return [cells.length, missed];
}
"""


def test_every_cell_of_the_matrix_leads_to_its_variant(tab: Tab, whole: Result) -> None:
    clicked, missed = tab.page.evaluate(CLICK_EVERY_CELL)
    assert missed == []
    assert clicked == len(whole.scenarios) * len(whole.variants)


GLUED = """
[...document.links]
  .filter((link) => link.nextSibling?.nodeName === "A" && link.nextSibling.href)
  .map((link) => link.parentElement.textContent)
"""


def test_no_link_is_glued_to_the_next(tab: Tab) -> None:
    assert tab.page.evaluate(GLUED) == []


def test_the_matrix_begins_two_screens_after_the_verdict(browser: Browser, address: str) -> None:
    tab = Tab(browser, viewport={"width": 1280, "height": 800})
    tab.page.goto(address)
    first, matrix = (tab.page.locator(name).bounding_box() for name in ("#regressions", "#matrix"))
    assert matrix["y"] - first["y"] < 2 * 800
    assert matrix["y"] < 3 * 800
    tab.page.context.close()


OPEN_ALL = "document.querySelectorAll('details').forEach((item) => { item.open = true; })"

ONE_OF_EACH = """
() => {
  const name = (node) => `${node.tagName}.${node.className.baseVal ?? node.className}`;
  const around = (node, depth) =>
    depth && node ? `${around(node.parentElement, depth - 1)} ${name(node)}` : "";
  const form = (node) => [
    around(node, 5), ...node.getAttributeNames().sort(), node.textContent.trim() === "",
  ].join(" ");
  for (const blocks of ["tr, li, main div[id^='~']", "details, article"]) {
    const known = new Set();
    for (const block of document.querySelectorAll(blocks)) {
      const forms = [block, ...block.querySelectorAll("*")].map(form);
      if (forms.every((item) => known.has(item))) block.remove();
      forms.forEach((item) => known.add(item));
    }
  }
}
"""
"""Removes each row, item and card all of whose elements stand elsewhere with the same classes,
attributes and surroundings: axe would judge them alike, and take minutes for tens of thousands."""

REPEATED_IDS = """
() => {
  const ids = Array.from(document.querySelectorAll("[id]"), (item) => item.id);
  return ids.filter((id, index) => ids.indexOf(id) !== index);
}
"""


def test_no_id_is_given_twice(tab: Tab) -> None:
    assert tab.page.evaluate(REPEATED_IDS) == []


@pytest.mark.parametrize(
    ("width", "theme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
)
def test_axe_finds_nothing(browser: Browser, address: str, width: int, theme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    tab = Tab(browser, viewport={"width": width, "height": 800}, color_scheme=theme)
    tab.page.goto(address)
    tab.page.evaluate(OPEN_ALL)
    tab.page.evaluate(ONE_OF_EACH)
    report = axe.Axe().run(tab.page)
    assert report.violations_count == 0, report.generate_report()
    tab.page.context.close()


def test_axe_finds_the_fault_of_a_single_card(browser: Browser, address: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    tab = Tab(browser)
    tab.page.goto(address)
    tab.page.evaluate(OPEN_ALL)
    cards = "[...document.querySelectorAll('details.scenario')]"
    tab.page.evaluate(f"{cards}.at(-1).append(document.createElement('img'))")
    tab.page.evaluate(ONE_OF_EACH)
    report = axe.Axe().run(tab.page)
    assert [item["id"] for item in report.response["violations"]] == ["image-alt"]
    tab.page.context.close()


def test_every_part_of_the_page_follows_variants(browser: Browser, address: str) -> None:
    tab = Tab(browser)
    tab.page.goto(address)
    tab.page.select_option("#filter-variant", "igor-movable")

    def shown(selector: str) -> list[str]:
        return [text.strip() for text in tab.page.locator(selector).all_text_contents()]

    for heads in (".standings thead th", ".standings tbody th", ".evidence tbody th"):
        assert {*shown(f"{heads} >> visible=true")} == {"upstream", "igor-movable"}
    fates = shown(".claim > summary .fate >> visible=true")
    assert len(fates) < len(shown(".claim > summary .fate"))
    assert all("igor-movable" in fate or "upstream" in fate for fate in fates)
    assert tab.trouble == []
    tab.page.context.close()


def test_what_contradicts_is_explained(tab: Tab) -> None:
    """Every `online=0` outside a note is a link to the note that explains it."""
    bare = tab.page.evaluate(
        """[...document.querySelectorAll("body *:not(a)")].filter((item) =>
          [...item.childNodes].some((node) => node.nodeType === 3
            && node.data.includes("online=0"))).length"""
    )
    assert bare == 0
