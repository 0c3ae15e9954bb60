"""Where two traces of one scenario part: the first place, in words, and how much follows.

Compared is what a user can see. So a zone without present pages does not count (the kernels do
not list it), nor does the knob's text where one side has no knob (that is an ABI removal, and
would otherwise be a difference in every scenario), nor events sent while booting (no user space
is there to hear them).

An act differs when its result, output, events or effect differ, not because what it acts on
already looked different: so one early difference does not make every later act count as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import NamedTuple

from zonediff.compare import words
from zonediff.compare.result import Difference
from zonediff.engine.observation import (
    BlockRange,
    BlockView,
    Observation,
    ZoneView,
    aligned,
    apply,
)
from zonediff.engine.steps import Boot
from zonediff.engine.trace import Act, Reason, Trace


class Parting(NamedTuple):
    """An act that differs (step -1: the boot), and in what, named as in Difference."""

    step: int
    act: int
    what: str


def first_difference(baseline: Trace, candidate: Trace) -> Difference | None:
    """The first place where the traces part; None when users cannot tell them apart."""
    found = partings(baseline, candidate)
    at = next(found, None)
    if at is None:
        return None
    one, two = _Side.of(baseline, at), _Side.of(candidate, at)
    act = one.act or two.act
    left, right = _in_words(at.what, one, two)
    return Difference(
        step=at.step,
        act=at.act,
        what=at.what,
        do="boot" if act is None else str(act.do),
        baseline=left,
        candidate=right,
        baseline_reasons=_reasons(one, two),
        candidate_reasons=_reasons(two, one),
        later=sum(1 for _ in found),
    )


def reasons_at(baseline: Trace, candidate: Trace, at: Parting) -> tuple[list[Reason], list[Reason]]:
    """Why each side did what it did where the traces part."""
    one, two = _Side.of(baseline, at), _Side.of(candidate, at)
    return _reasons(one, two), _reasons(two, one)


def partings(baseline: Trace, candidate: Trace) -> Iterator[Parting]:
    """Every place where the traces part, in order."""
    left, right = _Eyes(baseline), _Eyes(candidate)
    what = _first_unequal(left.boot(), right.boot())
    if what is not None:
        yield Parting(-1, 0, what)
    for step in range(max(len(baseline.steps), len(candidate.steps))):
        for number, one, two in _pairs(_acts(baseline, step), _acts(candidate, step)):
            seen = left.act(one), right.act(two)
            if one is not None and two is not None and one.do == two.do:
                what = _first_unequal(*seen)
            elif _died(baseline, step, one) or _died(candidate, step, two):
                what = "end"
            else:
                what = "acts"
            if what is not None:
                yield Parting(step, number, what)


# --- what there is to see -------------------------------------------------------------------------

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
            "zones": {name: zone for name, zone in _populated(self.zones).items() if zone},
            "nodes": self.trace.boot.nodes,
            "knob": self.knob,
        }

    def act(self, act: Act | None) -> _Sight:
        """What an act gives and changes (None, the side that has no act here: nothing)."""
        if act is None:
            return {}
        change = act.changed
        zones = {}
        for name, zone in _populated(change.zones).items():
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


def _populated(zones: Mapping[str, ZoneView | None]) -> dict[str, ZoneView | None]:
    """The zones, those without present pages as None."""
    return {name: zone if zone and zone.present else None for name, zone in zones.items()}


def _first_unequal(one: _Sight, two: _Sight) -> str | None:
    """The weightiest thing in which two sights differ."""
    for what, seen in one.items():
        if what == "knob" and None in (seen, two[what]):
            continue
        if seen != two[what]:
            return what
    return None


# --- lining up ------------------------------------------------------------------------------------


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
        for number, (one, two) in enumerate(both, start):
            yield number, one, two


# --- saying it ------------------------------------------------------------------------------------


class _Side(NamedTuple):
    """A trace at the place where it parts from the other.

    act: None at boot, and where the trace has no act. state: what is seen after it.
    """

    trace: Trace
    act: Act | None
    state: Observation

    @staticmethod
    def of(trace: Trace, at: Parting) -> _Side:
        state, found = trace.boot, None
        for step, number, act in trace.acts():
            if (step, number) > (at.step, at.act):
                break
            state = apply(state, act.changed)
            found = act if (step, number) == (at.step, at.act) else None
        return _Side(trace, found, state)


def _reasons(side: _Side, other: _Side) -> list[Reason]:
    """Why a side came out as it did; of a boot's many reasons those that the other has not."""
    if side.act is not None:
        return list(side.act.reasons)
    return [reason for reason in side.trace.boot_reasons if reason not in other.trace.boot_reasons]


def _in_words(what: str, one: _Side, two: _Side) -> tuple[str, str]:
    """Both sides, in what they differ."""
    match what:
        case "blocks":
            return _blocks(one.state, two.state)
        case "zones":
            return _zones(one.state, two.state)
        case "nodes":
            return _nodes(one.state, two.state)
        case "uevents":
            return _uevents(one, two)
    say = {"acts": _doing, "output": _output, "knob": _knob, "killed": _killed}.get(what, _result)
    return say(one), say(two)


def _result(side: _Side) -> str:
    if side.act is None:
        return words.death(side.trace) or "booted"
    return words.result(side.act.result)


def _killed(side: _Side) -> str:
    killed = side.act.killed if side.act else ()
    return f"killed: {', '.join(killed)}" if killed else "no process is killed"


def _doing(side: _Side) -> str:
    return "nothing more" if side.act is None else str(side.act.do)


def _output(side: _Side) -> str:
    return "nothing" if side.act is None or side.act.output is None else repr(side.act.output)


def _knob(side: _Side) -> str:
    return f"auto_online_blocks {side.state.auto_online_blocks}"


def _blocks(one: Observation, two: Observation) -> tuple[str, str]:
    """The blocks that differ; files that the usual words leave out are named where they decide."""
    cuts = [cut for cut in aligned(one.blocks, two.blocks) if cut[2] != cut[3]]
    alike = [(old, new) for _, _, old, new in cuts if old and new and str(old) == str(new)]
    deciding = [
        name
        for name in ("online", "removable", "node")
        if any(getattr(old, name) != getattr(new, name) for old, new in alike)
    ]

    def extra(view: BlockView) -> str:
        return "".join(f" {name}={getattr(view, name)}" for name in deciding)

    return (
        words.blocks((BlockRange(first, last, old) for first, last, old, _ in cuts), extra),
        words.blocks((BlockRange(first, last, new) for first, last, _, new in cuts), extra),
    )


def _zones(one: Observation, two: Observation) -> tuple[str, str]:
    left, right = _populated(one.zones), _populated(two.zones)
    names = [name for name in sorted({*left, *right}) if left.get(name) != right.get(name)]
    return (
        words.few([f"{name} {words.zone(left.get(name))}" for name in names]),
        words.few([f"{name} {words.zone(right.get(name))}" for name in names]),
    )


def _nodes(one: Observation, two: Observation) -> tuple[str, str]:
    left, right = one.nodes, two.nodes
    names = [name for name in sorted({*left, *right}) if left.get(name) != right.get(name)]
    return (
        ", ".join(f"{name} {left.get(name, 'not there')!r}" for name in names),
        ", ".join(f"{name} {right.get(name, 'not there')!r}" for name in names),
    )


def _uevents(one: _Side, two: _Side) -> tuple[str, str]:
    """From the first event that differs."""
    left = one.act.uevents if one.act else ()
    right = two.act.uevents if two.act else ()
    same = next(
        (number for number, (a, b) in enumerate(zip(left, right, strict=False)) if a != b),
        min(len(left), len(right)),
    )
    return words.few(left[same:]) or "no more events", words.few(right[same:]) or "no more events"
