"""."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zonediff.explore.arena import ArenaError
from zonediff.explore.layout import DEAD, Layout
from zonediff.explore.learner import Probe
from zonediff.explore.renaming import RenamingGroup
from zonediff.explore.row_renaming import PIECE_NAMES, RowRenaming
from zonediff.explore.tracer import CellWrite, RowTracer, Update

ViewImages = dict[tuple[int, str], tuple[dict[int, int], dict[int, int]]]
"""For each (renaming, part): the image of each sight, and of which sight each one is it."""


@dataclass(frozen=True, slots=True)
class Twin:
    """What a renaming makes of something that is learned: how to ask it, and what to call it.

    fits: whether what it gives (second) is the image of what the other gives (first).
    """

    probe: Probe
    name: str
    fits: Callable[[int, int], bool]


class Symmetry:
    """A group of renamings at work on the rows of one variant.

    seen: shared by the systems that are compared.
    """

    def __init__(
        self, group: RenamingGroup, layout: Layout, variant: str, seen: ViewImages
    ) -> None:
        self.group = group
        self.layout = layout
        self.variant = variant
        self.seen = seen
        self.images = [RowRenaming(renaming, layout) for renaming in group.renamings]

    def check_start(self, row: list[int]) -> None:
        """See that the booted machine is its own image. Raises ArenaError."""
        for image in self.images[1:]:
            other = image.row(row)
            pieces = dict.fromkeys(
                self._piece(cell) for cell, value in enumerate(row) if value != other[cell]
            )
            if pieces:
                raise self._refused(f"after boot they differ in {', '.join(pieces)}")

    def views_correspond(self, number: int, part: str, one: int, two: int) -> bool:
        """Whether a sight of a part can be the image of another: it is of no other one."""
        forth, back = self.seen.setdefault((number, part), ({}, {}))
        return forth.setdefault(one, two) == two and back.setdefault(two, one) == one

    def check(
        self, name: str, twins: Sequence[Twin], row: list[int], tracer: RowTracer, outcome: int
    ) -> None:
        """See that what was just learned on a row is true of its images; look at what they do.

        Raises ArenaError.
        """
        layout, met = self.layout, []
        for number, twin in enumerate(twins, 1):
            there = self.images[number].row(row)
            other = RowTracer(there[:], layout.ignored(there))
            other.get(layout.rest)
            met.append((number, twin, other, twin.probe(other)))
            back = self.images[self.group.inverse[number]]
            for cell in other.read:
                tracer.read.setdefault(int(back.cells[cell]))
        for number, twin, other, given in met:
            if not twin.fits(outcome, given):
                raise self._refused(f"{name} and {twin.name} come out differently")
            differ = self._differ(number, row, tracer, other)
            if differ:
                raise self._refused(f"{name} and {twin.name} differ in {differ}")

    def _differ(self, number: int, row: list[int], tracer: RowTracer, other: RowTracer) -> str:
        """In which piece of state two steps differ that should be images, empty for none."""
        layout, image = self.layout, self.images[number]
        values = layout.numbering.values
        if any(values[item.row[layout.rest]][0] == DEAD for item in (tracer, other)):
            return "" if tracer.row == other.row else "the kernel"
        back = self.images[self.group.inverse[number]]
        returned = {
            int(back.cells[cell]): back.value(cell, value) for cell, value in other.written.items()
        }
        one, two = (
            {
                cell: value
                for cell, value in written.items()
                if cell not in layout.left_out and (cell not in tracer.read or value != row[cell])
            }
            for written in (tracer.written, returned)
        )
        for cell in sorted(one.keys() | two.keys()):
            if one.get(cell) != two.get(cell):
                return self._piece(cell)
        renaming = self.group.renamings[number]
        expected = [
            renaming.update(item)
            if isinstance(item, Update)
            else CellWrite(int(image.cells[item.cell]), image.value(item.cell, item.value))
            for item in self._counted(tracer)
        ]
        for mine, theirs in zip(expected, self._counted(other), strict=False):
            if mine != theirs:
                if isinstance(mine, Update):
                    return f"what the books then do ({mine.method})"
                return self._piece(mine.cell)
        return "" if len(expected) == len(self._counted(other)) else "what the books then do"

    def _counted(self, tracer: RowTracer) -> list[Update | CellWrite]:
        return [
            item
            for item in tracer.updates
            if isinstance(item, Update) or item.cell not in self.layout.left_out
        ]

    def _piece(self, cell: int) -> str:
        rest = cell == self.layout.rest
        return "the devices or the knob" if rest else PIECE_NAMES[self.layout.piece[cell]]

    def _refused(self, why: str) -> ArenaError:
        return ArenaError(
            f"symmetry: on {self.variant} nodes {self.group.nodes} are not interchangeable: {why}"
        )
