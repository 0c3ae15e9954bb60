"""The story of one run, for a terminal: each step with its result and reasons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from zonediff.corpus.forms import machine_from_json
from zonediff.engine import words
from zonediff.engine.trace import Reason, Trace
from zonediff.engine.words import count_of
from zonediff.reports.page.fold import ActGroup, fold, walk
from zonediff.reports.text.plain import WIDTH, wrap
from zonediff.result.judgements import GoalOutcome
from zonediff.result.result import ScenarioInfo

_LABEL: Final = 10
"""The columns of the words in the margin (`because`, `changed`)."""


def story(scenario: ScenarioInfo, trace: Trace, goals: Sequence[GoalOutcome]) -> str:
    """The run as ASCII text of at most 80 columns."""
    lines = [
        *wrap(f"{scenario.id} on {trace.subject}", WIDTH),
        *wrap(scenario.title, WIDTH),
        "",
        *([*wrap(scenario.why, WIDTH, "  "), ""] if scenario.why else []),
        *wrap("; ".join(words.machine(machine_from_json(scenario.machine))), WIDTH, "  machine: "),
        "",
        *_boot(trace),
        *_steps(trace),
        *_end(trace, len(scenario.steps)),
        *_goals(goals),
    ]
    return "\n".join(lines) + "\n"


def _boot(trace: Trace) -> Iterator[str]:
    state = trace.boot
    yield "boot"
    yield from _margin("blocks", words.blocks(state.blocks))
    yield from _margin(
        "zones", [f"{name}: {words.zone(zone)}" for name, zone in state.zones.items()]
    )
    yield from _margin(
        "nodes", ["; ".join(f"{mask} {text or 'none'}" for mask, text in state.nodes.items())]
    )
    yield from _margin("knob", [f"auto_online_blocks: {words.knob(state.auto_online_blocks)}"])
    devices = [f"{name}: {text}" for name, text in state.devices.items()]
    yield from _margin("devices", devices)
    yield from _because(trace.boot_reasons)
    yield ""


def _steps(trace: Trace) -> Iterator[str]:
    for step, group in groupby(walk(trace), key=lambda item: item[0]):
        rows = [[act] for _, _, act in group]
        do = trace.steps[step].do
        if not do.composite:
            for [act] in rows:
                yield from wrap(str(do), WIDTH, f"{step + 1}. ")
                yield from _act(act)
                yield ""
            continue
        yield from wrap(str(do), WIDTH, f"{step + 1}. ")
        first = 1
        for [folded] in fold(rows, lambda i, j: True):
            assert folded is not None
            last = first + len(folded.acts) - 1
            label = f"{step + 1}.{first}" + (f"-{step + 1}.{last}" if last > first else "")
            when = f" ({folded.when})" if folded.when else ""
            yield from wrap(f"{folded}{when}", WIDTH, f"   {label} ")
            yield from _act(folded)
            first = last + 1
        yield ""


def _act(act: ActGroup) -> Iterator[str]:
    each = ", each of them" if len(act.acts) > 1 else ""
    yield from wrap(words.explain(act.result) + each, WIDTH, "   => ")
    if act.output is not None:
        yield from _margin("reads", act.output.splitlines() or ["nothing"])
    yield from _margin("killed", act.killed)
    yield from _margin("changed", words.changes(act.before, act.changed))
    yield from _margin("uevents", ["; ".join(words.uevents(act.uevents))] if act.uevents else [])
    yield from _because(act.acts[0].reasons)
    if len(act.acts) > 1 and act.acts[0].reasons:
        yield from _margin("", ["the same rules decided each of the others"])


def _because(reasons: Sequence[Reason]) -> Iterator[str]:
    yield from _margin("because", [str(reason) for reason in reasons])


def _end(trace: Trace, steps: int) -> Iterator[str]:
    if trace.end == "ran":
        return
    left = steps - len(trace.steps)
    undone = f"; {count_of(left, 'step')} never began" if left > 0 else ""
    yield from wrap(f"THE KERNEL DIED ({trace.end}){undone}", WIDTH)
    yield ""


def _goals(goals: Sequence[GoalOutcome]) -> Iterator[str]:
    yield f"goals: {sum(goal.met for goal in goals)} of {len(goals)} met"
    for goal in goals:
        yield from wrap(goal.want, WIDTH, "  met      " if goal.met else "  NOT MET  ")
        yield from wrap(goal.detail, WIDTH, " " * 11)


def _margin(label: str, texts: Sequence[str]) -> Iterator[str]:
    """Lines with a label in the margin of the first; none without texts."""
    for index, text in enumerate(texts):
        margin = f"   {label if index == 0 else '':<{_LABEL}}"
        yield from wrap(text, WIDTH, margin, " " * (len(margin) + 2))
