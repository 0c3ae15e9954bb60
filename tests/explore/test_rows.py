"""Rows, and what is noted of the steps that work on them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.explore.arenas import dimm, machine, policy
from zonediff.engine.guest import Guest
from zonediff.engine.zones import Span, Zone
from zonediff.explore.layout import OFFLINE_ZONE, Layout
from zonediff.explore.numbering import Numbering
from zonediff.explore.row_memory import RowMemory
from zonediff.explore.tracer import CellWrite, LeftOutCellRead, RowTracer, Update

BLOCKS = (32, 33)


def layout(*left_out: str) -> Layout:
    guest = Guest(machine(dimm("d1", 2)), policy("v4.14"))
    guest.power_on()
    kept_pieces = frozenset(Layout.PIECES) - set(left_out)
    return Layout(guest, BLOCKS, Numbering(), kept_pieces)


def opened(place: Layout) -> tuple[RowTracer, RowMemory]:
    row = place.encode(place.template)
    tracer = RowTracer(row, place.ignored(row))
    return tracer, place.memory(tracer)


def cells(place: Layout, piece: str) -> set[int]:
    return {cell for cell, name in enumerate(place.piece) if name == piece}


def test_a_row_is_the_guest() -> None:
    place = layout()
    tracer, memory = opened(place)
    assert memory.key() == place.template.kernel.tables.key()
    again = place.guest(tracer)
    assert again.devices == place.template.devices
    assert place.encode(again) == place.encode(place.template)


def test_what_is_looked_at_is_noted_and_what_was_set_before_is_not() -> None:
    place = layout()
    tracer, memory = opened(place)
    memory.online_type[32] = 2
    assert memory.online_type[32] == 2
    assert not tracer.read
    assert memory.node(33) == 0
    assert set(tracer.read) == {place.columns["node"][33]}
    assert memory.link.find(1 + Zone.DMA, 32, 34) == 32
    assert place.columns["zone"][33] not in tracer.read


def test_unknown_looks_look_at_everything() -> None:
    place = layout()
    tracer, memory = opened(place)
    assert memory.status.count(0) == list(memory.status).count(0)
    assert cells(place, "status") <= tracer.read.keys()


def test_memory_out_of_play_cannot_be_changed() -> None:
    _, memory = opened(layout())
    changes: list[Callable[[], object]] = [
        lambda: memory.set_offline(5),
        lambda: memory.relink(5, Zone.NORMAL),
    ]
    for change in changes:
        with pytest.raises(ValueError, match="not in play"):
            change()


def test_what_was_left_out_is_missed_when_it_is_looked_at() -> None:
    place = layout("present")
    _, memory = opened(place)
    with pytest.raises(LeftOutCellRead) as missed:
        memory.present_pages(0, Zone.NORMAL)
    assert place.piece_to_keep(missed.value.cell) == "present"


def test_the_zone_of_an_offline_block_may_be_left_out() -> None:
    place = layout(OFFLINE_ZONE)
    tracer, memory = opened(place)
    with pytest.raises(LeftOutCellRead) as missed:
        memory.zone(32)
    assert place.piece_to_keep(missed.value.cell) == OFFLINE_ZONE
    before = tracer.row[:]
    memory.status[32] = 3  # goes online, and nothing says in which zone
    with pytest.raises(LeftOutCellRead):
        place.leave_out(before, tracer)
    memory.relink(32, Zone.MOVABLE)
    place.leave_out(before, tracer)
    assert tracer.written[place.columns["zone"][32]] == Zone.MOVABLE


def test_changes_that_nobody_waits_for_are_apart() -> None:
    place = layout()
    tracer, memory = opened(place)
    pages = memory.pages(32)
    memory.grow_zone(Zone.MOVABLE, pages)
    assert not tracer.read
    assert tracer.updates == [Update("grow_zone", (int(Zone.MOVABLE), pages))]
    memory.status[32] = 3
    assert tracer.updates[1:] == [CellWrite(place.columns["status"][32], 3)]
    assert memory.status[32] == 3
    assert not tracer.written


def test_a_change_whose_outcome_is_looked_at_is_the_steps_own() -> None:
    place = layout()
    tracer, memory = opened(place)
    memory.grow_zone(Zone.MOVABLE, memory.pages(32))
    memory.status[32] = 3
    assert memory.span(0, Zone.MOVABLE) == Span(32 << 15, 33 << 15)
    assert not tracer.updates
    first, _ = place.lists["spans"]
    assert first + Zone.MOVABLE in tracer.read
    assert tracer.written[place.columns["status"][32]] == 3


def test_a_change_of_what_is_left_out_is_none() -> None:
    place = layout("node_spans")
    tracer, memory = opened(place)
    memory.grow_node(0, memory.pages(32))
    assert not tracer.updates
    assert not tracer.read
    assert not tracer.written
