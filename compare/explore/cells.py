"""A guest's state as a row of small numbers, and a guest that knows which of them it looks at.

Every piece of state is a cell: three columns for each block in play, for each zone its span,
present pages and whether it was ever used, for each node its span and states, and one cell for
the knob, the devices and whether the kernel is alive. Values that are no small numbers are
numbered as they turn up.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Any

from zonediff.engine.guest import Guest

DEAD = "dead"
"""What stands in the last cell of a state whose kernel has died: (DEAD, how)."""


class Numbering:
    """Numbers for values, by order of appearance."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[Hashable, int] = {}

    def number(self, value: Hashable) -> int:
        """The number of a value, a new one if it was not seen before."""
        found = self._numbers.get(value)
        if found is None:
            found = self._numbers[value] = len(self.values)
            self.values.append(value)
        return found

    def __len__(self) -> int:
        return len(self.values)


class LookedAt(Exception):
    """A cell that was left out of the state is looked at after all."""

    def __init__(self, cell: int) -> None:
        super().__init__(cell)
        self.cell = cell


class Watch:
    """Which cells a step read before it wrote them, in order, and which it wrote.

    ignored: cells that no step may look at; one that does raises LookedAt.
    """

    def __init__(self, ignored: frozenset[int] = frozenset()) -> None:
        self.ignored = ignored
        self.read: dict[int, None] = {}
        self.written: set[int] = set()

    def reads(self, cell: int) -> None:
        """Note that the value that was there before is looked at."""
        if cell >= 0 and cell not in self.written:
            if cell in self.ignored:
                raise LookedAt(cell)
            self.read[cell] = None

    def writes(self, cell: int) -> None:
        """Note that a new value is set. Raises ValueError for what is in no cell."""
        if cell < 0:
            raise ValueError("a step of the alphabet changes memory that is not in play")
        self.written.add(cell)


class WatchedColumn(bytearray):
    """A column of Memory whose look-ups are noted; cells: the cell of each block, -1 for none.

    Watched is what policies and the engine use: items, slices, iteration, `in`, find and rfind.
    """

    watch: Watch
    cells: list[int]

    def _look(self, indices: Iterable[int]) -> None:
        for index in indices:
            self.watch.reads(self.cells[index])

    def __getitem__(self, key: Any) -> Any:
        self._look(range(*key.indices(len(self))) if isinstance(key, slice) else (key,))
        return super().__getitem__(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        for index in range(*key.indices(len(self))) if isinstance(key, slice) else (key,):
            self.watch.writes(self.cells[index])
        super().__setitem__(key, value)

    def find(self, sub: Any, start: Any = 0, end: Any = None) -> int:
        stop = len(self) if end is None else min(end, len(self))
        found = super().find(sub, start, stop)
        self._look(range(start, stop if found < 0 else found + 1))
        return found

    def rfind(self, sub: Any, start: Any = 0, end: Any = None) -> int:
        stop = len(self) if end is None else min(end, len(self))
        found = super().rfind(sub, start, stop)
        self._look(range(stop - 1, start - 1 if found < 0 else found - 1, -1))
        return found

    def __iter__(self) -> Iterator[int]:
        return (self[index] for index in range(len(self)))

    def __contains__(self, value: object) -> bool:
        return any(value == item for item in self)


class WatchedList(list[Any]):
    """A list of Memory whose look-ups are noted; item i is cell `first + i`."""

    watch: Watch
    first: int

    def _cells(self, key: Any) -> Iterable[int]:
        indices = range(*key.indices(len(self))) if isinstance(key, slice) else (key,)
        return (self.first + index for index in indices)

    def __getitem__(self, key: Any) -> Any:
        for cell in self._cells(key):
            self.watch.reads(cell)
        return super().__getitem__(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        for cell in self._cells(key):
            self.watch.writes(cell)
        super().__setitem__(key, value)

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def __contains__(self, value: object) -> bool:
        return any(value == item for item in self)

    def unwatched(self) -> list[Any]:
        """The items, without noting that they are looked at."""
        return list(super().__iter__())


class Layout:
    """Where each piece of a guest's state stands in a row.

    blocks: those in play; no step may change another one. numbering: shared by every cell whose
    values are no small numbers, so that equal values have equal numbers in all of them.
    looked_at: the pieces of state that count; the others are left out of the state (their cells
    stay 0), for nothing that happens depends on them.
    """

    COLUMNS = ("status", "link", "online_type")
    LISTS = ("spans", "present", "initialised", "node_spans", "node_states")

    def __init__(
        self,
        template: Guest,
        blocks: tuple[int, ...],
        numbering: Numbering,
        looked_at: frozenset[str],
    ) -> None:
        self.template = template
        self.blocks = blocks
        self.numbering = numbering
        self.length = max((*blocks, len(template.kernel.memory.status) - 1)) + 1
        self.column_cells = {name: [-1] * self.length for name in self.COLUMNS}
        self.piece: list[str] = []
        cell = 0
        for name in self.COLUMNS:
            for block in blocks:
                self.column_cells[name][block] = cell
                self.piece.append(name)
                cell += 1
        self.list_cells = {}
        for name in self.LISTS:
            self.list_cells[name] = cell
            size = len(getattr(template.kernel.memory, name))
            self.piece += [name] * size
            cell += size
        self.zones = len(template.kernel.memory.spans)
        self.rest = cell
        self.ignored = frozenset(
            cell for cell, name in enumerate(self.piece) if name not in looked_at
        )
        self.width = cell + 1

    def encode(self, guest: Guest) -> list[int]:
        """A guest's state as a row."""
        memory = guest.kernel.memory
        row: list[int] = []
        for name in self.COLUMNS:
            column = bytes(getattr(memory, name)).ljust(self.length, b"\0")
            row += [column[block] for block in self.blocks]
        number = self.numbering.number
        for name in self.LISTS:
            row += [number(value) for value in _items(getattr(memory, name))]
        row.append(number(rest_of(guest)))
        return [0 if cell in self.ignored else value for cell, value in enumerate(row)]

    def decode(self, row: list[int], watch: Watch) -> Guest:
        """A guest in the state of a row, whose look-ups go to `watch`."""
        guest = self.template.copy()
        memory = guest.kernel.memory
        values = self.numbering.values
        at = 0
        for name in self.COLUMNS:
            column = WatchedColumn(bytes(getattr(memory, name)).ljust(self.length, b"\0"))
            for block in self.blocks:
                bytearray.__setitem__(column, block, row[at])
                at += 1
            column.watch, column.cells = watch, self.column_cells[name]
            setattr(memory, name, column)
        for name in self.LISTS:
            size = len(getattr(memory, name))
            items = WatchedList(values[number] for number in row[at : at + size])
            items.watch, items.first = watch, self.list_cells[name]
            at += size
            setattr(memory, name, items)
        knob, devices = values[row[at]]
        guest.kernel.knob, guest.kernel.devices = knob, dict(devices)
        return guest


def _items(values: Any) -> list[Any]:
    return values.unwatched() if isinstance(values, WatchedList) else list(values)


def rest_of(guest: Guest) -> Hashable:
    """What is not in Memory: the knob and the devices that are plugged in."""
    return guest.kernel.knob, tuple(sorted(guest.devices.items(), key=lambda item: item[0]))
