"""The functions of the public Python interface; import them from `zonediff` itself."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from zonediff.compare.assemble import recorded_evidence
from zonediff.compare.run import run as compare_run
from zonediff.corpus.loader import SHIPPED, load
from zonediff.corpus.scenario import Scenario
from zonediff.engine.errors import ZonediffError
from zonediff.reports import formats
from zonediff.result.result import Result
from zonediff.variants.registry import LIVE, Registry
from zonediff.work.open_pool import open_pool


def load_scenarios(
    scenarios: str | Path | Iterable[str | Path] = (), *, corpus: str | Path | None = None
) -> list[Scenario]:
    """Load scenarios, sorted by id.

    Args:
        scenarios: What to load: one or several ids (`knob/kvm`), folders of the corpus (`knob`),
            glob patterns over ids (`*/hyperv-*`), or files and folders on disk. Without any, the
            whole corpus.
        corpus: The folder in which ids, folders and patterns are looked up. By default it is the
            corpus that comes with zonediff.

    Returns:
        The scenarios. A scenario family gives one for each of its members.

    Raises:
        ZonediffError: A name matches nothing, or a file has mistakes; the message lists them all.
    """
    paths = [scenarios] if isinstance(scenarios, str | Path) else scenarios
    return load(paths, SHIPPED if corpus is None else Path(corpus))


def run(
    scenarios: Iterable[Scenario],
    variants: str | Iterable[str],
    *,
    baseline: str = "upstream",
    registry: Registry | None = None,
    seed: int = 0,
    seeds: int = 1,
    jobs: int | None = 1,
) -> Result:
    """Run scenarios on the baseline and on each variant, and compare each variant with it.

    The same arguments give the same result, whatever `jobs` is.

    Args:
        scenarios: What load_scenarios() returns, or some of it.
        variants: Names of variants; `Registry().names()` lists them.
        baseline: The variant that the others are compared with. It always runs.
        registry: Finds variants by their names. Give `Registry("mypatch.py")`, or a list of files,
            to use your own variants.
        seed: The first seed of the random choices in scenarios in which time passes.
        seeds: How many seeds to run such scenarios with, from `seed` on.
        jobs: How many processes to use: 1 for this process alone, None for one per CPU.

    Returns:
        The result. `runs` holds what each scenario did on each variant, `judgements` how each
        variant compares with the baseline. docs/result-schema.md describes every attribute.
        Ctrl-C ends the run early: `complete` is then False.

    Raises:
        ZonediffError: There is no such variant, or it cannot be used; or `jobs` is below 1.
    """
    if jobs is not None and jobs < 1:
        raise ZonediffError(f"jobs={jobs}: give 1 or more, or None for one process per CPU")
    registry = Registry() if registry is None else registry
    names = [variants] if isinstance(variants, str) else list(variants)
    models = [name for name in (baseline, *names) if not name.startswith(LIVE)]
    with open_pool(registry, jobs) as pool:
        return compare_run(
            list(scenarios),
            names,
            baseline=baseline,
            registry=registry,
            pool=pool,
            evidence=recorded_evidence(models, registry),
            seed=seed,
            seeds=seeds,
        )


def render(result: Result, form: str = "text") -> str:
    """Write a result in one form.

    Args:
        result: What run() returns.
        form: `text`, `html`, `mail`, `markdown`, `ktap`, `junit`, `csv` or `json`, as
            `zonediff report --format` lists them.

    Returns:
        The whole text of the report, to print or to write to a file in UTF-8.

    Raises:
        ZonediffError: There is no such form.
    """
    if form not in formats.FORMATS:
        names = ", ".join(formats.FORMATS)
        raise ZonediffError(f"there is no form {form!r}; the forms are {names}")
    return formats.render(result, form)
