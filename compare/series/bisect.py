"""Find the stages of a series that change the outcome of a scenario."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from zonediff.compare.judge import judge
from zonediff.compare.run import run
from zonediff.compare.series.lineup import stages_of
from zonediff.corpus.scenario import Scenario
from zonediff.result.bisections import Bisection
from zonediff.variants.registry import Registry
from zonediff.work.pool import Progress, WorkerPool


def bisect(
    scenarios: Sequence[Scenario],
    variant: str,
    *,
    baseline: str,
    registry: Registry,
    pool: WorkerPool | None = None,
    progress: Progress = lambda done, total: None,
) -> list[Bisection]:
    """Judge each stage of a variant against the stage before it; pool: as for run().

    Unlike `git bisect`, it runs every stage: one may break what a later one mends. Raises
    VariantError for an unknown variant, and KeyboardInterrupt when it is interrupted.
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
                    scenario,
                    runs[scenario.id, before],
                    runs[scenario.id, after],
                    infos[before],
                    infos[after],
                )
                for before, after in pairwise((baseline, *stages))
            ),
        )
        for scenario in scenarios
    ]
