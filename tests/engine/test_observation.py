from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import BootLab
from zonediff.engine.observation import (
    NOTHING,
    BlockRange,
    BlockView,
    Change,
    Observation,
    ZoneView,
    aligned,
    apply,
    difference,
    join,
    run_length,
)
from zonediff.engine.observe import ranges

ON = BlockView("online", "Normal Movable", "1", "1", 0)
OFF = BlockView("offline", "Normal", "1", "0", 0)

views = st.builds(
    BlockView,
    st.sampled_from(["online", "offline"]),
    st.sampled_from(["Normal", "Movable"]),
    st.just("1"),
    st.just("1"),
    st.integers(0, 1),
)
observations = st.builds(
    Observation,
    st.dictionaries(st.integers(0, 12), views).map(lambda made: run_length(sorted(made.items()))),
    st.dictionaries(
        st.sampled_from(["0/Normal", "0/Movable", "1/Normal"]),
        st.builds(ZoneView, st.integers(0, 1), st.integers(0, 1), st.integers(0, 1)),
    ).map(lambda zones: dict(sorted(zones.items()))),
    st.fixed_dictionaries({"online": st.sampled_from(["0", "0-1"]), "has_memory": st.just("0")}),
    st.sampled_from([None, "online", "offline"]),
)


@given(observations, observations)
def test_a_difference_applied_gives_what_it_was_made_from(
    before: Observation, after: Observation
) -> None:
    change = difference(before, after)
    assert apply(before, change) == after
    assert bool(change) == (before != after)


@given(observations)
def test_nothing_changes_between_an_observation_and_itself(seen: Observation) -> None:
    assert difference(seen, seen) == NOTHING
    assert apply(seen, NOTHING) is seen


@given(observations, observations)
def test_a_difference_names_the_blocks_that_differ_and_no_others(
    before: Observation, after: Observation
) -> None:
    changed = {
        number
        for item in difference(before, after).blocks
        for number in range(item.first, item.last + 1)
    }
    assert changed == {n for n in range(14) if before.block(n) != after.block(n)}


@given(observations)
def test_ranges_are_as_long_as_they_can_be(seen: Observation) -> None:
    assert join(seen.blocks) == seen.blocks
    assert run_length(seen.each()) == seen.blocks
    assert sum(len(item) for item in seen.blocks) == len(list(seen.each()))


@given(observations, observations)
def test_aligned_ranges_show_each_block_once_with_both_views(
    left: Observation, right: Observation
) -> None:
    each = {
        number: (one, second)
        for first, last, one, second in aligned(left.blocks, right.blocks)
        for number in range(first, last + 1)
    }
    expected = {n: (left.block(n), right.block(n)) for n in range(14)}
    assert each == {n: pair for n, pair in expected.items() if pair != (None, None)}


def test_blocks_that_go_away_are_told_from_blocks_that_stay() -> None:
    before = Observation(run_length([(32, ON), (33, ON), (34, OFF)]))
    after = Observation(run_length([(32, ON), (34, OFF), (40, OFF)]))
    change = difference(before, after)
    assert [str(item) for item in change.blocks] == ["memory33 gone", "memory40 offline [Normal]"]
    assert after.block(33) is None
    assert after.block(41) is None


@pytest.mark.parametrize(("old", "new"), [("online", None), (None, "online"), ("online", "x")])
def test_a_knob_that_goes_away_is_a_change(old: str | None, new: str | None) -> None:
    before, after = Observation(auto_online_blocks=old), Observation(auto_online_blocks=new)
    assert difference(before, after) == Change(knob=(new,))
    assert bool(Change(knob=(None,)))


def test_zones_and_masks_change_by_name() -> None:
    zone = ZoneView(1, 2, 3)
    before = Observation(zones={"0/Normal": zone, "0/DMA": zone}, nodes={"online": "0"})
    after = Observation(zones={"0/Movable": zone, "0/DMA": zone}, nodes={"online": "0-1"})
    assert difference(before, after) == Change(
        zones={"0/Movable": zone, "0/Normal": None}, nodes={"online": "0-1"}
    )


def test_ranges_and_views_read_like_sysfs() -> None:
    assert str(BlockRange(32, 38, OFF)) == "memory32-38 offline [Normal]"
    assert str(BlockRange(39, 39, ON)) == "memory39 online [Normal Movable]"
    assert str(BlockRange(39, 39, None)) == "memory39 gone"
    assert ON.zone == "Normal"


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([], ""), ([0], "0"), ([0, 1, 2], "0-2"), ([0, 2, 3, 7], "0,2-3,7")],
)
def test_lists_are_printed_like_the_kernel_prints_them(numbers: list[int], text: str) -> None:
    assert ranges(numbers) == text


def naive(kernel: Any) -> dict[int, BlockView]:
    from zonediff.engine.observe import block_view

    memory = kernel.tables
    return {n: block_view(kernel, n) for n in range(len(memory.status)) if memory.has(n)}


def test_observing_by_runs_shows_what_looking_block_by_block_does(boot: BootLab) -> None:
    lab = boot("512M+512M", "kernelcore=512M")
    lab.plug("dimm0", "1G", node=1)
    lab.plug("dimm1", "256M", at=44)
    lab.write(39, "online_kernel")
    lab.write(36, "online_movable")
    assert dict(lab.observation.each()) == naive(lab.guest.kernel)
