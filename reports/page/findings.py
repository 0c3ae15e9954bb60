"""Findings: judgements grouped by the kernel function that decided them.

Variants with the same judgement in a scenario share one finding. Findings are grouped by cause: the
cause of the most severe regression first, then that of the most findings. Regressions that follow
from a removal of the interface are grouped under the removal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from zonediff.engine.steps import REGISTRY
from zonediff.engine.trace import Reason
from zonediff.engine.words import count_of
from zonediff.reports.page.index import Index, Link
from zonediff.reports.text.kinds import Class, classes, noun
from zonediff.result.causes import DecidingRule, deciding_rule, own_reasons
from zonediff.result.judgements import (
    HARMS,
    SEVERITIES,
    Difference,
    GoalJudgement,
    Judgement,
    Removal,
    Severity,
)
from zonediff.result.result import ScenarioInfo

UNEXPLAINED: Final = "no rule recorded"


@dataclass(frozen=True, slots=True)
class Finding:
    """A scenario and the variants that were judged alike in it.

    goals: those with another outcome than on the baseline. place: where the traces part, in words.
    old, new: the reasons there that only the baseline has, and those that only these variants have.
    nouns: the kinds of judgement. error: the traceback. dies: whether the kernel dies with these
    variants only. acts: the number of acts in the longer of the two runs. severity: of the
    regression. follows_from: the removal that it follows from. only_removal: that removal, if it
    explains all of the regression. fatal: if these variants' kernel dies, the last rule that it
    applied and the baseline's run did not.
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
    acts: int
    severity: Severity | None
    follows_from: Removal | None
    only_removal: Removal | None
    fatal: Reason | None = None

    @property
    def rank(self) -> int:
        """A sort key, the most severe first."""
        return len(SEVERITIES) if self.severity is None else SEVERITIES.index(self.severity)

    @property
    def decisive(self) -> DecidingRule | None:
        """The rule that made the difference."""
        return None if self.difference is None else deciding_rule(self.difference)

    @property
    def traceback(self) -> str | None:
        """The error, if it has more than the one line that names its cause."""
        return self.error if self.error and "\n" in self.error.strip() else None

    @property
    def shape(self) -> object:
        """Equal for findings that a summary describes in the same words."""
        info = self.scenario
        goals = tuple((goal.want, goal.kind) for goal in self.goals)
        names = tuple(link.name for link in self.variants)
        return info.file, info.title, names, goals, self.nouns, self.intent, self.error, self.dies


@dataclass(frozen=True, slots=True)
class Cause:
    """The findings that one kernel function (or one exception) decided.

    removal: the removal that they follow from, if that is their cause; function is then its name.
    """

    function: str
    findings: tuple[Finding, ...]
    removal: Removal | None = None

    @property
    def sentence(self) -> str:
        """The text of the rule that decided the example."""
        if self.removal is not None:
            return ""
        rule = self.shortest.decisive
        if rule is not None:
            return rule.text
        fatal = self.shortest.fatal
        return fatal.text if fatal else ""

    @property
    def shortest(self) -> Finding:
        """The example: of the most severe findings that with the fewest acts."""
        return min(self.findings, key=lambda item: (item.rank, item.acts, item.link.name))

    @property
    def harms(self) -> tuple[str, ...]:
        """The harms of its regressions, worst first: `the kernel dies in 2`.

        Those that a removal explains alone are left out.
        """
        numbers = Counter(item.severity for item in self.findings if not item.only_removal)
        return tuple(f"{HARMS[kind]} in {numbers[kind]}" for kind in SEVERITIES if numbers[kind])

    @property
    def variants(self) -> tuple[Link, ...]:
        """The variants of all its findings, in order."""
        links = {link.name: link for item in self.findings for link in item.variants}
        return tuple(links.values())

    @property
    def others(self) -> tuple[Finding, ...]:
        """All findings but the shortest."""
        return tuple(item for item in self.findings if item is not self.shortest)

    @property
    def families(self) -> tuple[tuple[Finding, ...], ...]:
        """The others; findings that differ only in the member of a scenario family are together."""
        return _families(self.others)

    @property
    def folded(self) -> tuple[tuple[Finding, ...], ...]:
        """The families of the others that a removal explains alone."""
        return _families(item for item in self.others if item.only_removal)

    @property
    def open(self) -> tuple[tuple[Finding, ...], ...]:
        """The families of the others that say more than a removal does."""
        return _families(item for item in self.others if not item.only_removal)

    @property
    def only_removal(self) -> int:
        """The number of findings that the removal explains alone."""
        return sum(item.only_removal is not None for item in self.findings)

    @property
    def count(self) -> str:
        """`1 finding`, `2 findings`."""
        return count_of(len(self.findings), "finding")


@dataclass(frozen=True, slots=True)
class RemovalView:
    """A removed name or value, with the variants that remove it and the scenarios that use it."""

    removal: Removal
    variants: tuple[Link, ...]
    scenarios: tuple[Link, ...]


def causes(index: Index, kind: Class) -> list[Cause]:
    """All findings of a class by cause: the worst first, then the cause of the most findings."""
    groups: dict[tuple[str, Removal | None], list[Finding]] = {}
    for finding in _findings(index, kind):
        gone = finding.follows_from if kind == "regression" else None
        function = gone.what if gone else _deciding_function(finding)
        groups.setdefault((function, gone), []).append(finding)
    unsorted = [Cause(function, tuple(items), gone) for (function, gone), items in groups.items()]
    return sorted(unsorted, key=_rank if kind == "regression" else lambda c: -len(c.findings))


def _rank(cause: Cause) -> tuple[bool, int, int]:
    return cause.only_removal == len(cause.findings), cause.shortest.rank, -len(cause.findings)


def _families(findings: Iterable[Finding]) -> tuple[tuple[Finding, ...], ...]:
    families: dict[object, list[Finding]] = {}
    for item in findings:
        families.setdefault(item.shape, []).append(item)
    return tuple(map(tuple, families.values()))


def _findings(index: Index, kind: Class) -> Iterator[Finding]:
    for scenario in index.result.scenarios:
        distinct: list[tuple[object, Finding]] = []
        for variant in index.candidates:
            judgement = index.judgement(scenario.id, variant)
            if kind not in classes(judgement):
                continue
            assert judgement is not None
            error = _error(index, scenario.id, variant)
            key = (replace(judgement, variant="", unjudged=""), error)
            link = index.cell(scenario.id, variant)
            for number, (other, finding) in enumerate(distinct):
                if other == key:
                    joined = replace(finding, variants=(*finding.variants, link))
                    distinct[number] = (other, joined)
                    break
            else:
                distinct.append((key, _finding(index, scenario, judgement, link, error)))
        yield from (finding for _, finding in distinct)


def _finding(
    index: Index,
    scenario: ScenarioInfo,
    judgement: Judgement,
    link: Link,
    error: str | None,
) -> Finding:
    difference = judgement.difference
    old, new = (
        own_reasons(difference.baseline_reasons, difference.candidate_reasons)
        if difference
        else ([], [])
    )
    return Finding(
        scenario=scenario,
        link=index.scenario(scenario.id),
        variants=(link,),
        goals=tuple(goal for goal in judgement.goals if goal.kind != "unchanged"),
        difference=difference,
        place="" if difference is None else place(scenario, difference),
        old=tuple(old),
        new=tuple(new),
        removals=tuple(judgement.removals),
        nouns=tuple(noun(kind) for kind in judgement.kinds),
        intent=judgement.intended.reason if judgement.intended else None,
        error=error,
        dies=_died(index, scenario.id, judgement.variant)
        and not _died(index, scenario.id, index.result.baseline),
        acts=max(_acts(index, scenario.id, name) for name in (index.result.baseline, link.name)),
        severity=judgement.severity,
        follows_from=judgement.follows_from,
        only_removal=judgement.only_removal,
        fatal=_fatal(index, scenario.id, judgement.variant),
    )


def place(scenario: ScenarioInfo, difference: Difference) -> str:
    """The place of a difference: `at boot`, `step 2, DO`, or `step 2.7, DO` in a composite step."""
    if difference.step < 0:
        return "at boot"
    number = f"step {difference.step + 1}"
    if difference.step < len(scenario.steps):
        (verb,) = scenario.steps[difference.step]["do"]
        if REGISTRY[verb].composite:
            number += f".{difference.act + 1}"
    return f"{number}, {difference.do}"


def with_preposition(place: str) -> str:
    """A place within a sentence: `at boot` or `in step 2, DO`."""
    return place if place == "at boot" else f"in {place}"


def removal_views(index: Index) -> list[RemovalView]:
    """Every ABI removal, with the variants that make it and the scenarios that use it."""
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
        RemovalView(
            removal=Removal(*key),
            variants=tuple(index.variant(name) for name in names),
            scenarios=tuple(index.scenario(name) for name in scenarios.get(key, ())),
        )
        for key, names in variants.items()
    ]


def _deciding_function(finding: Finding) -> str:
    """The kernel function that decided or killed; else the exception, or the interface removed."""
    if finding.error is not None:
        return finding.error.strip().rpartition("\n")[2]
    if finding.decisive is not None:
        return finding.decisive.reason.function
    if finding.fatal is not None:
        return finding.fatal.function
    return finding.removals[0].what if finding.removals else UNEXPLAINED


def _fatal(index: Index, scenario: str, variant: str) -> Reason | None:
    """The last rule of a candidate whose kernel died that the baseline's run did not apply."""
    run, other = (index.run(scenario, name) for name in (variant, index.result.baseline))
    if run is None or run.trace is None or run.status != "died":
        return None
    known = {
        reason.rule
        for _, _, act in (other.trace.acts() if other and other.trace else ())
        for reason in act.reasons
    }
    own = [r for _, _, act in run.trace.acts() for r in act.reasons if r.rule not in known]
    return own[-1] if own else None


def _died(index: Index, scenario: str, variant: str) -> bool:
    run = index.run(scenario, variant)
    return run is not None and run.status == "died"


def _acts(index: Index, scenario: str, variant: str) -> int:
    """The number of acts in a run."""
    run = index.run(scenario, variant)
    return sum(len(step.acts) for step in run.trace.steps) if run and run.trace else 0


def _error(index: Index, scenario: str, variant: str) -> str | None:
    """The traceback of the candidate, or else of the baseline."""
    for name in (variant, index.result.baseline):
        run = index.run(scenario, name)
        if run is None or run.error is None:
            continue
        if run.status != "error":
            place = "" if name == variant else f" on {name}"
            return f"could not be judged{place}, because {run.error}"
        return run.error if name == variant else f"the baseline failed:\n{run.error}"
    return None
