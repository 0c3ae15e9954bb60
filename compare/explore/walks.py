"""Random walks, for machines too large to exhaust; every difference met is made minimal.

A walk is the same random steps on both variants, on the engine itself, until their results
differ. Steps are then left out, in ever smaller pieces (Zeller's ddmin), while the rest still ends
in the same kind of difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from random import Random
from typing import Final, NoReturn

from zonediff.compare.chunks import in_order
from zonediff.compare.explore import looks
from zonediff.compare.explore.arena import Arena, ArenaError, check_block_size
from zonediff.compare.explore.looks import Level, Part, Sight
from zonediff.compare.explore.lts import Outcome, rules
from zonediff.compare.explore.product import Kind, Witness, look_kinds, result_kind
from zonediff.compare.workers import Crew
from zonediff.engine.guest import Guest
from zonediff.engine.kernel import Kernel, KernelDied
from zonediff.engine.policy import Policy
from zonediff.engine.steps import Step
from zonediff.variants.registry import Registry

STEPS: Final = 40
"""How many steps a walk has at most."""


def walk(
    policies: tuple[Policy, Policy],
    arena: Arena,
    *,
    walks: int,
    seed: int,
    level: Level = "sysfs",
    crew: Crew | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Witness]:
    """The kinds of difference that so many walks meet, each with a minimal sequence.

    No step can be left out of such a sequence, but a shorter one may exist. What is met depends
    on the seed alone. crew: who walks, and finds the variants by their names; without one, this
    process. Raises arena.ArenaError.
    """
    check_block_size(Kernel(arena.machine, policies[0]))
    random = Random(seed)
    actions = arena.actions
    found: dict[Kind, Witness] = {}
    drawn = ([random.randrange(len(actions)) for _ in range(STEPS)] for _ in range(walks))
    for number, (steps, met) in enumerate(_walked(policies, arena, level, drawn, crew)):
        for at, kinds in enumerate(met):
            for kind, _ in kinds:
                if kind in found:
                    count = found[kind].count + 1
                    found[kind] = Witness(kind, found[kind].actions, found[kind].part, count)
                    continue

                def shows(rest: Sequence[int], kind: Kind = kind) -> bool:
                    last = _differences(policies, arena, level, rest)[-1]
                    return kind in [other for other, _ in last]

                minimal = _minimal(steps[:at], shows)
                last = _differences(policies, arena, level, minimal)[-1]
                part = next(part for other, part in last if other == kind)
                found[kind] = Witness(kind, tuple(minimal), part, 1)
        progress(number + 1, walks)
    return list(found.values())


_Met = list[list[tuple[Kind, str]]]
"""What _differences() finds."""


def _walked(
    policies: tuple[Policy, Policy],
    arena: Arena,
    level: Level,
    drawn: Iterable[list[int]],
    crew: Crew | None,
) -> Iterator[tuple[list[int], _Met]]:
    """Each walk and what it meets, in order."""
    if crew is None:
        yield from ((steps, _differences(policies, arena, level, steps)) for steps in drawn)
        return
    names = policies[0].name, policies[1].name
    yield from in_order(crew, partial(_walk, names, arena, level), drawn, _killed)


def _walk(
    names: tuple[str, str], arena: Arena, level: Level, registry: Registry, steps: list[int]
) -> _Met:
    one, two = (registry.model(name).policy for name in names)
    return _differences((one, two), arena, level, steps)


def _killed(steps: list[int]) -> NoReturn:
    raise ArenaError("a walk ends its worker process")


def _minimal(steps: Sequence[int], shows: Callable[[Sequence[int]], bool]) -> list[int]:
    """Steps of which none can be left out without losing what they show."""
    rest = list(steps)
    size = max(1, len(rest) // 2)
    while rest:
        at, before = 0, len(rest)
        while at < len(rest):
            shorter = rest[:at] + rest[at + size :]
            if shows(shorter):
                rest = shorter
            else:
                at += size
        if size == 1 and len(rest) == before:
            break
        size = max(1, size // 2)
    return rest


def _differences(
    policies: tuple[Policy, Policy], arena: Arena, level: Level, steps: Sequence[int]
) -> list[list[tuple[Kind, str]]]:
    """After boot, and after each step, what kinds of difference show, and on which part.

    Ends with the first different result. When steps are left that it does not come to, the last
    item is empty, so that it is never about a step that was not done.
    """
    left, right = (_Side(policy, arena, level) for policy in policies)
    found = [_looking(left, right, left.blank, right.blank)]
    for action in steps:
        step = arena.actions[action]
        before = left.sights, right.sights
        one, two = left.do(step), right.do(step)
        if one.result != two.result:
            found.append([(result_kind(step, one, two), "")])
            break
        found.append(_looking(left, right, *before))
    if len(found) <= len(steps):
        found.append([])
    return found


def _looking(
    left: _Side, right: _Side, before_left: Sequence[Sight], before_right: Sequence[Sight]
) -> list[tuple[Kind, str]]:
    """Parts that look different in a way in which they did not before."""
    return [
        (kind, part.name)
        for part, one, two, old_one, old_two in zip(
            left.parts, left.sights, right.sights, before_left, before_right, strict=True
        )
        if one != two and (one != old_one or two != old_two)
        for kind in look_kinds(one, two)
    ]


class _Side:
    """A guest of one variant, and how its parts look."""

    def __init__(self, policy: Policy, arena: Arena, level: Level) -> None:
        self.guest = Guest(arena.machine, policy)
        self.died: str | None = None
        try:
            self.guest.power_on()
        except KernelDied as death:
            self.died = death.how
        zones = len(self.guest.kernel.memory.spans)
        self.parts: list[Part] = looks.parts(level, arena.blocks, zones)
        self.blank: list[Sight] = [()] * len(self.parts)
        self.sights = self._look()

    def do(self, step: Step) -> Outcome:
        """Do a step and look."""
        if self.died is not None:
            return Outcome(f"dead ({self.died})", ())
        self.guest.kernel.because.clear()
        try:
            result, _ = self.guest.do(step)
        except KernelDied as death:
            result = self.died = death.how
        self.sights = self._look()
        return Outcome(result, rules(self.guest))

    def _look(self) -> list[Sight]:
        if self.died is not None:
            return [looks.dead(self.died)] * len(self.parts)
        return [part.see(self.guest) for part in self.parts]
