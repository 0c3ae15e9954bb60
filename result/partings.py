"""Finds every act in which two traces of one scenario differ for a user.

A zone without present pages does not count, as kernels do not list it. The text of the knob does
not count if one side has no knob: that is an ABI removal, and would be a difference in every
scenario. Events of booting do not count, as no user space listens yet.

An act differs if its result, output, events or effect differ. It does not differ because the memory
already looked different before. So one early difference does not make every later act differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import NamedTuple

from zonediff.engine import words
from zonediff.engine.observation import ZoneView
from zonediff.engine.steps import Boot
from zonediff.engine.trace import Act, Trace


class Parting(NamedTuple):
    """An act that differs, by step (-1 is the boot) and number; `what` is that of Difference."""

    step: int
    act: int
    what: str


def partings(baseline: Trace, candidate: Trace) -> Iterator[Parting]:
    """Yield every act in which the traces differ, in order."""
    left, right = _View(baseline), _View(candidate)
    what = _first_unequal(left.boot(), right.boot())
    if what is not None:
        yield Parting(-1, 0, what)
    for step in range(max(len(baseline.steps), len(candidate.steps))):
        for number, old, new in _pairs(_acts(baseline, step), _acts(candidate, step)):
            views = left.act(old), right.act(new)
            if old is not None and new is not None and old.do == new.do:
                what = _first_unequal(*views)
            elif _died(baseline, step, old) or _died(candidate, step, new):
                what = "end"
            else:
                what = "acts"
            if what is not None:
                yield Parting(step, number, what)


_Visible = dict[str, object]
"""A user's view of one act, by the names of Difference.what, most important first."""


class _View:
    """A user's view of a trace, act by act; keeps the state that changes refer to."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.zones: dict[str, ZoneView | None] = dict(trace.boot.zones)
        self.knob = trace.boot.auto_online_blocks

    def boot(self) -> _Visible:
        """Return a user's view of the booted machine."""
        return {
            "end": None if self.trace.steps else self.trace.end,
            "blocks": self.trace.boot.blocks,
            "zones": {name: zone for name, zone in populated(self.zones).items() if zone},
            "nodes": self.trace.boot.nodes,
            "knob": self.knob,
            "devices": self.trace.boot.devices,
        }

    def act(self, act: Act | None) -> _Visible:
        """Return the result and the effect of an act; nothing for a side without an act here."""
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
            "devices": change.devices,
            "uevents": () if isinstance(act.do, Boot) else act.uevents,
        }


def populated(zones: Mapping[str, ZoneView | None]) -> dict[str, ZoneView | None]:
    """Return the zones, with None for those without present pages."""
    return {name: zone if zone and zone.present else None for name, zone in zones.items()}


def _first_unequal(baseline: _Visible, candidate: _Visible) -> str | None:
    """Return the name of the most important thing that differs."""
    for what, value in baseline.items():
        if what == "knob" and None in (value, candidate[what]):
            continue
        if value != candidate[what]:
            return what
    return None


def _acts(trace: Trace, step: int) -> Sequence[Act]:
    return trace.steps[step].acts if step < len(trace.steps) else ()


def _died(trace: Trace, step: int, act: Act | None) -> bool:
    """Whether a side has no act here because its kernel died."""
    return act is None and trace.end != "ran" and step >= len(trace.steps) - 1


def _pairs(
    left: Sequence[Act], right: Sequence[Act]
) -> Iterator[tuple[int, Act | None, Act | None]]:
    """Yield the acts of one step in pairs with the same `do`: number, left, right."""
    left_steps, right_steps = [act.do for act in left], [act.do for act in right]
    if left_steps == right_steps:
        yield from zip(range(len(left_steps)), left, right, strict=True)
        return
    matcher = SequenceMatcher(None, left_steps, right_steps, autojunk=False)
    for _, start, stop, other_start, other_stop in matcher.get_opcodes():
        both = zip_longest(left[start:stop], right[other_start:other_stop])
        for number, (old, new) in enumerate(both, start):
            yield number, old, new
