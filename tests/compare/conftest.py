"""Traces made by hand, so that a test says exactly what each side did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from zonediff.compare.goals import evaluate
from zonediff.corpus.scenario import SURVIVES, Goal, Predicate, Scenario, ScenarioStep
from zonediff.engine.machine import Machine
from zonediff.engine.observation import (
    NOTHING,
    BlockView,
    Observation,
    ZoneView,
    difference,
    run_length,
)
from zonediff.engine.policy import Intent, Interface
from zonediff.engine.steps import Step
from zonediff.engine.trace import Act, End, Reason, StepTrace, Trace
from zonediff.result.judgements import Run, Status
from zonediff.result.result import VariantInfo


@dataclass
class TraceBuilder:
    """Builds a trace: each did() is a step of one act, or of several with several()."""

    observation: Observation
    boot: Observation
    devices: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    steps: list[StepTrace] = field(default_factory=list)
    end: End = "ran"

    def act(
        self,
        do: Step,
        result: str | None = None,
        now: Observation | None = None,
        *,
        output: str | None = None,
        uevents: Sequence[str] = (),
        why: str | None = None,
    ) -> Act:
        changed = NOTHING if now is None else difference(self.observation, now)
        self.observation = now or self.observation
        if result in ("BUG", "panic", "hang"):
            self.end = result  # type: ignore[assignment]
        reasons = () if why is None else (Reason(why, why, why),)
        return Act(do, result, output, changed, tuple(uevents), reasons)

    def did(self, do: Step, *args: object, **kwargs: object) -> TraceBuilder:
        self.steps.append(StepTrace(do, (self.act(do, *args, **kwargs),)))  # type: ignore[arg-type]
        return self

    def several(self, do: Step, *acts: Act) -> TraceBuilder:
        self.steps.append(StepTrace(do, acts))
        return self

    def trace(self, subject: str = "model", boot_reasons: Sequence[Reason] = ()) -> Trace:
        return Trace(
            subject,
            self.boot,
            tuple(self.steps),
            self.end,
            self.devices,
            tuple(boot_reasons),
        )


def observation(
    blocks: Mapping[int, str],
    zones: Mapping[str, tuple[int, int, int]] | None = None,
    knob: str | None = "offline",
    **nodes: str,
) -> Observation:
    """An observation of blocks as `{32: "offline Normal Movable"}` (a `@1` at the end: node 1)."""

    def view(text: str) -> BlockView:
        text, _, node = text.partition("@")
        state, _, valid_zones = text.partition(" ")
        return BlockView(state, valid_zones, "1", str(int(state == "online")), int(node or 0))

    return Observation(
        run_length((number, view(text)) for number, text in sorted(blocks.items())),
        {name: ZoneView(*zone) for name, zone in (zones or {}).items()},
        nodes,
        knob,
    )


def trace_of(boot: Observation, **devices: tuple[int, int]) -> TraceBuilder:
    return TraceBuilder(boot, boot, devices)


def scenario(
    trace: Trace | TraceBuilder,
    *checks: Predicate,
    names: Mapping[int, str] | None = None,
    machine: Machine | None = None,
    id: str = "made/up",
) -> Scenario:
    """The scenario that a trace with all steps is one of."""
    steps = tuple(
        ScenarioStep(step.do, (names or {}).get(number))
        for number, step in enumerate(trace.steps, 1)
    )
    goals = tuple(Goal(f"goal {number}", check) for number, check in enumerate(checks, 1))
    return Scenario(
        id, "title", "why", machine or Machine(), steps, (*goals, SURVIVES), hash="1" * 64
    )


def ran(scenario: Scenario, trace: Trace, variant: str = "model") -> Run:
    """A run, as the runner would record it."""
    status: Status = "ran" if trace.end == "ran" else "died"
    goals = evaluate(scenario, trace)
    return Run(scenario.id, variant, status, trace, goals, hash=scenario.hash)


def info(
    name: str, *intends: Intent, interface: Interface | None = None, lineage: Sequence[str] = ()
) -> VariantInfo:
    return VariantInfo(
        name,
        "summary",
        "description",
        "origin",
        "where",
        interface or Interface(),
        lineage=[name, *lineage],
        intends=list(intends),
    )


@dataclass
class Make:
    """Everything above, for tests."""

    observation = staticmethod(observation)
    trace_of = staticmethod(trace_of)
    scenario = staticmethod(scenario)
    ran = staticmethod(ran)
    info = staticmethod(info)


@pytest.fixture(scope="session")
def make() -> Make:
    return Make()
