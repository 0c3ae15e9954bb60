"""Reviews on the page, in a real browser: stages, causes, copied steps, phones and paper."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.reports.review_results import LEAK, dax_review, interdiff, result_of, tiny_review
from tests.reports.tab import ARTEFACTS, Tab, started_browser
from tests.reports.test_review_mail import Stranger
from zonediff.reports.forms.html import render
from zonediff.result.result import Result
from zonediff.result.reviews import Review, Stage

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started_browser() as started:
        yield started


def show(browser: Browser, folder: Path, result: Result, **options: object) -> Tab:
    path = folder / "review.html"
    path.write_text(render(result), encoding="utf-8")
    tab = Tab(browser, **options)
    tab.page.goto(path.as_uri())
    return tab


def test_the_page_begins_with_the_verdict_and_the_stages(browser: Browser, tmp_path: Path) -> None:
    tab = show(browser, tmp_path, result_of(tiny_review()))
    assert tab.page.inner_text("h1") == (
        "mm/memory_hotplug: be strict: 4/5 does not build, 1 regression, 1 fix, "
        "1 difference that comes sometimes"
    )
    counts = tab.page.locator(".review > .counts li").all_inner_texts()
    assert counts == [
        "4/5 does not build",
        "1 regression",
        "1 fix",
        "1 difference that comes sometimes",
    ]
    stages = tab.page.locator(".stages li").all_inner_texts()
    assert stages[0].split("\n") == ["base", "6.12.117", "ready"]
    assert stages[4].split("\n") == ["4/5", "mm/memory_hotplug: use a helper", "does not build"]
    assert tab.page.locator(".stages a >> nth=0").get_attribute("href") == (
        "https://lore.kernel.org/all/tiny-1@zonediff.example/"
    )
    assert "implicit declaration" in tab.page.inner_text("pre.error")
    assert tab.trouble == []


def test_causes_are_cards_with_the_worst_first(browser: Browser, tmp_path: Path) -> None:
    tab = show(browser, tmp_path, result_of(dax_review("v4")))
    assert tab.page.locator(".review .cause h5").all_inner_texts() == [
        "Regression: a block or a resource is not given back",
        "Regression: memory is offline or absent",
        "Regression: memory is offline or absent",
        "Behaviour change: a file reads otherwise",
    ]
    rows = tab.page.locator(".readings >> nth=1 >> tbody tr").all_inner_texts()
    assert [row.split("\t") for row in rows] == [
        ["/sys/devices/system/memory/memory8/state"],
        ["online", "no such line"],
    ]
    tab.page.context.close()


def test_the_copy_button_copies_the_steps(browser: Browser, tmp_path: Path) -> None:
    tab = show(browser, tmp_path, result_of(dax_review("v6")))
    copied = tab.page.evaluate(
        """(async () => {
          let text = "";
          document.addEventListener("copy", () => { text = document.activeElement.value; });
          document.querySelector(".review .copy").click();
          return text;
        })()"""
    )
    lines = copied.splitlines()
    assert [line.split("  #")[0] for line in lines if not line.startswith("#")] == [
        step.command for step in LEAK.steps
    ]
    assert lines[-1] == "# base: ok, v6: EBUSY"


def test_without_a_script_everything_is_readable(browser: Browser, tmp_path: Path) -> None:
    result = result_of(dax_review("v6"))
    tab = show(browser, tmp_path, result, java_script_enabled=False)
    assert tab.page.is_visible("text=echo dax0.0 > /sys/bus/dax/drivers/kmem/bind")
    assert tab.page.locator(".review .copy").count() == 0


def test_paper_has_the_causes_and_no_buttons(browser: Browser, tmp_path: Path) -> None:
    tab = show(browser, tmp_path, result_of(dax_review("v4")), viewport={"width": 794, "height": 1})
    tab.page.emulate_media(media="print")
    assert tab.page.is_visible("text=shown on 3 of 3 fresh boots, in 40 transitions")
    assert not tab.page.locator(".review .copy >> nth=0").is_visible()
    assert tab.page.evaluate("document.documentElement.scrollWidth") == 794


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["alone", "with-scenarios"])
def test_axe_finds_nothing(
    browser: Browser, result: Result, tmp_path: Path, width: int, theme: str, name: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    reviews = [dax_review("v4"), tiny_review(), interdiff()]
    both = replace(result, reviews=reviews) if name != "alone" else result_of(*reviews)
    options = {"viewport": {"width": width, "height": 800}, "color_scheme": theme}
    tab = show(browser, tmp_path, both, **options)
    tab.page.evaluate(
        "document.querySelectorAll('#reviews details').forEach((item) => { item.open = true; })"
    )
    assert tab.page.evaluate("document.documentElement.scrollWidth") == width
    ARTEFACTS.mkdir(exist_ok=True)
    file = ARTEFACTS / f"reviews-{name}-{width}-{theme}.png"
    tab.page.screenshot(path=file, full_page=name == "alone")
    report = axe.Axe().run(tab.page)
    assert report.violations_count == 0, report.generate_report()
    assert tab.trouble == []
    tab.page.context.close()


def test_scenarios_and_a_review_share_the_page(
    browser: Browser, result: Result, tmp_path: Path
) -> None:
    tab = show(browser, tmp_path, replace(result, reviews=[dax_review("v6")]))
    assert tab.page.locator("nav a").all_inner_texts()[:2] == ["Review", "Verdict"]
    tab.page.select_option("#filter-kind", "fix")
    assert tab.rows() == ["ordering/reproducer", "ordering/ascending", "unplug/auto-onlined"]
    assert tab.page.is_visible("#reviews")
    assert tab.trouble == []


@pytest.mark.parametrize("seed", range(4))
def test_whatever_a_stranger_writes_does_no_harm(
    browser: Browser, tmp_path: Path, seed: int
) -> None:
    hostile = '<script>alert(1)</script>"><img src=x onerror=alert(1)>' + "x" * 2_000
    review: Review = Stranger(seed).review()
    stages = [
        replace(stage, patch=hostile, problem=hostile, message_id='"onclick=alert(1)@x.y')
        for stage in review.stages
    ]
    text = render(result_of(replace(review, about=hostile, stages=stages)))
    assert "<script>alert" not in text
    options = {"viewport": {"width": 390, "height": 800}}
    tab = show(browser, tmp_path, result_of(replace(review, stages=stages)), **options)
    tab.page.on("dialog", lambda dialog: tab.trouble.append(dialog.message))
    assert tab.page.evaluate("document.documentElement.scrollWidth") == 390
    assert tab.page.evaluate("document.querySelectorAll('[onclick], [onerror]').length") == 0
    assert tab.trouble == []
    tab.page.context.close()


def test_a_long_series_fits_and_folds_its_causes(browser: Browser, tmp_path: Path) -> None:
    review = dax_review("v6")
    stages = [review.stages[0], *(Stage(f"{n}/40", "ready") for n in range(1, 40))]
    many = [
        replace(LEAK, steps=[replace(LEAK.steps[0], command=f"echo {n} > /sys/x")])
        for n in range(25)
    ]
    comparison = replace(review.comparisons[0], candidate="39/40", causes=many)
    result = result_of(replace(review, stages=stages, comparisons=[comparison]))
    tab = show(browser, tmp_path, result, viewport={"width": 390, "height": 800})
    assert tab.page.evaluate("document.documentElement.scrollWidth") == 390
    assert tab.page.inner_text(".review .more > summary") == "15 more differences"
    ids = json.loads(
        tab.page.evaluate("JSON.stringify([...document.querySelectorAll('[id]')].map((e) => e.id))")
    )
    assert len(ids) == len(set(ids))
