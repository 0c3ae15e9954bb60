"""Symmetry: is each renaming of interchangeable nodes an automorphism of a variant?

Symmetry reduction is sound only if every renaming is an automorphism of the variant's system. So:

- the booted machine must be its own image;
- when a step is learned, its image is run on the image of the state and must have the image of its
  effect, decided by the same rules. Cells that only the image reads count as read by the step,
  too; therefore, a check of one state holds for all states that agree in the cells read;
- the views of a part and those of its image must correspond one to one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zonediff.explore.arena import ArenaError
from zonediff.explore.layout import DEAD, Layout
from zonediff.explore.learner import Probe
from zonediff.explore.renaming import RenamingGroup
from zonediff.explore.row_renaming import PIECE_NAMES, RowRenaming
from zonediff.explore.system import ViewImages
from zonediff.explore.tracer import CellWrite, RowTracer, Update


@dataclass(frozen=True, slots=True)
class Twin:
    """The image of a step, a view or an update: its probe and its name.

    fits: whether the twin's outcome (second) is the image of the original's outcome (first).
    """

    probe: Probe
    name: str
    fits: Callable[[int, int], bool]


class Symmetry:
    """Checks the renamings of a group on the rows of one variant.

    images: the effect of each renaming on rows. view_images: shared by the systems to be compared.
    """

    def __init__(
        self, group: RenamingGroup, layout: Layout, variant: str, view_images: ViewImages
    ) -> None:
        self.group = group
        self.layout = layout
        self.variant = variant
        self.view_images = view_images
        self.images = [RowRenaming(renaming, layout) for renaming in group.renamings]

    def check_start(self, row: list[int]) -> None:
        """Check that the booted machine is its own image. Raises ArenaError."""
        for image in self.images[1:]:
            renamed = image.row(row)
            pieces = dict.fromkeys(
                self._piece(cell) for cell, value in enumerate(row) if value != renamed[cell]
            )
            if pieces:
                raise self._refused(f"after boot they differ in {', '.join(pieces)}")

    def views_correspond(self, number: int, part: str, view: int, twin_view: int) -> bool:
        """Return whether this renaming maps views of the part one to one, this pair included."""
        image_of, original_of = self.view_images.setdefault((number, part), ({}, {}))
        return (
            image_of.setdefault(view, twin_view) == twin_view
            and original_of.setdefault(twin_view, view) == view
        )

    def check_twins(
        self, name: str, twins: Sequence[Twin], row: list[int], tracer: RowTracer, outcome: int
    ) -> None:
        """Check that the twins' effects are images of the effect that was just learned on a row.

        Adds to the cells read those that the twins read. Raises ArenaError.
        """
        twin_tracers: list[RowTracer] = []
        twin_outcomes: list[int] = []
        for number, twin in enumerate(twins, 1):
            twin_row = self.images[number].row(row)
            twin_tracer = RowTracer(twin_row[:], self.layout.ignored(twin_row))
            twin_tracer.get(self.layout.rest)
            twin_outcomes.append(twin.probe(twin_tracer))
            twin_tracers.append(twin_tracer)
            back = self.images[self.group.inverse[number]]
            for cell in twin_tracer.read:
                tracer.read.setdefault(int(back.cells[cell]))
        for number, twin in enumerate(twins, 1):
            if not twin.fits(outcome, twin_outcomes[number - 1]):
                raise self._refused(f"{name} and {twin.name} come out differently")
            difference = self._difference(number, row, tracer, twin_tracers[number - 1])
            if difference:
                raise self._refused(f"{name} and {twin.name} differ in {difference}")

    def _difference(self, number: int, row: list[int], tracer: RowTracer, twin: RowTracer) -> str:
        """Return where the twin's effect is not the image of the original's; empty if it is."""
        rest, values = self.layout.rest, self.layout.numbering.values
        if any(values[traced.row[rest]][0] == DEAD for traced in (tracer, twin)):
            return "" if tracer.row == twin.row else "the kernel"
        return self._write_difference(number, row, tracer, twin) or self._update_difference(
            number, tracer, twin
        )

    def _write_difference(
        self, number: int, row: list[int], tracer: RowTracer, twin: RowTracer
    ) -> str:
        """Return the first piece of state that the two write differently."""
        back = self.images[self.group.inverse[number]]
        renamed_back = {
            int(back.cells[cell]): back.value(cell, value) for cell, value in twin.written.items()
        }
        expected, actual = (
            {
                cell: value
                for cell, value in written.items()
                if cell not in self.layout.left_out
                and (cell not in tracer.read or value != row[cell])
            }
            for written in (tracer.written, renamed_back)
        )
        for cell in sorted(expected.keys() | actual.keys()):
            if expected.get(cell) != actual.get(cell):
                return self._piece(cell)
        return ""

    def _update_difference(self, number: int, tracer: RowTracer, twin: RowTracer) -> str:
        """Return the first deferred update, or write after one, in which the two differ."""
        image, renaming = self.images[number], self.group.renamings[number]
        expected = [
            renaming.update(item)
            if isinstance(item, Update)
            else CellWrite(int(image.cells[item.cell]), image.value(item.cell, item.value))
            for item in self._kept_updates(tracer)
        ]
        actual = self._kept_updates(twin)
        for expected_item, item in zip(expected, actual, strict=False):
            if expected_item != item:
                if isinstance(expected_item, Update):
                    return f"the update {expected_item.method}"
                return self._piece(expected_item.cell)
        return "" if len(expected) == len(actual) else "their updates"

    def _kept_updates(self, tracer: RowTracer) -> list[Update | CellWrite]:
        return [
            item
            for item in tracer.updates
            if isinstance(item, Update) or item.cell not in self.layout.left_out
        ]

    def _piece(self, cell: int) -> str:
        if cell == self.layout.rest:
            return "the devices or the knob"
        return PIECE_NAMES[self.layout.piece[cell]]

    def _refused(self, why: str) -> ArenaError:
        return ArenaError(
            f"symmetry: on {self.variant} nodes {self.group.nodes} are not interchangeable: {why}"
        )
