"""Decide each goal of a scenario over a trace: was the user's wish met?

A goal about the end fails when the kernel died; a goal about an earlier moment is decided there.
A goal that asks for blocks to be absent is met by a device that never appeared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from zonediff.corpus.scenario import (
    AllStepsGoal,
    BlocksGoal,
    Goal,
    KernelGoal,
    KnobGoal,
    NodesGoal,
    Predicate,
    ProcessGoal,
    Scenario,
    StepGoal,
)
from zonediff.engine import words
from zonediff.engine.observation import BlockRange, BlockView, Observation, aligned
from zonediff.engine.steps import Allocate, Blocks, is_ranges
from zonediff.engine.trace import Act, Trace
from zonediff.result.judgements import GoalOutcome

Span = tuple[int, int]
"""First and last block number, inclusive."""

_Decision = tuple[bool, str]


def evaluate(scenario: Scenario, trace: Trace) -> list[GoalOutcome]:
    """Decide every goal of the scenario, in its order.

    Raises ValueError when the trace is not one of this scenario's steps.
    """
    _check(scenario, trace)
    moments = _Moments(scenario, trace)
    return [moments.outcome(goal) for goal in scenario.goals]


def _check(scenario: Scenario, trace: Trace) -> None:
    """Raise ValueError for a trace with missing or other steps: no outcome would be valid."""
    for number, (wanted, done) in enumerate(zip(scenario.steps, trace.steps, strict=False), 1):
        if wanted.do != done.do:
            raise ValueError(f"step {number} of the trace is {done.do}, it should be {wanted.do}")
    steps, wanted_steps = len(trace.steps), len(scenario.steps)
    if steps > wanted_steps or (trace.end == "ran" and steps < wanted_steps):
        raise ValueError(f"the trace has {steps} steps, the scenario {wanted_steps}")
    last = [act.result for step in trace.steps[-1:] for act in step.acts[-1:]]
    if trace.end != "ran" and trace.steps and last != [trace.end]:
        raise ValueError(f"the trace ends with {trace.end}, its last act with {last}")


class _Moments:
    """A trace, and its observations after each step."""

    def __init__(self, scenario: Scenario, trace: Trace) -> None:
        self.scenario = scenario
        self.trace = trace
        self.observations = list(trace.observations())
        self.death = words.death(trace)

    def outcome(self, goal: Goal) -> GoalOutcome:
        """Decide whether a goal is met, and whether it is moot.

        The survival of the kernel is moot where any premise of the scenario's goals does not hold.
        """
        met, detail = self.decide(goal.check)
        if not met:
            return GoalOutcome(goal.want, met, detail)
        premises = [goal.given]
        if isinstance(goal.check, KernelGoal):
            premises = [item.given for item in self.scenario.goals]
        for premise in premises:
            holds, why = (True, "") if premise is None else self.decide(premise)
            if not holds:
                return GoalOutcome(goal.want, met, f"{detail}; moot: {why}", moot=True)
        return GoalOutcome(goal.want, met, detail)

    def decide(self, check: Predicate) -> _Decision:
        match check:
            case KernelGoal():
                return self.death is None, self.death or "alive at the end"
            case StepGoal():
                return self._step(check)
            case AllStepsGoal():
                return self._all_steps()
            case BlocksGoal() | KnobGoal() | NodesGoal() | ProcessGoal():
                observation = self._after(check.after)
                if observation is None:
                    return False, self.death or ""
                return self._state(check, observation)

    def _state(
        self, check: BlocksGoal | KnobGoal | NodesGoal | ProcessGoal, observation: Observation
    ) -> _Decision:
        match check:
            case ProcessGoal():
                return self._process(check)
            case BlocksGoal():
                return self._blocks(check, observation)
            case KnobGoal():
                return _knob(check, observation)
            case NodesGoal():
                reads = observation.nodes.get(check.mask)
                text = (
                    f"there is no {check.mask}"
                    if reads is None
                    else f"{check.mask} reads {reads!r}"
                )
                return reads == check.reads, text

    def _index(self, step: str | int) -> int:
        """The index of a step that a goal names or numbers (from 1)."""
        if isinstance(step, int):
            return step - 1
        return [item.name for item in self.scenario.steps].index(step)

    def _after(self, step: str | int | None) -> Observation | None:
        """The observation at the end or after a step; None when the kernel was dead by then."""
        if step is None:
            return None if self.death else self.observations[-1]
        index = self._index(step)
        survived = len(self.trace.steps) - (1 if self.death else 0)
        return self.observations[index + 1] if index < survived else None

    def _process(self, check: ProcessGoal) -> _Decision:
        """Whether a process is killed; a new start ends that."""
        last = len(self.trace.steps) if check.after is None else self._index(check.after) + 1
        dead: dict[str, str] = {}
        for step, _, act in self.trace.acts():
            if step >= last:
                break
            dead |= {name: words.killing(name, step, act) for name in act.killed}
            if isinstance(act.do, Allocate) and act.result is None:
                dead.pop(act.do.process, None)
        kills = [how for name, how in dead.items() if check.process in (name, "every")]
        none = "no process was" if check.process == "every" else f"{check.process} was not"
        return bool(kills) == (check.state == "killed"), words.shorten(kills) or f"{none} killed"

    def _step(self, check: StepGoal) -> _Decision:
        index = self._index(check.step)
        if index >= len(self.trace.steps):
            return False, self.death or ""
        step = self.trace.steps[index]
        got = step.result
        if got in words.DEATHS:
            return check.result == got, self.death or ""
        as_asked = got is not None if check.result == "fails" else (got or "ok") == check.result
        return as_asked, f"step {index + 1}: {_result(step.acts, got)}"

    def _all_steps(self) -> _Decision:
        if self.death:
            return False, self.death
        for number, step in enumerate(self.trace.steps, 1):
            if step.result is not None:
                return False, f"step {number}: {_result(step.acts, step.result)}"
        return True, "every step succeeded"

    def _blocks(self, check: BlocksGoal, observation: Observation) -> _Decision:
        spans = self._spans(check.blocks, observation)
        if spans is None:
            return not check.present, f"{check.blocks} never appeared"
        pieces = list(_cut(spans, observation.blocks))
        if check.blocks == "added":
            pieces = [piece for piece in pieces if piece.view is not None]
        if not pieces:
            return not check.present, "no block was added"
        wrong = [piece for piece in pieces if not _fits(piece.view, check)]
        describe = str if check.node is None else _with_node
        return not wrong, words.shorten(words.blocks(wrong or pieces, describe))

    def _spans(self, blocks: Blocks, observation: Observation) -> list[Span] | None:
        """The blocks of a selection, ascending; None for a device that never appeared."""
        if is_ranges(blocks):
            return _merge(_span(part) for part in blocks.split(","))
        if blocks == "added":
            fresh = [
                (first, last)
                for first, last, at_boot, _ in aligned(self.trace.boot.blocks, observation.blocks)
                if at_boot is None
            ]
            return _merge([*fresh, *self.trace.devices.values()])
        device = self.trace.devices.get(blocks)
        return None if device is None else [device]


def _knob(check: KnobGoal, observation: Observation) -> _Decision:
    text = observation.auto_online_blocks
    if text is None:
        return check.knob == "absent", "there is no auto_online_blocks"
    return check.knob in ("exists", text), f"auto_online_blocks reads {text}"


def _fits(view: BlockView | None, check: BlocksGoal) -> bool:
    """Whether a block meets the goal."""
    if view is None or not check.present:
        return view is None and not check.present
    return (
        check.state in (None, view.state)
        and check.zone in (None, view.zone)
        and check.valid_zones in (None, view.valid_zones)
        and (check.node is None or check.node in view.nodes)
    )


def _result(acts: tuple[Act, ...], result: str | None) -> str:
    """A step's result, and which of its acts gave it."""
    if result is None or len(acts) == 1:
        return words.result(result)
    failed = [act for act in acts if act.result is not None]
    return f"{failed[0].do}: {result} ({len(failed)} of {len(acts)} failed)"


def _with_node(view: BlockView) -> str:
    return f"{view} on node {words.nodes_of(view)}"


def _span(part: str) -> Span:
    """`32` or `32-35` as a span."""
    first, _, last = part.partition("-")
    return int(first), int(last or first)


def _merge(spans: Iterable[Span]) -> list[Span]:
    """The same blocks as ascending spans that do not overlap."""
    merged: list[Span] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def _cut(spans: Iterable[Span], blocks: tuple[BlockRange, ...]) -> Iterator[BlockRange]:
    """Yield the blocks of the spans with their views; missing blocks have the view None."""
    for first, last in spans:
        block = first
        for item in blocks:
            if item.last < block or item.first > last:
                continue
            if item.first > block:
                yield BlockRange(block, item.first - 1, None)
            yield BlockRange(max(block, item.first), min(last, item.last), item.view)
            block = item.last + 1
        if block <= last:
            yield BlockRange(block, last, None)
