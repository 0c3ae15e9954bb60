"""Read/write tracing: record which cells of a row a step reads and which it writes.

A row is a machine's state as a list of small numbers, its cells (layout.py). The tracer records a
cell as read only if the step reads it before it writes it.

Some methods of Memory update spans and page counts and return nothing. The tracer defers such an
update: cells that the update reads are not recorded as read by the step. If the step later reads a
cell that a deferred update wrote, all deferred updates become part of the step after all.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from zonediff.engine.memory import Memory


class LeftOutCellRead(Exception):
    """Control flow: a step read a cell that the state leaves out."""

    def __init__(self, cell: int) -> None:
        super().__init__(cell)
        self.cell = cell


class Update(NamedTuple):
    """A call of a method of Memory that returns nothing; it is learned separately."""

    method: str
    arguments: tuple[Any, ...]
    options: tuple[tuple[str, Any], ...] = ()

    def apply(self, memory: Memory) -> None:
        """Call the method on this memory."""
        getattr(Memory, self.method)(memory, *self.arguments, **dict(self.options))


class CellWrite(NamedTuple):
    """A cell that a step writes after its first deferred update, and the value."""

    cell: int
    value: int


class RowTracer:
    """A row that a step works on, with the cells that the step reads and writes.

    ignored: cells that the state leaves out; reading one raises LeftOutCellRead.
    read: the cells that the step read, in order. written: the new value of each cell that it wrote.
    updates: the first deferred update, and all updates and writes after it, in order.
    """

    __slots__ = (
        "_deferred_cells",
        "_deferred_effects",
        "_in_update",
        "ignored",
        "read",
        "row",
        "updates",
        "written",
    )

    def __init__(self, row: list[int], ignored: frozenset[int] | set[int] = frozenset()) -> None:
        self.row = row
        self.ignored = ignored
        self.read: dict[int, None] = {}
        self.written: dict[int, int] = {}
        self.updates: list[Update | CellWrite] = []
        # Cells written since the first deferred update; True if the step itself wrote them.
        self._deferred_cells: dict[int, bool] = {}
        # The cells that each deferred update read and wrote.
        self._deferred_effects: list[tuple[dict[int, None], dict[int, int]]] = []
        self._in_update = False

    def get(self, cell: int) -> int:
        """Return the value of a cell and record the read."""
        own = self._deferred_cells.get(cell, cell in self.written)
        if not own:
            if cell in self._deferred_cells:
                self.absorb_updates()
            else:
                self._record_read(cell)
        return self.row[cell]

    def _record_read(self, cell: int) -> None:
        if not self._in_update and cell in self.ignored:
            raise LeftOutCellRead(cell)
        self.read[cell] = None

    def set(self, cell: int, value: int) -> None:
        """Set a cell and record the write."""
        if self.updates:
            self.updates.append(CellWrite(cell, value))
            self._deferred_cells[cell] = True
        else:
            self.written[cell] = value
        self.row[cell] = value

    def is_set(self, cell: int) -> bool:
        """Return whether the step, or one of its updates, wrote the cell."""
        return cell in self.written or cell in self._deferred_cells

    def defer(self, update: Update, memory: Memory) -> None:
        """Apply an update and record it as deferred; inside another update, only apply it."""
        if self._in_update:
            update.apply(memory)
            return
        outer = self.read, self.written, self.updates, self._deferred_cells
        self.read, self.written, self.updates, self._deferred_cells = {}, {}, [], {}
        self._in_update = True
        update.apply(memory)
        self._in_update = False
        read, written = self.read, self.written
        self.read, self.written, self.updates, self._deferred_cells = outer
        if written.keys() <= self.ignored:
            return  # the state leaves out every cell that it writes
        self.updates.append(update)
        self._deferred_effects.append((read, written))
        self._deferred_cells.update(dict.fromkeys(written, False))

    def absorb_updates(self) -> None:
        """Make the reads and writes of the deferred updates part of the step."""
        for read, written in self._deferred_effects:
            for cell in read:
                if cell not in self.written:
                    self._record_read(cell)
            self.written.update(written)
        self.written.update((cell, self.row[cell]) for cell in self._deferred_cells)
        self._forget_updates()

    def replace(self, row: list[int]) -> None:
        """Set every cell."""
        self.row[:] = row
        self.written = dict(enumerate(row))
        self._forget_updates()

    def _forget_updates(self) -> None:
        self.updates, self._deferred_cells, self._deferred_effects = [], {}, []
