"""What traces contain, in words; every report says it the same way."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from string import ascii_uppercase
from typing import Final

from zonediff.engine.machine import Machine, Platform
from zonediff.engine.observation import (
    BlockRange,
    BlockView,
    Change,
    Observation,
    ZoneView,
    aligned,
)
from zonediff.engine.units import GIB, MIB, PAGE, format_address, format_size

ERRORS: Final[Mapping[str, str]] = {
    "EACCES": "Permission denied",
    "EAGAIN": "Resource temporarily unavailable",
    "EBUSY": "Device or resource busy",
    "EEXIST": "File exists",
    "EINTR": "Interrupted system call",
    "EINVAL": "Invalid argument",
    "ENOENT": "No such file or directory",
    "ENOMEM": "Cannot allocate memory",
    "ERANGE": "Numerical result out of range",
}
"""What a shell prints for the errnos of memory hotplug (its strerror)."""

DEATHS: Final[Mapping[str, str]] = {
    "BUG": "the kernel hit BUG()",
    "panic": "the kernel panicked",
    "hang": "the kernel hung",
}
"""The results after which there is no kernel any more."""


PLATFORMS: Final[Mapping[Platform, str]] = {
    "kvm": "KVM guest",
    "vmware": "VMware guest",
    "hyperv": "Hyper-V guest",
    "xen": "Xen guest",
    "bare-metal": "bare metal",
}


def letter(number: int) -> str:
    """What one of many is called where there is little room: A, ..., Z, AA, AB, ..."""
    before, last = divmod(number, len(ascii_uppercase))
    return (letter(before - 1) if before else "") + ascii_uppercase[last]


def explain(value: str | None) -> str:
    """A result with what it means: `EINVAL (Invalid argument)`."""
    if value is None:
        return "ok"
    meaning = ERRORS.get(value) or DEATHS.get(value)
    if value == "REFUSED":
        meaning = "the machine refused, or the device stayed"
    if value == "SIGKILL":
        meaning = "the OOM killer took the process"
    return f"{value} ({meaning})" if meaning else value


def view(block: BlockView | None) -> str:
    """A block as `offline [Normal]`; a kernel whose `online` file disagrees with `state` shows."""
    if block is None:
        return "not there"
    expected = "1" if block.state == "online" else "0"
    odd = "" if block.online in (expected, "") else f" online={block.online}"
    return f"{block.state} [{block.valid_zones}]{odd}"


def blocks(ranges: Sequence[BlockRange]) -> list[str]:
    """Each range as `memory32-38 offline [Normal]`; ranges that read alike are one."""
    return [f"{name(first, last)} {view(block)}" for first, last, block in alike(ranges)]


def alike(ranges: Iterable[BlockRange]) -> list[tuple[int, int, BlockView | None]]:
    """(first, last, view) of ranges, joined where view() says the same of neighbours."""
    joined: list[tuple[int, int, BlockView | None]] = []
    for item in ranges:
        if joined:
            first, last, block = joined[-1]
            if last + 1 == item.first and view(block) == view(item.view):
                joined[-1] = (first, item.last, block)
                continue
        joined.append((item.first, item.last, item.view))
    return joined


def name(first: int, last: int) -> str:
    """`memory32` or `memory32-38`."""
    return BlockRange(first, last, None).name


def size(pages: int) -> str:
    """So many pages as `896M`, `1007.9M` or `16380K`, whichever is short."""
    amount = pages * PAGE
    if amount % MIB and amount > GIB // 2:
        return f"{amount / MIB:.1f}M"
    return format_size(amount)


def span(item: ZoneView) -> str:
    """What a zone spans: `pfn 1048576..1310720 (1G)`, the end not included."""
    if not item.spanned:
        return "nothing"
    return f"pfn {item.start_pfn}..{item.start_pfn + item.spanned} ({size(item.spanned)})"


def zone(item: ZoneView) -> str:
    """A zone as `pfn 1048576..1310720 (1G), 512M present`."""
    return f"{span(item)}, {size(item.present)} present"


def changes(before: Observation, change: Change) -> list[str]:
    """What a change did to what was before, a line for each range, zone, mask and the knob."""
    return [
        *block_changes(before, change),
        *zone_changes(before, change),
        *(
            f"{mask}: {before.nodes.get(mask) or 'none'} → {text or 'none'}"
            for mask, text in change.nodes.items()
        ),
        *(
            f"auto_online_blocks: {knob(before.auto_online_blocks)} → {knob(text)}"
            for text in change.knob or ()
        ),
    ]


def block_changes(before: Observation, change: Change) -> list[str]:
    """The memory blocks that a change touched, joined where they changed alike."""
    joined: list[tuple[int, int, str]] = []
    touched = iter(change.blocks)
    current = next(touched, None)
    for first, last, old, _ in aligned(before.blocks, change.blocks, mark=True):
        while current is not None and current.last < first:
            current = next(touched, None)
        if current is None:
            break
        if first < current.first:
            continue
        text = _block_change(old, current.view)
        if joined and joined[-1][2] == text and joined[-1][1] + 1 == first:
            joined[-1] = (joined[-1][0], last, text)
        else:
            joined.append((first, last, text))
    return [f"{name(first, last)}{text}" for first, last, text in joined]


def _block_change(old: BlockView | None, new: BlockView | None) -> str:
    if new is None:
        return " gone"
    if old is None:
        return f" new: {view(new)}"
    parts = []
    if view(old) != view(new):
        if old.valid_zones == new.valid_zones:
            parts.append(f"{old.state} → {view(new)}")
        else:
            parts.append(f"{view(old)} → {view(new)}")
    if old.removable != new.removable:
        parts.append(f"removable {old.removable} → {new.removable}")
    if old.node != new.node:
        parts.append(f"node {old.node} → {new.node}")
    return f": {', '.join(parts)}"


def zone_changes(before: Observation, change: Change) -> list[str]:
    """The zones that a change touched, in words."""
    return [
        f"zone {label}{_zone_change(before.zones.get(label), after)}"
        for label, after in change.zones.items()
    ]


def _zone_change(old: ZoneView | None, new: ZoneView | None) -> str:
    if new is None:
        return " gone"
    if old is None:
        return f" new: {zone(new)}"
    parts = []
    if span(old) != span(new):
        parts.append(f"{span(old)} → {span(new)}")
    if old.present != new.present:
        parts.append(f"present {size(old.present)} → {size(new.present)}")
    return f": {', '.join(parts)}"


def knob(text: str | None) -> str:
    """What `auto_online_blocks` reads."""
    return "no such file" if text is None else text


_BLOCKS: Final = re.compile(r"(.* memory)([0-9]{1,9})(?:-([0-9]{1,9}))?")


def uevents(events: Sequence[str]) -> list[str]:
    """Events in order, as they are; runs over ascending blocks as one, `add memory32-39`."""
    joined: list[str] = []
    for event in events:
        before = _BLOCKS.fullmatch(joined[-1]) if joined else None
        this = _BLOCKS.fullmatch(event)
        if before and this and before[1] == this[1]:
            last = int(before[3] or before[2])
            if last + 1 == int(this[2]):
                joined[-1] = f"{this[1]}{before[2]}-{this[3] or this[2]}"
                continue
        joined.append(event)
    return joined


def state(seen: Observation) -> list[str]:
    """A whole observation: blocks, zones, and the knob."""
    return [
        *blocks(seen.blocks),
        *(f"zone {label}: {zone(item)}" for label, item in seen.zones.items()),
        f"auto_online_blocks: {knob(seen.auto_online_blocks)}",
    ]


def machine(item: Machine) -> list[str]:
    """A machine as facts that a reader checks: memory, platform, DIMMs, parameters, config."""
    nodes = [f"node {node} {format_size(size)}" for node, size in enumerate(item.nodes)]
    return [
        f"{format_size(item.ram)} of memory" + (f" ({', '.join(nodes)})" if nodes[1:] else ""),
        PLATFORMS[item.platform],
        *(
            f"{dimm.id}, {format_size(dimm.size)} in node {dimm.node}"
            + ("" if dimm.addr is None else f" at {format_address(dimm.addr)}")
            + ", there at power-on"
            for dimm in item.dimms
        ),
        *([f"kernel parameters {item.cmdline}"] if item.cmdline else []),
        *(
            f"CONFIG_{option.name}={'y' if getattr(item.config, option.name) else 'n'}"
            for option in dataclasses.fields(item.config)
            if getattr(item.config, option.name) != option.default
        ),
    ]
