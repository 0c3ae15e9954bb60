"""One scenario as a short mail."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from zonediff.reports.forms.excerpt import SCREEN, render
from zonediff.result.result import Result

Golden = Callable[[str, str], None]


@pytest.mark.parametrize("name", ["ordering/ascending", "zones/kernel-last", "unplug/auto-onlined"])
def test_scenarios(result: Result, golden: Golden, name: str) -> None:
    golden(f"excerpt-{name.replace('/', '-')}.txt", render(result, name))


def test_each_fits_on_a_screen_with_what_was_done_where_that_can_be(result: Result) -> None:
    lines = {item.id: render(result, item.id).splitlines() for item in result.scenarios}
    assert all(len(shown) <= SCREEN for shown in lines.values())
    assert any(line.startswith("  # echo") for line in lines["ordering/reproducer"])


def test_every_variant_is_named(result: Result) -> None:
    for scenario in result.scenarios:
        text = render(result, scenario.id)
        assert scenario.id in text
        assert all(variant.name in text for variant in result.variants)


def test_no_such_scenario(result: Result) -> None:
    with pytest.raises(KeyError):
        render(result, "ordering")


@pytest.mark.parametrize("text", ["x" * 3000, "\N{SNOWMAN}\n\r\x1b[31m", "", "- [1] |"])
def test_whatever_a_stranger_writes_fits(hostile: Callable[[str], Result], text: str) -> None:
    result = hostile(text)
    for scenario in result.scenarios:
        mail = render(result, scenario.id)
        assert mail.isascii()
        assert all(len(line) <= 72 for line in mail.splitlines())
