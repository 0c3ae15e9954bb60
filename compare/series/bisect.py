"""Which stage of a series first changes what comes out of a scenario."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from zonediff.compare.judge import judge
from zonediff.compare.run import run
from zonediff.compare.series.lineup import stages_of
from zonediff.corpus.scenario import Scenario
from zonediff.result.judgements import Judgement
from zonediff.variants.registry import Registry
from zonediff.work.pool import Progress, WorkerPool


@dataclass(frozen=True, slots=True)
class Bisection:
    """One scenario: each stage judged against the one before it (the first, the baseline)."""

    scenario: str
    steps: tuple[Judgement, ...]

    @property
    def first(self) -> Judgement | None:
        """The first stage that changes anything."""
        return next((step for step in self.steps if step.kind != "unchanged"), None)


def bisect(
    scenarios: Sequence[Scenario],
    variant: str,
    *,
    baseline: str,
    registry: Registry,
    pool: WorkerPool | None = None,
    progress: Progress = lambda done, total: None,
) -> list[Bisection]:
    """Run scenarios on the baseline and each stage of a variant; pool: as for run().

    Unlike git's, it looks at every stage: one may break what a later one mends. Raises
    registry.VariantError, and KeyboardInterrupt when it is interrupted.
    """
    stages = [stage.variant for stage in stages_of(variant, registry)]
    result = run(
        scenarios, stages, baseline=baseline, registry=registry, pool=pool, progress=progress
    )
    if not result.complete:
        raise KeyboardInterrupt
    infos = {info.name: info for info in result.variants}
    runs = {(item.scenario, item.variant): item for item in result.runs}
    return [
        Bisection(
            scenario.id,
            tuple(
                judge(
                    scenario, runs[scenario.id, one], runs[scenario.id, two], infos[one], infos[two]
                )
                for one, two in pairwise((baseline, *stages))
            ),
        )
        for scenario in scenarios
    ]
