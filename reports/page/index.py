"""Access to a result by scenario and variant, and the anchor of everything that has a link."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from zonediff.result.exit_code import is_known, is_known_failure, is_regression
from zonediff.result.judgements import Judgement, Run
from zonediff.result.known import KnownOutcome
from zonediff.result.partings import partings
from zonediff.result.result import Result

RESERVED: Final = (
    "reviews",
    "verdict",
    "errors",
    "regressions",
    "removals",
    "fixes",
    "changes",
    "intended",
    "intents",
    "matrix",
    "filter",
    "filter-text",
    "filter-variant",
    "filter-kind",
    "filter-claim",
    "filter-reset",
    "filter-second",
    "filter-against",
    "filter-differs",
    "filter-sort",
    "rejudged",
    "keys",
    "filter-count",
    "off-normal",
    "off-movable",
    "off-dma",
    "off-none",
    "scenarios",
    "claims",
    "history",
    "frontiers",
    "not-judged",
    "not-run",
    "chances",
    "explorations",
    "alike",
    "functions",
    "evidence",
    "variants",
    "patches",
    "provenance",
)
"""Anchors of the page's own parts; nothing in a result gets one of them."""

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_./=-]+")
_LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class Link:
    """A name and its anchor; an empty anchor makes no link."""

    name: str
    anchor: str


@dataclass(slots=True)
class RunGroup:
    """Variants without a visible difference in a scenario, and the run of the first."""

    run: Run
    variants: list[str]


class Index:
    """A result with access to its runs and judgements, and anchors for the page."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.candidates = [v.name for v in result.variants if v.name != result.baseline]
        self._runs = {(run.scenario, run.variant): run for run in result.runs}
        self._judgements = {(item.scenario, item.variant): item for item in result.judgements}
        self._groups: dict[str, list[RunGroup]] = {}
        self._taken = set(RESERVED)
        self._scenarios = {s.id: self._anchor(s.id) for s in result.scenarios}
        self._cells = {
            (scenario, variant.name): self._free(f"{anchor}/{cell_name(variant.name)}")
            for scenario, anchor in self._scenarios.items()
            for variant in result.variants
        }
        self._claims = {item.id: self._anchor(f"claim/{item.id}") for item in result.claims}
        self._variants = {v.name: self._anchor(f"variant/{v.name}") for v in result.variants}

    def run(self, scenario: str, variant: str) -> Run | None:
        """The run of a scenario on a variant; None when it was not run."""
        return self._runs.get((scenario, variant))

    def judgement(self, scenario: str, variant: str) -> Judgement | None:
        """The judgement on a candidate; None when the scenario was not run."""
        return self._judgements.get((scenario, variant))

    def known(self, scenario: str, variant: str) -> KnownOutcome | None:
        """The entry that lists the candidate's regression or failure as known; None without one."""
        run, judgement = self.run(scenario, variant), self.judgement(scenario, variant)
        if run is None or judgement is None:
            return None
        failed = judgement.kind == "error" and is_known_failure(run, self.result)
        if not failed and not (is_regression(judgement) and is_known(judgement, self.result)):
            return None
        cell = scenario, variant
        return next((i for i in self.result.known if (i.scenario, i.variant) == cell), None)

    def groups(self, scenario: str) -> list[RunGroup]:
        """The variants that ran a scenario, the baseline first, grouped by behaviour."""
        if scenario not in self._groups:
            self._groups[scenario] = groups = list[RunGroup]()
            for variant in (self.result.baseline, *self.candidates):
                run = self.run(scenario, variant)
                if run is None:
                    continue
                match = next((group for group in groups if _alike(group.run, run)), None)
                if match is not None:
                    match.variants.append(variant)
                else:
                    groups.append(RunGroup(run, [variant]))
        return self._groups[scenario]

    def scenario(self, name: str) -> Link:
        """The link to a scenario."""
        return Link(name, self._scenarios[name])

    def cell(self, scenario: str, variant: str) -> Link:
        """The link to a variant within a scenario, with the variant's name."""
        return Link(variant, self._cells[scenario, variant])

    def variant(self, name: str) -> Link:
        """The link to the description of a variant."""
        return Link(name, self._variants[name])

    def claim(self, name: str) -> Link:
        """The link to a claim; without an anchor when the result does not judge it."""
        return Link(name, self._claims.get(name, ""))

    def _anchor(self, text: str) -> str:
        """An unused anchor of characters that mails and address bars keep."""
        return self._free(_safe(text))

    def _free(self, stem: str) -> str:
        """The anchor, with a number when something else has it."""
        anchor, number = stem, 1
        while anchor in self._taken:
            number += 1
            anchor = f"{stem}.{number}"
        self._taken.add(anchor)
        return anchor


def cell_name(variant: str) -> str:
    """The last part of the anchors of a variant's cells: `SCENARIO/VARIANT`."""
    return _safe(variant)


def _alike(first: Run, second: Run) -> bool:
    """Whether two runs have equal goals and no visible difference."""
    if (first.status, first.error, first.goals) != (second.status, second.error, second.goals):
        return False
    if first.trace is None or second.trace is None:
        return first.trace is second.trace
    return next(partings(first.trace, second.trace), None) is None


def _safe(text: str) -> str:
    return _UNSAFE.sub(".", text)[:_LONGEST].strip(".") or "item"
