"""Describe the first difference between two traces of one scenario, and count the others.

Only what a user can see is compared. Three things therefore do not count:

- a zone without present pages: the kernels do not list it;
- the knob's text where one side has no knob: this is an ABI removal, and it would otherwise be a
  difference in every scenario;
- events sent while booting: no user space listens yet.

An act differs when its result, output, events or effect differ. That memory already looked
different before the act does not count, so one early difference does not make all later acts
differ.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from zonediff.engine import words
from zonediff.engine.observation import (
    BlockRange,
    BlockView,
    Observation,
    aligned,
    apply,
)
from zonediff.engine.steps import Read
from zonediff.engine.trace import Act, Reason, Trace
from zonediff.result.judgements import Difference
from zonediff.result.partings import Parting, partings, populated

_FILES: Final = ("removable", "valid_zones")
"""The files of a block whose text a rule of their own decides."""


def first_difference(baseline: Trace, candidate: Trace) -> Difference | None:
    """The first difference between the traces; None when users see no difference."""
    differences = partings(baseline, candidate)
    parting = next(differences, None)
    if parting is None:
        return None
    left, right = _Side.of(baseline, parting), _Side.of(candidate, parting)
    act = left.act or right.act
    left_text, right_text = _in_words(parting.what, left, right)
    return Difference(
        step=parting.step,
        act=parting.act,
        what=parting.what,
        do="boot" if act is None else str(act.do),
        baseline=left_text,
        candidate=right_text,
        baseline_reasons=_with_files(left, right, parting.what),
        candidate_reasons=_with_files(right, left, parting.what),
        later=sum(1 for _ in differences),
    )


def reasons_at(
    baseline: Trace, candidate: Trace, parting: Parting
) -> tuple[list[Reason], list[Reason]]:
    """The reasons of each trace for the act in which they differ."""
    left, right = _Side.of(baseline, parting), _Side.of(candidate, parting)
    return _reasons(left, right), _reasons(right, left)


class _Side(NamedTuple):
    """One of the two traces, at the act in which they differ.

    act: None at boot, and where the trace has no such act. state: observed after the act.
    """

    trace: Trace
    act: Act | None
    state: Observation

    @staticmethod
    def of(trace: Trace, parting: Parting) -> _Side:
        place = (parting.step, parting.act)
        state, act_there = trace.boot, None
        for step, index, act in trace.acts():
            if (step, index) > place:
                break
            state = apply(state, act.changed)
            act_there = act if (step, index) == place else None
        return _Side(trace, act_there, state)


def _reasons(side: _Side, other: _Side) -> list[Reason]:
    """The reasons of a side's act; for the boot, those that the other side does not have."""
    if side.act is not None:
        return list(side.act.reasons)
    return [reason for reason in side.trace.boot_reasons if reason not in other.trace.boot_reasons]


def _with_files(side: _Side, other: _Side, what: str) -> list[Reason]:
    """The reasons of a side's act, and the rules of the files that read otherwise on the other.

    The files come first if only their text differs: the same blocks, in the same state and zone.
    """
    files, text_alone = _files(side, other, what)
    rules = [reason for reason in side.trace.file_reasons if reason.numbers.get("file") in files]
    reasons = _reasons(side, other)
    return [*rules, *reasons] if text_alone else [*reasons, *rules]


def _files(side: _Side, other: _Side, what: str) -> tuple[set[str], bool]:
    """The files that read otherwise, and whether the memory behind them is the same."""
    if what in ("zones", "nodes"):
        return {what}, False
    if what == "output" and side.act is not None and isinstance(side.act.do, Read):
        file = side.act.do.file.rpartition("/")[2]
        return {file}, _first_word(side) == _first_word(other)
    if what != "blocks":
        return set(), False
    files: set[str] = set()
    text_alone = True
    for _, _, mine, theirs in aligned(side.state.blocks, other.state.blocks):
        if mine is None or theirs is None:
            files.add("blocks")
            text_alone = False
            continue
        files.update(name for name in _FILES if getattr(mine, name) != getattr(theirs, name))
        same_zone = mine.zone == theirs.zone or "none" in (mine.zone, theirs.zone)
        text_alone &= mine.state == theirs.state and mine.node == theirs.node and same_zone
    return files, text_alone


def _first_word(side: _Side) -> str:
    """The first word that a side's act read, as the zone in `valid_zones`."""
    return ((side.act.output if side.act else None) or "").partition(" ")[0]


def _in_words(what: str, left: _Side, right: _Side) -> tuple[str, str]:
    """Both sides in words, as far as they differ in `what`."""
    match what:
        case "blocks":
            return _blocks(left.state, right.state)
        case "zones":
            return _zones(left.state, right.state)
        case "nodes":
            return _nodes(left.state, right.state)
        case "uevents":
            return _uevents(left, right)
    say = {
        "acts": _doing,
        "output": _output,
        "knob": _knob,
        "devices": _devices,
        "killed": _killed,
    }.get(what, _result)
    return say(left), say(right)


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


def _devices(side: _Side) -> str:
    return words.shorten([f"{name}: {text}" for name, text in side.state.devices.items()])


def _blocks(baseline: Observation, candidate: Observation) -> tuple[str, str]:
    """The blocks that differ; files that the usual words leave out are named where they decide."""
    cuts = [cut for cut in aligned(baseline.blocks, candidate.blocks) if cut[2] != cut[3]]
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
    return words.shorten(words.blocks(left, describe)), words.shorten(words.blocks(right, describe))


def _zones(baseline: Observation, candidate: Observation) -> tuple[str, str]:
    left, right = populated(baseline.zones), populated(candidate.zones)
    names = [name for name in sorted({*left, *right}) if left.get(name) != right.get(name)]
    return (
        words.shorten([f"{name} {words.zone(left.get(name))}" for name in names]),
        words.shorten([f"{name} {words.zone(right.get(name))}" for name in names]),
    )


def _nodes(baseline: Observation, candidate: Observation) -> tuple[str, str]:
    left, right = baseline.nodes, candidate.nodes
    names = [name for name in sorted({*left, *right}) if left.get(name) != right.get(name)]
    return (
        ", ".join(f"{name} {left.get(name, words.NOT_THERE)!r}" for name in names),
        ", ".join(f"{name} {right.get(name, words.NOT_THERE)!r}" for name in names),
    )


def _uevents(baseline: _Side, candidate: _Side) -> tuple[str, str]:
    """From the first event that differs."""
    left = baseline.act.uevents if baseline.act else ()
    right = candidate.act.uevents if candidate.act else ()
    same = next(
        (number for number, (a, b) in enumerate(zip(left, right, strict=False)) if a != b),
        min(len(left), len(right)),
    )
    no_more = "no more events"
    return words.shorten(left[same:]) or no_more, words.shorten(right[same:]) or no_more
