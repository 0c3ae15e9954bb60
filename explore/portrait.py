"""Behaviours small enough to look at: states that users can tell apart, and what leads where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from zonediff.engine.policy import Policy
from zonediff.explore.arena import STANDARD, Arena
from zonediff.explore.bisimulation import classes
from zonediff.explore.build import build
from zonediff.explore.system import System
from zonediff.explore.views import Level, PartView
from zonediff.result.explorations import Move, Portrait

ARENA: Final = STANDARD["two-blocks"]
"""The machine whose behaviours are small: one DIMM of two blocks that is never removed."""

LARGEST: Final = 20
"""More states than these make no picture."""


def portraits(
    policies: Sequence[Policy],
    arena: Arena = ARENA,
    *,
    level: Level = "sysfs",
    largest: int = LARGEST,
) -> list[Portrait]:
    """The portraits of variants, one for all that behave alike; those that are too large left out.

    A variant that raises anything has none.
    """
    found: list[Portrait] = []
    for policy in policies:
        try:
            system = build(policy, arena, level=level, max_states=20_000)
        except Exception:
            continue
        made = portrait(system, arena, level, largest) if system.complete else None
        for number, known in enumerate(found):
            if made is not None and (made.states, made.moves) == (known.states, known.moves):
                found[number] = replace(known, variants=[*known.variants, policy.name])
                break
        else:
            found += [] if made is None else [made]
    return found


def portrait(system: System, arena: Arena, level: Level, largest: int) -> Portrait | None:
    """A whole system with states that nothing tells apart as one; None when it is too large."""
    (class_of,) = classes(system)
    # A class is shown by its first state; classes are numbered in the order of those.
    first: dict[int, int] = {}
    for state, name in enumerate(class_of.tolist()):
        first.setdefault(name, state)
    if len(first) > largest:
        return None
    number = {name: index for index, name in enumerate(first)}
    moves = [
        Move(source, target, str(step))
        for source, state in enumerate(first.values())
        for step, following in zip(system.actions, system.successor[state].tolist(), strict=True)
        if (target := number[int(class_of[following])]) != source
    ]
    states = [list(_seen(system, state)) for state in first.values()]
    return Portrait(arena.name, arena.about, level, [system.name], states, moves)


def _seen(system: System, state: int) -> Iterator[str]:
    """What is seen of the blocks."""
    views: list[PartView] = system.numberings.views.values
    for part, number in zip(system.parts, system.views[state].tolist(), strict=True):
        texts = dict(views[number])
        if part.startswith("memory"):
            zones = f" [{texts['valid_zones']}]" if "valid_zones" in texts else ""
            yield f"{part} {texts.get('state') or texts['kernel']}{zones}"
