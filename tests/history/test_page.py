"""The page on what a user of the old kernel meets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.history_page import ARENAS, NEW, explored, page
from zonediff.variants.registry import Registry

PAGE = Path(__file__).parents[2] / "docs" / "history.md"


@pytest.fixture(scope="module")
def text() -> str:
    return page(Registry())


def test_the_page_is_up_to_date(text: str) -> None:
    """If this fails: python -m tools.history_page > docs/history.md."""
    assert PAGE.read_text(encoding="utf-8") == text


def test_it_leads_with_what_v4_13_takes_and_v4_14_gives_back(text: str) -> None:
    loss, *_ = text.split("## From v4.10 to v4.14")
    assert (
        """\
echo online_movable > memory35/state  ok
echo offline > memory35/state         ok
echo online_kernel > memory35/state   ok on v4.10, EINVAL on v4.13
"""
        in loss
    )


@pytest.mark.parametrize("new", NEW)
def test_what_is_told_holds_for_sequences_of_any_length(new: str) -> None:
    actual = explored(Registry(), new, ARENAS, "results")
    assert [item.error for item in actual] == [None] * len(ARENAS)
    assert [item.depth for item in actual] == [None] * len(ARENAS)
