"""Ejecting a device and removing its blocks (drivers/acpi/scan.c, mm/memory_hotplug.c)."""

from __future__ import annotations

from typing import Final

from zonediff.engine.kernel import Kernel, KernelDied
from zonediff.engine.memory import NODE_ONLINE, OWN_MEMMAP
from zonediff.engine.onlining import ALREADY, device_offline, device_online
from zonediff.engine.policy import Shrink
from zonediff.engine.rules import MEMORY_HOTPLUG_C, SCAN_C, Rule
from zonediff.engine.zones import Zone

NOT_DRAINED: Final = Rule(
    "drain_all_pages.in-worker",
    "drain_all_pages",
    "block {block} is the last one online in zone {zone} of node {node}: pages that this eject "
    "moved there wait on per-cpu lists, which are not drained in a workqueue worker -> EBUSY",
    "mm/page_alloc.c",
)
EJECT_GIVEN_UP: Final = Rule(
    "acpi_scan_try_to_offline",
    "acpi_scan_try_to_offline",
    "block {block} could not be offlined ({result}): the eject is given up and blocks that it "
    "offlined go online again",
    SCAN_C,
)
REMOVED_ONLINE: Final = Rule(
    "check_memblock_offlined_cb",
    "remove_memory",
    "block {block} counts as offline for the driver core but is online: BUG()",
    MEMORY_HOTPLUG_C,
)
REMOVED: Final = Rule(
    "__remove_pages",
    "__remove_pages",
    "blocks {first}..{last} leave; zone {zone}'s span is now [{start}, {end})",
    MEMORY_HOTPLUG_C,
)
NODE_OFFLINE: Final = Rule(
    "try_offline_node",
    "try_offline_node",
    "node {node} has no memory and no CPU left and goes offline",
    MEMORY_HOTPLUG_C,
)


def eject(kernel: Kernel, blocks: range) -> str | None:
    """Offline every block of a device and remove them; REFUSED when one stays online.

    Raises KernelDied when it removes blocks that are still online.
    """
    offlined: set[int] = set()
    failed: tuple[int, str] | None = None
    for block in blocks:
        result = _offline_to_eject(kernel, block, offlined)
        if result is None:
            offlined.add(block)
        elif result is not ALREADY:
            failed = failed or (block, result)
    if failed is not None:
        failed = None
        for block in blocks:
            if block in offlined:
                continue
            result = _offline_to_eject(kernel, block, offlined)
            if result is None:
                offlined.add(block)
            elif result is not ALREADY:
                failed = (block, result)
                break
    if failed is not None:
        kernel.explain(EJECT_GIVEN_UP.because(block=failed[0], result=failed[1]))
        for block in sorted(offlined):
            device_online(kernel, block)
        return "REFUSED"
    remove_blocks(kernel, blocks)
    return None


def _offline_to_eject(kernel: Kernel, block: int, offlined: set[int]) -> str | None:
    """Offline a block as the ejecting worker does, after it has offlined these blocks."""
    memory = kernel.tables
    if not kernel.ejects_drain and memory.is_online(block):
        node, zone = memory.node(block), memory.zone(block)
        if (
            zone is Zone.MOVABLE
            and memory.present_pages(node, zone) == memory.block_pages
            and any(memory.zone(other) is zone for other in offlined)
        ):
            kernel.explain(NOT_DRAINED.because(block=block, zone=zone.label, node=node))
            return "EBUSY"
    return device_offline(kernel, block)


def remove_blocks(kernel: Kernel, blocks: range) -> None:
    """Remove blocks of one device. Raises KernelDied if one of them is still online."""
    memory = kernel.tables
    for block in blocks:
        if memory.is_online(block):
            kernel.explain(REMOVED_ONLINE.because(block=block))
            raise KernelDied("BUG")
    node, zone = memory.node(blocks[0]), memory.zone(blocks[0])
    shrink = kernel.policy.spans_shrink
    own_memmap = memory.status[blocks[0]] & OWN_MEMMAP
    for block in blocks:
        if shrink is not Shrink.OFFLINED:
            memory.shrink(node, zone, block, online_only=shrink is Shrink.REMOVED_TO_ONLINE)
        if shrink is Shrink.REMOVED:
            memory.shrink_node(node, block)
        else:
            memory.fit_node(node)
        memory.remove(block)
    kernel.uevents.append(("remove", blocks))
    kernel.pending = [block for block in kernel.pending if block not in blocks]
    if not own_memmap:
        kernel.free_kib += kernel.policy.memmap_kib(kernel, len(blocks))
    span = memory.span(node, zone)
    kernel.explain(
        REMOVED.because(
            first=blocks[0], last=blocks[-1], zone=zone.label, start=span.start, end=span.end
        )
    )
    leaves = node not in kernel.machine.cpu_nodes and memory.node_is(node, NODE_ONLINE)
    if leaves and _node_looks_empty(kernel, node):
        memory.node_states[node] &= ~NODE_ONLINE
        kernel.uevents.append(("remove node", node))
        kernel.explain(NODE_OFFLINE.because(node=node))


def _node_looks_empty(kernel: Kernel, node: int) -> bool:
    """Whether try_offline_node() finds no block of the node.

    It looks within the node's span; where zones are chosen when blocks go online, that span
    does not cover blocks that never did. Newer kernels look at all blocks.
    """
    span = kernel.tables.node_spans[node]
    if kernel.policy.nodes_stay_with_blocks:
        return not span and not kernel.tables.has_blocks(node)
    return not kernel.tables.has_blocks(node, span)
