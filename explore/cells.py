"""A guest's state as a row of small numbers, and a guest whose memory *is* such a row.

Every piece of state is a cell: four columns for each block in play, for each zone its span,
present pages and whether it was ever used, for each node its span and states, and one cell for
the knob, the devices and whether the kernel is alive. Values that are no small numbers are
numbered as they turn up. What a step looks at and sets is noted, cell by cell.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from zonediff.engine.guest import Guest
from zonediff.engine.memory import ONLINE, ZONES, Memory, Zone

DEAD = "dead"
"""What stands in the last cell of a state whose kernel has died: (DEAD, how)."""

TAILS: Final = "tails"
"""The piece of state that is Memory.tails, whole."""

OFFLINE_ZONE: Final = "zone of an offline block"
"""A piece of state of its own: newer kernels choose a block's zone anew when it goes online."""


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


class Change(NamedTuple):
    """A change of the books that is learned on its own: a method of Memory, and its arguments."""

    method: str
    arguments: tuple[Any, ...]
    options: tuple[tuple[str, Any], ...] = ()

    def do(self, memory: Memory) -> None:
        """Carry it out."""
        getattr(Memory, self.method)(memory, *self.arguments, **dict(self.options))


class Set(NamedTuple):
    """A cell that is set after changes that were carried out apart."""

    cell: int
    value: int


class Watch:
    """A row that a step works on: which cells it read before it wrote them, and what it wrote.

    ignored: cells that no step may look at; one that does raises LookedAt.
    changes: from the first one that was carried out apart (see apart()) on, all that was done.
    """

    __slots__ = ("_done", "_inside", "_late", "changes", "ignored", "read", "row", "written")

    def __init__(self, row: list[int], ignored: frozenset[int] | set[int] = frozenset()) -> None:
        self.row = row
        self.ignored = ignored
        self.read: dict[int, None] = {}
        self.written: dict[int, int] = {}
        self.changes: list[Change | Set] = []
        self._late: dict[int, bool] = {}  # written since then, and whether by the step itself
        self._done: list[tuple[dict[int, None], dict[int, int]]] = []
        self._inside = False

    def get(self, cell: int) -> int:
        """The value of a cell, which is looked at."""
        own = self._late.get(cell, cell in self.written)
        if not own:
            if cell in self._late:
                self.settle()
            else:
                self._reads(cell)
        return self.row[cell]

    def _reads(self, cell: int) -> None:
        if not self._inside and cell in self.ignored:
            raise LookedAt(cell)
        self.read[cell] = None

    def set(self, cell: int, value: int) -> None:
        """Set a cell."""
        if self.changes:
            self.changes.append(Set(cell, value))
            self._late[cell] = True
        else:
            self.written[cell] = value
        self.row[cell] = value

    def sets(self, cell: int) -> bool:
        """Whether the cell was set."""
        return cell in self.written or cell in self._late

    def apart(self, change: Change, memory: Memory) -> None:
        """Carry out a change that gives nothing back, so that the step need not know its outcome.

        What it looks at is no concern of the step, unless the step looks at what it changed.
        """
        if self._inside:
            change.do(memory)
            return
        outer = self.read, self.written, self.changes, self._late
        self.read, self.written, self.changes, self._late = {}, {}, [], {}
        self._inside = True
        change.do(memory)
        self._inside = False
        read, written = self.read, self.written
        self.read, self.written, self.changes, self._late = outer
        if written.keys() <= self.ignored:
            return  # it changes nothing that counts
        self.changes.append(change)
        self._done.append((read, written))
        self._late.update(dict.fromkeys(written, False))

    def settle(self) -> None:
        """Count what was carried out apart as the step's own doing."""
        for read, written in self._done:
            for cell in read:
                if cell not in self.written:
                    self._reads(cell)
            self.written.update(written)
        self.written.update((cell, self.row[cell]) for cell in self._late)
        self.changes, self._late, self._done = [], {}, []

    def replace(self, row: list[int]) -> None:
        """Set every cell."""
        self.row[:] = row
        self.written = dict(enumerate(row))
        self.changes, self._late, self._done = [], {}, []


class Column:
    """A column of Memory that is part of a row; what blocks out of play have is fixed.

    Of bytes and bytearrays it has what the engine uses; anything else looks at all of it.
    """

    __slots__ = ("base", "cells", "watch")

    def __init__(self, base: bytes, cells: list[int], watch: Watch) -> None:
        self.base = base
        self.cells = cells
        self.watch = watch

    def get(self, block: int) -> int:
        """The value for a block."""
        cell = self.cells[block]
        return self.base[block] if cell < 0 else self.watch.get(cell)

    def set(self, block: int, value: int) -> None:
        """Set the value for a block. Raises ValueError for one that is not in play."""
        self.watch.set(in_play(self.cells[block]), value)

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

    def __init__(self, base: bytes, nodes: list[int], zones: list[int], watch: Watch) -> None:
        super().__init__(base, nodes, watch)
        self.zones = zones

    def get(self, block: int) -> int:
        home = self.home(block)
        return 4 * home - 3 + self.zone(block) if home else 0

    def set(self, block: int, value: int) -> None:
        super().set(block, (value + 3) >> 2)
        self.watch.set(in_play(self.zones[block]), (value - 1) & 3 if value else 0)

    def home(self, block: int) -> int:
        """1 + the node of a block; 0 where there is none."""
        cell = self.cells[block]
        return (self.base[block] + 3) >> 2 if cell < 0 else self.watch.get(cell)

    def zone(self, block: int) -> int:
        """The number of a block's zone."""
        cell = self.zones[block]
        return (self.base[block] - 1) & 3 if cell < 0 else self.watch.get(cell)


class Items:
    """A list of Memory that is part of a row: item i is the number in cell `first + i`."""

    __slots__ = ("first", "numbering", "size", "watch")

    def __init__(self, first: int, size: int, numbering: Numbering, watch: Watch) -> None:
        self.first = first
        self.size = size
        self.numbering = numbering
        self.watch = watch

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, key: Any) -> Any:
        values, first, get = self.numbering.values, self.first, self.watch.get
        if isinstance(key, slice):
            return [values[get(first + index)] for index in range(*key.indices(self.size))]
        return values[get(first + range(self.size)[key])]

    def __setitem__(self, key: Any, value: Any) -> None:
        number, first = self.numbering.number, self.first
        if isinstance(key, slice):
            for index, item in zip(range(*key.indices(self.size)), value, strict=True):
                self.watch.set(first + index, number(item))
        else:
            self.watch.set(first + range(self.size)[key], number(value))

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(self.size))

    def __contains__(self, value: object) -> bool:
        return any(value == item for item in self)


class RowMemory(Memory):
    """Memory that is a row. Changes of the books that give nothing back are carried out apart."""

    __slots__ = ("layout", "watch")

    watch: Watch
    layout: Layout

    @property
    def tails(self) -> Mapping[int, int]:
        return dict(self.layout.numbering.values[self.watch.get(self.layout.tails)])

    @tails.setter
    def tails(self, tails: Mapping[int, int]) -> None:
        number = self.layout.numbering.number(tuple(tails.items()))
        self.watch.set(self.layout.tails, number)

    def node(self, block: int) -> int:
        return self.link.home(block) - 1  # type: ignore[attr-defined, no-any-return]

    def zone(self, block: int) -> Zone:
        return ZONES[self.link.zone(block)]  # type: ignore[attr-defined]


def _apart(method: str) -> Callable[..., None]:
    def carry_out(memory: RowMemory, *arguments: Any, **options: Any) -> None:
        memory.watch.apart(Change(method, arguments, tuple(options.items())), memory)

    return carry_out


APART: Final = (
    *("grow_zone", "grow_node", "count", "gain", "lose"),
    *("shrink", "shrink_node", "fit_node"),
)
"""The changes that are carried out apart. Which cells each of them sets depends on nothing."""

for _method in APART:
    setattr(RowMemory, _method, _apart(_method))


class Layout:
    """Where each piece of a guest's state stands in a row.

    blocks: those in play; no step may change another one. numbering: shared by every cell whose
    values are no small numbers, so that equal values have equal numbers in all of them.
    looked_at: the pieces of state that count; the others are left out of the state (their cells
    stay as they were after boot), for nothing that happens depends on them.
    """

    COLUMNS = ("status", "node", "zone", "online_type")
    LISTS = ("spans", "present", "early", "initialised", "node_spans", "node_states")
    PIECES = (*COLUMNS, *LISTS, TAILS, OFFLINE_ZONE)

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
        self.looked_at = looked_at
        memory = template.kernel.memory
        self.length = max((*blocks, len(memory.status) - 1)) + 1
        self.columns: dict[str, list[int]] = {}
        self.piece: list[str] = []
        for name in self.COLUMNS:
            cells = [-1] * self.length
            for block in blocks:
                cells[block] = len(self.piece)
                self.piece.append(name)
            self.columns[name] = cells
        self.lists: dict[str, tuple[int, int]] = {}
        for name in self.LISTS:
            size = len(getattr(memory, name))
            self.lists[name] = len(self.piece), size
            self.piece += [name] * size
        self.zones = len(memory.spans)
        self.tails = len(self.piece)
        self.piece.append(TAILS)
        self.rest = len(self.piece)
        self.width = self.rest + 1
        self.base = {
            name: bytes(getattr(memory, name)).ljust(self.length, b"\0")
            for name in ("status", "link", "online_type")
        }
        self.left_out = frozenset(
            cell for cell, name in enumerate(self.piece) if name not in looked_at
        )
        status, zone = self.columns["status"], self.columns["zone"]
        self._switches = (
            [(status[block], zone[block]) for block in blocks]
            if OFFLINE_ZONE not in looked_at
            else []
        )

    def missing(self, cell: int) -> str:
        """The piece of state that a cell, looked at though it was left out, shows to count."""
        name = self.piece[cell]
        return OFFLINE_ZONE if name in self.looked_at else name

    def encode(self, guest: Guest) -> list[int]:
        """A guest's state as a row."""
        memory = guest.kernel.memory
        row: list[int] = []
        link = [memory.link[block] if memory.has(block) else 0 for block in self.blocks]
        row += [memory.status[block] if memory.has(block) else 0 for block in self.blocks]
        row += [(value + 3) >> 2 for value in link]
        row += [(value - 1) & 3 if value else 0 for value in link]
        row += [memory.online_type[block] if memory.has(block) else 0 for block in self.blocks]
        for name in self.LISTS:
            row += [self.numbering.number(value) for value in getattr(memory, name)]
        row.append(self.numbering.number(tuple(memory.tails.items())))
        row.append(self.number_rest(guest))
        for status, zone in self._switches:
            if not row[status] & ONLINE:
                row[zone] = 0
        return row

    def number_rest(self, guest: Guest) -> int:
        """The number of what is not in Memory: the knob and the devices that are plugged in."""
        devices = tuple(sorted(guest.devices.items(), key=lambda item: item[0]))
        return self.numbering.number((guest.kernel.knob, devices))

    def ignored(self, row: list[int]) -> frozenset[int] | set[int]:
        """The cells of a row that do not count."""
        off = {zone for status, zone in self._switches if not row[status] & ONLINE}
        return off | self.left_out if off else self.left_out

    def leave_out(self, row: list[int], watch: Watch) -> None:
        """Leave out the zones of blocks that a step left offline; `row` is that before the step.

        Raises LookedAt for a block that went online in a zone that was left out.
        """
        for status, zone in self._switches:
            if watch.sets(status):
                if not watch.row[status] & ONLINE:
                    watch.set(zone, 0)
                elif not watch.sets(zone) and not row[status] & ONLINE:
                    raise LookedAt(zone)

    def memory(self, watch: Watch) -> RowMemory:
        """Memory that is the row of `watch`."""
        memory = RowMemory.__new__(RowMemory)
        template = self.template.kernel.memory
        memory.watch = watch
        memory.block_pages = template.block_pages
        memory.ragged, memory.layout = template.ragged, self
        base, columns = self.base, self.columns
        memory.status = Column(base["status"], columns["status"], watch)  # type: ignore[assignment]
        memory.link = Links(  # type: ignore[assignment]
            base["link"], columns["node"], columns["zone"], watch
        )
        memory.online_type = Column(  # type: ignore[assignment]
            base["online_type"], columns["online_type"], watch
        )
        for name, (first, size) in self.lists.items():
            setattr(memory, name, Items(first, size, self.numbering, watch))
        return memory

    def guest(self, watch: Watch) -> Guest:
        """A guest in the state that is the row of `watch`."""
        guest = self.template.copy()
        guest.kernel.memory = self.memory(watch)
        guest.kernel.knob, devices = self.numbering.values[watch.row[self.rest]]
        guest.kernel.devices = dict(devices)
        for id, device in devices:
            blocks = device.blocks(guest.block_size)
            guest.places[id] = blocks[0], blocks[-1]
        return guest
