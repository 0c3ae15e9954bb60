"""Where two traces of one scenario part: the first place, in words, and how much follows.

Compared is what a user can see. So a zone without present pages does not count (the kernels do
not list it), nor does the knob's text where one side has no knob (that is an ABI removal, and
would otherwise be a difference in every scenario), nor events sent while booting (no user space
is there to hear them).

An act differs when its result, output, events or effect differ, not because what it acts on
already looked different: so one early difference does not make every later act count as one.
"""

from __future__ import annotations

from typing import NamedTuple

from zonediff.engine import words
from zonediff.engine.observation import (
    BlockRange,
    BlockView,
    Observation,
    aligned,
    apply,
)
from zonediff.engine.trace import Act, Reason, Trace
from zonediff.result.judgements import Difference
from zonediff.result.partings import Parting, _populated, partings


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


# --- what there is to see -------------------------------------------------------------------------


# --- lining up ------------------------------------------------------------------------------------


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
    return f"auto_online_blocks {words.knob(side.state.auto_online_blocks)}"


def _blocks(one: Observation, two: Observation) -> tuple[str, str]:
    """The blocks that differ; files that the usual words leave out are named where they decide."""
    cuts = [cut for cut in aligned(one.blocks, two.blocks) if cut[2] != cut[3]]
    alike = [(old, new) for _, _, old, new in cuts if old and new and str(old) == str(new)]
    deciding = [
        name
        for name in ("online", "removable", "node")
        if any(getattr(old, name) != getattr(new, name) for old, new in alike)
    ]

    def describe(view: BlockView) -> str:
        return f"{view}" + "".join(f" {name}={getattr(view, name)}" for name in deciding)

    left = [BlockRange(first, last, old) for first, last, old, _ in cuts]
    right = [BlockRange(first, last, new) for first, last, _, new in cuts]
    return words.few(words.blocks(left, describe)), words.few(words.blocks(right, describe))


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
        ", ".join(f"{name} {left.get(name, words.NOT_THERE)!r}" for name in names),
        ", ".join(f"{name} {right.get(name, words.NOT_THERE)!r}" for name in names),
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
