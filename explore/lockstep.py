"""Run two variants in lockstep: the differences along one sequence of steps."""

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
    policies: tuple[Policy, Policy], arena: Arena, level: Level, actions: Sequence[int]
) -> list[list[tuple[Kind, str]]]:
    """Return (kind, part) of each difference after boot and after each step.

    The first step with different results is the last one run. If it is not the last action, an
    empty item follows, so the last item never describes a step that was not run.
    """
    with failures_of(*policies):
        left, right = (_Side(policy, arena, level) for policy in policies)
        after = [_new_differences(left, right, left.no_views, right.no_views)]
        for action in actions:
            step = arena.actions[action]
            before = left.views, right.views
            left_outcome, right_outcome = left.run(step), right.run(step)
            if left_outcome.result != right_outcome.result:
                after.append([(result_kind(step, left_outcome, right_outcome), "")])
                break
            after.append(_new_differences(left, right, *before))
    if len(after) <= len(actions):
        after.append([])
    return after


class _Side:
    """A guest of one variant, with the views of its parts."""

    def __init__(self, policy: Policy, arena: Arena, level: Level) -> None:
        self.guest = Guest(arena.machine, policy)
        self.death: str | None = None
        try:
            self.guest.power_on()
        except KernelDied as died:
            self.death = died.how
        zones = len(self.guest.kernel.tables.spans)
        self.parts: list[Part] = viewed_parts(level, arena.blocks, zones, arena.managed_ids)
        self.no_views: list[PartView] = [()] * len(self.parts)
        self.views = self._view()

    def run(self, step: Step) -> Outcome:
        """Run a step and view all parts."""
        if self.death is not None:
            return Outcome(f"dead ({self.death})", ())
        self.guest.kernel.because.clear()
        try:
            result, _ = self.guest.do(step)
        except KernelDied as died:
            result = self.death = died.how
        self.views = self._view()
        return Outcome(result, rules(self.guest))

    def _view(self) -> list[PartView]:
        if self.death is not None:
            return [dead_view(self.death)] * len(self.parts)
        return [part.view(self.guest) for part in self.parts]


def _new_differences(
    left: _Side,
    right: _Side,
    left_before: Sequence[PartView],
    right_before: Sequence[PartView],
) -> list[tuple[Kind, str]]:
    """Return the differences of parts that changed on either side."""
    views = zip(left.parts, left.views, right.views, left_before, right_before, strict=True)
    return [
        (kind, part.name)
        for part, left_view, right_view, left_old, right_old in views
        if left_view != right_view and (left_view != left_old or right_view != right_old)
        for kind in view_kinds(left_view, right_view)
    ]
