"""docs/benchmarks.md gets its tables from a command."""

from __future__ import annotations

from benchmarks.page import PAGE, with_tables

BEFORE = """# Page

<!-- table: one -->

| a |
|---|
| 1 |

Text.

<!-- table: two -->

| b |
|---|
| 2 |
"""


def test_a_measured_table_replaces_the_one_in_its_place() -> None:
    after = with_tables(BEFORE, {"two": "| b |\n|---|\n| 3 |", "elsewhere": "| c |"})
    assert after == BEFORE.replace("| 2 |", "| 3 |")


def test_a_place_without_a_table_gets_one() -> None:
    page = "<!-- table: one -->\n\nText.\n"
    assert with_tables(page, {"one": "| a |"}) == "<!-- table: one -->\n\n| a |\n\nText.\n"


def test_without_tables_the_page_stays_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_tables(page, {}) == page
