"""Probes: run a step or a view on a guest whose memory is a traced row."""

from __future__ import annotations

from zonediff.engine.kernel import KernelDied
from zonediff.engine.steps import Step
from zonediff.explore.layout import DEAD, Layout
from zonediff.explore.learner import Probe
from zonediff.explore.system import Numberings, Outcome, rules
from zonediff.explore.tracer import RowTracer
from zonediff.explore.views import Part, dead_view


class Probes:
    """Makes the probes of one variant; they return the numbers of outcomes and views."""

    def __init__(self, layout: Layout, numberings: Numberings) -> None:
        self.layout = layout
        self.numberings = numberings

    def step(self, step: Step) -> Probe:
        """Return the probe that runs a step and returns its Outcome's number."""
        number = self.numberings.outcomes.number

        def probe(tracer: RowTracer) -> int:
            death = self._death(tracer.row)
            if death is not None:
                return number(Outcome(f"dead ({death})", ()))
            before = tracer.row[:]
            guest = self.layout.guest(tracer)
            try:
                result, _ = guest.do(step)
            except KernelDied as died:
                tracer.replace(self.dead_row(died.how))
                return number(Outcome(died.how, rules(guest)))
            rest = self.layout.number_rest(guest)
            if rest != before[self.layout.rest]:
                tracer.set(self.layout.rest, rest)
            self.layout.leave_out(before, tracer)
            return number(Outcome(result, rules(guest)))

        return probe

    def view(self, part: Part) -> Probe:
        """Return the probe that views a part and returns its PartView's number."""
        number = self.numberings.views.number

        def probe(tracer: RowTracer) -> int:
            death = self._death(tracer.row)
            return number(dead_view(death) if death else part.view(self.layout.guest(tracer)))

        return probe

    def dead_row(self, how: str) -> list[int]:
        """Return the row of a kernel that died in this way: all zeros except the last cell."""
        row = [0] * self.layout.width
        row[self.layout.rest] = self.layout.numbering.number((DEAD, how))
        return row

    def _death(self, row: list[int]) -> str | None:
        """Return how the kernel died; None if it is alive."""
        rest = self.layout.numbering.values[row[self.layout.rest]]
        return rest[1] if rest[0] == DEAD else None
