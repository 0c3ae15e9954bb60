"""What the explorer says of the model of a kernel, the kernel does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.live.conftest import OnKernel
from zonediff.engine.steps import Step, Write
from zonediff.explore.arena import STANDARD
from zonediff.explore.build import build
from zonediff.explore.compare import compare
from zonediff.explore.explain import steps_of
from zonediff.explore.system import Numberings
from zonediff.live.subject import Live
from zonediff.variants.registry import Registry

KERNEL = {"online", "online_kernel"}


def values(steps: Sequence[Step]) -> set[str]:
    return {step.value for step in steps if isinstance(step, Write)}


def test_witnesses_against_another_version_hold_on_the_kernel(
    subject: Live, on_kernel: OnKernel
) -> None:
    if "Linux 6.1" not in subject.summary:
        pytest.skip(f"the model is of 6.1, the kernel is not: {subject.summary}")
    arena, numberings = STANDARD["one-dimm"], Numberings()
    models = [Registry().model(name) for name in ("v6.1", "v4.14")]
    comparison = compare(*(build(model.policy, arena, numberings=numberings) for model in models))
    # Whether kernel memory can be offlined is chance, so only movable memory is asked about; what
    # takes longest to come to shows most.
    sequences = sorted((steps_of(witness, arena) for witness in comparison.witnesses), key=len)
    longest = [steps for steps in sequences if not KERNEL.intersection(values(steps[:-1]))][-2:]
    assert longest
    for steps in longest:
        real, ours, other = (
            on_kernel(arena.machine, steps),
            *(model.run(arena.machine, steps) for model in models),
        )
        outcomes = [[(act.result, act.changed) for _, _, act in run.acts()] for run in (real, ours)]
        assert outcomes[0] == outcomes[1]
        assert real.boot == ours.boot
        assert (real.last(), real.steps[-1].result) != (other.last(), other.steps[-1].result)
