"""The HTML report of 1,000 scenarios on 10 variants: bytes, DOM nodes, seconds to open it.

For comparison: the page that pytest-html writes for 4,000 tests, in the same browser.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import note, profiled, seconds, table
from zonediff.compare.run import run
from zonediff.corpus.loader import load
from zonediff.corpus.scenario import Scenario
from zonediff.engine.machine import Platform
from zonediff.engine.steps import Plug
from zonediff.engine.units import GIB, MIB, Bytes, format_size
from zonediff.reports.forms.html import render
from zonediff.result.result import Result
from zonediff.variants.registry import COMPARED

VARIANTS: Final = (*COMPARED, "michal-split", "pre-auto-online", "v4.12", "v4.13")
"""The first ten that `zonediff list variants` lists."""

SCENARIOS: Final = 1000
TESTS: Final = 4000
BYTES_ALLOWED: Final = 5_000_000
SECONDS_ALLOWED: Final = 2.0
TRIES: Final = 5


def report(profile: bool, **_: Any) -> None:
    result = grown_result(SCENARIOS)
    pages: list[str] = []
    took = seconds(lambda: pages.append(render(result)))
    what = f"{len(result.scenarios)} scenarios on {len(result.variants)} variants"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = folder / "report.html"
        ours.write_text(pages[0], encoding="utf-8")
        measured = {f"zonediff, {what}": ours}
        if (peer := _peer(folder)) is not None:
            measured[f"pytest-html, {TESTS} tests"] = peer
        rows = [
            [title, path.stat().st_size / 1e6, *_open(path)] for title, path in measured.items()
        ]
    opened = rows[0][3] / SECONDS_ALLOWED if isinstance(rows[0][3], float) else ""
    rows.append(["share of the limit", len(pages[0].encode()) / BYTES_ALLOWED, "", opened])
    note(f"HTML of {what}", took)
    table("report", f"rendered in {took:.1f} s", ("page", "MB", "DOM nodes", "s to open"), rows)
    if profile:
        profiled(lambda: render(result))


def grown_result(number: int, share: int = 1, variants: Sequence[str] = VARIANTS) -> Result:
    """Run `number` scenarios: the shipped corpus, then families made of its scenarios.

    share: take only every share-th scenario of the corpus, for a smaller set that is as mixed.
    """
    chosen = islice(grown(list(load())[::share]), number)
    return run(sorted(chosen, key=lambda scenario: scenario.id), variants)


def grown(scenarios: Sequence[Scenario]) -> Iterator[Scenario]:
    """Yield the scenarios, then other members of their families: endlessly, in a fixed order.

    Of five members, two have more memory in each DIMM, so that blocks, spans and pictures differ;
    one has another kernel command line, and one is a guest of another hypervisor.
    """
    yield from scenarios
    more = 128 * MIB
    while True:
        for change in (
            _larger(more),
            _with_parameter("movable_node"),
            _larger(GIB + more),
            _on_other_hypervisor,
        ):
            for scenario in scenarios:
                yield change(scenario, more)
        more += 128 * MIB


def _larger(extra: int) -> Callable[[Scenario, int], Scenario]:
    def change(scenario: Scenario, _: int) -> Scenario:
        dimms = tuple(replace(d, size=Bytes(d.size + extra)) for d in scenario.machine.dimms)
        steps = tuple(
            replace(step, do=replace(step.do, size=Bytes(step.do.size + extra)))
            if isinstance(step.do, Plug)
            else step
            for step in scenario.steps
        )
        machine = replace(scenario.machine, dimms=dimms)
        return replace(
            _member(scenario, f"more={format_size(extra)}"), machine=machine, steps=steps
        )

    return change


def _with_parameter(word: str) -> Callable[[Scenario, int], Scenario]:
    def change(scenario: Scenario, more: int) -> Scenario:
        words = f"{scenario.machine.cmdline} {word}".strip()
        suffix = "" if more == 128 * MIB else f",round={more // (128 * MIB)}"
        machine = replace(scenario.machine, cmdline=words)
        return replace(_member(scenario, f"cmdline={word}{suffix}"), machine=machine)

    return change


def _on_other_hypervisor(scenario: Scenario, more: int) -> Scenario:
    suffix = "" if more == 128 * MIB else f",round={more // (128 * MIB)}"
    hosts: dict[Platform, Platform] = {"kvm": "vmware", "vmware": "kvm"}
    platform = hosts.get(scenario.machine.platform, scenario.machine.platform)
    machine = replace(scenario.machine, platform=platform)
    return replace(_member(scenario, f"host={platform}{suffix}"), machine=machine)


def _member(scenario: Scenario, value: str) -> Scenario:
    stem, bracket, values = scenario.id.partition("[")
    return replace(scenario, id=f"{stem}[{values[:-1]},{value}]" if bracket else f"{stem}[{value}]")


# --- the browser ----------------------------------------------------------------------------------


def _open(path: Path) -> tuple[int | str, float | str]:
    """Return the DOM nodes, and the median of the seconds until the page is loaded and drawn."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        return "no browser", ""
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        times = []
        for _ in range(TRIES):
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            start = time.perf_counter()
            page.goto(path.as_uri(), wait_until="load")
            # After two animation frames the first has been drawn.
            page.evaluate(
                "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
            )
            times.append(time.perf_counter() - start)
            nodes = page.evaluate("document.getElementsByTagName('*').length")
            page.close()
        browser.close()
    return nodes, statistics.median(times)


def _peer(folder: Path) -> Path | None:
    """Write pytest-html's page of TESTS tests, a tenth of which fail; None without it."""
    tests = folder / "test_many.py"
    tests.write_text(
        "import pytest\n"
        f"@pytest.mark.parametrize('n', range({TESTS}))\n"
        "def test_block(n):\n"
        "    assert n % 10, f'memory{n} stays offline'\n"
    )
    page = folder / "peer.html"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests)]
    options = [f"--html={page}", "--self-contained-html", f"--rootdir={folder}"]
    subprocess.run([*command, *options], cwd=folder, capture_output=True, check=False)
    return page if page.exists() else None
