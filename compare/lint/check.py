"""Check scenarios and the variants of files together: each pair of them is run once at most."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zonediff.compare.lint.scenarios import lint_scenarios, unjudged
from zonediff.compare.lint.variants import lint_variant
from zonediff.compare.runs import Cell, attempt
from zonediff.corpus.problems import Problem
from zonediff.corpus.scenario import Scenario
from zonediff.engine.policy import Policy
from zonediff.engine.words import count_of
from zonediff.result.judgements import Run
from zonediff.variants.registry import OURS, Registry


@dataclass(slots=True)
class Report:
    """The problems of scenarios and variants.

    gaps: a sentence for each scenario that variants have no rules for. checked: the things checked,
    in words.
    """

    problems: list[Problem] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """The things checked, and the number of mistakes."""
        return f"{' and '.join(self.checked)}: {_count(len(self.problems), 'mistake')}."


def check(
    scenarios: Sequence[Scenario],
    corpus: Sequence[Scenario],
    variant_files: Sequence[Path],
    registry: Registry,
) -> Report:
    """Run scenarios on all variants, and the variants of files on all scenarios.

    scenarios: those to check, sorted by id. corpus: more scenarios to run the variants of files on.
    """
    done: dict[tuple[str, str, str], Run] = {}

    def once(scenario: Scenario, variant: str) -> Run:
        key = scenario.id, scenario.hash, variant
        if key not in done:
            done[key] = attempt(Cell(scenario, variant), registry)
        return done[key]

    report = Report()
    if scenarios or not variant_files:
        names = registry.names()
        runs = {
            (scenario.id, name): once(scenario, name) for scenario in scenarios for name in names
        }
        report.problems += lint_scenarios(scenarios, runs)
        report.gaps = unjudged(scenarios, runs)
        files = _count(len({scenario.path for scenario in scenarios}), "scenario file")
        report.checked.append(f"{files} on {_count(len(names), 'variant')}")
    tried = [*{scenario.id: scenario for scenario in (*corpus, *scenarios)}.values()]
    own = _of_files(variant_files, registry)
    for file, policy in own:
        report.problems += lint_variant(policy, str(file), tried, once, registry)
    if own:
        variants = _count(len(own), "variant")
        report.checked.append(f"{variants} of files in {_count(len(tried), 'scenario')}")
    return report


def _of_files(files: Sequence[Path], registry: Registry) -> list[tuple[Path, type[Policy]]]:
    """The variants that files define, each with its file."""
    classes = [type(registry.model(name).policy) for name in registry.names() if name not in OURS]
    by_path = {file.resolve(): file for file in files}
    places = [(Path(inspect.getfile(policy)).resolve(), policy) for policy in classes]
    return [(by_path[place], policy) for place, policy in places if place in by_path]


def _count(number: int, noun: str) -> str:
    return count_of(number, noun) if number else f"no {noun}s"
