"""Portraits: systems small enough to draw, with each bisimulation class as one state.

A portrait is the quotient of a system by bisimulation.
"""

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
"""An arena with small systems: one DIMM of two blocks that is never ejected."""

LARGEST: Final = 20
"""The greatest number of states of a portrait."""


def portraits(
    policies: Sequence[Policy],
    arena: Arena = ARENA,
    *,
    level: Level = "sysfs",
    largest: int = LARGEST,
) -> list[Portrait]:
    """Return the portraits of variants, one for all variants with equal portraits.

    A variant has none if its portrait is too large or the variant raises an exception.
    """
    drawn: list[Portrait] = []
    for policy in policies:
        try:
            system = build(policy, arena, level=level, max_states=20_000)
        except Exception:
            continue
        made = portrait(system, arena, level, largest) if system.complete else None
        for number, known in enumerate(drawn):
            if made is not None and (made.states, made.moves) == (known.states, known.moves):
                drawn[number] = replace(known, variants=[*known.variants, policy.name])
                break
        else:
            drawn += [] if made is None else [made]
    return drawn


def portrait(system: System, arena: Arena, level: Level, largest: int) -> Portrait | None:
    """Return the portrait of a complete system; None if it is too large."""
    (class_of,) = classes(system)
    # A class has the views of its first state, and is numbered in the order of these.
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
    states = [list(_block_texts(system, state)) for state in first.values()]
    return Portrait(arena.name, arena.about, level, [system.name], states, moves)


def _block_texts(system: System, state: int) -> Iterator[str]:
    """Yield the state and the zones of each block."""
    views: list[PartView] = system.numberings.views.values
    for part, number in zip(system.parts, system.views[state].tolist(), strict=True):
        texts = dict(views[number])
        if part.startswith("memory"):
            zones = f" [{texts['valid_zones']}]" if "valid_zones" in texts else ""
            yield f"{part} {texts.get('state') or texts['kernel']}{zones}"
