"""Rows, and what is noted of the steps that work on them."""

from __future__ import annotations

import pytest

from tests.explore.arenas import dimm, machine, policy
from zonediff.engine.guest import Guest
from zonediff.engine.memory import Span, Zone
from zonediff.explore.cells import (
    OFFLINE_ZONE,
    Change,
    Layout,
    LookedAt,
    Numbering,
    RowMemory,
    Set,
    Watch,
)

BLOCKS = (32, 33)


def layout(*left_out: str) -> Layout:
    guest = Guest(machine(dimm("d1", 2)), policy("v4.14"))
    guest.power_on()
    looked_at = frozenset(Layout.PIECES) - set(left_out)
    return Layout(guest, BLOCKS, Numbering(), looked_at)


def opened(place: Layout) -> tuple[Watch, RowMemory]:
    row = place.encode(place.template)
    watch = Watch(row, place.ignored(row))
    return watch, place.memory(watch)


def cells(place: Layout, piece: str) -> set[int]:
    return {cell for cell, name in enumerate(place.piece) if name == piece}


def test_a_row_is_the_guest() -> None:
    place = layout()
    watch, memory = opened(place)
    assert memory.key() == place.template.kernel.memory.key()
    again = place.guest(watch)
    assert again.devices == place.template.devices
    assert place.encode(again) == place.encode(place.template)


def test_what_is_looked_at_is_noted_and_what_was_set_before_is_not() -> None:
    place = layout()
    watch, memory = opened(place)
    memory.online_type[32] = 2
    assert memory.online_type[32] == 2
    assert not watch.read
    assert memory.node(33) == 0
    assert set(watch.read) == {place.columns["node"][33]}
    assert memory.link.find(1 + Zone.DMA, 32, 34) == 32
    assert place.columns["zone"][33] not in watch.read


def test_unknown_looks_look_at_everything() -> None:
    place = layout()
    watch, memory = opened(place)
    assert memory.status.count(0) == list(memory.status).count(0)
    assert cells(place, "status") <= watch.read.keys()


def test_memory_out_of_play_cannot_be_changed() -> None:
    _, memory = opened(layout())
    for change in (lambda: memory.set_offline(5), lambda: memory.relink(5, Zone.NORMAL)):
        with pytest.raises(ValueError, match="not in play"):
            change()


def test_what_was_left_out_is_missed_when_it_is_looked_at() -> None:
    place = layout("present")
    _, memory = opened(place)
    with pytest.raises(LookedAt) as missed:
        memory.present_pages(0, Zone.NORMAL)
    assert place.missing(missed.value.cell) == "present"


def test_the_zone_of_an_offline_block_may_be_left_out() -> None:
    place = layout(OFFLINE_ZONE)
    watch, memory = opened(place)
    with pytest.raises(LookedAt) as missed:
        memory.zone(32)
    assert place.missing(missed.value.cell) == OFFLINE_ZONE
    before = watch.row[:]
    memory.status[32] = 3  # goes online, and nothing says in which zone
    with pytest.raises(LookedAt):
        place.leave_out(before, watch)
    memory.relink(32, Zone.MOVABLE)
    place.leave_out(before, watch)
    assert watch.written[place.columns["zone"][32]] == Zone.MOVABLE


def test_changes_that_nobody_waits_for_are_apart() -> None:
    place = layout()
    watch, memory = opened(place)
    pages = memory.pages(32)
    memory.grow_zone(Zone.MOVABLE, pages)
    assert not watch.read
    assert watch.changes == [Change("grow_zone", (int(Zone.MOVABLE), pages))]
    memory.status[32] = 3
    assert watch.changes[1:] == [Set(place.columns["status"][32], 3)]
    assert memory.status[32] == 3
    assert not watch.written


def test_a_change_whose_outcome_is_looked_at_is_the_steps_own() -> None:
    place = layout()
    watch, memory = opened(place)
    memory.grow_zone(Zone.MOVABLE, memory.pages(32))
    memory.status[32] = 3
    assert memory.span(0, Zone.MOVABLE) == Span(32 << 15, 33 << 15)
    assert not watch.changes
    first, _ = place.lists["spans"]
    assert first + Zone.MOVABLE in watch.read
    assert watch.written[place.columns["status"][32]] == 3


def test_a_change_of_what_is_left_out_is_none() -> None:
    place = layout("node_spans")
    watch, memory = opened(place)
    memory.grow_node(0, memory.pages(32))
    assert not watch.changes
    assert not watch.read
    assert not watch.written
