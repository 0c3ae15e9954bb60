"""Observations: the memory that user space can see, run-length: sysfs files, zones, node masks.

Every subject (a model, a real kernel, a recording) yields the same observations, so comparisons and
reports work on any of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class BlockView:
    """The sysfs files of one memory block, as text, and the nodes that it is linked to.

    node: the lowest of them, -1 for none. other_nodes: the others, ascending; boot memory of
    several nodes can meet within a block.
    """

    state: str
    valid_zones: str
    removable: str
    online: str
    node: int
    other_nodes: tuple[int, ...] = ()

    @property
    def nodes(self) -> tuple[int, ...]:
        """All nodes that the block is linked to, ascending."""
        return () if self.node < 0 else (self.node, *self.other_nodes)

    @property
    def zone(self) -> str:
        """The zone the block is in, or would go to: the first name in `valid_zones`."""
        return self.valid_zones.partition(" ")[0]

    def __str__(self) -> str:
        return f"{self.state} [{self.valid_zones}]"


@dataclass(frozen=True, slots=True)
class BlockRange:
    """Memory blocks first..last (inclusive) with equal files; view None: they do not exist."""

    first: int
    last: int
    view: BlockView | None

    @property
    def name(self) -> str:
        """`memory32` or `memory32-38`."""
        return f"memory{self.first}" + (f"-{self.last}" if self.last > self.first else "")

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __str__(self) -> str:
        return f"{self.name} {self.view or 'gone'}"


@dataclass(frozen=True, slots=True)
class ZoneView:
    """A zone of a node as /proc/zoneinfo shows it, in pages: span [start_pfn, +spanned), present.

    A model shows zones that span memory but have no present page too; kernels before 4.12 do not.
    """

    start_pfn: int
    spanned: int
    present: int


@dataclass(frozen=True, slots=True)
class Observation:
    """The whole memory at one moment.

    blocks: ranges of equal blocks, ascending, neighbours differing.
    zones: by `node/Zone`, as in `0/Movable`.
    nodes: the masks `online`, `has_memory`, `has_normal_memory` as text (`0-1`).
    auto_online_blocks: the knob's text, None where the file does not exist.
    devices: of each dax device its driver, and of each virtio-mem device its sizes, as in
        `512M requested, 384M plugged`; by id.
    """

    blocks: tuple[BlockRange, ...] = ()
    zones: Mapping[str, ZoneView] = field(default_factory=dict)
    nodes: Mapping[str, str] = field(default_factory=dict)
    auto_online_blocks: str | None = None
    devices: Mapping[str, str] = field(default_factory=dict)

    def block(self, number: int) -> BlockView | None:
        """The view of one block, None where there is none."""
        for item in self.blocks:
            if item.first <= number <= item.last:
                return item.view
        return None

    def each(self) -> Iterator[tuple[int, BlockView]]:
        """Every block that exists, one by one: (number, view)."""
        for item in self.blocks:
            if item.view is not None:
                for number in range(item.first, item.last + 1):
                    yield number, item.view


@dataclass(frozen=True, slots=True)
class Change:
    """The differences from the observation before; a view of None means that it went away.

    knob holds the new text of `auto_online_blocks` when that changed (a one-element tuple, so
    that "the file went away", `(None,)`, differs from "nothing changed", None).
    """

    blocks: tuple[BlockRange, ...] = ()
    zones: Mapping[str, ZoneView | None] = field(default_factory=dict)
    nodes: Mapping[str, str] = field(default_factory=dict)
    knob: tuple[str | None] | None = None
    devices: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(
            self.blocks or self.zones or self.nodes or self.knob is not None or self.devices
        )


NOTHING = Change()


def run_length(blocks: Iterable[tuple[int, BlockView | None]]) -> tuple[BlockRange, ...]:
    """Join consecutive equal blocks of an ascending sequence into ranges."""
    return join(BlockRange(number, number, view) for number, view in blocks)


def join(ranges: Iterable[BlockRange]) -> tuple[BlockRange, ...]:
    """Join touching ranges that look alike; the input ascends."""
    joined: list[BlockRange] = []
    for item in ranges:
        if joined and joined[-1].last + 1 == item.first and joined[-1].view == item.view:
            joined[-1] = BlockRange(joined[-1].first, item.last, item.view)
        else:
            joined.append(item)
    return tuple(joined)


def difference(before: Observation, after: Observation) -> Change:
    """The change from `before` to `after`."""
    unchanged = 0  # ranges at the beginning, where boot memory is
    for old, new in zip(before.blocks, after.blocks, strict=False):
        if old.view is not new.view or old.last != new.last or old.first != new.first:
            break
        unchanged += 1
    return Change(
        blocks=join(
            BlockRange(first, last, new)
            for first, last, old, new in aligned(
                before.blocks[unchanged:], after.blocks[unchanged:]
            )
            if old is not new and old != new
        ),
        zones={
            name: after.zones.get(name)
            for name in sorted(before.zones.keys() | after.zones.keys())
            if before.zones.get(name) != after.zones.get(name)
        },
        nodes=_changed_texts(before.nodes, after.nodes),
        knob=None
        if before.auto_online_blocks == after.auto_online_blocks
        else (after.auto_online_blocks,),
        devices=_changed_texts(before.devices, after.devices),
    )


def _changed_texts(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """The texts that are new or differ, by name; names do not go away."""
    return {name: text for name, text in after.items() if before.get(name) != text}


def apply(before: Observation, change: Change) -> Observation:
    """The observation after `change`; the inverse of difference()."""
    if not change:
        return before
    zones = {**before.zones, **change.zones}
    return Observation(
        blocks=_changed(before.blocks, change.blocks) if change.blocks else before.blocks,
        zones={name: zone for name, zone in sorted(zones.items()) if zone is not None},
        nodes={**before.nodes, **change.nodes},
        auto_online_blocks=before.auto_online_blocks if change.knob is None else change.knob[0],
        devices={**before.devices, **change.devices},
    )


def _changed(
    blocks: tuple[BlockRange, ...], changes: tuple[BlockRange, ...]
) -> tuple[BlockRange, ...]:
    """Ranges after some have changed; those that no change touches stay as they are."""
    first, last = changes[0].first - 1, changes[-1].last + 1
    low, high = 0, len(blocks)
    while low < high and blocks[low].last < first:
        low += 1
    while high > low and blocks[high - 1].first > last:
        high -= 1
    changed = (
        BlockRange(start, stop, view)
        for start, stop, old, new in aligned(blocks[low:high], changes, mark=True)
        if (view := old if new is _ABSENT else new) is not None
    )
    return blocks[:low] + join(changed) + blocks[high:]


_ABSENT = BlockView("", "", "", "", -1)

_END = BlockRange(sys.maxsize, sys.maxsize, None)
"""A sentinel after every range."""


def aligned(
    left: tuple[BlockRange, ...], right: tuple[BlockRange, ...], *, mark: bool = False
) -> Iterator[tuple[int, int, BlockView | None, BlockView | None]]:
    """Cut both run-length sequences at the same places: (first, last, left view, right view).

    A side that has no range there gives None, or with `mark` a marker on the right side, where
    None then means a range that says "gone".
    """
    missing = _ABSENT if mark else None
    lefts, rights = iter(left), iter(right)
    left_range, right_range = next(lefts, _END), next(rights, _END)
    position = 0
    while left_range is not _END or right_range is not _END:
        # Written out: calls of min() and max() would double the time of this loop.
        start = left_range.first if left_range.first < right_range.first else right_range.first
        start = start if start > position else position
        on_left, on_right = left_range.first <= start, right_range.first <= start
        last = left_range.last if on_left else left_range.first - 1
        end = right_range.last if on_right else right_range.first - 1
        last = last if last < end else end
        yield (
            start,
            last,
            left_range.view if on_left else None,
            right_range.view if on_right else missing,
        )
        position = last + 1
        if left_range.last == last:
            left_range = next(lefts, _END)
        if right_range.last == last:
            right_range = next(rights, _END)
