"""User space at work: turns composite steps into primitive ones.

Each is a generator of primitive steps and reads only user space's view, so the same code drives a
model and a real kernel.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect, bisect_left
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Protocol

from zonediff.engine.actors import Attributes
from zonediff.engine.observation import BlockView, Observation
from zonediff.engine.steps import Daemon, Offline, Online, Step, Udev, Write, ordered

WANTED_ZONE = {"online_movable": "Movable", "online_kernel": "Normal"}
"""The zone that an online value asks for; plain `online` takes any."""


class View(Protocol):
    """User space's view of a machine."""

    @property
    def pending(self) -> list[int]:
        """Blocks whose `add` events no one has handled, in event order.

        User space removes those that it handles.
        """

    def blocks(self, selection: str) -> list[int]:
        """The block numbers that a step's selection stands for now."""

    def look(self) -> Observation:
        """The observation at this moment."""


def acts(step: Step, view: View) -> Iterator[Step]:
    """The primitive steps of a composite one; the caller does each before asking for the next."""
    match step:
        case Online(blocks, value, order):
            for block in ordered(view.blocks(blocks), order):
                yield Write(f"memory{block}/state", value)
        case Offline(blocks, order):
            for block in ordered(view.blocks(blocks), order):
                yield Write(f"memory{block}/state", "offline")
        case Udev(value, when):
            while view.pending:
                block = view.pending.pop(0)
                if when is None or holds(when, block, view):
                    yield Write(f"memory{block}/state", value)
        case Daemon(value):
            yield from _daemon(value, view)
        case _:
            raise TypeError(f"{step.verb} is no composite step")


def holds(when: Attributes, block: int, view: View) -> bool:
    """Whether a block matches the conditions of a udev rule."""
    observation = view.look()
    files = observation.block(block)
    if files is None:
        return False
    texts = {
        "auto_online_blocks": observation.auto_online_blocks or "",
        "driver": _driver(block, view),
    }
    return all(
        any(
            fnmatchcase(texts.get(item.name) or getattr(files, item.name, ""), either)
            for either in pattern.split("|")
        )
        for item in dataclasses.fields(when)
        if (pattern := getattr(when, item.name)) is not None
    )


def _driver(block: int, view: View) -> str:
    """The driver that manages a block's device; `none` for a DIMM and for boot memory."""
    for device, text in view.look().devices.items():
        if block in view.blocks(device):
            return "virtio_mem" if " " in text else text
    return "none"


def _daemon(value: str, view: View) -> Iterator[Step]:
    waiting = sorted(view.pending)
    view.pending.clear()
    wanted_zone = WANTED_ZONE.get(value)
    while True:
        ready = [
            blocks
            for item in view.look().blocks
            if _is_offered(item.view, wanted_zone)
            and (blocks := waiting[bisect_left(waiting, item.first) : bisect(waiting, item.last)])
        ]
        if not ready:
            return
        # From the top for movable and from the bottom for kernel memory: after each block its
        # neighbour can follow, and the zones stay in order.
        block = ready[0][0] if value == "online_kernel" else ready[-1][-1]
        waiting.remove(block)
        yield Write(f"memory{block}/state", value)


def _is_offered(view: BlockView | None, zone: str | None) -> bool:
    """Whether a block with these files can go online in a zone; in any zone if `zone` is None."""
    if view is None or view.state != "offline":
        return False
    return zone is None or zone in view.valid_zones.split()
