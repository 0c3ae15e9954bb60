"""What of a state is seen, part by part, at each level of looking."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, Literal, NamedTuple

from zonediff.engine.guest import Guest
from zonediff.engine.memory import ZONE_LABELS
from zonediff.engine.observe import block_view, node_masks

Level = Literal["results", "states", "sysfs", "spans"]
"""What of a state is seen: nothing but results of steps; also which blocks are there and online;
all text of sysfs files; also spans and present pages of zones."""

LEVELS: Final[tuple[Level, ...]] = ("results", "states", "sysfs", "spans")

PartView = tuple[tuple[str, str], ...]
"""What is seen of a part: (name, text) pairs, weightiest first."""

ABSENT: Final[PartView] = (("state", "not there"),)


class Part(NamedTuple):
    """A part of a machine that is looked at: `memory32`, `nodes`, `zone 0/Movable`."""

    name: str
    view: Callable[[Guest], PartView]


class ViewDifference(NamedTuple):
    """How a part looks different: which of its files (or figures), and its text on both sides."""

    what: str
    left: str
    right: str


def viewed_parts(level: Level, blocks: tuple[int, ...], zones: int) -> list[Part]:
    """What is looked at on this level; zones: how many (node, zone) there are."""
    if level == "results":
        return []
    if level == "states":
        return [Part(f"memory{block}", partial(_state, block)) for block in blocks]
    found = [Part(f"memory{block}", partial(_files, block)) for block in blocks]
    found += [Part("nodes", _masks), Part("auto_online_blocks", _knob)]
    if level == "spans":
        found += [
            Part(f"zone {index >> 2}/{ZONE_LABELS[index & 3]}", partial(_zone, index))
            for index in range(zones)
        ]
    return found


def dead_view(how: str) -> PartView:
    """What is seen of any part when the kernel has died."""
    return (("kernel", f"dead ({how})"),)


def view_differences(left: PartView, right: PartView) -> list[ViewDifference]:
    """In what two sights of one part differ; beside the state of a block only that."""
    one, two = dict(left), dict(right)
    found = [
        ViewDifference(name, one.get(name, "not there"), two.get(name, "not there"))
        for name in dict.fromkeys([*one, *two])
        if one.get(name) != two.get(name)
    ]
    return found[:1] if found and found[0].what in ("kernel", "state") else found


def _state(block: int, guest: Guest) -> PartView:
    memory = guest.kernel.tables
    if not memory.has(block):
        return ABSENT
    return (("state", "online" if memory.is_online(block) else "offline"),)


def _files(block: int, guest: Guest) -> PartView:
    if not guest.kernel.tables.has(block):
        return ABSENT
    view = block_view(guest.kernel, block)
    return (
        ("state", view.state),
        ("valid_zones", view.valid_zones),
        ("online", view.online),
        ("removable", view.removable),
        ("node", str(view.node)),
    )


def _masks(guest: Guest) -> PartView:
    return tuple(node_masks(guest.kernel).items())


def _knob(guest: Guest) -> PartView:
    return (("auto_online_blocks", guest.kernel.knob or "no such file"),)


def _zone(index: int, guest: Guest) -> PartView:
    """A zone as /proc/zoneinfo has it: one without present pages is not listed."""
    memory = guest.kernel.tables
    pages = memory.present[index]
    if not pages:
        return (("zoneinfo", "not listed"),)
    start, end = memory.spans[index]
    return (("zoneinfo", f"pfn {start}..{end}, {pages} present"),)
