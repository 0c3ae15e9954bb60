"""Adaptive sweeps: as the whole grid, for a fraction of its points."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.sweep.conftest import stored
from zonediff.compare.sweep.bisection import PROBES, monotone, probes, sampled, to_run
from zonediff.compare.sweep.frontier import frontiers
from zonediff.compare.sweep.plan import Sweep, find, load
from zonediff.engine.units import SECTION, Bytes
from zonediff.reports.page.frontier import frontier_table, pictures
from zonediff.result.frontiers import State
from zonediff.variants.registry import Registry
from zonediff.work.open_pool import open_pool

STATES: tuple[State, ...] = ("ok", "tight", "dies")


def fine(sweep: Sweep) -> Sweep:
    """With so many sizes that bisection leaves some out."""
    return replace(sweep, added=tuple(Bytes(number * SECTION) for number in range(1, 65)))


def bisected(row: list[State], wanted: tuple[int, ...] = ()) -> tuple[list[State], int]:
    """A row as bisection tells it, and how many points were run for that."""
    known: dict[int, State] = {}
    while todo := to_run(known, len(row), wanted):
        assert not known.keys() & set(todo), "no point is run twice"
        known.update((at, row[at]) for at in todo)
    places = sorted(known)
    return [known[places[bisect_left(places, at)]] for at in range(len(row))], len(known)


monotone_rows = st.lists(st.integers(0, 400), min_size=3, max_size=3).map(
    lambda counts: [what for what, count in zip(STATES, counts, strict=True) for _ in range(count)]
)


@given(monotone_rows.filter(bool))
def test_a_monotone_row_is_told_exactly_and_cheaply(row: list[State]) -> None:
    values, run = bisected(row)
    assert values == row
    gap = -(-(len(row) - 1) // (PROBES - 1))
    assert run <= min(len(row), PROBES + 2 * max(gap - 1, 0).bit_length())


@given(st.lists(st.sampled_from(STATES), min_size=1, max_size=PROBES))
def test_a_short_row_is_run_whole(row: list[State]) -> None:
    assert bisected(row) == (row, len(row))


@st.composite
def wide_runs(draw: st.DrawFn) -> list[State]:
    """Any states in any order, none for fewer points than lie between two probes."""
    least = draw(st.integers(3, 60))
    widths = draw(st.lists(st.integers(least, least + least // 3), min_size=1, max_size=6))
    row = [what for width in widths for what in [draw(st.sampled_from(STATES))] * width]
    assert least >= (len(row) - 1) / (PROBES - 1)
    return row


@given(wide_runs())
def test_what_lasts_from_probe_to_probe_is_told_exactly(row: list[State]) -> None:
    assert bisected(row)[0] == row


@given(st.lists(st.sampled_from(STATES), min_size=1, max_size=200))
def test_of_any_row_what_was_run_is_told_as_it_is(row: list[State]) -> None:
    values, run = bisected(row, wanted=(len(row) // 3,))
    assert values[len(row) // 3] == row[len(row) // 3]
    for at in probes(len(row)):
        assert values[at] == row[at]
    probed = {at: row[at] for at in probes(len(row))}
    if not monotone(probed):
        assert (values, run) == (row, len(row))


def test_rows_are_tested_all_over_a_curve() -> None:
    assert [sampled([*range(count)]) for count in (1, 6, 20, 21, 60)] == [
        [0],
        [3],
        [10],
        [5, 15],
        [10, 30, 50],
    ]


def test_the_real_sweep_looks_the_same() -> None:
    registry = Registry()
    sweep = replace(load(find("frontier"), registry), onliners=("kernel", "nobody"))
    sweep = replace(sweep, variants=("upstream",), paths=("acpi", "chunks"))
    whole = frontiers(sweep, registry)
    with open_pool(registry, 2) as pool:
        less = frontiers(sweep, registry, adaptive=True, pool=pool)
    assert frontier_table(less) == frontier_table(whole)
    assert [item.owners for item in pictures(less)] == [item.owners for item in pictures(whole)]
    run = [len(sweep.added) - len(row.inferred) for item in less for row in item.rows]
    assert sum(run[:12]) < 0.4 * 12 * len(sweep.added), "one DIMM"
    for one, other in zip(whole, less, strict=True):
        for full, sparse in zip(one.rows, other.rows, strict=True):
            for at, (left, values) in enumerate(zip(full.least_kib, sparse.least_kib, strict=True)):
                if at in sparse.inferred:
                    assert (left is None) == (values is None)
                    assert left is None or values is None or values <= left
                else:
                    assert left == values


WAVES = '''
from zonediff.variants.upstream import Upstream


class Waves(Upstream):
    """An odd number of blocks costs nothing."""

    name = "waves"
    origin = "a test"

    def memmap_kib(self, kernel, blocks):
        return 0 if blocks % 2 else super().memmap_kib(kernel, blocks)
'''


def test_a_curve_that_is_not_monotone_is_run_whole(sweep: Sweep, tmp_path: Path) -> None:
    file = tmp_path / "waves.py"
    file.write_text(WAVES)
    registry = Registry([file])
    waves = replace(fine(sweep), variants=("waves",), paths=("acpi",))
    whole = frontiers(waves, registry)
    assert None in whole[0].rows[0].least_kib[:-1]
    assert whole[0].rows[0].least_kib[-2] is not None
    assert frontiers(waves, registry, adaptive=True) == whole


def test_a_store_serves_both_ways(sweep: Sweep, tmp_path: Path) -> None:
    registry, store = Registry(), tmp_path / "a.sqlite"
    whole, less = (
        frontiers(fine(sweep), registry, adaptive=adaptive) for adaptive in (False, True)
    )
    assert less != whole
    assert stored(store, fine(sweep), registry, adaptive=True) == less
    assert stored(store, fine(sweep), registry, adaptive=True) == less
    assert stored(store, fine(sweep), registry) == whole, "only what lacks is run"
    assert stored(store, fine(sweep), registry, adaptive=True) == whole
