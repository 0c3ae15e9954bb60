"""The page in a real browser: it filters, moves by keyboard, opens links, and asks for nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.reports.tab import ARTEFACTS, Tab, started_browser
from zonediff.reports.forms.html import render
from zonediff.reports.page.verdicts import verdicts
from zonediff.result.counts import GoalCount
from zonediff.result.frontiers import Frontier, FrontierRow
from zonediff.result.result import Result

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "left \N{RIGHT-TO-LEFT OVERRIDE}thgir",
    "x" * 10_000,
    "",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started_browser() as started:
        yield started


@pytest.fixture(scope="module")
def address(result: Result, tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(result), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def tab(browser: Browser, address: str) -> Iterator[Tab]:
    tab = Tab(browser)
    tab.page.goto(address)
    yield tab
    assert tab.trouble == []
    tab.page.context.close()


def test_filters(tab: Tab) -> None:
    assert len(tab.rows()) == 6
    tab.page.select_option("#filter-kind", "fix")
    assert tab.rows() == ["ordering/reproducer", "ordering/ascending", "unplug/auto-onlined"]
    tab.page.select_option("#filter-variant", "igor-movable")
    assert tab.rows() == ["ordering/reproducer", "ordering/ascending"]
    tab.page.select_option("#filter-kind", "")
    tab.page.fill("#filter-text", "remove_memory BUG")
    assert tab.rows() == ["unplug/auto-onlined"]
    assert tab.page.inner_text("#filter-count") == "1 of 6 scenarios"


def test_keyboard(tab: Tab) -> None:
    for key in ("j", "j", "k", "j", "Enter"):
        tab.page.keyboard.press(key)
    tab.page.wait_for_function("location.hash === '#ordering/ascending'")
    assert tab.page.is_visible("text=This is the order in which udev hears of them.")
    tab.page.keyboard.press("/")
    tab.page.keyboard.type("jk/")
    assert tab.page.input_value("#filter-text") == "jk/"
    assert tab.rows() == []


def test_a_link_to_a_variant_in_a_scenario_opens_it(browser: Browser, address: str) -> None:
    for script in (True, False):
        tab = Tab(browser, java_script_enabled=script)
        tab.page.goto(f"{address}#unplug/auto-onlined/igor-movable")
        member = tab.page.locator("[id='unplug/auto-onlined/igor-movable']")
        member.wait_for(state="visible")
        assert tab.trouble == []


def test_a_link_to_a_variant_that_is_as_the_baseline_opens_the_scenario(tab: Tab) -> None:
    tab.page.goto(f"{tab.page.url}#ordering/reproducer/michal-split/1")
    tab.page.reload()
    assert tab.page.is_visible("[id='ordering/reproducer']")


@pytest.mark.parametrize(
    "fragment", ["nowhere", "no/such/thing", "%E0%A4%A", "100%", "?variant=nobody&judgement=odd"]
)
def test_an_address_that_leads_nowhere_does_no_harm(tab: Tab, fragment: str) -> None:
    tab.page.goto(f"{tab.page.url}#{fragment}")
    tab.page.reload()
    assert len(tab.rows()) == 6
    assert tab.page.input_value("#filter-variant") == ""
    assert tab.page.evaluate("document.querySelector('#filter-variant').selectedIndex") == 0
    tab.page.select_option("#filter-kind", "fix")
    assert tab.rows() == ["ordering/reproducer", "ordering/ascending", "unplug/auto-onlined"]


@pytest.mark.parametrize(
    ("fragment", "missing"),
    [
        ("nowhere", "nowhere"),
        ("ordering/ascending/nobody", "ordering/ascending/nobody"),
        ("matrix?variant=nobody&judgement=fix", "nobody"),
    ],
)
def test_an_address_that_leads_nowhere_says_so(tab: Tab, fragment: str, missing: str) -> None:
    tab.page.goto(f"{tab.page.url}#{fragment}")
    note = tab.page.get_by_role("status").filter(has_text="nothing named")
    assert note.inner_text() == f"This report has nothing named {missing}."
    tab.page.click("nav a:text-is('Matrix')")
    note.wait_for(state="hidden")


def test_back_brings_back_the_filter_and_the_focus_of_then(tab: Tab) -> None:
    count = tab.page.locator("article.verdict a:has-text('fix') >> nth=0")
    count.click()
    tab.page.wait_for_function("location.hash.startsWith('#matrix?')")
    assert len(tab.rows()) < 6
    row = tab.page.locator("tr.s a >> visible=true >> nth=0")
    row.click()
    tab.page.wait_for_function("!location.hash.startsWith('#matrix')")
    tab.page.go_back()
    tab.page.wait_for_function("location.hash.startsWith('#matrix?')")
    assert row.evaluate("(link) => link === document.activeElement")
    assert len(tab.rows()) < 6
    tab.page.go_back()
    tab.page.wait_for_function("!location.hash")
    assert count.evaluate("(link) => link === document.activeElement")
    assert len(tab.rows()) == 6


def test_a_card_has_its_triangle(tab: Tab) -> None:
    """A marker outside the summary would be cut off: cards show nothing outside their border."""
    styles = tab.page.evaluate(
        """[...document.querySelectorAll(".scenario > summary")].map((item) =>
          getComputedStyle(item).listStylePosition + getComputedStyle(item).display)"""
    )
    assert set(styles) == {"insidelist-item"}


def test_every_copy_button_copies_a_command(tab: Tab) -> None:
    copied = tab.page.evaluate(
        """() => {
          const copied = [];
          document.execCommand = () => copied.push(document.activeElement.value);
          document.querySelectorAll("details").forEach((item) => { item.open = true; });
          return new Promise((done) => setTimeout(() => {
            document.querySelectorAll(".reproduce .copy").forEach((button) => button.click());
            done(copied);
          }, 100));
        }"""
    )
    assert copied
    assert all(text.strip() for text in copied)


@pytest.mark.parametrize("width", [390, 1280])
def test_no_title_hides_behind_what_stays_in_view(
    browser: Browser, address: str, width: int
) -> None:
    tab = Tab(browser, viewport={"width": width, "height": 500})
    tab.page.goto(address)
    for _ in range(6):
        tab.page.keyboard.press("j")
        assert tab.page.evaluate(
            """() => {
              const head = document.querySelector(".matrix thead th").getBoundingClientRect();
              const row = document.activeElement.closest("tr").getBoundingClientRect();
              return row.top >= head.bottom - 1 || head.bottom <= 0;
            }"""
        )
    for name in ("ordering/ascending", "scenarios", "evidence"):
        tab.page.goto(f"{address}#{name}")
        title = tab.page.locator(f"[id='{name}']").locator(
            "xpath=self::section/h2 | self::div/preceding-sibling::summary"
        )
        assert title.evaluate(
            """(item) => {
              const box = item.getBoundingClientRect();
              return document.elementFromPoint(box.left + 30, box.top + 12)?.closest("h2, summary")
                === item;
            }"""
        )
    tab.page.context.close()


def test_the_page_follows_variants(tab: Tab) -> None:
    tab.page.select_option("#filter-variant", "igor-movable")
    assert tab.page.locator("article.verdict >> visible=true").count() == 1
    heads = tab.page.locator(".matrix thead th >> visible=true")
    assert len(heads.all()) == 3
    tab.page.select_option("#filter-second", "michal-split/3")
    assert len(heads.all()) == 4
    assert tab.page.locator("article.verdict >> visible=true").count() == 2
    assert tab.hash() == "#matrix?variant=igor-movable&second=michal-split/3"


def test_a_scenario_shows_the_columns_of_the_variants_that_are_followed(tab: Tab) -> None:
    tab.page.goto(f"{tab.page.url}#unplug/auto-onlined")
    table = tab.page.locator("[id='unplug/auto-onlined'] table.steps")
    every = table.locator("thead th >> visible=true").count()
    tab.page.select_option("#filter-variant", "michal-split/3")
    assert table.locator("thead th >> visible=true").count() == 2 < every
    spans = table.evaluate(
        """(table) => [...table.tBodies[0].rows].map((row) => [...row.cells]
          .filter((cell) => cell.tagName === "TD" && !cell.hidden)
          .reduce((sum, cell) => sum + cell.colSpan, 0))"""
    )
    assert {span for span in spans if span} == {2}
    tab.page.click("#filter-reset")
    assert table.locator("thead th >> visible=true").count() == every


def test_any_column_can_be_the_baseline_of_the_page(tab: Tab) -> None:
    cell = tab.page.locator("tr.s:has(a[href='#ordering/ascending']) td")
    before = cell.all_inner_texts()
    assert before[1].startswith("✓ fix")
    tab.page.select_option("#filter-against", "igor-movable")
    assert cell.nth(0).inner_text().startswith("✗ regression")
    assert tab.page.is_visible("text=The matrix is judged against igor-movable")
    tab.page.select_option("#filter-against", "")
    assert cell.all_inner_texts() == before


def test_only_what_differs_is_one_click(tab: Tab) -> None:
    tab.page.select_option("#filter-variant", "michal-split/3")
    tab.page.click("#filter-differs")
    differing = tab.rows()
    assert 0 < len(differing) < 6
    assert "differs=1" in tab.hash()
    tab.page.keyboard.press("d")
    assert len(tab.rows()) == 6


def test_a_click_on_a_head_sorts(tab: Tab) -> None:
    corpus_order = tab.rows()
    for order in ("ascending", "descending"):
        tab.page.click("th[data-name='michal-split/3'] .sort")
        assert tab.page.get_attribute("th[data-name='michal-split/3']", "aria-sort") == order
    assert sorted(tab.rows()) == sorted(corpus_order) != tab.rows()
    tab.page.click("th[data-name='michal-split/3'] .sort")
    assert tab.rows() == corpus_order


def test_menus_count_the_rows_that_they_leave(tab: Tab) -> None:
    menu = tab.page.locator("#filter-kind option[value='fix']")
    assert menu.inner_text() == "fix (3)"
    tab.page.select_option("#filter-variant", "igor-movable")
    assert menu.inner_text() == "fix (2)"
    tab.page.select_option("#filter-kind", "fix")
    assert len(tab.rows()) == 2


def test_rows_can_be_saved(tab: Tab) -> None:
    saved = {}
    for form in ("ids", "csv", "json"):
        with tab.page.expect_download() as download:
            tab.page.click(f"[data-do={form}]")
        saved[form] = Path(download.value.path()).read_bytes().decode()
    assert [item["id"] for item in json.loads(saved["json"])] == tab.rows()
    assert len(saved["csv"].splitlines()) == 7
    assert set(saved["ids"].split()) < set(tab.rows())


def test_the_keys_are_listed_and_everything_opens_and_closes(tab: Tab) -> None:
    tab.page.keyboard.press("?")
    assert tab.page.is_visible("text=next and previous row of the matrix")
    tab.page.keyboard.press("Escape")
    tab.page.keyboard.press("o")
    assert tab.page.locator("main details:not([open])").count() == 0
    tab.page.keyboard.press("c")
    assert tab.page.locator("main details[open]").count() == 0


def test_every_case_has_its_link(tab: Tab) -> None:
    tab.page.goto(f"{tab.page.url}#unplug/auto-onlined")
    body = tab.page.locator("[id='unplug/auto-onlined']")
    body.locator(":scope > .copy").click()
    tab.page.keyboard.press("/")
    tab.page.keyboard.press("Control+v")
    assert tab.page.input_value("#filter-text").endswith("report.html#unplug/auto-onlined")
    links = body.locator("thead a[id]").evaluate_all(
        "(all) => all.map((a) => [a.hash.slice(1), a.id])"
    )
    assert links
    assert all(target == id for target, id in links)


def test_paper_has_what_matters_and_the_cards_that_are_open(tab: Tab) -> None:
    tab.page.goto(f"{tab.page.url}#unplug/auto-onlined")
    tab.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    tab.page.emulate_media(media="print")
    sections = tab.page.locator("main > section >> visible=true")
    assert sections.evaluate_all("(all) => all.map((item) => item.id)") == [
        "verdict",
        "errors",
        "regressions",
        "matrix",
        "scenarios",
    ]
    assert tab.page.locator(".scenario >> visible=true").count() == 1
    notes = tab.page.locator(".shared > div")
    shown = notes.evaluate_all("(all) => all.filter((item) => item.checkVisibility()).length")
    assert 0 < shown < notes.count()


def test_a_cell_of_the_matrix_leads_to_its_variant(tab: Tab) -> None:
    tab.page.click("tr.s:has(a[href='#unplug/auto-onlined']) td.fix >> nth=0")
    tab.page.wait_for_function("location.hash.startsWith('#unplug/auto-onlined/')")
    assert tab.page.is_visible("[id='unplug/auto-onlined/michal-split/3']")


def test_the_address_keeps_what_is_looked_at(browser: Browser, tab: Tab) -> None:
    tab.page.select_option("#filter-variant", "igor-movable")
    tab.page.select_option("#filter-kind", "fix")
    assert tab.hash() == "#matrix?variant=igor-movable&judgement=fix"
    tab.page.click("tr.s a >> visible=true >> nth=1")
    tab.page.wait_for_function("location.hash.startsWith('#ordering/ascending?')")
    other = Tab(browser)
    other.page.goto(tab.page.url)
    assert other.rows() == tab.rows() == ["ordering/reproducer", "ordering/ascending"]
    assert other.page.is_visible("[id='ordering/ascending']")
    other.page.click("#filter-reset")
    assert len(other.rows()) == 6
    assert other.hash() == "#matrix"


def test_a_claim_filters(browser: Browser, result: Result, tmp_path: Path) -> None:
    first, *others = result.scenarios
    with_claims = replace(result, scenarios=[replace(first, claims=["C02", "C07"]), *others])
    path = tmp_path / "report.html"
    path.write_text(render(with_claims), encoding="utf-8")
    tab = Tab(browser)
    tab.page.goto(path.as_uri())
    tab.page.select_option("#filter-claim", "C07")
    assert tab.rows() == [first.id]
    tab.page.context.close()


@pytest.mark.parametrize("script", [True, False])
def test_a_count_leads_to_the_rows_that_it_counts(
    browser: Browser, address: str, result: Result, script: bool
) -> None:
    tab = Tab(browser, java_script_enabled=script)
    for verdict in verdicts(result):
        for count in verdict.counts:
            if not count.number:
                continue
            tab.page.goto(address)
            heading = f"article.verdict:has(h3 a:text-is('{verdict.link.name}'))"
            tab.page.click(f"{heading} a:text-is('{count.words}')")
            if count.kind == "abi-removal":
                assert tab.page.locator("#removals li >> visible=true").count() == count.number
            else:
                assert len(tab.rows()) == count.number, (verdict.link.name, count)
    assert tab.trouble == []
    tab.page.context.close()


@pytest.mark.parametrize("script", [True, False])
def test_reasons_are_a_click_away(browser: Browser, address: str, script: bool) -> None:
    tab = Tab(browser, java_script_enabled=script)
    tab.page.goto(f"{address}#ordering/reproducer/igor-movable")
    link = tab.page.locator("details[open] .steps a[href^='#~']:text-is('zone_can_shift') >> nth=0")
    note = tab.page.locator(f"[id='{link.get_attribute('href')[1:]}']")
    assert not note.is_visible()
    link.click()
    note.wait_for(state="visible")
    assert "zone_can_shift" in note.inner_text()


def test_commands_can_be_copied(tab: Tab) -> None:
    tab.page.goto(f"{tab.page.url}#ordering/reproducer")
    body = tab.page.locator("[id='ordering/reproducer']")
    body.locator(".reproduce summary").click()
    body.locator("pre:has-text('online_movable') >> visible=true").locator(
        "xpath=preceding-sibling::button[1]"
    ).click()
    tab.page.keyboard.press("/")
    tab.page.keyboard.press("Control+v")
    copied = tab.page.input_value("#filter-text")
    assert "echo online_movable > memory32/state" in copied
    assert "#" not in copied


def test_everything_can_be_read_without_script(browser: Browser, address: str) -> None:
    tab = Tab(browser, java_script_enabled=False)
    tab.page.goto(address)
    assert not tab.page.is_visible("#filter")
    tab.page.click("text=online_movable on the first block of a DIMM >> nth=-1")
    assert tab.page.is_visible("text=A udev rule that onlines each new block as movable")


SIZES = [(390, 844), (768, 1024), (1280, 800)]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_the_screen(
    browser: Browser, address: str, size: tuple[int, int], theme: str
) -> None:
    width, height = size
    tab = Tab(browser, viewport={"width": width, "height": height}, color_scheme=theme)
    tab.page.goto(address)
    assert tab.page.evaluate("document.documentElement.scrollWidth") == width
    ARTEFACTS.mkdir(exist_ok=True)
    tab.page.screenshot(path=ARTEFACTS / f"report-{width}-{theme}.png", full_page=True)
    assert tab.trouble == []
    tab.page.context.close()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, address: str, width: int, theme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    tab = Tab(browser, viewport={"width": width, "height": 800}, color_scheme=theme)
    tab.page.goto(address)
    tab.page.evaluate(
        "document.querySelectorAll('details').forEach((item) => { item.open = true; })"
    )
    report = axe.Axe().run(tab.page)
    assert report.violations_count == 0, report.generate_report()
    tab.page.context.close()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_plots_fit_and_can_be_read(
    browser: Browser, result: Result, tmp_path: Path, size: tuple[int, int], theme: str
) -> None:
    """Chances with their intervals, and frontiers of which not all was run."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    counts = {"upstream": 90, "igor-movable": 20, "michal-split/1": 85}
    runs = [
        replace(
            run,
            counts=[GoalCount(goal.want, counts.get(run.variant, 90), 100) for goal in run.goals],
        )
        for run in result.runs
    ]
    rows = [
        FrontierRow(
            base << 20, 700 * base, [500 * base, 500 * base, 300 * base, None, None], [0, 3]
        )
        for base in (128, 256)
    ]
    frontiers = [
        Frontier("upstream", "acpi", "nobody", [gib << 30 for gib in (1, 2, 4, 8, 16)], rows)
    ]
    path = tmp_path / "plots.html"
    plots = replace(result, runs=runs, frontiers=frontiers)
    path.write_text(render(plots), encoding="utf-8")
    tab = Tab(browser, viewport={"width": size[0], "height": size[1]}, color_scheme=theme)
    tab.page.goto(path.as_uri())
    assert tab.page.evaluate("document.documentElement.scrollWidth") == size[0]
    ARTEFACTS.mkdir(exist_ok=True)
    for part in ("chances", "frontiers"):
        file = ARTEFACTS / f"{part}-{size[0]}-{theme}.png"
        tab.page.locator(f"#{part}").screenshot(path=file)
    assert tab.page.inner_text("#frontiers figcaption").endswith(
        "4 of 10 points were not run; their results follow from their neighbours."
    )
    report = axe.Axe().run(tab.page)
    assert report.violations_count == 0, report.generate_report()
    assert tab.trouble == []
    tab.page.context.close()


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_stranger_writes_does_no_harm(
    browser: Browser, hostile: Callable[[str], Result], tmp_path: Path, text: str
) -> None:
    path = tmp_path / "report.html"
    path.write_text(render(hostile(text)), encoding="utf-8")
    tab = Tab(browser, viewport={"width": 390, "height": 800})
    tab.page.on("dialog", lambda dialog: tab.trouble.append(dialog.message))
    tab.page.goto(path.as_uri())
    tab.page.fill("#filter-text", text[:50].strip())
    assert tab.page.evaluate("document.documentElement.scrollWidth") == 390
    assert tab.page.evaluate(
        """[...document.links].every((a) => a.protocol === "file:" || (a.protocol === "https:"
          && ["lore.kernel.org", "git.kernel.org", "elixir.bootlin.com"].includes(a.host)))"""
    )
    assert tab.trouble == []
    tab.page.context.close()
