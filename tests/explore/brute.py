"""The explorer's answers the slow way: one guest at a time, copied, stepped and looked at."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import NamedTuple

from zonediff.engine.guest import Guest
from zonediff.engine.kernel import KernelDied
from zonediff.engine.observe import observe
from zonediff.engine.policy import Policy
from zonediff.engine.steps import Step
from zonediff.explore.arena import Arena
from zonediff.explore.views import Level, dead_view, viewed_parts


class State(NamedTuple):
    """A guest, or how its kernel died."""

    guest: Guest | None
    how: str = ""

    @property
    def key(self) -> Hashable:
        return ("dead", self.how) if self.guest is None else full_key(self.guest)


def full_key(guest: Guest) -> Hashable:
    """Guest.key() less what the arena's steps never look at: events that wait for user space."""
    kernel = guest.kernel
    memory = [list(column) for column in (kernel.tables.status, kernel.tables.link)]
    for column in memory:  # blocks that left may still have room at the end
        while column and not column[-1]:
            column.pop()
    _, _, _, *rest = kernel.tables.key()
    types = {b: kernel.tables.online_type[b] for b, s in enumerate(kernel.tables.status) if s}
    devices = tuple(sorted(guest.devices.items()))
    return (str(memory), str(types), *rest, kernel.knob, devices)


def boot(policy: Policy, arena: Arena) -> State:
    guest = Guest(arena.machine, policy)
    try:
        guest.power_on()
    except KernelDied as death:
        return State(None, death.how)
    return State(guest)


def do(state: State, step: Step) -> tuple[str | None, State]:
    if state.guest is None:
        return f"dead ({state.how})", state
    twin = state.guest.copy()
    try:
        return twin.do(step)[0], State(twin)
    except KernelDied as death:
        return death.how, State(None, death.how)


def look(state: State, arena: Arena, level: Level) -> tuple[object, ...]:
    if state.guest is None:
        zones = 4 * len(arena.machine.nodes)
        return (dead_view(state.how),) * len(viewed_parts(level, arena.blocks, zones))
    zones = len(state.guest.kernel.tables.spans)
    parts = viewed_parts(level, arena.blocks, zones, arena.managed_ids)
    return tuple(part.view(state.guest) for part in parts)


def whole_look(state: State) -> object:
    """All that user space sees, by the engine's own observe()."""
    return state.how if state.guest is None else observe(state.guest.kernel)


def reachable(policy: Policy, arena: Arena) -> dict[Hashable, tuple[Step, ...]]:
    """Every state by its key, with a shortest way to it."""
    start = boot(policy, arena)
    ways: dict[Hashable, tuple[Step, ...]] = {start.key: ()}
    queue = deque([start])
    while queue:
        state = queue.popleft()
        for step in arena.actions:
            _, after = do(state, step)
            if after.key not in ways:
                ways[after.key] = (*ways[state.key], step)
                queue.append(after)
    return ways


def first_difference(
    left: Policy, right: Policy, arena: Arena, level: Level
) -> tuple[Step, ...] | None:
    """A shortest sequence that tells the two apart: None when there is none."""
    pair = boot(left, arena), boot(right, arena)
    if look(pair[0], arena, level) != look(pair[1], arena, level):
        return ()
    seen = {(pair[0].key, pair[1].key)}
    queue: deque[tuple[State, State, tuple[Step, ...]]] = deque([(*pair, ())])
    while queue:
        one, two, way = queue.popleft()
        for step in arena.actions:
            first, next_one = do(one, step)
            second, next_two = do(two, step)
            longer = (*way, step)
            if first != second or look(next_one, arena, level) != look(next_two, arena, level):
                return longer
            key = next_one.key, next_two.key
            if key not in seen:
                seen.add(key)
                queue.append((next_one, next_two, longer))
    return None
