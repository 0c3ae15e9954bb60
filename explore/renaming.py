"""Renamings: permutations of interchangeable nodes, and their images of steps and of state.

A renaming gives nodes each other's numbers. Their DIMMs lie alike, so it also gives blocks and
DIMMs each other's numbers, and shifts spans by the distance.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from inspect import signature
from itertools import permutations
from typing import Any, Final

import numpy as np

from zonediff.engine.memory import Memory
from zonediff.engine.steps import Plug, Step, Unplug, Write
from zonediff.engine.units import PAGE, SECTION, Bytes
from zonediff.engine.zones import Span
from zonediff.explore.arena import Arena, ArenaError, and_list
from zonediff.explore.arena_checks import asymmetry
from zonediff.explore.layout import DEAD
from zonediff.explore.tracer import Update

_BLOCK: Final = re.compile("memory([0-9]+)")
_ZONE: Final = re.compile("zone ([0-9]+)/")


class Renaming:
    """A permutation of nodes. to: the image of each node, as machines number them."""

    def __init__(self, arena: Arena, to: Mapping[int, int]) -> None:
        numbers = arena.machine.node_numbers
        self.to = to
        self._kernel = {numbers[node]: numbers[other] for node, other in to.items()}
        self._bytes: dict[int, int] = {}
        self._ids: dict[str, str] = {}
        self._blocks: dict[int, int] = {}
        for node, other in to.items():
            for dimm, image in zip(arena.dimms_of(node), arena.dimms_of(other), strict=True):
                start = dimm.addr or 0
                distance = self._bytes[node] = (image.addr or 0) - start
                self._ids[dimm.id] = image.id
                for block in range(start // SECTION, (start + dimm.size) // SECTION):
                    self._blocks[block] = block + distance // SECTION
        self._pages = {numbers[node]: distance // PAGE for node, distance in self._bytes.items()}

    def node(self, node: int) -> int:
        """Return the image of a node, as the kernel numbers them."""
        return self._kernel.get(node, node)

    def block(self, block: int) -> int:
        """Return the image of a block."""
        return self._blocks.get(block, block)

    def span(self, node: int, span: Span) -> Span:
        """Return the image of a span of a node, as the kernel numbers them; in pfn."""
        distance = self._pages.get(node, 0)
        return Span(span.start + distance, span.end + distance) if span else span

    def step(self, step: Step) -> Step:
        """Return the image of a step. Raises ArenaError for a step without a known image."""
        match step:
            case Write(file, value):
                return Write(_BLOCK.sub(self._file, file), value)
            case Plug(id, size, node, addr) if addr is not None:
                address = Bytes(addr + self._bytes.get(node, 0))
                return Plug(self._ids.get(id, id), size, self.to.get(node, node), address)
            case Unplug(id):
                return Unplug(self._ids.get(id, id))
        raise ArenaError(f"symmetry: the image of {step} on other nodes is not known")

    def part(self, name: str) -> str:
        """Return the name of the image of a part."""
        name = _BLOCK.sub(self._file, name)
        return _ZONE.sub(lambda match: f"zone {self.node(int(match[1]))}/", name)

    def update(self, update: Update) -> Update:
        """Return the image of an update."""
        names = list(signature(getattr(Memory, update.method)).parameters)[1:]
        arguments = dict(zip(names, update.arguments, strict=False)) | dict(update.options)
        node = arguments["node"] if "node" in arguments else arguments["index"] >> 2
        rename: dict[str, Callable[[Any], Any]] = {
            "node": self.node,
            "index": self._index,
            "block": self.block,
            "pages": lambda pages: self.span(node, pages) if isinstance(pages, Span) else pages,
        }
        image = {name: rename.get(name, _same)(value) for name, value in arguments.items()}
        options = tuple((name, image.pop(name)) for name, _ in update.options)
        return Update(update.method, tuple(image.values()), options)

    def tails(self, tails: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        """Return the image of the piece of state TAILS."""
        return tuple((self.block(block), self._link(link)) for block, link in tails)

    def rest(self, rest: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the image of the last cell's value: the knob and the devices, or (DEAD, how)."""
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
    """The group of all renamings of an arena's interchangeable nodes; number 0 is the identity.

    actions: (renamings x actions), the image of each action. after[second, first]: the renaming
    equal to `first`, then `second`. inverse: the inverse of each renaming.

    Raises ArenaError if the nodes' DIMMs do not lie alike or a step has no image.
    """

    def __init__(self, arena: Arena) -> None:
        mistake = asymmetry(arena)
        if mistake:
            raise ArenaError(f"symmetry: {mistake}")
        nodes = sorted(arena.symmetry)
        orders = list(permutations(nodes))
        self.nodes = and_list(nodes)
        self.renamings = [Renaming(arena, dict(zip(nodes, order, strict=True))) for order in orders]
        known = {step: number for number, step in enumerate(arena.actions)}
        images = [[renaming.step(step) for step in arena.actions] for renaming in self.renamings]
        for image in images:
            for step, other in zip(arena.actions, image, strict=True):
                if other not in known:
                    raise ArenaError(
                        f"symmetry: the image of {step}, {other}, is not a step of the arena"
                    )
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
