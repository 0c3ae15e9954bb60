"""Real kernels as columns; here a model stands in for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from zonediff.compare.claims.ledger import judge_claims
from zonediff.compare.run import run
from zonediff.corpus.claim_files import load_claims
from zonediff.corpus.loader import SHIPPED, load
from zonediff.engine.guest import Guest
from zonediff.engine.machine import Machine
from zonediff.engine.memory import PINNED
from zonediff.engine.policy import Intent, Interface
from zonediff.engine.run import Runner
from zonediff.engine.steps import Step
from zonediff.engine.trace import StepTrace, Trace
from zonediff.engine.zones import Zone
from zonediff.result.files import dumps
from zonediff.result.result import Result
from zonediff.variants.registry import LIVE, Registry
from zonediff.variants.subject import Subject

BUSY = """\
title: a block goes offline
why: a test
machine: {{nodes: [1G], dimms: [{{id: dimm1, size: 256M}}]}}
steps:
  - write: {{file: memory33/state, value: {value}}}
  - write: {{file: memory33/state, value: offline}}
goals:
  - want: it is offline
    blocks: "33"
    state: offline
"""


@dataclass
class StandIn:
    """v6.1 as a real kernel; pinned: the block that holds a page that cannot be migrated."""

    name: str
    pinned: int | None = None
    zone: Zone = Zone.NORMAL
    memory_is_needed: bool = True

    summary = description = origin = made_of = ""
    intends: tuple[Intent, ...] = ()
    interface = Interface(known=False)

    @property
    def where(self) -> str:
        return self.name.removeprefix(LIVE)

    @property
    def lineage(self) -> tuple[str, ...]:
        return (self.name,)

    def run(self, machine: Machine, steps: Sequence[Step]) -> Trace:
        runner = Runner(Guest(machine, Registry().model("v6.1").policy))
        runner.boot()
        runner.guest.kernel.memory_is_needed = self.memory_is_needed
        memory, boot, done = runner.guest.kernel.tables, runner.observation, []
        for step in steps:
            block = self.pinned
            if block is not None and memory.is_online(block) and memory.zone(block) is self.zone:
                memory.status[block] |= PINNED
            done.append(StepTrace(step, tuple(runner.acts(step))))
        return Trace(self.name, boot, tuple(done), runner.end, runner.guest.places)


class Kernels(Registry):
    """A registry in which names with `live:` are stand-ins."""

    def __init__(self, *kernels: StandIn) -> None:
        super().__init__()
        self.kernels = {kernel.name: kernel for kernel in kernels}

    def resolve(self, name: str) -> Subject:
        return self.kernels[name] if name in self.kernels else self.model(name)


def compared(folder: Path, value: str, *kernels: StandIn) -> Result:
    file = folder / "busy.yaml"
    file.write_text(BUSY.format(value=value))
    names = [kernel.name for kernel in kernels]
    return run(load([file]), names, baseline="v6.1", registry=Kernels(*kernels))


def test_kernel_memory_that_is_busy_breaks_nothing(tmp_path: Path) -> None:
    result = compared(tmp_path, "online_kernel", StandIn("live:bzImage", 33))
    [judgement] = result.judgements
    assert judgement.kind == "not-judged"
    assert judgement.unjudged == (
        "live:bzImage, because of chance: echo offline > memory33/state gives EBUSY, as pages of "
        "the kernel happen to lie there"
    )


def test_movable_memory_that_is_busy_is_a_regression(tmp_path: Path) -> None:
    kernel = StandIn("live:bzImage", 33, Zone.MOVABLE)
    [judgement] = compared(tmp_path, "online_movable", kernel).judgements
    assert judgement.kind == "regression"


TOO_LARGE = """\
title: a DIMM is too large
why: a test
machine: {nodes: [256M]}
steps:
  - plug: {id: dimm1, size: 15G}
goals:
  - want: the knob can be read
    knob: offline
"""


@pytest.mark.parametrize(("baseline", "kind"), [("v6.1", "not-judged"), ("upstream", "fix")])
def test_a_kernel_that_lives_on_without_memory(baseline: str, kind: str, tmp_path: Path) -> None:
    # A model of a release that kills for the memmap dies by a rule, not by chance.
    file = tmp_path / "large.yaml"
    file.write_text(TOO_LARGE)
    kernel = StandIn("live:bzImage", memory_is_needed=False)
    result = run(load([file]), [kernel.name], baseline=baseline, registry=Kernels(kernel))
    [judgement] = result.judgements
    assert judgement.kind == kind
    if kind == "not-judged":
        assert judgement.unjudged == (
            "live:bzImage, because of chance: plug dimm1 15G node 0 gives ENOMEM, and no process "
            "happens to need memory after it"
        )


def test_claims_are_judged_for_a_kernel_by_its_runs_alone(tmp_path: Path) -> None:
    # The searches that some claims ask for are of models; the name of a kernel has lost its folder.
    scenarios = load(["*"], SHIPPED)
    kernel = StandIn("live:/home/me/bzImage")
    result = run(scenarios, [kernel.name], baseline="v6.1", registry=Kernels(kernel))
    outcomes = judge_claims(load_claims(), result, Kernels(kernel))
    verdicts = {outcome.id: outcome.verdicts[-1] for outcome in outcomes}
    searched = [
        verdict.condition
        for verdict in verdicts.values()
        if "only models can be searched" in verdict.condition
    ]
    assert searched


def test_a_model_that_is_busy_is_judged(tmp_path: Path) -> None:
    kernel = StandIn("like-live", 33)
    [judgement] = compared(tmp_path, "online_kernel", kernel).judgements
    assert judgement.kind == "regression"


def test_a_result_holds_no_path_of_an_image(tmp_path: Path) -> None:
    paths = ["/home/me/old/bzImage", "/home/me/new/bzImage", "/boot/vmlinuz-6.1"]
    kernels = [StandIn(f"{LIVE}{path}") for path in paths]
    result = compared(tmp_path, "online_movable", *kernels)
    names = ["live:bzImage", "live:bzImage-2", "live:vmlinuz-6.1"]
    assert [info.name for info in result.variants] == ["v6.1", *names]
    assert [run.variant for run in result.runs][1:] == names
    text = dumps(result)
    assert "/home/me" not in text
    assert "/boot" not in text


@pytest.mark.parametrize("baseline", ["live:/boot/vmlinuz-6.1", "v6.1"])
def test_either_side_can_be_a_kernel(tmp_path: Path, baseline: str) -> None:
    file = tmp_path / "busy.yaml"
    file.write_text(BUSY.format(value="online_kernel"))
    registry = Kernels(StandIn("live:/boot/vmlinuz-6.1", 33))
    [name] = {"v6.1", "live:/boot/vmlinuz-6.1"} - {baseline}
    result = run(load([file]), [name], baseline=baseline, registry=registry)
    [judgement] = result.judgements
    assert judgement.kind == "not-judged"
    assert judgement.unjudged is not None
    assert judgement.unjudged.startswith("live:vmlinuz-6.1, because of chance")
