"""."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from zonediff.engine.memory import ZONES, Memory, Zone
from zonediff.explore.numbering import Numbering
from zonediff.explore.tracer import RowTracer, Update


class Column:
    """A column of Memory that is part of a row; what blocks out of play have is fixed.

    Of bytes and bytearrays it has what the engine uses; anything else looks at all of it.
    """

    __slots__ = ("base", "cells", "tracer")

    def __init__(self, base: bytes, cells: list[int], tracer: RowTracer) -> None:
        self.base = base
        self.cells = cells
        self.tracer = tracer

    def get(self, block: int) -> int:
        """The value for a block."""
        cell = self.cells[block]
        return self.base[block] if cell < 0 else self.tracer.get(cell)

    def set(self, block: int, value: int) -> None:
        """Set the value for a block. Raises ValueError for one that is not in play."""
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
        """The first block with a value; those before it were looked at."""
        stop = len(self.base) if end is None else min(end, len(self.base))
        return next((block for block in range(start, stop) if self.get(block) == value), -1)

    def rfind(self, value: int, start: int = 0, end: int | None = None) -> int:
        """The last block with a value; those after it were looked at."""
        stop = len(self.base) if end is None else min(end, len(self.base))
        blocks = range(stop - 1, start - 1, -1)
        return next((block for block in blocks if self.get(block) == value), -1)

    def __getattr__(self, name: str) -> Any:
        return getattr(bytes(self[:]), name)


def in_play(cell: int) -> int:
    """A cell that a step sets. Raises ValueError for what is in no cell."""
    if cell < 0:
        raise ValueError("a step of the alphabet changes memory that is not in play")
    return cell


class Links(Column):
    """The column `link`, whose two parts are cells of their own: 1 + the node, and the zone."""

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
        """1 + the node of a block; 0 where there is none."""
        cell = self.cells[block]
        return (self.base[block] + 3) >> 2 if cell < 0 else self.tracer.get(cell)

    def zone(self, block: int) -> int:
        """The number of a block's zone."""
        cell = self.zones[block]
        return (self.base[block] - 1) & 3 if cell < 0 else self.tracer.get(cell)


class Items:
    """A list of Memory that is part of a row: item i is the number in cell `first + i`."""

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
    """Memory that is a row. Changes of the books that give nothing back are carried out apart."""

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
    def carry_out(memory: RowMemory, *arguments: Any, **options: Any) -> None:
        memory.tracer.defer(Update(method, arguments, tuple(options.items())), memory)

    return carry_out


DEFERRED: Final = (
    *("grow_zone", "grow_node", "count", "gain", "lose"),
    *("shrink", "shrink_node", "fit_node"),
)
"""The changes that are carried out apart. Which cells each of them sets depends on nothing."""

for _method in DEFERRED:
    setattr(RowMemory, _method, _deferred(_method))
