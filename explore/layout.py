"""."""

from __future__ import annotations

from typing import Final

from zonediff.engine.guest import Guest
from zonediff.engine.memory import ONLINE
from zonediff.explore.numbering import Numbering
from zonediff.explore.row_memory import Column, Items, Links, RowMemory
from zonediff.explore.tracer import LeftOutCellRead, RowTracer

DEAD = "dead"
"""What stands in the last cell of a state whose kernel has died: (DEAD, how)."""


TAILS: Final = "tails"
"""The piece of state that is Memory.tails, whole."""


OFFLINE_ZONE: Final = "zone of an offline block"
"""A piece of state of its own: newer kernels choose a block's zone anew when it goes online."""


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
        self._switches = (
            [(status[block], zone[block]) for block in blocks]
            if OFFLINE_ZONE not in kept_pieces
            else []
        )

    def missing(self, cell: int) -> str:
        """The piece of state that a cell, looked at though it was left out, shows to count."""
        name = self.piece[cell]
        return OFFLINE_ZONE if name in self.kept_pieces else name

    def encode(self, guest: Guest) -> list[int]:
        """A guest's state as a row."""
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

    def leave_out(self, row: list[int], tracer: RowTracer) -> None:
        """Leave out the zones of blocks that a step left offline; `row` is that before the step.

        Raises LookedAt for a block that went online in a zone that was left out.
        """
        for status, zone in self._switches:
            if tracer.is_set(status):
                if not tracer.row[status] & ONLINE:
                    tracer.set(zone, 0)
                elif not tracer.is_set(zone) and not row[status] & ONLINE:
                    raise LeftOutCellRead(zone)

    def memory(self, tracer: RowTracer) -> RowMemory:
        """Memory that is the row of `watch`."""
        memory = RowMemory.__new__(RowMemory)
        template = self.template.kernel.tables
        memory.tracer = tracer
        memory.block_pages = template.block_pages
        memory.ragged = template.ragged
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
        """A guest in the state that is the row of `watch`."""
        guest = self.template.copy()
        guest.kernel.tables = self.memory(tracer)
        guest.kernel.knob, devices = self.numbering.values[tracer.row[self.rest]]
        guest.kernel.devices = dict(devices)
        for id, device in devices:
            blocks = device.blocks(guest.block_size)
            guest.places[id] = blocks[0], blocks[-1]
        return guest
