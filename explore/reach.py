"""Can a machine be brought into some state? The explorer's answer: a shortest way, or a proof."""

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
from zonediff.explore.arena import Arena, check_step
from zonediff.explore.build import build
from zonediff.explore.views import Part, PartView

_FITS: Final[PartView] = (("fits", "yes"),)
_FITS_NOT: Final[PartView] = (("fits", "no"),)


@dataclass(frozen=True, slots=True)
class Proof:
    """No state that was reached fits: of `states` states, all that there are if complete.

    States are told apart only by what steps or the question look at.
    """

    states: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Way:
    """A shortest way into a state that fits, and how many states were reached on the search."""

    trace: Trace
    states: int


def reach(
    policy: Policy,
    machine: Machine,
    alphabet: Sequence[Step],
    fits: Callable[[Guest], bool],
    max_states: int,
) -> Way | Proof:
    """Look for a state that fits, breadth first from the booted machine.

    alphabet: primitive steps, tried in this order in every state; of several shortest ways the
    first in this order is found. A kernel that has died fits nothing. The search is given up where
    there are more than max_states states. Raises ArenaError for a machine or a step that cannot be
    explored.
    """
    for step in alphabet:
        check_step(step)
    arena = Arena("", machine, alphabet=(), steps=tuple(alphabet))
    question = Part("", lambda guest: _FITS if fits(guest) else _FITS_NOT)
    system = build(policy, arena, parts=[question], until=_FITS, max_states=max_states)
    views = system.numberings.views.values
    for state, (view,) in enumerate(system.views.tolist()):
        if views[view] == _FITS:
            way = [arena.steps[action] for action in system.path(state)]
            return Way(run(policy, machine, way), system.states)
    return Proof(system.states, system.complete)
