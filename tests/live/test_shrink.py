"""Delta debugging: the fewest items that still show it, asked for no more often than allowed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from hypothesis import given
from hypothesis import strategies as st

from zonediff.live.shrink import shrink

ITEMS = list(range(14))


def shrunk(
    items: Sequence[int], culprits: Collection[int], tries: int = 1000
) -> tuple[list[int], int]:
    """What is left, and how often it was asked whether something still shows."""
    asked = 0

    async def shows(fewer: Sequence[int]) -> bool:
        nonlocal asked
        asked += 1
        return set(culprits) <= set(fewer)

    return asyncio.run(shrink(items, shows, tries)), asked


@given(st.sets(st.sampled_from(ITEMS)))
def test_only_the_culprits_are_left_in_their_order(culprits: set[int]) -> None:
    kept, _ = shrunk(ITEMS, culprits)
    assert kept == sorted(culprits)


def test_a_single_culprit_is_found_quickly() -> None:
    for culprit in ITEMS:
        kept, asked = shrunk(ITEMS, {culprit})
        assert kept == [culprit]
        assert asked <= 12


@given(st.sets(st.sampled_from(ITEMS)), st.integers(0, 20))
def test_it_is_not_asked_more_often_than_allowed(culprits: set[int], tries: int) -> None:
    kept, asked = shrunk(ITEMS, culprits, tries)
    assert asked <= tries
    assert culprits <= set(kept)


def test_of_nothing_nothing_is_left() -> None:
    assert shrunk([], set()) == ([], 0)
