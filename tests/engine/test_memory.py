"""The books: spans that grow, shift and shrink, and runs of equal blocks."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zonediff.engine.memory import HAS_MEMORY, HAS_NORMAL_MEMORY, NODE_ONLINE, ONLINE, Memory
from zonediff.engine.units import SECTION_PAGES
from zonediff.engine.zones import EMPTY, OnlineType, Span, Zone

NORMAL, MOVABLE = Zone.NORMAL, Zone.MOVABLE


def pages(first: float, stop: float) -> Span:
    return Span(int(first * SECTION_PAGES), int(stop * SECTION_PAGES))


def books(zones: str, *, normal: Span = EMPTY, movable: Span = EMPTY, nodes: int = 1) -> Memory:
    """Blocks of node 0 by letter: Normal, Movable, or none; capitals are online."""
    memory = Memory(nodes)
    for block, letter in enumerate(zones):
        if letter != ".":
            memory.add(block, 1, 0, NORMAL if letter in "nN" else MOVABLE)
            if letter.isupper():
                memory.set_online(block)
    for zone, span in ((NORMAL, normal), (MOVABLE, movable)):
        if span:
            memory.grow(0, zone, span)
    return memory


def test_a_span_is_empty_when_it_ends_where_it_starts() -> None:
    assert not EMPTY
    assert not Span(7, 7)
    assert Span(7, 8)
    assert Span(8, 7)
    assert (7 in Span(7, 9), 8 in Span(7, 9), 9 in Span(7, 9), 6 in Span(7, 9)) == (
        *(True, True),
        *(False, False),
    )


def test_new_books_are_empty() -> None:
    memory = Memory(2)
    assert memory.nodes == 2
    assert (memory.spans, memory.present) == ([EMPTY] * 8, [0] * 8)
    assert (memory.node_spans, bytes(memory.node_states)) == ([EMPTY] * 2, bytes(2))
    assert bytes(memory.initialised) == bytes(8)
    assert [*map(bytes, (memory.status, memory.link, memory.online_type))] == [b"", b"", b""]
    assert (memory.tails, memory.ragged) == ({}, {})


def test_zones_have_the_kernels_names_and_order() -> None:
    assert [zone.label for zone in Zone] == ["DMA", "DMA32", "Normal", "Movable"]
    assert Zone.DMA < Zone.DMA32 < Zone.NORMAL < Zone.MOVABLE
    assert [kind.label for kind in OnlineType] == [
        *("online", "online_kernel", "online_movable"),
        "nothing",
    ]


def test_a_zone_grows_over_holes_and_takes_its_node_along() -> None:
    memory = Memory(2)
    memory.grow(1, NORMAL, pages(4, 6))
    assert memory.span(1, NORMAL) == memory.node_spans[1] == pages(4, 6)
    memory.grow(1, MOVABLE, pages(8, 9))
    memory.grow(1, NORMAL, pages(2, 3))
    memory.grow(1, NORMAL, pages(3, 4))
    assert memory.span(1, NORMAL) == pages(2, 6)
    assert memory.node_spans == [EMPTY, pages(2, 9)]
    assert bytes(memory.initialised) == bytes([0, 0, 0, 0, 0, 0, 1, 1])


@pytest.mark.parametrize(
    ("source", "normal", "movable", "moved", "after_normal", "after_movable"),
    [
        # Up from the end of Normal.
        (NORMAL, (0, 4), None, (3, 4), (0, 3), (3, 4)),
        (NORMAL, (0, 4), (4, 6), (3, 4), (0, 3), (3, 6)),
        (NORMAL, (0, 4), (6, 8), (3, 4), (0, 3), (3, 8)),
        (NORMAL, (3, 4), None, (3, 4), None, (3, 4)),
        # Down from the start of Movable.
        (MOVABLE, None, (4, 8), (4, 5), (4, 5), (5, 8)),
        (MOVABLE, (0, 4), (4, 8), (4, 5), (0, 5), (5, 8)),
        (MOVABLE, (0, 2), (4, 5), (4, 5), (0, 5), None),
        # The target takes the pages' edge for its own, whatever it spanned beyond.
        (NORMAL, (0, 4), (1, 6), (3, 4), (0, 3), (3, 6)),
        (MOVABLE, (0, 9), (4, 8), (4, 5), (0, 5), (5, 8)),
        # What would end where it starts is empty.
        (NORMAL, (0, 4), (1, 3), (3, 4), (0, 3), None),
        (MOVABLE, (5, 6), (4, 8), (4, 5), None, (5, 8)),
        # What would end before it starts is very long.
        (NORMAL, (0, 4), (1, 2), (3, 4), (0, 3), (3, 2)),
        (MOVABLE, (6, 7), (4, 8), (4, 5), (6, 5), (5, 8)),
    ],
)
def test_pages_at_an_edge_shift_to_another_zone(
    source: Zone,
    normal: tuple[int, int] | None,
    movable: tuple[int, int] | None,
    moved: tuple[int, int],
    after_normal: tuple[int, int] | None,
    after_movable: tuple[int, int] | None,
) -> None:
    memory = Memory(1)
    memory.spans[NORMAL] = pages(*normal) if normal else EMPTY
    memory.spans[MOVABLE] = pages(*movable) if movable else EMPTY
    target = MOVABLE if source is NORMAL else NORMAL
    assert memory.shift(0, source, target, pages(*moved))
    assert memory.span(0, NORMAL) == (pages(*after_normal) if after_normal else EMPTY)
    assert memory.span(0, MOVABLE) == (pages(*after_movable) if after_movable else EMPTY)
    assert memory.initialised[target] == 1


@pytest.mark.parametrize("span", [Span(4, 1), Span(2, 4), Span(1, 3), EMPTY])
def test_pages_outside_a_zones_span_do_not_shift(span: Span) -> None:
    memory = Memory(1)
    memory.spans[NORMAL] = span
    assert not memory.shift(0, NORMAL, MOVABLE, Span(1, 4))
    assert (memory.span(0, NORMAL), memory.span(0, MOVABLE)) == (span, EMPTY)
    assert memory.initialised[MOVABLE] == 1


@pytest.mark.parametrize(
    ("zones", "span", "gone", "after"),
    [
        ("nnn", (0, 3), 0, (1, 3)),
        ("nnn", (0, 3), 2, (0, 2)),
        ("nnn", (0, 3), 1, (0, 3)),
        ("n.n", (0, 3), 0, (2, 3)),
        ("n.n", (0, 3), 2, (0, 1)),
        ("n", (0, 1), 0, None),
        # Blocks of other zones do not count, nor do those outside the span.
        ("nmn", (0, 3), 2, (0, 1)),
        ("nm", (0, 2), 0, None),
        ("nmn", (0, 2), 0, None),
        ("nnm", (1, 3), 1, None),
        # One in the middle leaves a hole, unless it was the last.
        ("mnm", (0, 3), 1, None),
        ("mnn", (0, 3), 1, (0, 3)),
        ("nnm", (0, 3), 1, (0, 3)),
        # A span that is turned inside out or empty holds none.
        ("nnn", (3, 0), 1, None),
        ("nnn", None, 1, None),
    ],
)
def test_a_zone_gives_up_a_block(
    zones: str, span: tuple[int, int] | None, gone: int, after: tuple[int, int] | None
) -> None:
    memory = books(zones)
    memory.spans[NORMAL] = pages(*span) if span else EMPTY
    memory.shrink(0, NORMAL, gone)
    assert memory.span(0, NORMAL) == (pages(*after) if after else EMPTY)


@pytest.mark.parametrize(
    ("zones", "gone", "after"),
    [
        ("NnN", 0, (2, 3)),
        ("NnN", 2, (0, 1)),
        ("NnN", 1, (0, 3)),
        ("Nnn", 0, None),
        ("nnN", 2, None),
        ("nnnN", 3, None),
        ("nNnN", 3, (0, 2)),
    ],
)
@pytest.mark.parametrize("at_edges_only", [False, True])
def test_offline_blocks_do_not_hold_a_span_that_counts_online_ones(
    zones: str, gone: int, after: tuple[int, int] | None, at_edges_only: bool
) -> None:
    memory = books(zones, normal=pages(0, len(zones)))
    memory.shrink(0, NORMAL, gone, online_only=True, at_edges_only=at_edges_only)
    assert memory.span(0, NORMAL) == (pages(*after) if after else EMPTY)


@pytest.mark.parametrize(("at_edges_only", "after"), [(False, EMPTY), (True, pages(0, 3))])
def test_a_span_without_online_blocks_is_given_up_from_its_middle(
    at_edges_only: bool, after: Span
) -> None:
    memory = books("nnn", normal=pages(0, 3))
    memory.shrink(0, NORMAL, 1, online_only=True, at_edges_only=at_edges_only)
    assert memory.span(0, NORMAL) == after


@pytest.mark.parametrize(
    ("tails", "gone", "after"),
    [
        # Block 1's last page is no memory: looking from the end, it is not there.
        ({1: 0}, 3, (0, 1)),
        ({1: 0, 0: 0}, 3, None),
        # Block 1 starts in another zone and ends in this one.
        ({1: 3}, 3, (0, 2)),
        # The block that leaves does not count, however it ends.
        ({3: 3}, 3, (0, 1)),
        # Nor does one outside the span, nor one that ends in another zone yet.
        ({1: 3, 5: 3}, 3, (0, 2)),
        ({1: 4}, 3, (0, 1)),
    ],
)
def test_from_the_end_a_block_is_of_the_zone_of_its_last_page(
    tails: dict[int, int], gone: int, after: tuple[int, int] | None
) -> None:
    memory = books("nn.n" if 0 in tails.values() else "nm.n", normal=pages(0, 4))
    memory.tails = tails
    memory.shrink(0, NORMAL, gone)
    # With nothing at its end the span still holds what starts in it.
    expected = pages(*after) if after else pages(0, 4)
    assert memory.span(0, NORMAL) == expected


@pytest.mark.parametrize(
    ("first", "online_only", "held"),
    [("m", False, True), ("m", True, False), ("M", True, True)],
)
def test_the_block_that_a_span_starts_within_holds_it(
    first: str, online_only: bool, held: bool
) -> None:
    memory = books(first + "nm")
    memory.tails = {0: 1 + NORMAL}
    memory.spans[NORMAL] = pages(0.5, 3)
    memory.shrink(0, NORMAL, 1, online_only=online_only)
    assert memory.span(0, NORMAL) == (pages(0.5, 3) if held else EMPTY)


def test_a_span_that_starts_with_a_block_asks_for_its_first_page() -> None:
    memory = books(".mnm")
    memory.tails = {1: 1 + NORMAL}
    memory.spans[NORMAL] = pages(1, 4)
    memory.shrink(0, NORMAL, 2)
    assert memory.span(0, NORMAL) == EMPTY


def test_a_span_that_starts_within_a_block_holds_that_block() -> None:
    memory = books("mn", normal=pages(0.5, 2))
    memory.tails = {0: 1 + NORMAL}
    memory.shrink(0, NORMAL, 1)
    assert memory.span(0, NORMAL) == pages(0.5, 1)
    memory.tails = {}
    memory.spans[NORMAL] = pages(0.5, 2)
    memory.shrink(0, NORMAL, 1)
    assert memory.span(0, NORMAL) == EMPTY


@pytest.mark.parametrize(
    ("zones", "gone", "after"),
    [
        ("nm", 0, (1, 2)),
        ("nm", 1, (0, 1)),
        ("n.m", 0, (2, 3)),
        ("n", 0, None),
    ],
)
def test_a_node_gives_up_a_block_of_any_zone(
    zones: str, gone: int, after: tuple[int, int] | None
) -> None:
    memory = books(zones, normal=pages(0, len(zones)))
    memory.shrink_node(0, gone)
    assert memory.node_spans[0] == (pages(*after) if after else EMPTY)


def test_a_node_can_be_fitted_to_its_zones() -> None:
    memory = books("nnnn", normal=pages(0, 4))
    memory.spans[NORMAL], memory.spans[MOVABLE] = pages(1, 2), pages(3, 4)
    memory.fit_node(0)
    assert memory.node_spans[0] == pages(1, 4)
    memory.spans[NORMAL] = memory.spans[MOVABLE] = EMPTY
    memory.fit_node(0)
    assert memory.node_spans[0] == EMPTY


def test_nodes_give_up_and_keep_blocks_of_their_own_only() -> None:
    memory = Memory(3)
    for block, (node, zone) in enumerate([(0, NORMAL), (1, Zone.DMA), (1, MOVABLE), (2, Zone.DMA)]):
        memory.add(block, 1, node, zone)
    memory.node_spans = [pages(0, 4), pages(1, 4), EMPTY]
    memory.shrink_node(0, 0)
    memory.shrink_node(1, 2)
    assert memory.node_spans == [EMPTY, pages(1, 4), EMPTY]
    memory.node_spans[1] = pages(1, 3)
    memory.shrink_node(1, 1)
    assert memory.node_spans[1] == pages(2, 3)
    memory.node_spans[1] = pages(1, 3)
    memory.shrink_node(1, 2)
    assert memory.node_spans[1] == pages(1, 2)
    memory.node_spans[2] = pages(2, 5)
    memory.shrink_node(2, 3)
    assert memory.node_spans[2] == EMPTY


def test_a_node_is_fitted_to_its_own_zones() -> None:
    memory = Memory(3)
    memory.spans = [Span(zone, zone + 1) for zone in range(12)]
    memory.fit_node(1)
    assert memory.node_spans == [EMPTY, Span(4, 8), EMPTY]


def test_pages_are_present_while_their_block_is_online() -> None:
    memory = books("nmNM", nodes=1)
    assert memory.present == [0, 0, SECTION_PAGES, SECTION_PAGES]
    assert memory.present_pages(0, NORMAL, MOVABLE) == 2 * SECTION_PAGES
    memory.set_offline(2)
    assert memory.present == [0, 0, 0, SECTION_PAGES]
    assert not memory.is_online(2)
    assert memory.has(2)


def test_a_node_has_memory_when_something_of_it_went_online() -> None:
    memory = books("nm")
    assert memory.node_states[0] == 0
    memory.node_states[0] = NODE_ONLINE
    memory.set_online(1)
    assert memory.node_states[0] == NODE_ONLINE | HAS_MEMORY
    memory.set_online(0)
    assert memory.node_states[0] == NODE_ONLINE | HAS_MEMORY | HAS_NORMAL_MEMORY
    memory.set_offline(0)
    assert memory.node_states[0] == NODE_ONLINE | HAS_MEMORY
    memory.set_offline(1)
    assert memory.node_states[0] == NODE_ONLINE
    memory.set_online(1)
    assert memory.node_is(0, HAS_MEMORY)
    assert not memory.node_is(0, HAS_NORMAL_MEMORY)


def test_blocks_of_a_node_are_found_anywhere_or_within_a_span() -> None:
    memory = Memory(3)
    memory.add(5, 1, 1, MOVABLE)
    assert (memory.has_blocks(0), memory.has_blocks(1), memory.has_blocks(2)) == (
        *(False, True),
        False,
    )
    assert memory.has_blocks(1, pages(5, 6))
    assert memory.has_blocks(1, pages(4.5, 5.5))
    assert not memory.has_blocks(1, pages(2, 5))
    assert not memory.has_blocks(1, pages(6, 9))
    assert not memory.has_blocks(1, EMPTY)
    assert (memory.node(5), memory.zone(5)) == (1, MOVABLE)


def test_the_first_block_of_all_is_found_too() -> None:
    memory = Memory(1)
    memory.add(0, 1, 0, NORMAL)
    assert memory.has_blocks(0)
    assert memory.has_blocks(0, pages(0, 1))


def test_a_removed_block_leaves_nothing_behind() -> None:
    memory = books("nn")
    memory.remove(1)
    assert not memory.has(1)
    assert not memory.has(2)
    assert (memory.status[1], memory.link[1], memory.online_type[1]) == (0, 0, 0)


def test_only_the_node_that_is_reset_loses_its_zones() -> None:
    memory = Memory(3)
    memory.spans = [Span(zone, zone + 1) for zone in range(12)]
    memory.present = list(range(1, 13))
    memory.node_spans = [Span(0, 4), Span(4, 8), Span(8, 12)]
    memory.reset_node(1)
    assert memory.spans == [
        *(Span(zone, zone + 1) for zone in range(4)),
        *[EMPTY] * 4,
        *(Span(zone, zone + 1) for zone in range(8, 12)),
    ]
    assert memory.present == [1, 2, 3, 4, 0, 0, 0, 0, 9, 10, 11, 12]
    assert memory.node_spans == [Span(0, 4), EMPTY, Span(8, 12)]


def test_a_node_that_is_reset_forgets_its_zones_but_not_that_they_were_used() -> None:
    memory = Memory(2)
    memory.grow(1, MOVABLE, pages(0, 1))
    memory.grow(0, MOVABLE, pages(1, 2))
    memory.reset_node(1)
    assert (memory.span(1, MOVABLE), memory.span(0, MOVABLE)) == (EMPTY, pages(1, 2))
    assert memory.node_spans == [pages(1, 2), EMPTY]
    assert memory.initialised[4 + MOVABLE]


columns = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4)), max_size=6)


@given(columns, st.sets(st.integers(0, 24), max_size=4))
def test_runs_are_the_longest_of_equal_blocks_between_cuts(
    made: list[tuple[int, int]], cuts: set[int]
) -> None:
    memory = Memory(1)
    memory.status = bytearray(b"".join(bytes([value]) * count for value, count in made))
    memory.link = bytearray(len(memory.status))
    memory.online_type = bytearray(len(memory.status))
    stop = len(memory.status)
    runs = list(memory.runs(0, stop, cuts))
    assert [block for first, until in runs for block in range(first, until)] == list(range(stop))
    for first, until in runs:
        assert len(set(memory.status[first:until])) == 1
        assert not any(first < cut < until for cut in cuts)
    for (_, until), (first, _) in pairwise(runs):
        assert memory.status[until - 1] != memory.status[first] or first in cuts


def test_a_long_run_is_found_whole() -> None:
    memory = Memory(1)
    memory.add(0, 100_000, 0, NORMAL)
    memory.status[77_777] |= ONLINE
    assert list(memory.runs(0, 100_000)) == [(0, 77_777), (77_777, 77_778), (77_778, 100_000)]
