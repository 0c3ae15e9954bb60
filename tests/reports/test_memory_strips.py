"""Strips: what is drawn, and where."""

from __future__ import annotations

from zonediff.engine.observation import BlockRange, BlockView, Observation
from zonediff.reports.page.memory_strips import MOST_PIECES, Scale, Segment

BOOT = BlockView("online", "DMA32", "1", "1", 0)
OFFLINE = BlockView("offline", "Normal Movable", "1", "0", 0)
ONLINE = BlockView("online", "Movable Normal", "1", "1", 0)


def seen(*ranges: tuple[int, int, BlockView]) -> Observation:
    return Observation(tuple(BlockRange(*item) for item in ranges))


def segments(scale: Scale, observation: Observation) -> tuple[Segment, ...]:
    strip = scale.strip(observation)
    return strip.segments if strip else ()


def test_boot_memory_to_which_nothing_happens_is_left_out() -> None:
    before = seen((0, 7, BOOT), (32, 39, OFFLINE))
    after = seen((0, 7, BOOT), (32, 38, OFFLINE), (39, 39, ONLINE))
    scale = Scale([before, after])
    assert [part.number for part in segments(scale, before)] == [32]
    assert [part.number for part in segments(scale, after)] == [32, 39]


def test_boot_memory_that_goes_offline_is_drawn() -> None:
    before = seen((0, 7, BOOT))
    after = seen((0, 6, BOOT), (7, 7, OFFLINE))
    scale = Scale([before, after])
    assert [part.number for part in segments(scale, before)] == [7]
    assert scale.strip(seen((0, 6, BOOT))) is None


def test_equal_blocks_are_equally_wide_in_every_strip() -> None:
    after = seen((32, 38, OFFLINE), (39, 39, ONLINE))
    scale = Scale([after])
    whole, last = segments(scale, after)
    assert whole.width == 7 * last.width
    assert last.x == whole.x + whole.width
    assert scale.true


def test_a_segment_says_state_and_zones() -> None:
    observation = seen((32, 38, OFFLINE), (39, 39, ONLINE))
    strip = Scale([observation]).strip(observation)
    assert strip is not None
    assert [(p.colour, p.online, p.label) for p in strip.segments] == [
        ("normal", False, "NM"),
        ("movable", True, "MN"),
    ]
    assert strip.text == ("memory32-38 offline [Normal Movable]; memory39 online [Movable Normal]")


def test_a_hole_is_a_gap_not_an_area() -> None:
    observation = seen((32, 33, OFFLINE), (100_000, 100_001, OFFLINE))
    scale = Scale([observation])
    first, second = segments(scale, observation)
    assert first.x + first.width < second.x
    assert second.x + second.width == scale.width < 200


def test_very_much_memory_is_not_drawn_to_scale_but_drawn() -> None:
    observation = seen((32, 524_320, OFFLINE), (524_321, 524_321, ONLINE))
    scale = Scale([observation])
    assert not scale.true
    assert scale.width < 400
    assert [part.number for part in segments(scale, observation)] == [32, None]


def test_a_picture_of_too_many_pieces_is_not_drawn() -> None:
    ranges = [(n, n, OFFLINE if n % 2 else ONLINE) for n in range(32, 32 + MOST_PIECES + 1)]
    observation = seen(*ranges)
    assert Scale([observation]).strip(observation) is None


def test_nothing_gives_no_picture() -> None:
    assert Scale([]).strip(Observation()) is None
