"""Reads claim files, and reports all mistakes in all of them at once.

A claim names scenarios, their goals and their steps. All of these have to be in the corpus.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from zonediff.corpus import arithmetic
from zonediff.corpus.checks.scenario import check
from zonediff.corpus.claim import (
    Alphabet,
    Case,
    Claim,
    Decided,
    Died,
    FirstName,
    GoalMet,
    Mail,
    OfRuns,
    OfStates,
    Outcome,
    Overlap,
    Uevent,
    Zoneinfo,
)
from zonediff.corpus.draft import Draft
from zonediff.corpus.loader import load
from zonediff.corpus.positions import Plain, read_document
from zonediff.corpus.problems import Mistake, Problem, ScenarioError, unknown
from zonediff.corpus.problems import Path as Way
from zonediff.corpus.scenario import Goal, Predicate, Scenario, ScenarioStep
from zonediff.corpus.schema import GOALS, Misshapen, read_all
from zonediff.engine.bounds import SEARCH_STATES, SEARCH_STEPS
from zonediff.engine.machine import Machine
from zonediff.engine.steps import Blocks, block_numbers, is_ranges

SHIPPED: Final = Path(__file__).parent / "claims"
"""The folder of the claims that come with the package."""

KEYS: Final = (
    *("who", "says", "where", "on"),
    *("given", "supported_if", "refuted_if", "besides", "undecidable"),
)
"""The keys of a claim file, in the order in which they are best written."""

OUTCOMES: Final[dict[str, type]] = {
    **GOALS,
    "goal": GoalMet,
    "died": Died,
    "rule": Decided,
    "uevent": Uevent,
    "zoneinfo": Zoneinfo,
    "overlap": Overlap,
    "first_name": FirstName,
}
"""Every kind of condition on a run, by the key that only it has."""

STATES: Final = ("blocks", "knob", "mask", "zoneinfo", "overlap")
"""The keys of those that can also be conditions on a single state."""

_REQUIRED: Final = ("who", "says", "where")
_CASES: Final = ("given", "supported_if", "refuted_if", "besides")
_FRAME: Final = ("says", "met", "on", "unreliable")
_SEARCH: Final = ("machine", "writes", "steps", "states")
_ID: Final = re.compile(r"[A-Z][0-9]{2}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def load_claims(scenarios: Sequence[Scenario] | None = None, folder: Path = SHIPPED) -> list[Claim]:
    """Load the claims in a folder, sorted by id.

    scenarios: the corpus that they are about; None is the one that comes with the package.
    Raises ScenarioError with every problem of every file.
    """
    corpus = load() if scenarios is None else scenarios
    claims: list[Claim] = []
    problems: list[Problem] = []
    for file in sorted(folder.glob("*.yaml")):
        try:
            claims.append(read_claim(file, corpus))
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)
    return claims


def read_claim(file: Path, scenarios: Sequence[Scenario]) -> Claim:
    """Read a claim; its id is the name of its file. Raises ScenarioError."""
    shown = str(file)
    document = read_document(file, shown)
    data = document.value
    try:
        if not isinstance(data, dict):
            raise Misshapen(Mistake((), f"expected a mapping with {', '.join(KEYS)}"))
        claim = _claim(file.stem, data, scenarios)
    except Misshapen as error:
        problems = document.locate_all(error.mistakes)
        raise ScenarioError([*document.problems, *problems]) from None
    if document.problems:
        raise ScenarioError(document.problems)
    return replace(claim, file=file.name)


def _claim(name: str, data: dict[str, Plain], corpus: Sequence[Scenario]) -> Claim:
    mistakes = [
        Mistake((key,), unknown("key", key, KEYS), on_key=True) for key in data if key not in KEYS
    ]
    mistakes += [Mistake((key,), "is missing") for key in _REQUIRED if key not in data]
    if not _ID.fullmatch(name):
        mistakes.append(
            Mistake((), f"the name of a claim's file is its id, as in C01.yaml, not {name!r}")
        )
    if not data.get("supported_if") and "undecidable" not in data:
        message = "is missing: say what decides the claim, or under `undecidable` why nothing can"
        mistakes.append(Mistake(("supported_if",), message))
    cases, wrong_cases = _cases(data, corpus)
    mistakes += wrong_cases
    who, says, where, on, undecidable = read_all(
        [
            (("who",), data.get("who", ""), str),
            (("says",), data.get("says", ""), str),
            (("where",), data.get("where", {"message": "", "date": "2017-03-06"}), Mail),
            (("on",), data.get("on", []), tuple[str, ...]),
            (("undecidable",), data.get("undecidable"), str | None),
        ],
        *mistakes,
    )
    if not _DATE.fullmatch(where.date):
        raise Misshapen(Mistake(("where", "date"), f"expected YYYY-MM-DD, not {where.date!r}"))
    about = None if undecidable is None else undecidable.strip()
    given, supported_if, refuted_if, besides = (cases[part] for part in _CASES)
    return Claim(
        id=name,
        who=who,
        says=says.strip(),
        where=where,
        on=on,
        given=given,
        supported_if=supported_if,
        refuted_if=refuted_if,
        besides=besides,
        undecidable=about,
    )


def _cases(
    data: dict[str, Plain], corpus: Sequence[Scenario]
) -> tuple[dict[str, tuple[Case, ...]], list[Mistake]]:
    """The cases of each part of a claim, and all mistakes in them."""
    cases: dict[str, tuple[Case, ...]] = {}
    mistakes: list[Mistake] = []
    for part in _CASES:
        items = data.get(part, [])
        if not isinstance(items, list):
            mistakes.append(Mistake((part,), "expected a list of cases"))
            continue
        good = []
        for index, item in enumerate(items):
            try:
                good.append(_case(item, corpus))
            except Misshapen as error:
                mistakes += [mistake.below(part, index) for mistake in error.mistakes]
        cases[part] = tuple(good)
    return cases, mistakes


@dataclass(frozen=True, slots=True)
class _Frame:
    """The keys that every case can have."""

    says: str
    met: bool = True
    on: tuple[str, ...] = ()
    unreliable: str | None = None


def _case(value: Plain, corpus: Sequence[Scenario]) -> Case:
    if not isinstance(value, dict):
        raise Misshapen(Mistake((), "expected a case, a mapping with `says`"))
    body = {key: data for key, data in value.items() if key not in _FRAME}
    parts: list[tuple[Way, Plain, Any]] = [
        ((), {key: value[key] for key in _FRAME if key in value}, _Frame)
    ]
    searches = [key for key in ("reachable", "unreachable") if key in body]
    try:
        condition = _of_states(searches[0], body) if searches else _of_runs(body, corpus)
    except Misshapen as error:
        read_all(parts, *error.mistakes)
        raise
    (frame,) = read_all(parts)
    met = frame.met != (searches == ["unreachable"])
    return Case(frame.says.strip(), condition, met, frame.on, frame.unreliable)


# --- cases about runs -----------------------------------------------------------------------------


def _of_runs(body: dict[str, Plain], corpus: Sequence[Scenario]) -> OfRuns:
    about = body.get("scenario", [])
    listed: Plain = about if isinstance(about, list) else [about]
    condition = {key: data for key, data in body.items() if key != "scenario"}
    kind, mistakes = _kind(condition)
    if "scenario" not in body:
        mistakes.append(Mistake(("scenario",), "is missing: name one, or a list of them"))
    parts: list[tuple[Way, Plain, Any]] = [(("scenario",), listed, tuple[str, ...])]
    if kind is not None:
        parts.append(((), condition, OUTCOMES[kind]))
    patterns, *outcome = read_all(parts, *mistakes)
    selected: list[str] = []
    for index, pattern in enumerate(patterns):
        scenarios = [item for item in corpus if named(pattern, item.id)]
        selected += [scenario.id for scenario in scenarios]
        mistakes += [mistake for item in scenarios for mistake in _faults(outcome[0], item)]
        if not scenarios:
            ids = [item.id for item in corpus]
            families = [name.partition("[")[0] for name in ids]
            message = unknown("scenario", pattern, [*families, *ids])
            mistakes.append(Mistake(("scenario", index), message))
    if mistakes:
        raise Misshapen(*dict.fromkeys(mistakes))
    return OfRuns(tuple(dict.fromkeys(selected)), outcome[0])


def named(pattern: str, scenario: str) -> bool:
    """Whether a pattern in a case includes the scenario with this id.

    A pattern is the id of a scenario or of a family, or a family with some values in brackets, as
    `knob/generic-path[knob=online]`: then it includes the members that have these values.
    """
    family, _, values = pattern.rstrip("]").partition("[")
    own_family, _, own_values = scenario.rstrip("]").partition("[")
    wanted = set(values.split(",")) - {""}
    return family == own_family and wanted <= set(own_values.split(","))


def _kind(body: dict[str, Plain], known: Sequence[str] = tuple(OUTCOMES)) -> Any:
    """Return the key that names the kind of condition; without exactly one, None and mistakes."""
    kinds = [key for key in known if key in body]
    if len(kinds) == 1:
        return kinds[0], []
    strange = [key for key in body if key not in known] if not kinds else []
    mistakes = [Mistake((key,), unknown("key", key, known), on_key=True) for key in strange]
    if not mistakes:
        named_ones = " and ".join(kinds) or "none"
        mistakes = [Mistake((), f"expected one of {', '.join(known)}, not {named_ones}")]
    return None, mistakes


def _faults(outcome: Outcome, scenario: Scenario) -> Iterator[Mistake]:
    match outcome:
        case GoalMet(goal=goal):
            wants = [item.want for item in scenario.goals]
            if isinstance(goal, str) and goal not in wants:
                yield Mistake(("goal",), unknown(f"goal of {scenario.id}", goal, wants))
            elif isinstance(goal, int) and not 1 <= goal <= len(wants):
                yield Mistake(("goal",), f"{scenario.id} has {len(wants)} goals, counted from 1")
        case Decided():
            yield from _numbers(outcome)
            yield from _step(outcome.at, "at", scenario)
        case Uevent(at=at):
            yield from _step(at, "at", scenario)
        case FirstName(first_name=step):
            yield from _step(step, "first_name", scenario)
        case Zoneinfo(after=after) | Overlap(after=after):
            yield from _step(after, "after", scenario)
            yield from _zones(outcome)
        case Died():
            pass
        case _:
            yield from _as_goal(outcome, scenario.machine, scenario.steps)


def _as_goal(
    wanted: Predicate, machine: Machine, steps: Sequence[ScenarioStep]
) -> Iterator[Mistake]:
    """Check a condition as if it were a goal of a scenario with this machine and these steps."""
    parts = Draft(machine=machine, steps=list(steps), goals=[Goal("as claimed", wanted)])
    for mistake in check(parts):
        if mistake.path[:2] == ("goals", 0):
            yield mistake._replace(path=mistake.path[2:])


def _step(step: str | int | None, key: str, scenario: Scenario) -> Iterator[Mistake]:
    names = [item.name for item in scenario.steps if item.name is not None]
    if isinstance(step, str) and step not in names:
        yield Mistake((key,), unknown(f"step of {scenario.id}", step, names))
    elif isinstance(step, int) and not 1 <= step <= len(scenario.steps):
        yield Mistake((key,), f"{scenario.id} has {len(scenario.steps)} steps, counted from 1")


def _numbers(condition: Decided) -> Iterator[Mistake]:
    for index, text in enumerate(condition.numbers):
        if not all(text.partition("=")):
            yield Mistake(("numbers", index), f"expected name=value, not {text!r}")
    for key, value in (("claimed", condition.claimed), ("tolerance", condition.tolerance)):
        try:
            Fraction(str(value or 0))
        except (ValueError, ZeroDivisionError):
            yield Mistake((key,), f"expected a number, not {value!r}")
    if condition.percent is None:
        return
    if condition.claimed is None:
        yield Mistake(("claimed",), "is missing: the per cent that the result is compared with")
    try:
        arithmetic.parse(condition.percent)
    except ValueError as error:
        yield Mistake(("percent",), str(error))


def _zones(condition: Zoneinfo | Overlap) -> Iterator[Mistake]:
    for zone in (condition.zoneinfo,) if isinstance(condition, Zoneinfo) else condition.overlap:
        if not re.fullmatch(r"[0-9]+/(DMA|DMA32|Normal|Movable)", zone):
            path = ("zoneinfo" if isinstance(condition, Zoneinfo) else "overlap",)
            yield Mistake(path, f"expected node/Zone such as 0/Movable, not {zone!r}")
    if isinstance(condition, Overlap) and len(condition.overlap) != 2:
        yield Mistake(("overlap",), "expected two zones")


# --- cases about states ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Writes:
    """Values that may be written to the `state` file of each of these blocks."""

    blocks: Blocks
    values: tuple[str, ...]


def _of_states(key: str, body: dict[str, Plain]) -> OfStates:
    known = (key, *_SEARCH)
    mistakes = [
        Mistake((name,), unknown("key", name, known), on_key=True)
        for name in body
        if name not in known
    ]
    mistakes += [Mistake((name,), "is missing") for name in known[:3] if name not in body]
    conditions = body.get(key)
    if not isinstance(conditions, list) or not conditions:
        raise Misshapen(
            *mistakes, Mistake((key,), "expected a list of conditions that hold at one moment")
        )
    parts: list[tuple[Way, Plain, Any]] = []
    for index, item in enumerate(conditions):
        if not isinstance(item, dict):
            mistakes.append(Mistake((key, index), "expected a mapping"))
            continue
        kind, wrong = _kind(item, STATES)
        mistakes += [mistake.below(key, index) for mistake in wrong]
        if kind is not None:
            parts.append(((key, index), item, OUTCOMES[kind]))
    machine, writes, steps, states, *wanted = read_all(
        [
            (("machine",), body.get("machine", {}), Machine),
            (("writes",), body.get("writes", {"blocks": "0", "values": []}), _Writes),
            (("steps",), body.get("steps", []), tuple[ScenarioStep, ...]),
            (("states",), body.get("states", 10_000), int),
            *parts,
        ],
        *mistakes,
    )
    for index, step in enumerate(steps):
        if step.do.composite:
            message = f"{step.do.verb} stands for several steps; a search has only primitive ones"
            mistakes.append(Mistake(("steps", index), message))
    mistakes += check(Draft(machine=machine, steps=[*steps]))
    mistakes += _too_much(writes, steps, states)
    for index, state in enumerate(wanted):
        if isinstance(state, Zoneinfo | Overlap):
            faults = _zones(state)
        else:
            faults = _as_goal(state, machine, steps)
        mistakes += [mistake.below(key, index) for mistake in faults]
    if mistakes:
        raise Misshapen(*mistakes)
    alphabet = Alphabet(writes.blocks, writes.values, tuple(step.do for step in steps))
    return OfStates(tuple(wanted), machine, alphabet, states)


def _too_much(writes: _Writes, steps: Sequence[ScenarioStep], states: int) -> Iterator[Mistake]:
    blocks = len(block_numbers(writes.blocks)) if is_ranges(writes.blocks) else 1
    if blocks * len(writes.values) + len(steps) > SEARCH_STEPS:
        message = f"expected at most {SEARCH_STEPS} steps to choose among: blocks times values"
        yield Mistake(("writes",), message)
    if not 1 <= states <= SEARCH_STATES:
        yield Mistake(("states",), f"{states}: expected 1 to {SEARCH_STATES}")
