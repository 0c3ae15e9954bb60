"""Where two traces of one scenario part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import NamedTuple

from zonediff.engine import words
from zonediff.engine.observation import (
    ZoneView,
)
from zonediff.engine.steps import Boot
from zonediff.engine.trace import Act, Trace


class Parting(NamedTuple):
    """An act that differs (step -1: the boot), and in what, named as in Difference."""

    step: int
    act: int
    what: str


def partings(baseline: Trace, candidate: Trace) -> Iterator[Parting]:
    """Every place where the traces part, in order."""
    left, right = _Eyes(baseline), _Eyes(candidate)
    what = _first_unequal(left.boot(), right.boot())
    if what is not None:
        yield Parting(-1, 0, what)
    for step in range(max(len(baseline.steps), len(candidate.steps))):
        for number, old, new in _pairs(_acts(baseline, step), _acts(candidate, step)):
            sights = left.act(old), right.act(new)
            if old is not None and new is not None and old.do == new.do:
                what = _first_unequal(*sights)
            elif _died(baseline, step, old) or _died(candidate, step, new):
                what = "end"
            else:
                what = "acts"
            if what is not None:
                yield Parting(step, number, what)


_Sight = dict[str, object]
"""What a user sees of one act, by the names that Difference.what has, weightiest first."""


class _Eyes:
    """Looks at a trace act by act, and remembers what a change alone does not tell."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.zones: dict[str, ZoneView | None] = dict(trace.boot.zones)
        self.knob = trace.boot.auto_online_blocks

    def boot(self) -> _Sight:
        """What the machine looks like once booted."""
        return {
            "end": None if self.trace.steps else self.trace.end,
            "blocks": self.trace.boot.blocks,
            "zones": {name: zone for name, zone in populated(self.zones).items() if zone},
            "nodes": self.trace.boot.nodes,
            "knob": self.knob,
        }

    def act(self, act: Act | None) -> _Sight:
        """What an act gives and changes (None, the side that has no act here: nothing)."""
        if act is None:
            return {}
        change = act.changed
        zones = {}
        for name, zone in populated(change.zones).items():
            before = self.zones.get(name)
            if zone != (before if before and before.present else None):
                zones[name] = zone
        self.zones.update(change.zones)
        if change.knob is not None:
            self.knob = change.knob[0]
        knob_unchanged = self.knob is not None and change.knob is None
        return {
            "end": act.result if act.result in words.DEATHS else None,
            "killed": act.killed,
            "result": act.result,
            "output": act.output,
            "blocks": change.blocks,
            "zones": zones,
            "nodes": change.nodes,
            "knob": "" if knob_unchanged else self.knob,
            "uevents": () if isinstance(act.do, Boot) else act.uevents,
        }


def populated(zones: Mapping[str, ZoneView | None]) -> dict[str, ZoneView | None]:
    """The zones, those without present pages as None."""
    return {name: zone if zone and zone.present else None for name, zone in zones.items()}


def _first_unequal(old: _Sight, new: _Sight) -> str | None:
    """The weightiest thing in which two sights differ."""
    for what, value in old.items():
        if what == "knob" and None in (value, new[what]):
            continue
        if value != new[what]:
            return what
    return None


def _acts(trace: Trace, step: int) -> Sequence[Act]:
    return trace.steps[step].acts if step < len(trace.steps) else ()


def _died(trace: Trace, step: int, act: Act | None) -> bool:
    """Whether a side has no act here because its kernel is dead."""
    return act is None and trace.end != "ran" and step >= len(trace.steps) - 1


def _pairs(
    left: Sequence[Act], right: Sequence[Act]
) -> Iterator[tuple[int, Act | None, Act | None]]:
    """The acts of one step side by side, matched by what they do: (number, left, right)."""
    mine, theirs = [act.do for act in left], [act.do for act in right]
    if mine == theirs:
        yield from zip(range(len(mine)), left, right, strict=True)
        return
    matcher = SequenceMatcher(None, mine, theirs, autojunk=False)
    for _, start, stop, other_start, other_stop in matcher.get_opcodes():
        both = zip_longest(left[start:stop], right[other_start:other_stop])
        for number, (old, new) in enumerate(both, start):
            yield number, old, new
