"""The words for traces: results, deaths, memory blocks, zones, changes and machines.

Goals, differences, claims, stories and every form of report quote a trace with these functions, so
that the same thing reads the same wherever it is printed.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from string import ascii_uppercase
from typing import Final

from zonediff.engine.machine import Machine, Platform
from zonediff.engine.managed_devices import Dax, VirtioMem
from zonediff.engine.observation import (
    BlockRange,
    BlockView,
    Change,
    Observation,
    ZoneView,
    aligned,
)
from zonediff.engine.trace import Act, Trace
from zonediff.engine.units import GIB, MIB, PAGE, format_address, format_size

DEATHS: Final = ("BUG", "panic", "hang")
"""The results after which the kernel is dead."""

NOT_THERE: Final = "not there"
"""A block or zone that does not exist."""

MEANINGS: Final[Mapping[str, str]] = {
    "E2BIG": "Argument list too long",
    "EACCES": "Permission denied",
    "EAGAIN": "Resource temporarily unavailable",
    "EBUSY": "Device or resource busy",
    "EEXIST": "File exists",
    "EINTR": "Interrupted system call",
    "EINVAL": "Invalid argument",
    "ENODEV": "No such device",
    "ENOENT": "No such file or directory",
    "ENOMEM": "Cannot allocate memory",
    "ERANGE": "Numerical result out of range",
    "REFUSED": "the machine refused, or the device stayed",
    "SIGKILL": "the OOM killer took the process",
}
"""The meanings of results that are not deaths; for an errno, the text of strerror(3)."""

PLATFORMS: Final[Mapping[Platform, str]] = {
    "kvm": "KVM guest",
    "vmware": "VMware guest",
    "hyperv": "Hyper-V guest",
    "xen": "Xen guest",
    "bare-metal": "bare metal",
}

_SHOWN: Final = 3

_DIED: Final = "the kernel died"


# --- lists and numbers ----------------------------------------------------------------------------


def shorten(items: Sequence[str], most: int = _SHOWN) -> str:
    """The first items joined by commas, and how many more there are."""
    shown = ", ".join(items[:most])
    return f"{shown} and {len(items) - most} more" if len(items) > most else shown


def count_of(number: int, noun: str, plural: str = "") -> str:
    """`1 scenario`, `2 scenarios`; plural: where an `s` does not make it."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def letter(index: int) -> str:
    """The letter of a column by its index from 0: A, ..., Z, AA, AB, ..."""
    before, last = divmod(index, len(ascii_uppercase))
    return (letter(before - 1) if before else "") + ascii_uppercase[last]


_PATCH_LEVEL: Final = re.compile(r" #(?:(?P<ubuntu>\S+-Ubuntu)|\S+ .*Debian (?P<debian>\S+))")
"""The words of distributions in `uname -v` for the sources that they built."""


def kernel_name(banner: str) -> str:
    """The release of a kernel, and the distribution's patch level where its banner has one.

    banner: the release and `uname -v`, as a kernel image has them. `6.1.0-57-cloud-amd64
    (6.1.192-3)`.
    """
    release = banner.partition(" ")[0]
    match = _PATCH_LEVEL.search(banner)
    level = match and (match["debian"] or match["ubuntu"])
    return f"{release} ({level})" if level else release


# --- results and deaths ---------------------------------------------------------------------------


def result(value: str | None) -> str:
    """The result of an act: `ok`, the name of the errno, or `the kernel died (BUG)`."""
    if value is None:
        return "ok"
    return f"{_DIED} ({value})" if value in DEATHS else value


def is_death(text: str) -> bool:
    """Whether a result in words, or a text of death(), says that the kernel died."""
    return text.startswith(_DIED)


def explain(value: str | None) -> str:
    """The result of an act with its meaning: `EINVAL (Invalid argument)`."""
    meaning = MEANINGS.get(value or "")
    return f"{result(value)} ({meaning})" if meaning else result(value)


def death(trace: Trace) -> str | None:
    """The kernel's death and its step, None when it lived: `... (BUG) in step 3: unplug dimm1`."""
    if trace.end == "ran":
        return None
    where = "while booting"
    if trace.steps:
        step = trace.steps[-1]
        # In a step in which time passes, the act and its time say more than the step.
        timed = bool(step.acts) and step.acts[-1].at is not None
        action = f"{after(step.acts[-1])}: {step.acts[-1].do}" if timed else f": {step.do}"
        where = f"in step {len(trace.steps)}{action}"
    return f"{result(trace.end)} {where}"


def killing(process: str, step: int, act: Act) -> str:
    """The act, in the step with this index, during which the OOM killer took a process."""
    return f"{process} was killed in step {step + 1}{after(act)}: {act.do}"


def after(act: Act) -> str:
    """` after 0.4 s` of a step in which time passes; nothing for any other act."""
    return "" if act.at is None else f" after {act.at / 1_000_000:g} s"


# --- observations ---------------------------------------------------------------------------------


def block(view: BlockView) -> str:
    """A memory block: `offline [Normal]`; with its `online` file where that contradicts `state`."""
    expected = "1" if view.state == "online" else "0"
    contradiction = "" if view.online in (expected, "") else f" online={view.online}"
    return f"{view}{contradiction}"


def blocks(ranges: Iterable[BlockRange], describe: Callable[[BlockView], str] = block) -> list[str]:
    """Each range as `memory32-38 offline [Normal]`; neighbours that read alike are joined."""
    return [
        f"{item.name} {NOT_THERE if item.view is None else describe(item.view)}"
        for item in join_alike(ranges, describe)
    ]


def join_alike(
    ranges: Iterable[BlockRange], describe: Callable[[BlockView], str] = block
) -> list[BlockRange]:
    """Join neighbours for which `describe` gives the same words; the first view stands for all."""
    joined: list[BlockRange] = []
    texts: list[str | None] = []
    for item in ranges:
        text = None if item.view is None else describe(item.view)
        if joined and joined[-1].last + 1 == item.first and texts[-1] == text:
            joined[-1] = dataclasses.replace(joined[-1], last=item.last)
        else:
            joined.append(item)
            texts.append(text)
    return joined


def size(pages: int) -> str:
    """A number of pages as `896M`, `1007.9M` or `16380K`, whichever is short."""
    amount = pages * PAGE
    if amount % MIB and amount > GIB // 2:
        return f"{amount / MIB:.1f}M"
    return format_size(amount)


def span(view: ZoneView) -> str:
    """The span of a zone: `pfn 1048576..1310720 (1G)`, the end not included."""
    if not view.spanned:
        return "nothing"
    return f"pfn {view.start_pfn}..{view.start_pfn + view.spanned} ({size(view.spanned)})"


def zone(view: ZoneView | None) -> str:
    """A zone: `pfn 1048576..1310720 (1G), 512M present`."""
    return NOT_THERE if view is None else f"{span(view)}, {size(view.present)} present"


def knob(text: str | None) -> str:
    """The content of `auto_online_blocks`; None: the file does not exist."""
    return "no such file" if text is None else text


def state(observation: Observation) -> list[str]:
    """A whole observation: blocks, zones and the knob."""
    return [
        *blocks(observation.blocks),
        *(f"zone {name}: {zone(view)}" for name, view in observation.zones.items()),
        f"auto_online_blocks: {knob(observation.auto_online_blocks)}",
        *(f"{name}: {text}" for name, text in observation.devices.items()),
    ]


# --- changes --------------------------------------------------------------------------------------


def changes(before: Observation, change: Change) -> list[str]:
    """A change against the observation before it: a line for each range, zone, mask and device."""
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
        *(
            f"{name}: {before.devices.get(name, NOT_THERE)} → {text}"
            for name, text in change.devices.items()
        ),
    ]


def block_changes(before: Observation, change: Change) -> list[str]:
    """The changed memory blocks; neighbours that changed alike are joined."""
    joined: list[tuple[BlockRange, str]] = []
    changed = iter(change.blocks)
    current = next(changed, None)
    for first, last, old, _ in aligned(before.blocks, change.blocks, mark=True):
        while current is not None and current.last < first:
            current = next(changed, None)
        if current is None:
            break
        if first < current.first:
            continue
        text = _block_change(old, current.view)
        if joined and joined[-1][1] == text and joined[-1][0].last + 1 == first:
            first = joined.pop()[0].first
        joined.append((BlockRange(first, last, None), text))
    return [f"{item.name}{text}" for item, text in joined]


def nodes_of(view: BlockView) -> str:
    """The nodes that a block is linked to: `0`, or `0 and 1` where it lies in two."""
    return " and ".join(map(str, view.nodes)) or str(view.node)


def _block_change(old: BlockView | None, new: BlockView | None) -> str:
    if new is None:
        return " gone"
    if old is None:
        return f" new: {block(new)}"
    parts = []
    if block(old) != block(new):
        same_zones = old.valid_zones == new.valid_zones
        parts.append(f"{old.state if same_zones else block(old)} → {block(new)}")
    if old.removable != new.removable:
        parts.append(f"removable {old.removable} → {new.removable}")
    if (old.node, old.other_nodes) != (new.node, new.other_nodes):
        parts.append(f"node {nodes_of(old)} → {nodes_of(new)}")
    return f": {', '.join(parts)}"


def zone_changes(before: Observation, change: Change) -> list[str]:
    """The changed zones."""
    return [
        f"zone {name}{_zone_change(before.zones.get(name), view)}"
        for name, view in change.zones.items()
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
        parts.append(f"{size(old.present)} → {size(new.present)} present")
    return f": {', '.join(parts)}"


_BLOCK_EVENT: Final = re.compile(r"(.* memory)([0-9]{1,9})(?:-([0-9]{1,9}))?")


def uevents(events: Sequence[str]) -> list[str]:
    """Events in their order; a run over ascending blocks is one: `add memory32-39`."""
    joined: list[str] = []
    for event in events:
        previous = _BLOCK_EVENT.fullmatch(joined[-1]) if joined else None
        match = _BLOCK_EVENT.fullmatch(event)
        if previous and match and previous[1] == match[1]:
            last = int(previous[3] or previous[2])
            if last + 1 == int(match[2]):
                joined[-1] = f"{match[1]}{previous[2]}-{match[3] or match[2]}"
                continue
        joined.append(event)
    return joined


# --- machines -------------------------------------------------------------------------------------


def machine(item: Machine) -> list[str]:
    """A machine as facts to check: memory, platform, DIMMs, kernel parameters, config options."""
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
        *map(_dax, item.dax),
        *map(_virtio_mem, item.virtio_mem),
        *([f"kernel parameters {item.cmdline}"] if item.cmdline else []),
        *(
            f"CONFIG_{option.name}={'y' if getattr(item.config, option.name) else 'n'}"
            for option in dataclasses.fields(item.config)
            if getattr(item.config, option.name) != option.default
        ),
    ]


def _dax(device: Dax) -> str:
    address = "" if device.addr is None else f" at {format_address(device.addr)}"
    memmap = ", its memmap in its own blocks" if device.memmap_on_memory else ""
    return (
        f"dax device {device.id}, {format_size(device.size)} in node {device.node}{address}, "
        f"with driver {device.driver} after boot{memmap}"
    )


def _virtio_mem(device: VirtioMem) -> str:
    address = "" if device.addr is None else f" at {format_address(device.addr)}"
    return (
        f"virtio-mem device {device.id}, up to {format_size(device.size)} in node "
        f"{device.node}{address} in blocks of {format_size(device.block)}, "
        f"{format_size(device.requested)} requested at power-on"
    )
