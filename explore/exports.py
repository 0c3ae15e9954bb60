"""Systems in formats of other tools: Aldebaran (mCRL2, CADP), DOT (Graphviz), Promela (Spin)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from zonediff.explore.system import System


def aldebaran(system: System) -> Iterator[str]:
    """Yield the lines of an .aut file.

    The label of a transition is its step and result. The views of a state are the label of a
    transition from the state to itself, because these tools compare the labels of transitions only.
    """
    view_transitions = system.states if system.parts else 0
    yield f"des (0, {system.transitions + view_transitions}, {system.states})"
    for source, action, target, result in _transitions(system):
        yield f'({source}, "{_quoted(f"{action} = {result}")}", {target})'
    if view_transitions:
        for state, label in enumerate(system.label.tolist()):
            yield f'({state}, "look {label}", {state})'


def dot(system: System) -> Iterator[str]:
    """Yield the lines of a DOT file, without steps that change nothing."""
    yield f'digraph "{_quoted(system.name)}" {{'
    yield "  rankdir=LR; node [shape=box, fontsize=10]; edge [fontsize=9];"
    for state in range(system.states):
        yield f'  {state} [label="{_quoted(_state_label(system, state))}"];'
    for source, action, target, result in _transitions(system):
        if source != target:
            failed = "" if result == "ok" else f" = {result}"
            yield f'  {source} -> {target} [label="{_quoted(action + failed)}"];'
    yield "}"


def promela(left: System, right: System, tables: str) -> Iterator[str]:
    """Yield the lines of a model for Spin: both systems in lockstep, asserting equal results.

    The assertion can fail if and only if the two are not bisimilar. Both must be complete.
    tables: the name of the C file with promela_tables(), beside the model.
    """
    choice = " ".join(f":: x = {number}" for number in range(len(left.actions)))
    yield f'c_decl {{ \\#include "{tables}"'
    yield "}"
    yield "int l = 0; int r = 0; int x = 0; bool same = true;"
    yield "active proctype users() {"
    yield "  c_code { now.same = lookL[0] == lookR[0]; }; assert(same);"
    yield "  do :: atomic {"
    yield f"    if {choice} fi;"
    yield "    c_code {"
    yield "      now.same = resultL[now.l][now.x] == resultR[now.r][now.x];"
    yield "      now.l = nextL[now.l][now.x]; now.r = nextR[now.r][now.x]; now.x = 0;"
    yield "      now.same = now.same && lookL[now.l] == lookR[now.r];"
    yield "    }; assert(same) } od"
    yield "}"


def promela_tables(left: System, right: System) -> Iterator[str]:
    """Yield the lines of a C file with the tables of both systems, too large for Promela arrays."""
    width = len(left.actions)
    for name, system in (("L", left), ("R", right)):
        results = [outcome.result for outcome in system.numberings.outcomes.values]
        first = {result: number for number, result in reversed(list(enumerate(results)))}
        result_rows = [[first[results[cell]] for cell in row] for row in system.outcome.tolist()]
        yield f"static const int next{name}[][{width}] = {_c(system.successor.tolist())};"
        yield f"static const int result{name}[][{width}] = {_c(result_rows)};"
        yield f"static const int look{name}[] = {_c(system.label.tolist())};"


def _c(values: list[Any]) -> str:
    """Return a list as an array initialiser in C."""
    return "{" + ",".join(_c(v) if isinstance(v, list) else str(v) for v in values) + "}"


def _transitions(system: System) -> Iterator[tuple[int, str, int, str]]:
    """Yield (source, action, target, result), by source and action."""
    actions = [str(step) for step in system.actions]
    table = [outcome.result or "ok" for outcome in system.numberings.outcomes.values]
    for source, (targets, outcomes) in enumerate(
        zip(system.successor.tolist(), system.outcome.tolist(), strict=True)
    ):
        for action, target, outcome in zip(actions, targets, outcomes, strict=True):
            if target >= 0:
                yield source, action, target, table[outcome]


def _state_label(system: System, state: int) -> str:
    """Return the number of a state and the first two texts of each block."""
    views = system.numberings.views.values
    lines = [str(state)]
    for part, number in zip(system.parts, system.views[state].tolist(), strict=True):
        texts = [text for _, text in views[number]]
        if part.startswith("memory"):
            lines.append(f"{part} {' '.join(texts[:2])}")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
