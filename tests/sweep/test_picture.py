"""The frontier drawn and tabulated."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from zonediff.reports.page.frontier import frontier_table, pictures, reversals
from zonediff.reports.page.frontier_map import frontier_map
from zonediff.reports.page.frontier_remaining import (
    LINES,
    POINTS,
    apart,
    frontier_remaining,
    levels,
)
from zonediff.result.frontiers import Frontier, FrontierRow

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
    assert [(picture.letter, len(picture.owners)) for picture in drawn] == [("A", 2), ("B", 1)]


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
    drawn = frontier_map(frontier())
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
    svg = ElementTree.fromstring(frontier_map(frontier(base=base)))
    assert svg.find("circle") is None
    assert (svg.find("path") is None) == (base == 512)


def test_what_was_not_run_is_hatched() -> None:
    row = FrontierRow(256 * MIB, 180224, [170000, 170000, 160000, None, None], [0, 1, 3])
    sizes = [gib * GIB for gib in (1, 2, 4, 8, 16)]
    drawn = Frontier("upstream", "acpi", "nobody", sizes, [row])
    svg = ElementTree.fromstring(frontier_map(drawn))
    hatched = [
        (item.get("x"), item.get("width"))
        for item in svg.iter("rect")
        if item.get("class") == "not-run"
    ]
    assert hatched == [("52", "65"), ("182", "130")], "up to 2G, and from 4G to 8G"
    (picture,) = pictures([drawn])
    assert picture.not_run == "3 of 5 points were not run"


def test_what_was_run_on_one_that_looks_alike_is_not_hatched() -> None:
    whole = frontier()
    less = replace(frontier("other"), rows=[replace(frontier().rows[0], inferred=[0])])
    for both in ([whole, less], [less, whole]):
        (picture,) = pictures(both)
        assert picture.not_run == ""
        assert picture.frontier.variant == "upstream", "whose numbers were all run"
        assert picture.numbers_of == "", "what was run on both is the same"


def test_the_numbers_of_a_picture_may_be_those_of_one() -> None:
    (picture,) = pictures([frontier(), frontier("other", least=(140000, 48000, None))])
    assert picture.numbers_of == "upstream, one DIMM, nobody to online it"
    drawn = frontier_remaining(picture.frontier, picture.numbers_of)
    assert "by boot memory; of upstream, one DIMM, nobody to online it" in drawn


def test_lines_start_with_what_is_free_and_end_with_the_kernel() -> None:
    svg = ElementTree.fromstring(frontier_remaining(frontier(), ""))
    (line,) = svg.findall("path[@class='line']")
    assert line.get("d") == "M52 8L117 57.1L312 168.8"
    (death,) = svg.findall("path[@class='dies']")
    assert death.get("d") == "M568 224l8 8m0 -8l-8 8"
    assert svg.find("circle").get("cy") == "168.8"  # type: ignore[union-attr]
    assert svg.get("aria-label") == "256M of boot memory: 176 MiB free, 47 MiB left after adding 8G"
    levels_told = [item.text for item in svg.iter("text") if (item.text or "").endswith("MiB")]
    assert levels_told == ["0 MiB", "64 MiB", "128 MiB"]


def test_many_machines_and_sizes_are_thinned() -> None:
    sizes = [(at + 1) * 128 * MIB for at in range(1000)]
    rows = [
        FrontierRow((64 + 32 * at) * MIB, 90000, [90000 - at for at in range(999)] + [None])
        for at in range(50)
    ]
    drawn = frontier_remaining(Frontier("upstream", "acpi", "nobody", sizes, rows), "")
    svg = ElementTree.fromstring(drawn)
    lines = svg.findall("path[@class='line']")
    assert len(lines) == LINES + 1
    assert "256M" in [item.text for item in svg.iter("text")], "the example has its line"
    assert max(len((line.get("d") or "").split("L")) for line in lines) <= POINTS + 2
    assert f", {LINES + 1} of 50 machines" in drawn
    assert len(drawn) < 20_000


def test_a_line_goes_on_after_a_death() -> None:
    odd = frontier(least=(140000, None, 1000))
    svg = ElementTree.fromstring(frontier_remaining(odd, ""))
    assert "M572 " in (svg.find("path[@class='line']").get("d") or "")  # type: ignore[union-attr]


def test_labels_keep_apart() -> None:
    assert apart([100.0, 10.0, 12.0, 14.0]) == [100.0, 10.0, 23.0, 36.0]
    assert levels(180224) == [0, 65536, 131072]
    assert levels(0) == [0]


def two_machines(bases: tuple[int, int], free: tuple[int, int]) -> Frontier:
    """The smaller machine survives 8G, the larger one 2G."""
    sizes = [2 * GIB, 8 * GIB]
    rows = [
        FrontierRow(bases[0] * MIB, free[0], [9000, 9000]),
        FrontierRow(bases[1] * MIB, free[1], [9000, None]),
    ]
    return Frontier("upstream", "acpi", "nobody", sizes, rows)


def test_a_machine_that_survives_more_than_a_larger_one_has_its_reason() -> None:
    frontier = two_machines((96, 128), (84640, 51468))
    says = (
        "96M survives more than 128M: after boot it has 82 MiB free and the larger one 50 MiB, "
        "where the kernel keeps 64 MiB of bounce buffers (swiotlb)"
    )
    assert reversals(frontier) == [says]
    assert says in " ".join(frontier_table([frontier]).split())
    assert reversals(two_machines((256, 512), (84640, 51468))) == [
        "256M survives more than 512M: after boot it has 82 MiB free and the larger one 50 MiB"
    ]
    assert reversals(two_machines((256, 512), (51468, 84640))) == [
        "256M survives more than 512M: not for its free memory, which is 50 MiB after boot and 82 "
        "MiB there"
    ]
