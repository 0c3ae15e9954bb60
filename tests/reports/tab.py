"""A tab of a real browser, for tests of the page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Request

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
ARTEFACTS: Final = Path(__file__).parent.parent / "artefacts"


class Tab:
    """A browser tab that remembers what the page asked for and complained about."""

    def __init__(self, browser: Browser, **options: object) -> None:
        self.page = browser.new_context(**options).new_page()
        self.trouble: list[str] = []
        self.page.on("console", lambda message: self.trouble.append(message.text))
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("request", self.requested)

    def requested(self, request: Request) -> None:
        if not request.url.startswith("file:"):
            self.trouble.append(request.url)

    def rows(self) -> list[str]:
        """The scenarios that the matrix shows."""
        return [
            row.query_selector("th a").get_attribute("href").removeprefix("#")
            for row in self.page.query_selector_all("tr.s")
            if row.is_visible()
        ]

    def hash(self) -> str:
        """What the address says after the page's name."""
        return str(self.page.evaluate("decodeURIComponent(location.hash)"))


@contextmanager
def started_browser() -> Iterator[Browser]:
    """A browser without a window; the test is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no chromium")
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
