"""The severity of regressions in words, for the forms that are read as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from zonediff.engine.words import count_of
from zonediff.reports.page.findings import Cause, Finding
from zonediff.reports.page.index import Index
from zonediff.result.exit_code import is_regression
from zonediff.result.judgements import HARMS, SEVERITIES, Harmful, Judgement, by_harm
from zonediff.result.result import Result

_UNKNOWN: Final = "how much it hurts is not known"
"""The harm of a regression in a result of an older version."""


def harm(item: Harmful) -> str:
    """The harm of a regression to a user: `the kernel dies`, `only because probe is gone`."""
    if item.only_removal is not None:
        return f"only because {item.only_removal.what} is gone"
    return HARMS[item.severity] if item.severity is not None else _UNKNOWN


def harms_of(result: Result, variant: str) -> str:
    """The harms of a candidate's regressions with their numbers, the worst first.

    `the kernel dies in 4, memory is lost or cannot be used in 16, 14 only because
    auto_online_blocks is gone`; empty for a result of an older version.
    """
    regressions = [
        item for item in result.judgements if item.variant == variant and is_regression(item)
    ]
    counts = Counter(harm(item) for item in sorted(regressions, key=by_harm))
    if set(counts) <= {_UNKNOWN}:
        return ""
    follow = {harm(item) for item in regressions if item.only_removal is not None}
    return ", ".join(
        f"{number} {text}" if text in follow else f"{text} in {number}"
        for text, number in counts.items()
    )


@dataclass(frozen=True, slots=True)
class HarmGroup:
    """The findings of one harm. only_removal: they only follow from a removed interface."""

    harm: str
    findings: tuple[Finding, ...]
    only_removal: bool

    @property
    def heading(self) -> str:
        """The harm and the number of scenarios in which some variant does it."""
        scenarios = count_of(len({item.link for item in self.findings}), "scenario")
        return f"{capitalized(self.harm)}: {scenarios}"


def harm_groups(index: Index, findings: Iterable[Finding]) -> Iterator[HarmGroup]:
    """Findings of regressions by harm, the worst harm first; in a harm, the shortest first."""
    groups: dict[str, list[tuple[Judgement, Finding]]] = {}
    for finding in findings:
        judgement = index.judgement(finding.link.name, finding.variants[0].name)
        assert judgement is not None
        groups.setdefault(harm(judgement), []).append((judgement, finding))
    for text, items in sorted(groups.items(), key=lambda item: by_harm(item[1][0][0])):
        ordered = sorted((item for _, item in items), key=lambda item: (item.acts, item.link.name))
        yield HarmGroup(text, tuple(ordered), items[0][0].only_removal is not None)


def worst(index: Index, findings: Iterable[Finding]) -> Finding:
    """The finding that hurts most; of several, the shortest."""
    return min(findings, key=lambda item: _rank(index, item))


def worst_first(index: Index, causes: Iterable[Cause]) -> list[Cause]:
    """Causes by their worst findings; causes of findings that do not hurt keep their order."""
    return sorted(causes, key=lambda cause: _rank(index, worst(index, cause.findings))[0])


def _rank(index: Index, finding: Finding) -> tuple[int, int, str]:
    judgement = index.judgement(finding.link.name, finding.variants[0].name)
    hurts = by_harm(judgement) if judgement is not None else len(SEVERITIES)
    return hurts, finding.acts, finding.link.name


def capitalized(text: str) -> str:
    """A clause as the beginning of a sentence."""
    return text[:1].upper() + text[1:]
