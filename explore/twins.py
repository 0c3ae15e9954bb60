"""Twins: the images of all learned cases, so that a symmetry can check them."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import partial

from zonediff.engine.steps import Step
from zonediff.explore.learner import Learner
from zonediff.explore.probes import Probes
from zonediff.explore.symmetry import Symmetry, Twin
from zonediff.explore.tracer import RowTracer
from zonediff.explore.views import Part


class Twins:
    """The twins of steps, views and updates, by the root of their tree.

    Each renaming, except the one that renames nothing, makes one twin of each. The learner calls
    `check` for each case that it learns.
    """

    def __init__(self, symmetry: Symmetry, probes: Probes, learner: Learner) -> None:
        self.symmetry = symmetry
        self.probes = probes
        self.learner = learner
        self._twins: dict[int, tuple[str, list[Twin]]] = {}
        learner.check = self.check

    def add_steps(self, roots: Sequence[int], steps: Sequence[Step]) -> None:
        """Add the twins of the steps with these roots."""
        for action, (root, step) in enumerate(zip(roots, steps, strict=True)):
            images = [steps[image_of[action]] for image_of in self.symmetry.group.actions[1:]]
            twins = [Twin(self.probes.step(image), str(image), operator.eq) for image in images]
            self._twins[root] = str(step), twins

    def add_views(self, roots: Sequence[int], parts: Sequence[Part]) -> None:
        """Add the twins of the parts that are viewed with these roots."""
        by_name = {part.name: part for part in parts}
        for root, part in zip(roots, parts, strict=True):
            twins = []
            for number, renaming in enumerate(self.symmetry.group.renamings[1:], 1):
                image = by_name[renaming.part(part.name)]
                fits = partial(self.symmetry.views_correspond, number, part.name)
                twins.append(Twin(self.probes.view(image), image.name, fits))
            self._twins[root] = part.name, twins

    def check(self, root: int, row: list[int], tracer: RowTracer, outcome: int) -> None:
        """Check a learned case of a root against its twins (see Symmetry.check_twins)."""
        update = self.learner.update_of.get(root)
        if update is not None and root not in self._twins:
            images = [renaming.update(update) for renaming in self.symmetry.group.renamings[1:]]
            twins = [
                Twin(self.learner.update_probe(image), image.method, operator.eq)
                for image in images
            ]
            self._twins[root] = update.method, twins
        name, twins = self._twins[root]
        self.symmetry.check_twins(name, twins, row, tracer, outcome)
