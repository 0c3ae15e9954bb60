"""The observation that user space makes of a kernel."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from zonediff.engine.memory import (
    HAS_MEMORY,
    HAS_NORMAL_MEMORY,
    MIXED,
    NODE_ONLINE,
    OFFLINE_FLAG,
    ONLINE,
    PINNED,
    PRESENT,
    UNSIGNED_LONG,
    Memory,
)
from zonediff.engine.observation import BlockRange, BlockView, Observation, ZoneView
from zonediff.engine.units import PAGE
from zonediff.engine.zones import ZONE_LABELS, Zone

if TYPE_CHECKING:
    from zonediff.engine.kernel import Kernel

NO_NODE: Final = -1
"""The node of a block whose node has left sysfs before it."""


def observe(kernel: Kernel) -> Observation:
    """Observe sysfs and /proc/zoneinfo; the time is proportional to the runs of equal blocks."""
    return Observation(
        blocks=tuple(_ranges(kernel)),
        zones=zone_views(kernel),
        nodes=node_masks(kernel),
        auto_online_blocks=kernel.knob,
        devices={
            name: shown
            for name, device in kernel.devices.items()
            if (shown := device.shown) is not None
        },
    )


def zone_views(kernel: Kernel) -> dict[str, ZoneView]:
    """The zones in /proc/zoneinfo, by name as in `0/Movable`."""
    memory = kernel.tables
    return {
        f"{index >> 2}/{ZONE_LABELS[index & 3]}": ZoneView(
            span.start,
            (span.end - span.start) % UNSIGNED_LONG,
            memory.present[index] % UNSIGNED_LONG,
        )
        for index, span in enumerate(memory.spans)
        if (span or memory.present[index]) and memory.node_is(index >> 2, NODE_ONLINE)
    }


def block_view(kernel: Kernel, block: int) -> BlockView:
    """The files of one block (show_valid_zones and its neighbours, drivers/base/memory.c)."""
    memory = kernel.tables
    status = memory.status[block]
    zones = None if status & MIXED else kernel.policy.valid_zones(kernel, block)
    pinned = status & (PINNED | MIXED) and status & ONLINE and not kernel.policy.removable_always
    node = memory.node(block)
    node = node if memory.node_is(node, NODE_ONLINE) else NO_NODE
    others: tuple[int, ...] = ()
    if memory.seams or memory.partial:
        node, *rest = _linked_nodes(memory, block) or (NO_NODE,)
        others = tuple(rest)
    return _view(
        status & ONLINE,
        status & OFFLINE_FLAG,
        zones,
        bool(pinned and memory.zone(block) is not Zone.MOVABLE),
        node,
        others,
    )


def _linked_nodes(memory: Memory, block: int) -> tuple[int, ...]:
    """The nodes that a block has a link to; one with sections missing has none yet."""
    if block in memory.partial:
        return ()
    nodes = memory.seams.get(block) or (memory.node(block),)
    return tuple(node for node in nodes if memory.node_is(node, NODE_ONLINE))


@lru_cache(maxsize=1024)
def _view(
    online: int,
    offline_flag: int,
    zones: tuple[Zone, ...] | None,
    pinned: bool,
    node: int,
    other_nodes: tuple[int, ...],
) -> BlockView:
    """Return the same object for blocks with equal files, so that comparing them is cheap."""
    return BlockView(
        state="online" if online else "offline",
        valid_zones="none" if zones is None else " ".join(zone.label for zone in zones),
        removable="0" if pinned else "1",
        online="0" if offline_flag else "1",
        node=node,
        other_nodes=other_nodes,
    )


def _ranges(kernel: Kernel) -> Iterator[BlockRange]:
    """All blocks as ranges of the greatest length."""
    memory = kernel.tables
    first, last, current = 0, -1, None
    for low, stop in memory.runs(0, len(memory.status), _edges(kernel)):
        view = block_view(kernel, low) if memory.status[low] & PRESENT else None
        if view is not current and view != current:
            if current is not None:
                yield BlockRange(first, last, current)
            first, current = low, view
        last = stop - 1
    if current is not None:
        yield BlockRange(first, last, current)


def _edges(kernel: Kernel) -> set[int]:
    """Block numbers at which `valid_zones` may change between otherwise equal blocks.

    Its rules compare a block's pages with where spans start and end, so the blocks at a span's
    edge, in it and beside it, stand alone. They may also ask for the device a block is of.
    """
    memory = kernel.tables
    edges: set[int] = set()
    for block in memory.partial:
        edges.update((block, block + 1))
    if kernel.policy.valid_zones_by_device:
        size = memory.block_pages * PAGE
        for device in kernel.devices.values():
            edges.update(device.edges(size))
    for span in memory.spans:
        if span:
            for pfn in span:
                block = pfn // memory.block_pages
                edges.update((block - 1, block, block + 1))
    return edges


def node_masks(kernel: Kernel) -> dict[str, str]:
    """The masks in /sys/devices/system/node, as text."""
    states = bytes(kernel.tables.node_states)
    if kernel.policy.movable_node_option and not kernel.machine.config.MOVABLE_NODE:
        # Without CONFIG_MOVABLE_NODE the two masks are one, and only this name exists.
        return {
            "online": _mask(states, NODE_ONLINE),
            "has_normal_memory": _mask(states, HAS_MEMORY),
        }
    return {
        "online": _mask(states, NODE_ONLINE),
        "has_memory": _mask(states, HAS_MEMORY),
        "has_normal_memory": _mask(states, HAS_NORMAL_MEMORY),
    }


@lru_cache(maxsize=1024)
def _mask(states: bytes, state: int) -> str:
    """The nodes whose state has this bit, as text; nodes seldom change."""
    return ranges([node for node, bits in enumerate(states) if bits & state])


def ranges(numbers: list[int]) -> str:
    """Ascending numbers as the kernel prints a list: `0-1,3`."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(f"{low}" if low == high else f"{low}-{high}" for low, high in parts)
