"""Linux v6.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from zonediff.engine.devices import Device, Source, VirtioMemDevice
from zonediff.engine.policy import Shrink
from zonediff.engine.rules import MEMORY_HOTPLUG_C, Decision, Rule
from zonediff.engine.state import KernelState
from zonediff.engine.sysfs import STATES
from zonediff.engine.units import PAGE
from zonediff.engine.zones import OnlineType, Zone
from zonediff.variants.v4_13 import kernel_zone
from zonediff.variants.v4_14 import V4_14
from zonediff.variants.v5_4 import NAMES_SINCE_5_3

KNOB_TYPE: Final = Rule(
    "add_memory_resource.default-online-type",
    "add_memory_resource",
    "auto_online_blocks reads {knob}: what {source} adds is {done}",
    MEMORY_HOTPLUG_C,
)


KERNEL_MEMORY_IN_DEVICE: Final = Rule(
    "auto_movable_zone_for_pfn.kernel-in-device",
    "auto_movable_zone_for_pfn",
    "auto-movable: device {device} of block {block} has kernel memory online already: zone {zone}",
    MEMORY_HOTPLUG_C,
)
WITHIN_RATIO: Final = Rule(
    "auto_movable_can_online_movable.within",
    "auto_movable_can_online_movable",
    "auto-movable: {pages} more pages make {movable} movable ones, within {ratio} % of {early} "
    "kernel pages from boot{where}: block {block} goes to zone Movable",
    MEMORY_HOTPLUG_C,
)
BEYOND_RATIO: Final = Rule(
    "auto_movable_can_online_movable.beyond",
    "auto_movable_can_online_movable",
    "auto-movable: {pages} more pages make {movable} movable ones, beyond {ratio} % of {early} "
    "kernel pages from boot{where}: block {block} goes to zone {zone}",
    MEMORY_HOTPLUG_C,
)


class V6_1(V4_14):
    """Linux v6.1: the knob takes a zone, spans follow what is online, `removable` is always 1.

    `auto_online_blocks` and `memhp_default_state=` take online, online_kernel, online_movable
    and offline. Offlining a block shrinks its zone at once, so the block forgets where it was.
    Parameters of the module memory_hotplug: online_policy=auto-movable lets plain `online` make
    whole devices movable within auto_movable_ratio per cent of the kernel memory from boot,
    on the node too unless auto_movable_numa_aware is off; memmap_on_memory puts the memmap of a
    single added block into that block.
    """

    name = "v6.1"
    origin = "Linux v6.1"
    released: ClassVar[str | None] = "2022-12-11"
    knob: ClassVar[tuple[str, ...] | None] = (
        "offline",
        "online",
        "online_kernel",
        "online_movable",
    )
    default_state: ClassVar[tuple[str, ...] | None] = knob
    spans_shrink = Shrink.OFFLINED
    blocks_before_all_memmaps = False
    nodes_stay_with_blocks = True
    mem_limits_adds = "at boot"
    largest_blocks_on_bare_metal = True
    function_names: ClassVar[Mapping[str, str]] = {
        **NAMES_SINCE_5_3,
        "__alloc_pages_nodemask": "__alloc_pages",
        "memhp_auto_online": "mhp_default_online_type",
        "test_pages_in_a_zone": "memory_block_offline",
    }
    numbers_unlisted_nodes = False
    # `t` and `f` came with the stable series.
    switch_letters = ("yt1", "nf0")
    removable_always = True
    valid_zones_by_device = True
    needs_whole_blocks = True
    blocks_align_to_memory = True
    adds_whole_blocks = True
    percent_of_memory = True
    links_missing_pages = True
    huge_pages = True
    boot_overhead_kib: ClassVar[Mapping[int, int]] = {
        96: 78066,
        128: 28810,
        144: 63758,
        256: 62908,
        384: 64278,
        512: 64456,
        640: 73026,
        1024: 73954,
        2048: 76190,
        4096: 82910,
    }
    """Measured on Debian's 6.1; with 128M it finds no room for bounce buffers."""

    def kernel_onlines(self, kernel: KernelState, source: Source) -> Decision[OnlineType | None]:
        knob = kernel.knob or "offline"
        online_type = STATES[knob]
        wanted = None if online_type is OnlineType.NONE else online_type
        outcome = "left offline" if wanted is None else f"onlined with {knob}"
        return Decision(wanted, KNOB_TYPE.because(knob=knob, source=source.value, done=outcome))

    def hosts_memmap(self, kernel: KernelState, blocks: int) -> bool:
        return blocks == 1 and kernel.switch("memory_hotplug.memmap_on_memory", default=False)

    def zone_to_online(
        self, kernel: KernelState, block: int, online_type: OnlineType
    ) -> Decision[Zone | None]:
        # A text that is no policy is ignored (set_online_policy); the last one that is counts.
        policies = [
            value
            for name, value in kernel.machine.parameters
            if name == "memory_hotplug.online_policy" and value in ("auto-movable", "contig-zones")
        ]
        if online_type is OnlineType.KEEP and policies[-1:] == ["auto-movable"]:
            return auto_movable_zone(kernel, block)
        return super().zone_to_online(kernel, block, online_type)


_WITH_GROUP: Final = (Source.ACPI, Source.KMEM, Source.VIRTIO_MEM)


def auto_movable_zone(kernel: KernelState, block: int) -> Decision[Zone | None]:
    """The zone of a plain `online` under online_policy=auto-movable.

    A unit is movable as a whole or not at all: a device, which is a static memory group; a block of
    a virtio-mem driver, whose device is a dynamic group. None of its memory may be kernel memory,
    and with all of it movable the ratio must hold, on the whole machine and on the block's node.
    """
    zone, pages = kernel_zone(kernel, block), kernel.block_pages
    group = _group(kernel, block)
    if group is not None:
        unit = _unit(kernel, group, block)
        online = [b for b in unit if kernel.has(b) and kernel.is_online(b)]
        if any(kernel.zone(b) is not Zone.MOVABLE for b in online):
            return Decision(
                zone,
                KERNEL_MEMORY_IN_DEVICE.because(device=group.id, block=block, zone=zone.label),
            )
        pages = (len(unit) - len(online)) * kernel.block_pages
    node = kernel.node(block)
    wholes = [("", range(kernel.nodes))]
    if kernel.switch("memory_hotplug.auto_movable_numa_aware", default=True):
        wholes.append((f" on node {node}", range(node, node + 1)))
    ratio = _ratio(kernel)
    for where, nodes in wholes:
        movable = pages + sum(kernel.present_pages(n, Zone.MOVABLE) for n in nodes)
        early = sum(kernel.early_pages(n) for n in nodes)
        if ratio:
            movable, early = _with_dynamic_groups(kernel, group, nodes, movable, early)
        beyond = movable > ratio * early // 100
        rule = BEYOND_RATIO if beyond else WITHIN_RATIO
        why = rule.because(
            block=block,
            pages=pages,
            movable=movable,
            ratio=ratio,
            early=early,
            where=where,
            zone=zone.label,
        )
        if beyond or not ratio:
            return Decision(zone, why)
    return Decision(Zone.MOVABLE, why)


def _group(kernel: KernelState, block: int) -> Device | None:
    """The device that a block is of, if its driver makes a memory group of it (MHP_NID_IS_MGID).

    The balloon drivers of Hyper-V and Xen make none, and each of their blocks is a unit.
    """
    size = kernel.block_pages * PAGE
    devices = [item for item in kernel.devices.values() if item.source in _WITH_GROUP]
    return next((device for device in devices if block in device.blocks(size)), None)


def _unit(kernel: KernelState, group: Device, block: int) -> range:
    """The blocks that are movable together or not at all with this one."""
    size = kernel.block_pages * PAGE
    if not isinstance(group, VirtioMemDevice):
        return group.blocks(size)
    count = group.unit // size
    return range(block // count * count, block // count * count + count)


def _with_dynamic_groups(
    kernel: KernelState, own: Device | None, nodes: range, movable: int, early: int
) -> tuple[int, int]:
    """The pages that are movable, and the kernel pages that count, with dynamic groups.

    Kernel memory of a virtio-mem device allows for movable memory of that device alone. So the
    movable memory of others does not count, nor do the kernel pages from boot that it needs
    (auto_movable_stats_account_group).
    """
    ratio = _ratio(kernel)
    for device in kernel.devices.values():
        if not isinstance(device, VirtioMemDevice):
            continue
        in_movable, in_kernel = _online_pages(kernel, device)
        if device is own:
            early += in_kernel
        elif device.kernel_node in nodes:
            early -= max(0, in_movable * 100 // ratio - in_kernel)
            movable -= in_movable
    return movable, max(0, early)


def _online_pages(kernel: KernelState, device: Device) -> tuple[int, int]:
    """The pages of a device that are online in Movable, and in kernel zones."""
    blocks = device.blocks(kernel.block_pages * PAGE)
    zones = [kernel.zone(b) for b in blocks if kernel.has(b) and kernel.is_online(b)]
    in_movable = sum(zone is Zone.MOVABLE for zone in zones)
    return in_movable * kernel.block_pages, (len(zones) - in_movable) * kernel.block_pages


def _ratio(kernel: KernelState) -> int:
    """auto_movable_ratio in per cent; texts that are no unsigned numbers are ignored."""
    ratio = 301
    for name, text in kernel.machine.parameters:
        if name == "memory_hotplug.auto_movable_ratio" and text and text.isdecimal():
            ratio = int(text)
    return ratio
