"""Views: the files that user space can read in a state, by part, at each level of detail."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, Literal, NamedTuple

from zonediff.engine import words
from zonediff.engine.guest import Guest
from zonediff.engine.observe import block_view, node_masks
from zonediff.engine.zones import ZONE_LABELS

Level = Literal["results", "states", "sysfs", "spans"]
"""The level of detail of a view. Each level adds to the one before: only the results of steps;
which blocks are present and online; every sysfs file; the spans and present pages of zones."""

LEVELS: Final[tuple[Level, ...]] = ("results", "states", "sysfs", "spans")

PartView = tuple[tuple[str, str], ...]
"""The view of one part: (file or figure, text) pairs, the most important first."""

ABSENT: Final[PartView] = (("state", "not there"),)


class Part(NamedTuple):
    """A part of a machine, `memory32`, `nodes` or `zone 0/Movable`, and the function to view it."""

    name: str
    view: Callable[[Guest], PartView]


class ViewDifference(NamedTuple):
    """A file or figure of a part, and its different texts on both sides."""

    what: str
    left: str
    right: str


def viewed_parts(
    level: Level, blocks: tuple[int, ...], zones: int, devices: Iterable[str] = ()
) -> list[Part]:
    """Return the parts viewed at this level.

    zones: the number of (node, zone) pairs. devices: the ids of dax and virtio-mem devices.
    """
    if level == "results":
        return []
    if level == "states":
        return [Part(f"memory{block}", partial(_state, block)) for block in blocks]
    viewed = [Part(f"memory{block}", partial(_files, block)) for block in blocks]
    viewed += [Part("nodes", _masks), Part("auto_online_blocks", _knob)]
    viewed += [Part(f"device {name}", partial(_device, name)) for name in devices]
    if level == "spans":
        viewed += [
            Part(f"zone {index >> 2}/{ZONE_LABELS[index & 3]}", partial(_zone, index))
            for index in range(zones)
        ]
    return viewed


def dead_view(how: str) -> PartView:
    """Return the view of any part after the kernel died."""
    return (("kernel", f"dead ({how})"),)


def view_differences(left: PartView, right: PartView) -> list[ViewDifference]:
    """Return the differences of two views of one part.

    If the kernel died or the block's state differs, that is the only difference returned: the
    others follow from it.
    """
    left_texts, right_texts = dict(left), dict(right)
    differences = [
        ViewDifference(name, left_texts.get(name, "not there"), right_texts.get(name, "not there"))
        for name in dict.fromkeys([*left_texts, *right_texts])
        if left_texts.get(name) != right_texts.get(name)
    ]
    if differences and differences[0].what in ("kernel", "state"):
        return differences[:1]
    return differences


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
        ("node", words.nodes_of(view)),
    )


def _masks(guest: Guest) -> PartView:
    return tuple(node_masks(guest.kernel).items())


def _knob(guest: Guest) -> PartView:
    return (("auto_online_blocks", guest.kernel.knob or "no such file"),)


def _device(name: str, guest: Guest) -> PartView:
    return (("device", guest.devices[name].shown or ""),)


def _zone(index: int, guest: Guest) -> PartView:
    """View a zone as /proc/zoneinfo does, which does not list a zone without present pages."""
    memory = guest.kernel.tables
    pages = memory.present[index]
    if not pages:
        return (("zoneinfo", "not listed"),)
    start, end = memory.spans[index]
    return (("zoneinfo", f"pfn {start}..{end}, {pages} present"),)
