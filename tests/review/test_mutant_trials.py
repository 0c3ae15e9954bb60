"""What the measure of kernel mutants says of each, without building any."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import review as benchmark
from benchmarks.kernel_mutants import FILES
from zonediff.live.image import Image
from zonediff.result.reviews import Cause, ReviewStep, StageComparison
from zonediff.review.builder import Built
from zonediff.review.limits import Limits
from zonediff.review.machines import MACHINES
from zonediff.review.sources import Changes, SourceFile

SOURCE = b"int first(int a)\n{\n\treturn a < 2;\n}\n"
REFUSED = Cause("refused", "regression", [ReviewStep("x", None, "EBUSY")] * 3, [], 1, 3, 3)
DIED = Cause("died", "regression", [ReviewStep("x")] * 5, [], 1, 3, 3, "it dies")
RARE = replace(REFUSED, verdict="sometimes", shown=1)
BOOTS_NOT = Cause("died", "regression", [ReviewStep("boot", None, "panic")], [], 1, 3, 3)


class Tree:
    def read(self, path: str) -> SourceFile:
        return SourceFile(SOURCE)


class Builder:
    """Builds nothing. code: the digest of a mutant's machine code; problem: why none is built."""

    def __init__(self, code: str = "other", problem: str = "") -> None:
        self.code = code
        self.problem = problem

    def build(self, changes: Changes, progress: object) -> Built:
        if changes and self.problem:
            return Built(None, self.problem, Path("log"))
        image = Image(Path("bzImage"), "7.2", "digest")
        return Built(image, "", Path("log"), self.code if changes else "base")


def outcome(builder: Builder, *causes: Cause, monkeypatch: pytest.MonkeyPatch) -> Any:
    comparison = StageComparison("base", "mutant", (1, 1), (1, 1), 1, True, 0, 1, list(causes))
    monkeypatch.setattr(benchmark, "compare_stages", lambda *_, **__: comparison)
    host: Any = None
    tree: Any = Tree()
    kernels: Any = builder
    return benchmark.Trial(tree, kernels, MACHINES["dax"], host, Limits()).outcome(1)


@pytest.mark.parametrize(
    ("causes", "fate", "harm", "steps"),
    [
        ((), "not found", "", None),
        ((RARE,), "sometimes", "refused", 3),
        ((RARE, DIED, REFUSED), "found", "died", 3),
        ((BOOTS_NOT,), "found", "died", 0),
    ],
)
def test_the_worst_cause_and_the_fewest_steps(
    causes: tuple[Cause, ...],
    fate: str,
    harm: str,
    steps: int | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verdict = outcome(Builder(), *causes, monkeypatch=monkeypatch)
    assert (verdict.fate, verdict.harm, verdict.steps) == (fate, harm, steps)
    assert verdict.file in FILES
    assert verdict.function == "first"


def test_equal_machine_code_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    assert outcome(Builder(code="base"), DIED, monkeypatch=monkeypatch).fate == "same code"


def test_a_mutant_that_does_not_build(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = outcome(Builder(problem="error: no"), DIED, monkeypatch=monkeypatch)
    assert (verdict.fate, verdict.says) == ("does not build", "error: no")
