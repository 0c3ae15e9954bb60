"""Verdicts: for each candidate the number of scenarios in each class, and remarks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from zonediff.reports.page.evidence import REAL_KERNEL, is_live
from zonediff.reports.page.findings import removal_views
from zonediff.reports.page.index import Index, Link
from zonediff.reports.page.intents import fate
from zonediff.reports.page.same_behaviour import fingerprints
from zonediff.reports.text.kinds import SYMBOLS, Class, classes, noun
from zonediff.result.judgements import HARMS, SEVERITIES, Run, Severity
from zonediff.result.result import Result, VariantInfo

_ALWAYS: Final = ("regression", "abi-removal", "fix", "behaviour-change")


@dataclass(frozen=True, slots=True)
class Count:
    """The number of scenarios (or ABI removals) in a class.

    known: the number of them that a file lists as known outcomes.
    deaths: the number of regressions among them in which the kernel dies. harms: of the
    regressions, worst first: `memory is lost or cannot be used in 16`, `14 only because X is gone`.
    """

    kind: Class
    number: int
    deaths: int = 0
    known: int = 0
    harms: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """`2 regressions`, `2 regressions, 1 of them known`."""
        known = f", {self.known} of them known" if self.known else ""
        return f"{self.number} {noun(self.kind, self.number)}{known}"

    @property
    def text(self) -> str:
        """`2 regressions (the kernel dies in 1, an action is refused in 1)`."""
        harms = self.harms or ((f"the kernel dies in {self.deaths}",) if self.deaths else ())
        return self.words + (f" ({', '.join(harms)})" if harms else "")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on a candidate. remarks: sentences on the evidence for it."""

    link: Link
    summary: str
    counts: tuple[Count, ...]
    remarks: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """All counts in a line: `igor-movable: 1 regression, 0 ABI removals, 9 fixes, ...`."""
        return f"{self.link.name}: {', '.join(count.text for count in self.counts)}"

    def number(self, kind: Class) -> int:
        """The number in a class."""
        return next((count.number for count in self.counts if count.kind == kind), 0)


def verdicts(result: Result) -> tuple[Verdict, ...]:
    """The verdict on every candidate, in the order of the result."""
    index = Index(result)
    prints = fingerprints(index)
    return tuple(
        Verdict(
            link=index.variant(info.name),
            summary=info.summary,
            counts=tuple(_counts(index, info.name)),
            remarks=tuple(_remarks(index, info, prints)),
        )
        for info in result.variants
        if info.name != result.baseline
    )


def _remarks(index: Index, info: VariantInfo, prints: Mapping[str, list[object]]) -> Iterator[str]:
    own = prints[info.name]
    alike = [name for name, other in prints.items() if other == own and name != info.name]
    if alike:
        yield f"Behaves like {', '.join(alike)} in every scenario here."
    for outcome in index.result.intents:
        if outcome.variant == info.name and outcome.status != "happened":
            yield f"Declared intent {outcome.intent.scenarios}: {fate(outcome)}."
    if is_live(info):
        yield REAL_KERNEL
    elif not info.evidence:
        yield "Not checked against any real kernel."


def _counts(index: Index, variant: str) -> Iterator[Count]:
    """Scenarios by class; ABI removals by name, as one may break any number of programs."""
    judged = [classes(index.judgement(s.id, variant)) for s in index.result.scenarios]
    removed = [item for item in removal_views(index) if variant in {v.name for v in item.variants}]
    for kind in SYMBOLS:
        number = sum(kind in kinds for kinds in judged)
        if kind == "abi-removal":
            number = len(removed)
        if not number and kind not in _ALWAYS:
            continue
        if kind == "regression":
            known = _known(index, variant, kind)
            harms = tuple(_harms(index, variant))
            yield Count(kind, number, _deaths(index, variant), known, harms)
        elif kind == "error":
            yield Count(kind, number, known=_known(index, variant, kind))
        else:
            yield Count(kind, number)


def _known(index: Index, variant: str, kind: Class) -> int:
    """The number of known outcomes among the scenarios of a class."""
    return sum(
        kind in classes(index.judgement(scenario.id, variant))
        and index.known(scenario.id, variant) is not None
        for scenario in index.result.scenarios
    )


def _harms(index: Index, variant: str) -> Iterator[str]:
    """The harms of a variant's regressions; those that a removal explains alone are last."""
    severities: Counter[Severity | None] = Counter()
    removals: Counter[str] = Counter()
    for scenario in index.result.scenarios:
        judgement = index.judgement(scenario.id, variant)
        if judgement is None or "regression" not in classes(judgement):
            continue
        if judgement.only_removal is not None:
            removals[judgement.only_removal.what] += 1
        else:
            severities[judgement.severity] += 1
    for severity in SEVERITIES:
        if severities[severity]:
            yield f"{HARMS[severity]} in {severities[severity]}"
    for name, number in removals.items():
        yield f"{number} only because {name} is gone"


def _deaths(index: Index, variant: str) -> int:
    """The number of regressions in which only the candidate's kernel dies."""
    return sum(dies(index, scenario.id, variant) for scenario in index.result.scenarios)


def dies(index: Index, scenario: str, variant: str) -> bool:
    """Whether this is a regression in which only the candidate's kernel dies."""
    return (
        "regression" in classes(index.judgement(scenario, variant))
        and _status(index.run(scenario, variant)) == "died"
        and _status(index.run(scenario, index.result.baseline)) == "ran"
    )


def _status(run: Run | None) -> str | None:
    return run.status if run else None
