"""The report as Markdown for a comment on a forge: regressions first, details folded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from zonediff.engine.trace import Reason
from zonediff.engine.words import count_of
from zonediff.reports.forms import summary
from zonediff.reports.forms.mail_layout import once, transcript
from zonediff.reports.forms.review_text import comment_parts
from zonediff.reports.forms.severities import capitalized, harm, worst, worst_first
from zonediff.reports.page import scope
from zonediff.reports.page.evidence import EvidenceRow, evidence_rows, live_kernels
from zonediff.reports.page.findings import Cause, Finding, with_preposition
from zonediff.reports.page.frontier import frontier_table
from zonediff.reports.page.index import Index, Link
from zonediff.reports.page.patches import series_text
from zonediff.reports.page.report import Report, Section, build_report
from zonediff.reports.text.kinds import SYMBOLS, noun, short
from zonediff.reports.text.markdown import Part, block, code, comment, html, table, text
from zonediff.reports.text.scenario_names import families
from zonediff.result.result import Result


def render(result: Result) -> str:
    """The report, cut to the size of a comment."""
    report, index = build_report(result), Index(result)
    end = [f"<sub>{' '.join(text(says) for says in scope.made_by(result, report))}</sub>"]
    return comment(_parts(result, report, index), end)


def _parts(result: Result, report: Report, index: Index) -> Iterator[Part]:
    yield from comment_parts(result)
    if result.reviews and not result.scenarios:
        return
    first = [section for section in report.sections if section.kind in _FIRST]
    yield Part(text(report.title), [text(report.lead), *_list(map(text, report.notes))])
    if report.verdicts:
        yield Part("Verdict", *_verdict(result, report))
    yield from (_section(section, report, index) for section in first)
    yield Part("ABI removals", [] if report.removals else ["None."], list(_removals(report)))
    yield Part("What was compared", _list(map(text, scope.compared(result))))
    for item in report.series:
        yield Part(
            text(item.heading), [text(item.lead), "", *block(series_text(item.series, _TEXT))]
        )
    yield _evidence(result)
    yield Part("What was not tested", _list(map(text, scope.not_tested(result, report))))
    yield from (
        _section(section, report, index) for section in report.sections if section not in first
    )
    if report.claims:
        yield _claims(result, report)
    if report.frontiers:
        lines = frontier_table(report.frontiers).splitlines()
        yield Part("How much added memory machines survive", block(lines))


_TEXT: Final = 100
"""The columns of a block of text."""

_FIRST: Final = ("error", "regression")


def _list(items: Iterable[str]) -> list[str]:
    return ["", *(f"- {item}" for item in items)]


def _names(links: Sequence[Link]) -> str:
    return ", ".join(code(link.name) for link in links)


def _scenarios(links: Iterable[Link]) -> str:
    return ", ".join(map(code, families(link.name for link in links)))


def _verdict(result: Result, report: Report) -> tuple[list[str], list[list[str]]]:
    """A table with a row for each variant."""
    kinds = [kind for kind in SYMBOLS if any(item.number(kind) for item in report.verdicts)]
    rows = []
    for item in report.verdicts:
        says = " ".join((f"{summary.verdict_in_words(result, item)}.", *item.remarks))
        counts = (str(item.number(kind)) for kind in kinds)
        rows.append([code(item.link.name, cell=True), text(says), *counts])
    heads = ["variant", "verdict", *(f"{SYMBOLS[kind]} {short(kind)}" for kind in kinds)]
    lines = table(heads, rows)
    return lines[:2], [[line] for line in lines[2:]]


def _section(section: Section, report: Report, index: Index) -> Part:
    ordered = worst_first(index, section.causes)
    items = [list(_cause(cause, report, index)) for cause in ordered]
    return Part(text(section.heading), [section.meaning, ""], items)


def _cause(cause: Cause, report: Report, index: Index) -> Iterator[str]:
    """A folded cause: a line about it, and in it the worst scenario that it decided."""
    rule = f": {html(cause.sentence)}" if cause.sentence else ""
    yield f"<details><summary><b>{html(cause.function)}</b>, {cause.count}{rule}</summary>"
    yield ""
    example = worst(index, cause.findings)
    yield from _finding(example, report, index)
    groups: dict[str, list[Link]] = {}
    for finding in (item for item in cause.findings if item != example):
        groups.setdefault(_names(finding.variants), []).append(finding.link)
    for names, links in groups.items():
        yield from ("", f"Also in {names}: {_scenarios(links)}")
    yield from ("", "</details>", "")


def _finding(finding: Finding, report: Report, index: Index) -> Iterator[str]:
    name, title = code(finding.link.name), text(finding.scenario.title)
    yield f"**{name}** in {_names(finding.variants)}: {title}"
    yield ""
    judgement = index.judgement(finding.link.name, finding.variants[0].name)
    if judgement is not None and judgement.severity is not None:
        yield f"- **{text(capitalized(harm(judgement)))}.**"
    if finding.intent:
        yield f"- intended: {text(finding.intent)}"
    for goal in finding.goals:
        yield f"- {noun(goal.kind)}: {text(goal.want)}"
        yield f"  - before: {text(goal.baseline_detail)}"
        yield f"  - now: {text(goal.candidate_detail)}"
    difference = finding.difference
    if difference:
        yield f"- they part {text(with_preposition(finding.place))}"
        yield from _side(report.baseline, difference.baseline, finding.old)
        yield from _side(finding.variants[0].name, difference.candidate, finding.new)
    if finding.error:
        yield from ("", *block(finding.error.strip().splitlines()))
    shown = next(item for item in report.scenarios if item.link == finding.link)
    if finding.goals and shown.reproduction:
        yield from ("", "To reproduce:", "", *block(transcript(shown.reproduction)))


def _side(name: str, outcome: str, reasons: Sequence[Reason]) -> Iterator[str]:
    """The outcome of one side, and its reasons, each rule once."""
    yield f"  - {code(name)}: {text(outcome)}"
    for reason in once(reasons):
        yield f"    - {code(reason.function)}: {text(reason.text)}"


def _removals(report: Report) -> Iterator[list[str]]:
    for item in report.removals:
        what, detail = code(item.removal.what), text(item.removal.detail)
        lines = [f"- {what}: {detail} in {_names(item.variants)}"]
        if item.scenarios:
            number = count_of(len(item.scenarios), "scenario")
            lines += [f"  <details><summary>used by {number}</summary>", ""]
            lines += [f"  {_scenarios(item.scenarios)}", "  </details>"]
        yield lines


def _evidence(result: Result) -> Part:
    rows = [
        row._replace(
            variant=code(row.variant, cell=True),
            kernel=text(row.kernel),
            recording=code(row.recording, cell=True),
        )
        for row in evidence_rows(result.variants)
    ]
    lines = [f"- {text(says)}" for says in live_kernels(result.variants)]
    if rows:
        lines += [""] if lines else []
        lines += ["Recorded traces and steps that agree with this result:", ""]
        lines += table(EvidenceRow._fields, rows)
    return Part("Evidence from real kernels", lines or ["None."])


def _claims(result: Result, report: Report) -> Part:
    """A table of claims and verdicts, without the cases that decided them."""
    names = [info.name for info in result.variants]
    rows = []
    for item in report.claims:
        fates = {
            link.name: group.verdict.verdict for group in item.judged for link in group.variants
        }
        says = f"{item.claim.id} {item.claim.who}: {item.claim.says}"
        rows.append([text(says), *(fates.get(name, "") for name in names)])
    lines = table(["claim", *(code(name, cell=True) for name in names)], rows)
    return Part("Claims", lines[:2], [[line] for line in lines[2:]])
