"""The whole report as text for a mailing list: ASCII, at most 72 columns, the verdict first.

`zonediff.reports.forms.mail_brief` is the short mail. This one names every finding. Reasons are
numbered footnotes, so that findings stay short.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from zonediff.engine.words import count_of
from zonediff.reports.forms import review_mail, summary
from zonediff.reports.forms.changed_claims import claims_that_change
from zonediff.reports.forms.mail_layout import (
    WIDTH,
    Notes,
    bullets,
    heading,
    listed,
    ready,
    scenarios,
    table,
    transcript,
)
from zonediff.reports.forms.severities import capitalized, harm, worst, worst_first
from zonediff.reports.page import scope
from zonediff.reports.page.evidence import EvidenceRow, evidence_rows, live_kernels
from zonediff.reports.page.findings import Finding, with_preposition
from zonediff.reports.page.frontier import frontier_table
from zonediff.reports.page.index import Index
from zonediff.reports.page.patches import series_text
from zonediff.reports.page.report import Section, build_report
from zonediff.reports.page.verdicts import Verdict
from zonediff.reports.text.kinds import Class, noun
from zonediff.reports.text.plain import wrap
from zonediff.result.result import Result


def render(result: Result) -> str:
    """The whole mail text; reviews come before the scenarios."""
    reviewed = review_mail.full(result) if result.reviews else ""
    if reviewed and not result.scenarios:
        return reviewed
    text = ready(_Mail(result).lines())
    return f"{reviewed}\n\n{text}" if reviewed else text


class _Mail:
    """A mail and its footnotes."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.index = Index(result)
        self.report = build_report(result)
        self.notes = Notes()

    def lines(self) -> Iterator[str]:
        """All lines: errors and regressions, then the evidence for them, then the rest."""
        report = self.report
        yield from wrap(report.title, WIDTH)
        yield ""
        yield from wrap(report.lead, WIDTH)
        yield from (line for note in report.notes for line in wrap(note, WIDTH, "* "))
        yield from self._verdict()
        for section in report.sections:
            if section.kind in _FIRST:
                yield from self._section(section)
        yield from self._removals()
        yield from self._compared()
        yield from self._patches()
        yield from self._reproduce()
        yield from self._evidence()
        yield from self._not_tested()
        for section in report.sections:
            if section.kind not in _FIRST:
                yield from self._section(section)
        yield from self._removal_users()
        yield from self._intents()
        yield from self._unchanged()
        yield from self._claims()
        yield from self._frontiers()
        if notes := list(self.notes.lines()):
            yield from heading("Reasons")
            yield from notes
        yield ""
        for text in scope.made_by(self.result, report):
            yield from wrap(text, WIDTH)

    def _patches(self) -> Iterator[str]:
        for item in self.report.series:
            yield from heading(item.heading)
            yield from wrap(item.lead, WIDTH)
            yield ""
            yield from series_text(item.series, WIDTH)

    def _verdict(self) -> Iterator[str]:
        verdicts = self.report.verdicts
        if not verdicts:
            return
        yield from heading("Verdict")
        for verdict in verdicts:
            says = summary.verdict_in_words(self.result, verdict)
            yield from wrap(f"{verdict.link.name} {says}.", WIDTH, "", "  ")
            for remark in verdict.remarks:
                yield from wrap(remark, WIDTH, "  ")
        yield ""
        yield from counts_table(verdicts)

    def _section(self, section: Section) -> Iterator[str]:
        yield from heading(section.heading)
        yield from wrap(section.meaning, WIDTH)
        for number, cause in enumerate(worst_first(self.index, section.causes), 1):
            yield ""
            yield from wrap(f"{cause.function}: {cause.count}", WIDTH, f"{number}. ")
            yield from wrap(cause.sentence, WIDTH, "   ")
            example = worst(self.index, cause.findings)
            yield from self._finding(example)
            yield from _other_findings([item for item in cause.findings if item != example])

    def _finding(self, finding: Finding) -> Iterator[str]:
        yield from wrap(f"{finding.link.name} in {listed(finding.variants)}", WIDTH, "   ")
        yield from wrap(finding.scenario.title, WIDTH, "     ")
        judgement = self.index.judgement(finding.link.name, finding.variants[0].name)
        if judgement is not None and judgement.severity is not None:
            yield from wrap(f"{capitalized(harm(judgement))}.", WIDTH, "     ")
        if finding.intent:
            yield from wrap(f"intended: {finding.intent}", WIDTH, "     ")
        for goal in finding.goals:
            yield from wrap(f"{noun(goal.kind)}: {goal.want}", WIDTH, "     - ")
            yield from wrap(f"before: {goal.baseline_detail}", WIDTH, "       ")
            yield from wrap(f"now: {goal.candidate_detail}", WIDTH, "       ")
        if finding.difference:
            yield from wrap(f"They part {with_preposition(finding.place)}:", WIDTH, "     ")
            sides = (
                (self.report.baseline, finding.difference.baseline, finding.old),
                (finding.variants[0].name, finding.difference.candidate, finding.new),
            )
            for name, outcome, reasons in sides:
                text = f"{name}: {outcome} {self.notes.marks(reasons)}"
                yield from wrap(text, WIDTH, " " * 7, " " * 9)
        for line in (finding.error or "").strip().splitlines():
            yield from wrap(line, WIDTH, "     | ", "     | ")

    def _removals(self) -> Iterator[str]:
        yield from heading("ABI removals")
        if not self.report.removals:
            yield "None."
        for item in self.report.removals:
            yield from wrap(
                f"{item.removal.what}: {item.removal.detail} in {listed(item.variants)}",
                WIDTH,
                "- ",
            )
            if item.scenarios:
                number = len(item.scenarios)
                users = f"{count_of(number, 'scenario')}, named below"
                if number <= _FEW:
                    users = listed(item.scenarios)
                yield from wrap(f"used by {users}", WIDTH, "  ")

    def _removal_users(self) -> Iterator[str]:
        """The scenarios that use removed interfaces, where there are many."""
        many = [item for item in self.report.removals if len(item.scenarios) > _FEW]
        if many:
            yield from heading("Users of removed interfaces")
        for item in many:
            names = scenarios(link.name for link in item.scenarios)
            yield from wrap(f"{item.removal.what}: {names}", WIDTH, "- ")

    def _intents(self) -> Iterator[str]:
        if not self.report.intents:
            return
        yield from heading("Declared intents")
        alike: dict[tuple[str, ...], list[str]] = {}
        for item in self.report.intents:
            declared = item.outcome.intent
            text = f"{declared.reason} ({declared.scenarios}): {item.text}"
            others = [name for name in item.outcome.scenarios if name != declared.scenarios]
            alike.setdefault((text, *others), []).append(item.variant.name)
        for (text, *others), variants in alike.items():
            yield from wrap(f"{', '.join(variants)}: {text}", WIDTH, "- ")
            if others:
                yield from wrap(f"in {scenarios(others)}", WIDTH, "  ")

    def _unchanged(self) -> Iterator[str]:
        """The scenarios in which no variant differs."""
        rows = [row for shelf in self.report.shelves for row in shelf.rows]
        same = [r for r in rows if all(c.classes == ("unchanged",) for c in r.cells[1:])]
        if same:
            yield from heading("Unchanged in all variants")
            yield from wrap(scenarios(row.link.name for row in same), WIDTH)

    def _claims(self) -> Iterator[str]:
        """The claims on which a candidate changes the verdict, with what decides each side."""
        changed = {claim.id for claim, _ in claims_that_change(self.result)}
        views = [item for item in self.report.claims if item.claim.id in changed]
        if not views:
            return
        yield from heading("Claims whose verdict changes")
        for number, item in enumerate(views):
            if number:
                yield ""
            claim = item.claim
            yield from wrap(f"{claim.id} {claim.who}: {claim.says}", WIDTH, "", "    ")
            yield from wrap(f"<{claim.message}>", WIDTH, "    ")
            alike: dict[tuple[str, str], list[str]] = {}
            for group in item.judged:
                key = (group.verdict.verdict, group.verdict.condition)
                alike.setdefault(key, []).extend(link.name for link in group.variants)
            for (verdict, condition), variants in alike.items():
                why = f": {condition}" if condition else ""
                yield from wrap(f"{verdict} on {', '.join(variants)}{why}", WIDTH, "  - ")
        others = len(self.report.claims) - len(views)
        if others:
            yield ""
            yield from wrap(
                f"No variant changes the verdict on {count_of(others, 'other claim')}.", WIDTH
            )

    def _frontiers(self) -> Iterator[str]:
        if not self.report.frontiers:
            return
        yield from heading("How much added memory machines survive")
        yield from wrap(
            "The most memory that can be added before the kernel has no memory left for the "
            "memmap, computed from the models:",
            WIDTH,
        )
        yield ""
        yield from frontier_table(self.report.frontiers).splitlines()

    def _compared(self) -> Iterator[str]:
        yield from heading("What was compared")
        yield from bullets(scope.compared(self.result))

    def _reproduce(self) -> Iterator[str]:
        """The worst scenario of each cause of regressions, or of fixes without regressions."""
        by_kind = {section.kind: section for section in self.report.sections}
        section = by_kind.get("regression") or by_kind.get("fix")
        if section is None:
            return
        yield from heading("How to reproduce")
        views = {item.link: item for item in self.report.scenarios}
        ordered = worst_first(self.index, section.causes)
        shown = dict.fromkeys(worst(self.index, cause.findings).link for cause in ordered)
        for number, scenario in enumerate(views[link] for link in shown):
            if number:
                yield ""
            yield from wrap(f"{scenario.info.id}:", WIDTH)
            yield ""
            yield from transcript(scenario.reproduction)

    def _evidence(self) -> Iterator[str]:
        yield from heading("Evidence from real kernels")
        rows = evidence_rows(self.result.variants)
        live = live_kernels(self.result.variants)
        yield from bullets(live)
        if live and rows:
            yield ""
        if rows:
            yield "Recorded traces and steps that agree with this result:"
            yield ""
            yield from table(EvidenceRow._fields, rows)
        elif not live:
            yield "None."

    def _not_tested(self) -> Iterator[str]:
        yield from heading("What was not tested")
        yield from bullets(scope.not_tested(self.result, self.report))


_FEW: Final = 5
"""The most scenarios that are named next to a removal; more are named further down."""

_FIRST: Final[tuple[Class, ...]] = ("error", "regression")
"""The sections that come first."""

_COLUMN_HEADS: Final[Mapping[Class, str]] = {
    "error": "err",
    "regression": "reg",
    "abi-removal": "ABI",
    "fix": "fix",
    "behaviour-change": "chg",
    "intended": "int",
    "unchanged": "same",
    "not-judged": "n/j",
    "not-run": "?",
}


def counts_table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """The number of scenarios in each class for each variant, and a key to the columns."""
    kinds = [kind for kind in _COLUMN_HEADS if any(v.number(kind) for v in verdicts)]
    yield from table(
        ["variant", *(_COLUMN_HEADS[kind] for kind in kinds)],
        [
            [verdict.link.name, *(str(verdict.number(kind)) for kind in kinds)]
            for verdict in verdicts
        ],
    )
    yield ""
    key = "; ".join(f"{_COLUMN_HEADS[kind]}: {noun(kind, 2)}" for kind in kinds)
    yield from wrap(f"{key}.", WIDTH)


def _other_findings(findings: Sequence[Finding]) -> Iterator[str]:
    """The names of findings, by variants."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(listed(finding.variants), []).append(finding)
    for variants, group in groups.items():
        names = scenarios(finding.link.name for finding in group)
        yield from wrap(f"also in {variants}: {names}", WIDTH, "   ", "     ")
