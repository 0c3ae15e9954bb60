"""."""

from __future__ import annotations

from collections.abc import Sequence

from zonediff.engine.guest import Guest
from zonediff.engine.kernel import KernelDied
from zonediff.engine.policy import Policy
from zonediff.engine.steps import Step
from zonediff.explore.arena import Arena
from zonediff.explore.kinds import Kind, result_kind, view_kinds
from zonediff.explore.system import Outcome, rules
from zonediff.explore.views import Level, Part, PartView, dead_view, viewed_parts
from zonediff.variants.failure import failures_of


def differences(
    policies: tuple[Policy, Policy], arena: Arena, level: Level, steps: Sequence[int]
) -> list[list[tuple[Kind, str]]]:
    """After boot, and after each step, what kinds of difference show, and on which part.

    Ends with the first different result. When steps are left that it does not come to, the last
    item is empty, so that it is never about a step that was not done.
    """
    with failures_of(*policies):
        left, right = (Side(policy, arena, level) for policy in policies)
        found = [_view_probe(left, right, left.blank, right.blank)]
        for action in steps:
            step = arena.actions[action]
            before = left.views, right.views
            one, two = left.do(step), right.do(step)
            if one.result != two.result:
                found.append([(result_kind(step, one, two), "")])
                break
            found.append(_view_probe(left, right, *before))
    if len(found) <= len(steps):
        found.append([])
    return found


def _view_probe(
    left: Side, right: Side, before_left: Sequence[PartView], before_right: Sequence[PartView]
) -> list[tuple[Kind, str]]:
    """Parts that look different in a way in which they did not before."""
    return [
        (kind, part.name)
        for part, one, two, old_one, old_two in zip(
            left.parts, left.views, right.views, before_left, before_right, strict=True
        )
        if one != two and (one != old_one or two != old_two)
        for kind in view_kinds(one, two)
    ]


class Side:
    """A guest of one variant, and how its parts look."""

    def __init__(self, policy: Policy, arena: Arena, level: Level) -> None:
        self.guest = Guest(arena.machine, policy)
        self.died: str | None = None
        try:
            self.guest.power_on()
        except KernelDied as death:
            self.died = death.how
        zones = len(self.guest.kernel.tables.spans)
        self.parts: list[Part] = viewed_parts(level, arena.blocks, zones)
        self.blank: list[PartView] = [()] * len(self.parts)
        self.views = self._view()

    def do(self, step: Step) -> Outcome:
        """Do a step and look."""
        if self.died is not None:
            return Outcome(f"dead ({self.died})", ())
        self.guest.kernel.because.clear()
        try:
            result, _ = self.guest.do(step)
        except KernelDied as death:
            result = self.died = death.how
        self.views = self._view()
        return Outcome(result, rules(self.guest))

    def _view(self) -> list[PartView]:
        if self.died is not None:
            return [dead_view(self.died)] * len(self.parts)
        return [part.view(self.guest) for part in self.parts]
