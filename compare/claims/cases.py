"""Decide whether a case of a claim holds: over a run's trace, or by searching states."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from zonediff.compare.goals import evaluate
from zonediff.compare.invariants import plain_onlines
from zonediff.corpus.arithmetic import compute
from zonediff.corpus.claim import (
    Decided,
    Died,
    FirstName,
    GoalMet,
    OfStates,
    Outcome,
    Overlap,
    State,
    Uevent,
    Zoneinfo,
)
from zonediff.corpus.scenario import BlocksGoal, Goal, KernelGoal, Predicate, Scenario, StepGoal
from zonediff.engine import words
from zonediff.engine.guest import Guest
from zonediff.engine.observation import Observation, ZoneView, run_length
from zonediff.engine.observe import block_view, observe, zone_views
from zonediff.engine.policy import Policy
from zonediff.engine.steps import Write
from zonediff.engine.trace import Act, Reason, Trace
from zonediff.engine.words import count_of
from zonediff.result.judgements import Run

_NO_ZONE: Final = ZoneView(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a case holds, with the fact that decided it.

    percent: the computed and the claimed number, in words. steps: a sequence that leads to the
    state. reasons: the rules behind it.
    """

    holds: bool
    detail: str
    percent: str | None = None
    steps: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()


# --- runs -----------------------------------------------------------------------------------------


def of_run(scenario: Scenario, run: Run, trace: Trace, outcome: Outcome) -> Answer:
    """Decide whether a run of the scenario had the outcome. trace: the run's.

    A goal is decided by the run, which may stand for runs with many seeds. Everything else is
    decided by the trace.
    """
    match outcome:
        case GoalMet(goal=goal):
            index = _goal(scenario, goal)
            holds, detail = run.goals[index].met, run.goals[index].detail
            reasons = _predicate(scenario, trace, scenario.goals[index].check).reasons
            return Answer(holds, detail, reasons=reasons)
        case Died(died=died):
            return _survival(trace.end == died, trace)
        case Decided():
            return _decided(scenario, trace, outcome)
        case Uevent(uevent=uevent, at=step):
            sent = [event for act in _acts(scenario, trace, step) for event in act.uevents]
            return Answer(uevent in sent, "uevents: " + (words.shorten(sent) or "none"))
        case FirstName(first_name=step):
            return _first_name(scenario, trace, step)
        case Zoneinfo(after=after) | Overlap(after=after):
            observation = _after(scenario, trace, after)
            if observation is None:
                return Answer(False, words.death(trace) or "the step was not reached")
            holds, detail = _zones(outcome, observation)
            acts = _acts(scenario, trace, after, until=True)
            return Answer(holds, detail, reasons=_why(holds, acts))
        case _:
            return _predicate(scenario, trace, outcome)


def _goal(scenario: Scenario, goal: str | int) -> int:
    """The index of a goal that is quoted or numbered (from 1)."""
    if isinstance(goal, int):
        return goal - 1
    return [item.want for item in scenario.goals].index(goal)


def _predicate(scenario: Scenario, trace: Trace, predicate: Predicate) -> Answer:
    (outcome,) = evaluate(replace(scenario, goals=(Goal("as claimed", predicate),)), trace)
    match predicate:
        case KernelGoal():
            return _survival(outcome.met, trace)
        case StepGoal(step=step):
            acts = _acts(scenario, trace, step)
        case _:
            acts = _acts(scenario, trace, getattr(predicate, "after", None), until=True)
    return Answer(outcome.met, outcome.detail, reasons=_why(outcome.met, acts))


def _survival(holds: bool, trace: Trace) -> Answer:
    """An answer about the kernel's survival, with the reasons of its death."""
    gone = words.death(trace)
    if gone is None:
        return Answer(holds, "alive at the end")
    *_, reasons = trace.boot_reasons, *(act.reasons for _, _, act in trace.acts())
    return Answer(holds, gone, reasons=reasons)


def _acts(
    scenario: Scenario, trace: Trace, step: str | int | None, *, until: bool = False
) -> Iterator[Act]:
    """Yield the acts of a step (None: of all steps); with `until`, also those before it."""
    wanted = None if step is None else _index(scenario, step)
    for index, _, act in trace.acts():
        if wanted is None or index == wanted or (until and index < wanted):
            yield act


def _index(scenario: Scenario, step: str | int) -> int:
    """The index of a step that is named or numbered (from 1)."""
    if isinstance(step, int):
        return step - 1
    return [item.name for item in scenario.steps].index(step)


def _after(scenario: Scenario, trace: Trace, step: str | int | None) -> Observation | None:
    """The observation at the end or after a step; None when the kernel was dead by then."""
    observations = list(trace.observations())
    index = len(scenario.steps) if step is None else _index(scenario, step) + 1
    survived = len(observations) if trace.end == "ran" else len(observations) - 1
    return observations[index] if index < survived else None


def _why(holds: bool, acts: Iterator[Act]) -> tuple[Reason, ...]:
    """The reasons of the act that decided: the last act with reasons, or the first that failed."""
    reasons: tuple[Reason, ...] = ()
    for act in acts:
        if act.result is not None and not holds:
            return act.reasons
        reasons = act.reasons or reasons
    return reasons


def _first_name(scenario: Scenario, trace: Trace, step: str | int) -> Answer:
    taken = list(plain_onlines(trace, _index(scenario, step)))
    strayed = [item for item in taken if not item.as_offered]
    reasons = _why(not strayed, _acts(scenario, trace, step))
    if not taken:
        return Answer(False, "no plain online succeeded in the step", reasons=reasons)
    return Answer(not strayed, str((strayed or taken)[0]), reasons=reasons)


def _decided(scenario: Scenario, trace: Trace, condition: Decided) -> Answer:
    numbers_wanted = dict(text.split("=", 1) for text in condition.numbers)
    for act in _acts(scenario, trace, condition.at):
        for reason in act.reasons:
            if reason.rule == condition.rule and all(
                str(reason.numbers.get(name)) == value for name, value in numbers_wanted.items()
            ):
                return _computed(reason, condition)
    numbers = f" with {', '.join(condition.numbers)}" if condition.numbers else ""
    return Answer(False, f"{condition.rule}{numbers} decided nothing")


def _computed(reason: Reason, condition: Decided) -> Answer:
    """Whether the computed per cent, if the case has any, are those claimed."""
    if condition.percent is None:
        return Answer(True, f"{reason.rule} decided", reasons=(reason,))
    claimed, tolerance = Fraction(str(condition.claimed)), Fraction(str(condition.tolerance))
    value = 100 * compute(condition.percent, reason.numbers)
    percent = f"{_decimal(value)} %, claimed {condition.claimed} +- {condition.tolerance}"
    holds = abs(value - claimed) <= tolerance
    return Answer(holds, f"{condition.percent} = {percent}", percent, reasons=(reason,))


def _decimal(value: Fraction) -> str:
    """With two digits after the point; halves away from zero."""
    hundredths = (abs(value) * 100 + Fraction(1, 2)) // 1
    sign = "-" if value < 0 and hundredths else ""
    return f"{sign}{hundredths // 100}.{hundredths % 100:02}"


def _zones(condition: Zoneinfo | Overlap, observation: Observation) -> tuple[bool, str]:
    """Whether zones are as claimed, and how they are."""
    match condition:
        case Zoneinfo(zoneinfo=name):
            zone = observation.zones.get(name, _NO_ZONE)
            holds = condition.spanned in (None, zone.spanned) and condition.present in (
                None,
                zone.present,
            )
            return holds, f"zone {name} spans {zone.spanned} pages, {zone.present} present"
        case Overlap(overlap=names):
            zones = [observation.zones.get(name, _NO_ZONE) for name in names]
            start = max(zone.start_pfn for zone in zones)
            end = min(zone.start_pfn + zone.spanned for zone in zones)
            descriptions = [
                f"zone {name}: {words.zone(observation.zones.get(name))}" for name in names
            ]
            return start < end, "; ".join(descriptions)


# --- states ---------------------------------------------------------------------------------------


def of_states(policy: Policy, condition: OfStates) -> Answer | None:
    """Whether steps bring a variant into such a state; None when the search was given up."""
    # Imported here, as numpy takes its time and most runs judge no such case.
    from zonediff.explore.reach import Reached, reach

    guest = Guest(condition.machine, policy)
    guest.power_on()
    writes = [
        Write(f"memory{block}/state", value)
        for block in guest.blocks(condition.alphabet.blocks)
        for value in condition.alphabet.values
    ]
    alphabet = (*writes, *condition.alphabet.steps)

    def fits(guest: Guest) -> bool:
        return all(_fits(state, guest) for state in condition.reachable)

    result = reach(policy, condition.machine, alphabet, fits, condition.states)
    if isinstance(result, Reached):
        steps = tuple(str(step.do) for step in result.trace.steps)
        lead = "1 step leads" if len(steps) == 1 else f"{len(steps)} steps lead"
        count = count_of(result.states, "state")
        detail = f"{lead} there, no fewer do; {count} seen ({_tried(condition)})"
        reasons = _why(True, (act for _, _, act in result.trace.acts()))
        return Answer(True, detail, steps=steps, reasons=reasons)
    if not result.complete:
        return None
    every = "the only state" if result.states == 1 else f"all {result.states} states"
    return Answer(False, f"nothing leads there: {every} seen ({_tried(condition)})")


def _tried(condition: OfStates) -> str:
    """The alphabet of a search in words."""
    writes = f"{', '.join(condition.alphabet.values)} to blocks {condition.alphabet.blocks}"
    return "; ".join([writes, *map(str, condition.alphabet.steps)])


def _fits(state: State, guest: Guest) -> bool:
    """Whether a guest is in the state; only the needed parts of it are observed."""
    kernel = guest.kernel
    match state:
        case Zoneinfo() | Overlap():
            return _zones(state, Observation(zones=zone_views(kernel)))[0]
        case BlocksGoal(blocks=blocks):
            existing = [block for block in guest.blocks(blocks) if kernel.tables.has(block)]
            views = run_length((block, block_view(kernel, block)) for block in existing)
            observation = Observation(views)
        case _:
            observation = observe(kernel)
    moment = Scenario("", "", "", guest.machine, (), (Goal("", state),))
    (outcome,) = evaluate(moment, Trace("", observation, devices=guest.places))
    return outcome.met
