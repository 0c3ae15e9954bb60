"""The frontier drawn and tabulated."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from zonediff.compare.result import Frontier, FrontierRow
from zonediff.reports.frontier import frontier_svg, frontier_table, pictures

MIB = 1 << 20
GIB = 1 << 30


def frontier(
    variant: str = "upstream",
    path: str = "acpi",
    onliner: str = "nobody",
    least: tuple[int | None, ...] = (140000, 48512, None),
    base: int = 256,
) -> Frontier:
    row = FrontierRow(base * MIB, 180224, list(least))
    return Frontier(variant, path, onliner, [2 * GIB, 8 * GIB, 16 * GIB], [row])


def test_frontiers_that_look_alike_share_a_picture() -> None:
    other = frontier("igor-movable", onliner="kernel", least=(140000, 48000, None))
    drawn = pictures([frontier(), other, frontier("v6.1", least=(140000, None, None))])
    assert [(picture.letter, len(picture.whose)) for picture in drawn] == [("A", 2), ("B", 1)]


def test_the_table_fits_a_mail() -> None:
    many = [
        frontier(f"variant-{number}", least=(100000 - number,) * 2 + (None,)) for number in range(9)
    ]
    many += [frontier("other", least=(100000, None, None)), frontier("none", least=(None,) * 3)]
    table = frontier_table(many)
    assert table.isascii()
    assert max(map(len, table.splitlines())) <= 72
    assert "256M     16G   8G   2G  < 2G\n" in table
    assert "=> 8G into 256M ends in a panic" in table


def test_the_picture_marks_states_rule_and_example() -> None:
    drawn = frontier_svg(frontier())
    svg = ElementTree.fromstring(drawn)
    runs = [(item.get("class"), item.get("x"), item.get("width")) for item in svg.iter("rect")]
    assert runs == [("ok", "52", "65"), ("tight", "117", "195"), ("dies", "312", "260")]
    assert [item.text for item in svg.iter("text")][:4] == ["256M", "+", "~", "x"]
    assert svg.find("path[@class='ratio']").get("d").startswith("M572 ")  # type: ignore[union-attr]
    assert svg.find("circle[@class='example']").get("cx") == "312"  # type: ignore[union-attr]
    assert svg.get("aria-label") == "256M survives 8G, less than half left from 8G on"
    assert "style" not in drawn, "a page's policy allows none"


@pytest.mark.parametrize("base", [96, 512])
def test_what_is_beyond_the_sizes_is_not_marked(base: int) -> None:
    svg = ElementTree.fromstring(frontier_svg(frontier(base=base)))
    assert svg.find("circle") is None
    assert (svg.find("path") is None) == (base == 512)
