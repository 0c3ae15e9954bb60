"""Findings: what judgements say, gathered by the kernel rule behind them.

Variants that show the same in a scenario are one finding; findings with the same cause stand
together, the cause behind most of them first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from zonediff.engine.steps import REGISTRY
from zonediff.engine.trace import Reason
from zonediff.engine.words import several
from zonediff.reports.page.index import Index, Link
from zonediff.reports.text.kinds import Class, classes, noun
from zonediff.result.judgements import Difference, GoalJudgement, Judgement, Removal
from zonediff.result.result import ScenarioInfo

UNEXPLAINED: Final = "no rule recorded"


@dataclass(frozen=True, slots=True)
class Finding:
    """A scenario that shows something, and the variants that show it in the same way.

    goals: those that came out differently. place: where the traces part, in words. old, new: the
    reasons there that only the baseline has, and only these variants. error: the traceback.
    dies: the kernel does, as it did not with the baseline. acts: how much is done in it.
    """

    scenario: ScenarioInfo
    link: Link
    variants: tuple[Link, ...]
    goals: tuple[GoalJudgement, ...]
    difference: Difference | None
    place: str
    old: tuple[Reason, ...]
    new: tuple[Reason, ...]
    removals: tuple[Removal, ...]
    nouns: tuple[str, ...]
    intent: str | None
    error: str | None
    dies: bool
    baseline_died: bool
    acts: int

    @property
    def decisive(self) -> Reason | None:
        """The reason that made the difference.

        Of a kernel's death it is the last one, whichever side died; else the first one of the
        candidate's own, or of the baseline's where it has none.
        """
        died = self.old if self.baseline_died else self.new
        if self.difference is not None and self.difference.what == "end" and died:
            return died[-1]
        return next(iter((*self.new, *self.old)), None)

    @property
    def shape(self) -> object:
        """Equal for findings of which a summary says the same."""
        info = self.scenario
        goals = tuple((goal.want, goal.kind) for goal in self.goals)
        names = tuple(link.name for link in self.variants)
        said = (self.nouns, self.intent, self.error, self.dies)
        return info.file, info.title, names, goals, said


@dataclass(frozen=True, slots=True)
class Cause:
    """The findings that one kernel function (or one exception) is behind."""

    function: str
    findings: tuple[Finding, ...]

    @property
    def sentence(self) -> str:
        """What the rule behind the shortest finding says."""
        reason = self.shortest.decisive
        return reason.text if reason else ""

    @property
    def shortest(self) -> Finding:
        """The finding that is quickest to follow: the one in which the least is done."""
        return min(self.findings, key=lambda item: (item.acts, item.link.name))

    @property
    def others(self) -> tuple[Finding, ...]:
        """All findings but the shortest."""
        return tuple(item for item in self.findings if item is not self.shortest)

    @property
    def families(self) -> tuple[tuple[Finding, ...], ...]:
        """The others, those together that differ in nothing but the member of a family."""
        found: dict[object, list[Finding]] = {}
        for item in self.others:
            found.setdefault(item.shape, []).append(item)
        return tuple(map(tuple, found.values()))

    @property
    def count(self) -> str:
        """`1 finding`, `2 findings`."""
        return several(len(self.findings), "finding")


@dataclass(frozen=True, slots=True)
class Lost:
    """Something that user space can no longer use, where, and which scenarios use it."""

    removal: Removal
    variants: tuple[Link, ...]
    scenarios: tuple[Link, ...]


def causes(index: Index, kind: Class) -> list[Cause]:
    """All findings of a class by cause, the cause behind most of them first."""
    by_function: dict[str, list[Finding]] = {}
    for finding in _findings(index, kind):
        by_function.setdefault(_behind(finding), []).append(finding)
    found = [Cause(function, tuple(items)) for function, items in by_function.items()]
    return sorted(found, key=lambda cause: -len(cause.findings))


def _findings(index: Index, kind: Class) -> Iterator[Finding]:
    for scenario in index.result.scenarios:
        alike: list[tuple[object, Finding]] = []
        for variant in index.candidates:
            judgement = index.judgement(scenario.id, variant)
            if kind not in classes(judgement):
                continue
            assert judgement is not None
            error = _error(index, scenario.id, variant)
            likeness = (replace(judgement, variant=""), error)
            link = index.cell(scenario.id, variant)
            for number, (other, finding) in enumerate(alike):
                if other == likeness:
                    joined = replace(finding, variants=(*finding.variants, link))
                    alike[number] = (other, joined)
                    break
            else:
                alike.append((likeness, _finding(index, scenario, judgement, link, error)))
        yield from (finding for _, finding in alike)


def _finding(
    index: Index,
    scenario: ScenarioInfo,
    judgement: Judgement,
    link: Link,
    error: str | None,
) -> Finding:
    difference = judgement.difference
    before = difference.baseline_reasons if difference else []
    after = difference.candidate_reasons if difference else []
    baseline_died = _died(index, scenario.id, index.result.baseline)
    return Finding(
        scenario=scenario,
        link=index.scenario(scenario.id),
        variants=(link,),
        goals=tuple(goal for goal in judgement.goals if goal.kind != "unchanged"),
        difference=difference,
        place="" if difference is None else place(scenario, difference),
        old=tuple(reason for reason in before if reason not in after),
        new=tuple(reason for reason in after if reason not in before),
        removals=tuple(judgement.removals),
        nouns=tuple(noun(kind) for kind in judgement.kinds),
        intent=judgement.intended.reason if judgement.intended else None,
        error=error,
        dies=_died(index, scenario.id, judgement.variant) and not baseline_died,
        baseline_died=baseline_died,
        acts=max(_acts(index, scenario.id, name) for name in (index.result.baseline, link.name)),
    )


def place(scenario: ScenarioInfo, difference: Difference) -> str:
    """Where a difference is: `at boot`, `step 2`, or `step 2.7` within a composite step."""
    if difference.step < 0:
        return "at boot"
    number = f"step {difference.step + 1}"
    if difference.step < len(scenario.steps):
        (verb,) = scenario.steps[difference.step]["do"]
        if REGISTRY[verb].composite:
            number += f".{difference.act + 1}"
    return f"{number}, {difference.do}"


def parting(place: str) -> str:
    """A place as a sentence goes on with it: `at boot`, or `in step 2`."""
    return place if place == "at boot" else f"in {place}"


def lost(index: Index) -> list[Lost]:
    """Every ABI removal by name, with the variants that make it and the scenarios it touches."""
    variants: dict[tuple[str, str], dict[str, None]] = {}
    scenarios: dict[tuple[str, str], dict[str, None]] = {}

    def note(removals: Iterable[Removal], variant: str, scenario: str | None = None) -> None:
        for item in removals:
            key = item.what, item.detail
            variants.setdefault(key, {})[variant] = None
            if scenario is not None:
                scenarios.setdefault(key, {})[scenario] = None

    for everywhere in index.result.removals:
        note(everywhere.removals, everywhere.variant)
    for judgement in index.result.judgements:
        note(judgement.removals, judgement.variant, judgement.scenario)
    return [
        Lost(
            removal=Removal(*key),
            variants=tuple(index.variant(name) for name in names),
            scenarios=tuple(index.scenario(name) for name in scenarios.get(key, ())),
        )
        for key, names in variants.items()
    ]


def _behind(finding: Finding) -> str:
    """The kernel function that decided, what was taken away, or what a failing variant raised."""
    if finding.error is not None:
        return finding.error.strip().rpartition("\n")[2]
    if finding.decisive is not None:
        return finding.decisive.function
    return finding.removals[0].what if finding.removals else UNEXPLAINED


def _died(index: Index, scenario: str, variant: str) -> bool:
    run = index.run(scenario, variant)
    return run is not None and run.status == "died"


def _acts(index: Index, scenario: str, variant: str) -> int:
    """Acts of a run; the steps of a composite one are counted one by one."""
    run = index.run(scenario, variant)
    return sum(len(step.acts) for step in run.trace.steps) if run and run.trace else 0


def _error(index: Index, scenario: str, variant: str) -> str | None:
    """The candidate's traceback; where it has none, the baseline's."""
    for name in (variant, index.result.baseline):
        run = index.run(scenario, name)
        if run is not None and run.error is not None:
            return run.error if name == variant else f"the baseline failed:\n{run.error}"
    return None
