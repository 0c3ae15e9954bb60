"""Can a machine be brought into some state? Every sequence of steps, shortest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zonediff.engine.guest import Guest
from zonediff.engine.kernel import KernelDied
from zonediff.engine.machine import Machine
from zonediff.engine.policy import Policy
from zonediff.engine.run import run
from zonediff.engine.steps import Step
from zonediff.engine.trace import Trace


@dataclass(frozen=True, slots=True)
class Proof:
    """No state that was reached fits: of `states` states, all that there are if complete."""

    states: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Way:
    """A shortest way into a state that fits, and how many states were reached on the search."""

    trace: Trace
    states: int


def search(
    policy: Policy,
    machine: Machine,
    alphabet: Sequence[Step],
    fits: Callable[[Guest], bool],
    max_states: int,
) -> Way | Proof:
    """Look for a state that fits, breadth first from the booted machine.

    alphabet: primitive steps, tried in this order in every state; of several shortest ways the
    first in this order is found. A kernel that dies is at the end of its way. With more than
    max_states states the search is given up.
    """
    start = Guest(machine, policy)
    try:
        start.power_on()
    except KernelDied:
        return Proof(0, complete=True)
    if fits(start):
        return Way(run(policy, machine, ()), 1)
    seen = {start.key()}
    edge: list[tuple[Guest, tuple[Step, ...]]] = [(start, ())]
    while edge:
        following = []
        for guest, way in edge:
            for step in alphabet:
                after = guest.copy()
                try:
                    after.do(step)
                except KernelDied:
                    continue
                key = after.key()
                if key in seen:
                    continue
                if len(seen) >= max_states:
                    return Proof(len(seen), complete=False)
                seen.add(key)
                longer = (*way, step)
                if fits(after):
                    return Way(run(policy, machine, longer), len(seen))
                following.append((after, longer))
        edge = following
    return Proof(len(seen), complete=True)
