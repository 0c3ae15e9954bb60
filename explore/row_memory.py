"""Traced memory: a Memory whose columns are cells of a row, so that every access is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from zonediff.engine.memory import Memory
from zonediff.engine.zones import ZONES, Zone
from zonediff.explore.numbering import Numbering
from zonediff.explore.tracer import RowTracer, Update


class Column:
    """A column of Memory, one cell for each block in play; other blocks have fixed values.

    It has the methods of bytes and bytearray that the engine uses; any other one reads every cell.
    """

    __slots__ = ("base", "cells", "tracer")

    def __init__(self, base: bytes, cells: list[int], tracer: RowTracer) -> None:
        self.base = base
        self.cells = cells
        self.tracer = tracer

    def get(self, block: int) -> int:
        """Return the value of a block."""
        cell = self.cells[block]
        return self.base[block] if cell < 0 else self.tracer.get(cell)

    def set(self, block: int, value: int) -> None:
        """Set the value of a block. Raises ValueError for a block that is not in play."""
        self.tracer.set(in_play(self.cells[block]), value)

    def __len__(self) -> int:
        return len(self.base)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return bytearray(self.get(block) for block in range(*key.indices(len(self.base))))
        return self.get(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(key, slice):
            for block, item in zip(range(*key.indices(len(self.base))), value, strict=True):
                self.set(block, item)
        else:
            self.set(key, value)

    def __iter__(self) -> Iterator[int]:
        return (self.get(block) for block in range(len(self.base)))

    def __contains__(self, value: object) -> bool:
        return any(value == item for item in self)

    def find(self, value: int, start: int = 0, end: int | None = None) -> int:
        """Return the first block with a value, or -1; reads every block before it, too."""
        stop = len(self.base) if end is None else min(end, len(self.base))
        return next((block for block in range(start, stop) if self.get(block) == value), -1)

    def rfind(self, value: int, start: int = 0, end: int | None = None) -> int:
        """Return the last block with a value, or -1; reads every block after it, too."""
        stop = len(self.base) if end is None else min(end, len(self.base))
        blocks = range(stop - 1, start - 1, -1)
        return next((block for block in blocks if self.get(block) == value), -1)

    def __getattr__(self, name: str) -> Any:
        return getattr(bytes(self[:]), name)


def in_play(cell: int) -> int:
    """Return the cell that a step writes. Raises ValueError if the block has none (-1)."""
    if cell < 0:
        raise ValueError("a step of the alphabet changes memory that is not in play")
    return cell


class Links(Column):
    """The column `link`, stored as two cells for each block: 1 + the node, and the zone."""

    __slots__ = ("zones",)

    def __init__(self, base: bytes, nodes: list[int], zones: list[int], tracer: RowTracer) -> None:
        super().__init__(base, nodes, tracer)
        self.zones = zones

    def get(self, block: int) -> int:
        home = self.home(block)
        return 4 * home - 3 + self.zone(block) if home else 0

    def set(self, block: int, value: int) -> None:
        super().set(block, (value + 3) >> 2)
        self.tracer.set(in_play(self.zones[block]), (value - 1) & 3 if value else 0)

    def home(self, block: int) -> int:
        """Return 1 + the node of a block, or 0 for a block without a node."""
        cell = self.cells[block]
        return (self.base[block] + 3) >> 2 if cell < 0 else self.tracer.get(cell)

    def zone(self, block: int) -> int:
        """Return the zone of a block, as a number."""
        cell = self.zones[block]
        return (self.base[block] - 1) & 3 if cell < 0 else self.tracer.get(cell)


class Items:
    """A list of Memory in a row: cell `first + i` holds the number of item i."""

    __slots__ = ("first", "numbering", "size", "tracer")

    def __init__(self, first: int, size: int, numbering: Numbering, tracer: RowTracer) -> None:
        self.first = first
        self.size = size
        self.numbering = numbering
        self.tracer = tracer

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, key: Any) -> Any:
        values, first, get = self.numbering.values, self.first, self.tracer.get
        if isinstance(key, slice):
            return [values[get(first + index)] for index in range(*key.indices(self.size))]
        return values[get(first + range(self.size)[key])]

    def __setitem__(self, key: Any, value: Any) -> None:
        number, first = self.numbering.number, self.first
        if isinstance(key, slice):
            for index, item in zip(range(*key.indices(self.size)), value, strict=True):
                self.tracer.set(first + index, number(item))
        else:
            self.tracer.set(first + range(self.size)[key], number(value))

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(self.size))

    def __contains__(self, value: object) -> bool:
        return any(value == item for item in self)


class RowMemory(Memory):
    """A Memory that reads and writes a traced row; it defers the updates named in DEFERRED."""

    __slots__ = ("numbering", "tails_cell", "tracer")

    tracer: RowTracer
    numbering: Numbering
    tails_cell: int

    @property
    def tails(self) -> Mapping[int, int]:
        return dict(self.numbering.values[self.tracer.get(self.tails_cell)])

    @tails.setter
    def tails(self, tails: Mapping[int, int]) -> None:
        self.tracer.set(self.tails_cell, self.numbering.number(tuple(tails.items())))

    def node(self, block: int) -> int:
        return self.link.home(block) - 1  # type: ignore[attr-defined, no-any-return]

    def zone(self, block: int) -> Zone:
        return ZONES[self.link.zone(block)]  # type: ignore[attr-defined]


def _deferred(method: str) -> Callable[..., None]:
    def defer(memory: RowMemory, *arguments: Any, **options: Any) -> None:
        memory.tracer.defer(Update(method, arguments, tuple(options.items())), memory)

    return defer


DEFERRED: Final = (
    *("grow_zone", "grow_node", "count", "gain", "lose"),
    *("shrink", "shrink_node", "fit_node"),
)
"""Methods of Memory that return nothing and always write the same cells: they are deferred."""

for _method in DEFERRED:
    setattr(RowMemory, _method, _deferred(_method))
