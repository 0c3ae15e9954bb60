"""The page in a real browser: it filters, moves by keyboard, opens links, and asks for nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from zonediff.compare.result import Result
from zonediff.reports.html import render

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")


class Tab:
    """A browser tab that remembers what the page asked for and complained about."""

    def __init__(self, browser: playwright.Browser, **options: object) -> None:
        self.page = browser.new_context(**options).new_page()
        self.trouble: list[str] = []
        self.page.on("console", lambda message: self.trouble.append(message.text))
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("request", self.requested)

    def requested(self, request: playwright.Request) -> None:
        if not request.url.startswith("file:"):
            self.trouble.append(request.url)

    def rows(self) -> list[str]:
        """The scenarios that the matrix shows."""
        return [
            row.get_attribute("data-row")
            for row in self.page.query_selector_all("tr[data-row]")
            if row.is_visible()
        ]


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address(result: Result, tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(result), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def tab(browser: playwright.Browser, address: str) -> Iterator[Tab]:
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


def test_a_link_to_a_variant_in_a_scenario_opens_it(
    browser: playwright.Browser, address: str
) -> None:
    for script in (True, False):
        tab = Tab(browser, java_script_enabled=script)
        tab.page.goto(f"{address}#unplug/auto-onlined/igor-movable")
        member = tab.page.locator("[id='unplug/auto-onlined/igor-movable']")
        member.wait_for(state="visible")
        assert tab.trouble == []


def test_everything_can_be_read_without_script(browser: playwright.Browser, address: str) -> None:
    tab = Tab(browser, java_script_enabled=False)
    tab.page.goto(address)
    assert not tab.page.is_visible("#filter")
    tab.page.click("text=online_movable on the first block of a DIMM >> nth=-1")
    assert tab.page.is_visible("text=A udev rule that onlines each new block as movable")


@pytest.mark.parametrize("width", [390, 768, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_the_screen(
    browser: playwright.Browser, address: str, width: int, theme: str
) -> None:
    tab = Tab(browser, viewport={"width": width, "height": 800}, color_scheme=theme)
    tab.page.goto(address)
    assert tab.page.evaluate("document.documentElement.scrollWidth") == width
    assert tab.trouble == []
