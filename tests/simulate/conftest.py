"""Time passing on small machines: the fixture `elapse` gives a run to look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from zonediff.compare.simulate.simulation import simulate
from zonediff.corpus.scenario import Scenario, ScenarioStep
from zonediff.engine.machine import Machine, Platform
from zonediff.engine.steps import Allocate, Elapse, HypervAdd, Plug, Probe, Step, Write, XenAdd
from zonediff.engine.trace import Act, Trace
from zonediff.engine.units import parse_duration, parse_size
from zonediff.variants.registry import Registry

MS = 1_000


class Past:
    """What happened in a run; times in milliseconds."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.end = trace.end
        self.acts = [act for _, _, act in trace.acts() if act.at is not None]

    def of(self, *kinds: type[Step]) -> list[Act]:
        """The acts of this kind."""
        return [act for act in self.acts if isinstance(act.do, kinds)]

    @property
    def added(self) -> int:
        """How often memory was added."""
        acts = self.of(Plug, Probe, HypervAdd, XenAdd)
        return sum(act.result is None for act in acts)

    @property
    def adds(self) -> list[float]:
        """When memory was added."""
        return [self.time(act) for act in self.of(Plug, Probe, HypervAdd, XenAdd)]

    @property
    def writes(self) -> list[tuple[float, int, str]]:
        """When what was written to the state of which block: (time, block, result)."""
        return [
            (self.time(act), int(act.do.file[6:].partition("/")[0]), act.result or "ok")
            for act in self.of(Write)
            if isinstance(act.do, Write)
        ]

    @property
    def allocations(self) -> list[tuple[float, str]]:
        """When which process took memory."""
        return [
            (self.time(act), act.do.process)
            for act in self.of(Allocate)
            if isinstance(act.do, Allocate)
        ]

    @property
    def killed(self) -> list[tuple[float, str]]:
        """When the OOM killer took which process."""
        return [(self.time(act), name) for act in self.acts for name in act.killed]

    @property
    def hot(self) -> str:
        """Blocks above 4 GiB at the end: `32-38 online [Normal]; ...`."""
        blocks = [item for item in self.trace.last().blocks if item.first >= 32]
        return "; ".join(str(item).removeprefix("memory") for item in blocks)

    @property
    def online(self) -> int:
        """How many of them are online."""
        return sum(
            view.state == "online" for block, view in self.trace.last().each() if block >= 32
        )

    def time(self, act: Act) -> float:
        assert act.at is not None
        return act.at / MS


def scenario(base: str, *steps: Step, cmdline: str = "", platform: Platform = "kvm") -> Scenario:
    """A scenario without goals."""
    return Scenario(
        id="case",
        title="a case",
        why="to see",
        machine=Machine(nodes=(parse_size(base),), cmdline=cmdline, platform=platform),
        steps=tuple(ScenarioStep(step) for step in steps),
        goals=(),
    )


def elapse_on(
    base: str = "1G",
    time: str = "1min",
    *,
    variant: str = "upstream",
    knob: str | None = None,
    cmdline: str = "",
    platform: Platform = "kvm",
    seed: int = 0,
    before: Sequence[Step] = (),
    after: Sequence[Step] = (),
    **actors: Any,
) -> Past:
    first = [] if knob is None else [Write("auto_online_blocks", knob)]
    step = Elapse(parse_duration(time), **actors)
    case = scenario(base, *first, *before, step, *after, cmdline=cmdline, platform=platform)
    return Past(simulate(case, Registry().model(variant).policy, seed))


@pytest.fixture(scope="session")
def elapse() -> Any:
    """Let time pass: elapse("128M", "10s", knob="online", acpi=Additions(...))."""
    return elapse_on


@pytest.fixture(scope="session")
def case() -> Any:
    """A scenario of these steps: case("128M", Elapse(...))."""
    return scenario
