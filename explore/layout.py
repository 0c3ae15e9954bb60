"""The layout of a row: a machine's state as a list of small numbers, its cells.

A row has four cells for each block in play; for each zone its span, its page counts and whether it
was ever used; for each node its span and its states; one cell for Memory.tails; and a last cell
for the knob, the devices and whether the kernel is alive. A value that is not a small number is
stored as its number in a Numbering.
"""

from __future__ import annotations

from typing import Final

from zonediff.engine.guest import Guest
from zonediff.engine.memory import ONLINE
from zonediff.explore.numbering import Numbering
from zonediff.explore.row_memory import Column, Items, Links, RowMemory
from zonediff.explore.tracer import LeftOutCellRead, RowTracer

DEAD = "dead"
"""The last cell of a dead kernel holds the number of (DEAD, how it died)."""

TAILS: Final = "tails"
"""The piece of state that holds all of Memory.tails."""

OFFLINE_ZONE: Final = "zone of an offline block"
"""A separate piece of state: newer kernels choose the zone again when a block goes online."""


class Layout:
    """The map from cells of a row to pieces of a guest's state.

    blocks: the blocks in play, which steps may change. numbering: numbers the values of all cells,
    so that equal values have equal numbers everywhere. kept_pieces: the pieces of state that are
    kept. All others are left out: no step reads them, and their cells keep the values after boot.
    """

    COLUMNS = ("status", "node", "zone", "online_type")
    LISTS = ("spans", "present", "early", "initialised", "node_spans", "node_states")
    PIECES = (*COLUMNS, *LISTS, TAILS, OFFLINE_ZONE)

    def __init__(
        self,
        template: Guest,
        blocks: tuple[int, ...],
        numbering: Numbering,
        kept_pieces: frozenset[str],
    ) -> None:
        self.template = template
        self.blocks = blocks
        self.numbering = numbering
        self.kept_pieces = kept_pieces
        memory = template.kernel.tables
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
            cell for cell, name in enumerate(self.piece) if name not in kept_pieces
        )
        status, zone = self.columns["status"], self.columns["zone"]
        self._offline_zones = (
            [(status[block], zone[block]) for block in blocks]
            if OFFLINE_ZONE not in kept_pieces
            else []
        )

    def piece_to_keep(self, cell: int) -> str:
        """Return the piece of state that has to be kept because a step read this cell."""
        name = self.piece[cell]
        return OFFLINE_ZONE if name in self.kept_pieces else name

    def encode(self, guest: Guest) -> list[int]:
        """Return a guest's state as a row."""
        memory = guest.kernel.tables
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
        for status, zone in self._offline_zones:
            if not row[status] & ONLINE:
                row[zone] = 0
        return row

    def number_rest(self, guest: Guest) -> int:
        """Return the number of the state outside Memory: the knob and the plugged devices."""
        devices = tuple(sorted(guest.devices.items(), key=lambda item: item[0]))
        return self.numbering.number((guest.kernel.knob, devices))

    def ignored(self, row: list[int]) -> frozenset[int] | set[int]:
        """Return the cells that are left out of this row's state."""
        offline = {zone for status, zone in self._offline_zones if not row[status] & ONLINE}
        return offline | self.left_out if offline else self.left_out

    def leave_out(self, row: list[int], tracer: RowTracer) -> None:
        """Clear the zone of each block that a step set offline; `row` is the row before the step.

        Raises LeftOutCellRead for a block that went online in the zone that was left out.
        """
        for status, zone in self._offline_zones:
            if tracer.is_set(status):
                if not tracer.row[status] & ONLINE:
                    tracer.set(zone, 0)
                elif not tracer.is_set(zone) and not row[status] & ONLINE:
                    raise LeftOutCellRead(zone)

    def memory(self, tracer: RowTracer) -> RowMemory:
        """Return a Memory on the row of this tracer."""
        memory = RowMemory.__new__(RowMemory)
        template = self.template.kernel.tables
        memory.tracer = tracer
        memory.block_pages = template.block_pages
        memory.ragged, memory.seams = template.ragged, template.seams
        memory.partial = {}  # blocks are one section each, and plugged as a whole
        memory.reserved = {}
        memory.numbering, memory.tails_cell = self.numbering, self.tails
        base, columns = self.base, self.columns
        memory.status = Column(base["status"], columns["status"], tracer)  # type: ignore[assignment]
        memory.link = Links(  # type: ignore[assignment]
            base["link"], columns["node"], columns["zone"], tracer
        )
        memory.online_type = Column(  # type: ignore[assignment]
            base["online_type"], columns["online_type"], tracer
        )
        for name, (first, size) in self.lists.items():
            setattr(memory, name, Items(first, size, self.numbering, tracer))
        return memory

    def guest(self, tracer: RowTracer) -> Guest:
        """Return a guest whose state is the row of this tracer."""
        guest = self.template.copy()
        guest.kernel.tables = self.memory(tracer)
        guest.kernel.knob, devices = self.numbering.values[tracer.row[self.rest]]
        guest.kernel.devices = dict(devices)
        for id, device in devices:
            if blocks := device.blocks(guest.block_size):
                guest.places[id] = blocks[0], blocks[-1]
        return guest
