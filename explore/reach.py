"""Reachability: can steps bring a machine into some state? A shortest sequence, or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from zonediff.engine.guest import Guest
from zonediff.engine.machine import Machine
from zonediff.engine.policy import Policy
from zonediff.engine.run import run
from zonediff.engine.steps import Step
from zonediff.engine.trace import Trace
from zonediff.explore.arena import Arena
from zonediff.explore.arena_checks import check_step
from zonediff.explore.build import build
from zonediff.explore.views import Part, PartView

_FITS: Final[PartView] = (("fits", "yes"),)
_FITS_NOT: Final[PartView] = (("fits", "no"),)


@dataclass(frozen=True, slots=True)
class NotReached:
    """No state found fits. states: how many were found; complete: whether these are all.

    If complete, that is a proof. States count as one if no step and not `fits` distinguishes them.
    """

    states: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Reached:
    """A run of a shortest sequence into a state that fits, and the number of states found."""

    trace: Trace
    states: int


def reach(
    policy: Policy,
    machine: Machine,
    alphabet: Sequence[Step],
    fits: Callable[[Guest], bool],
    max_states: int,
) -> Reached | NotReached:
    """Search for a state that fits, breadth first from the booted machine.

    alphabet: primitive steps. Of several shortest sequences, the first in their order is returned.
    A dead kernel does not fit. max_states: the search stops before it finds more states.

    Raises ArenaError for a machine or a step that cannot be explored.
    """
    for step in alphabet:
        check_step(step)
    arena = Arena("", machine, alphabet=(), steps=tuple(alphabet))
    fit = Part("", lambda guest: _FITS if fits(guest) else _FITS_NOT)
    system = build(policy, arena, parts=[fit], until=_FITS, max_states=max_states)
    views = system.numberings.views.values
    for state, (view,) in enumerate(system.views.tolist()):
        if views[view] == _FITS:
            steps = [arena.steps[action] for action in system.path(state)]
            return Reached(run(policy, machine, steps), system.states)
    return NotReached(system.states, system.complete)
