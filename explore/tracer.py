"""."""

from __future__ import annotations

from typing import Any, NamedTuple

from zonediff.engine.memory import Memory


class LeftOutCellRead(Exception):
    """Control flow: a step reads a cell that was left out of the state."""

    def __init__(self, cell: int) -> None:
        super().__init__(cell)
        self.cell = cell


class Update(NamedTuple):
    """A change of the books that is learned on its own: a method of Memory, and its arguments."""

    method: str
    arguments: tuple[Any, ...]
    options: tuple[tuple[str, Any], ...] = ()

    def do(self, memory: Memory) -> None:
        """Carry it out."""
        getattr(Memory, self.method)(memory, *self.arguments, **dict(self.options))


class CellWrite(NamedTuple):
    """A cell that is set after changes that were carried out apart."""

    cell: int
    value: int


class RowTracer:
    """A row that a step works on: which cells it read before it wrote them, and what it wrote.

    ignored: cells that no step may look at; one that does raises LookedAt.
    changes: from the first one that was carried out apart (see apart()) on, all that was done.
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
        self._deferred_cells: dict[
            int, bool
        ] = {}  # written since then, and whether by the step itself
        self._deferred_effects: list[tuple[dict[int, None], dict[int, int]]] = []
        self._in_update = False

    def get(self, cell: int) -> int:
        """The value of a cell, which is looked at."""
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
        """Set a cell."""
        if self.updates:
            self.updates.append(CellWrite(cell, value))
            self._deferred_cells[cell] = True
        else:
            self.written[cell] = value
        self.row[cell] = value

    def is_set(self, cell: int) -> bool:
        """Whether the cell was set."""
        return cell in self.written or cell in self._deferred_cells

    def defer(self, update: Update, memory: Memory) -> None:
        """Carry out a change that gives nothing back, so that the step need not know its outcome.

        What it looks at is no concern of the step, unless the step looks at what it changed.
        """
        if self._in_update:
            update.do(memory)
            return
        outer = self.read, self.written, self.updates, self._deferred_cells
        self.read, self.written, self.updates, self._deferred_cells = {}, {}, [], {}
        self._in_update = True
        update.do(memory)
        self._in_update = False
        read, written = self.read, self.written
        self.read, self.written, self.updates, self._deferred_cells = outer
        if written.keys() <= self.ignored:
            return  # it changes nothing that counts
        self.updates.append(update)
        self._deferred_effects.append((read, written))
        self._deferred_cells.update(dict.fromkeys(written, False))

    def absorb_updates(self) -> None:
        """Count what was carried out apart as the step's own doing."""
        for read, written in self._deferred_effects:
            for cell in read:
                if cell not in self.written:
                    self._record_read(cell)
            self.written.update(written)
        self.written.update((cell, self.row[cell]) for cell in self._deferred_cells)
        self.updates, self._deferred_cells, self._deferred_effects = [], {}, []

    def replace(self, row: list[int]) -> None:
        """Set every cell."""
        self.row[:] = row
        self.written = dict(enumerate(row))
        self.updates, self._deferred_cells, self._deferred_effects = [], {}, []
