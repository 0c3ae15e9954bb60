"""Nodes under each other's names: what becomes of blocks, DIMMs, steps, spans and devices."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from inspect import signature
from itertools import permutations
from typing import Any, Final

import numpy as np

from zonediff.engine.memory import Memory, Span
from zonediff.engine.steps import Plug, Step, Unplug, Write
from zonediff.engine.units import PAGE, SECTION, Bytes
from zonediff.explore.arena import Arena, ArenaError, and_list, unlike
from zonediff.explore.layout import DEAD
from zonediff.explore.tracer import Update

_BLOCK: Final = re.compile("memory([0-9]+)")
_ZONE: Final = re.compile("zone ([0-9]+)/")


class Renaming:
    """One way to give nodes each other's names; `to` says which, as machines number nodes."""

    def __init__(self, arena: Arena, to: Mapping[int, int]) -> None:
        numbers = arena.machine.node_numbers
        self.to = to
        self._kernel = {numbers[node]: numbers[other] for node, other in to.items()}
        self._bytes: dict[int, int] = {}
        self._ids: dict[str, str] = {}
        self._blocks: dict[int, int] = {}
        for node, other in to.items():
            for mine, theirs in zip(arena.dimms_of(node), arena.dimms_of(other), strict=True):
                start = mine.addr or 0
                by = self._bytes[node] = (theirs.addr or 0) - start
                self._ids[mine.id] = theirs.id
                for block in range(start // SECTION, (start + mine.size) // SECTION):
                    self._blocks[block] = block + by // SECTION
        self._pages = {numbers[node]: by // PAGE for node, by in self._bytes.items()}

    def node(self, node: int) -> int:
        """The image of a node, as the kernel numbers them."""
        return self._kernel.get(node, node)

    def block(self, block: int) -> int:
        """The image of a block."""
        return self._blocks.get(block, block)

    def span(self, node: int, span: Span) -> Span:
        """The image of a span of a node (as the kernel numbers them)."""
        by = self._pages.get(node, 0)
        return Span(span.start + by, span.end + by) if span else span

    def step(self, step: Step) -> Step:
        """The image of a step. Raises ArenaError where none is known."""
        match step:
            case Write(file, value):
                return Write(_BLOCK.sub(self._file, file), value)
            case Plug(id, size, node, addr) if addr is not None:
                at = Bytes(addr + self._bytes.get(node, 0))
                return Plug(self._ids.get(id, id), size, self.to.get(node, node), at)
            case Unplug(id):
                return Unplug(self._ids.get(id, id))
        raise ArenaError(f"symmetry: which step {step} becomes with other nodes is not known")

    def part(self, name: str) -> str:
        """The image of a part that is looked at."""
        name = _BLOCK.sub(self._file, name)
        return _ZONE.sub(lambda match: f"zone {self.node(int(match[1]))}/", name)

    def update(self, update: Update) -> Update:
        """The image of a change of the books."""
        names = list(signature(getattr(Memory, update.method)).parameters)[1:]
        given = dict(zip(names, update.arguments, strict=False)) | dict(update.options)
        node = given["node"] if "node" in given else given["index"] >> 2
        rename: dict[str, Callable[[Any], Any]] = {
            "node": self.node,
            "index": self._index,
            "block": self.block,
            "pages": lambda pages: self.span(node, pages) if isinstance(pages, Span) else pages,
        }
        image = {name: rename.get(name, _same)(value) for name, value in given.items()}
        options = tuple((name, image.pop(name)) for name, _ in update.options)
        return Update(update.method, tuple(image.values()), options)

    def tails(self, tails: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        """The image of the piece of state TAILS."""
        return tuple((self.block(block), self._link(link)) for block, link in tails)

    def rest(self, rest: tuple[Any, ...]) -> tuple[Any, ...]:
        """The image of the knob and the devices, or of how the kernel died."""
        if rest[0] == DEAD:
            return rest
        knob, devices = rest
        images = [
            replace(
                device,
                id=self._ids.get(id, id),
                start=device.start + self._bytes.get(device.node, 0),
                node=self.to.get(device.node, device.node),
            )
            for id, device in devices
        ]
        return knob, tuple(sorted(((image.id, image) for image in images), key=lambda it: it[0]))

    def _link(self, link: int) -> int:
        return self._index(link - 1) + 1 if link else 0

    def _index(self, index: int) -> int:
        return 4 * self.node(index >> 2) + (index & 3)

    def _file(self, match: re.Match[str]) -> str:
        return f"memory{self.block(int(match[1]))}"


def _same(value: Any) -> Any:
    return value


class RenamingGroup:
    """All renamings of an arena's interchangeable nodes, by number; number 0 renames nothing.

    actions: (renamings x actions), the image of each. after: number of the renaming that does
    [second, first]. inverse: of each the one that undoes it.

    Raises ArenaError when the nodes' DIMMs do not lie alike, or a step has no image.
    """

    def __init__(self, arena: Arena) -> None:
        mistake = unlike(arena)
        if mistake:
            raise ArenaError(f"symmetry: {mistake}")
        nodes = sorted(arena.symmetry)
        orders = list(permutations(nodes))
        self.nodes = and_list(nodes)
        self.renamings = [Renaming(arena, dict(zip(nodes, order, strict=True))) for order in orders]
        known = {step: number for number, step in enumerate(arena.actions)}
        images = [[one.step(step) for step in arena.actions] for one in self.renamings]
        for image in images:
            for step, other in zip(arena.actions, image, strict=True):
                if other not in known:
                    raise ArenaError(f"symmetry: {step} would be {other}, which is no step here")
        self.actions = np.array([[known[step] for step in row] for row in images])
        self.after = np.array(
            [
                [
                    orders.index(tuple(second.to[first.to[node]] for node in nodes))
                    for first in self.renamings
                ]
                for second in self.renamings
            ]
        )
        self.inverse = np.argmin(self.after, axis=1)

    def __len__(self) -> int:
        return len(self.renamings)
