"""The report as text for a mailing list: pure ASCII, at most 72 columns, the verdict first.

Every finding is named; reasons are numbered footnotes, so that findings stay short.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from tabulate import MIN_PADDING, tabulate

from zonediff.compare.result import Result
from zonediff.engine.trace import Reason
from zonediff.reports.findings import Finding
from zonediff.reports.frontier import frontier_table
from zonediff.reports.index import Link
from zonediff.reports.kinds import Class, noun
from zonediff.reports.plain import command, to_ascii, wrap
from zonediff.reports.reproduce import Where
from zonediff.reports.sidebyside import ScenarioView
from zonediff.reports.view import Report, Section, view

WIDTH: Final = 72

_GAP: Final = 2
"""Blanks that tabulate puts between columns."""

_PROMPTS: Final[Mapping[Where, str]] = {
    "host": "$ ",
    "monitor": "(qemu) ",
    "guest": "# ",
    "by hand": "",
}


def render(result: Result) -> str:
    """The whole mail text."""
    report = view(result)
    text = "\n".join(_Mail(report).lines()) + "\n"
    assert text.isascii()
    assert all(len(line) <= WIDTH for line in text.splitlines())
    return text


class _Mail:
    """A mail in the making; it remembers the footnotes."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.notes: dict[str, int] = {}

    def lines(self) -> Iterator[str]:
        """All lines, in order."""
        report = self.report
        yield from wrap(report.title, WIDTH)
        yield ""
        yield from wrap(report.lead, WIDTH)
        yield from (line for note in report.notes for line in wrap(note, WIDTH, "* "))
        yield from self._verdict()
        for section in report.sections:
            if section.kind in ("error", "regression"):
                yield from self._section(section)
        yield from self._removals()
        for section in report.sections:
            if section.kind not in ("error", "regression"):
                yield from self._section(section)
        yield from self._intents()
        yield from self._unchanged()
        yield from self._claims()
        yield from self._frontiers()
        yield from self._reproduce()
        yield from self._evidence()
        yield from self._not_tested()
        yield from self._footnotes()
        yield ""
        yield from wrap(f"Made by zonediff {report.version}.", WIDTH)
        yield from (line for source in report.sources for line in wrap(f"{source}.", WIDTH))

    def _verdict(self) -> Iterator[str]:
        if not self.report.verdicts:
            return
        yield from _heading("Verdict")
        for verdict in self.report.verdicts:
            yield from wrap(verdict.sentence, WIDTH, "", "  ")
            for remark in verdict.remarks:
                yield from wrap(remark, WIDTH, "  ")
        yield ""
        kinds = [
            kind for kind in _COLUMN_HEADS if any(v.number(kind) for v in self.report.verdicts)
        ]
        yield from _table(
            ["variant", *(_COLUMN_HEADS[kind] for kind in kinds)],
            [
                [verdict.link.name, *(str(verdict.number(kind)) for kind in kinds)]
                for verdict in self.report.verdicts
            ],
        )

    def _section(self, section: Section) -> Iterator[str]:
        yield from _heading(section.heading)
        yield from wrap(section.meaning, WIDTH)
        for number, cause in enumerate(section.causes, 1):
            yield ""
            yield from wrap(f"{cause.function}: {cause.count}", WIDTH, f"{number}. ")
            yield from wrap(cause.sentence, WIDTH, "   ")
            yield from self._finding(cause.shortest)
            yield from _others(cause.others)

    def _finding(self, finding: Finding) -> Iterator[str]:
        yield from wrap(f"{finding.link.name} in {_names(finding.variants)}", WIDTH, "   ")
        yield from wrap(finding.scenario.title, WIDTH, "     ")
        if finding.dies:
            yield from wrap("THE KERNEL DIES.", WIDTH, "     ")
        if finding.intent:
            yield from wrap(f"intended: {finding.intent}", WIDTH, "     ")
        for goal in finding.goals:
            yield from wrap(f"{noun(goal.kind)}: {goal.want}", WIDTH, "     - ")
            yield from wrap(f"before: {goal.baseline_detail}", WIDTH, "       ")
            yield from wrap(f"now: {goal.candidate_detail}", WIDTH, "       ")
        if finding.difference:
            where = finding.place if finding.place == "at boot" else f"in {finding.place}"
            yield from wrap(f"They part {where}:", WIDTH, "     ")
            sides = (
                (self.report.baseline, finding.difference.baseline, finding.old),
                (finding.variants[0].name, finding.difference.candidate, finding.new),
            )
            for name, outcome, reasons in sides:
                marks = "".join(f"[{self._note(reason)}]" for reason in reasons)
                yield from wrap(f"{name}: {outcome} {marks}", WIDTH, " " * 7, " " * 9)
        for line in (finding.error or "").strip().splitlines():
            yield from wrap(line, WIDTH, "     | ", "     | ")

    def _note(self, reason: Reason) -> int:
        return self.notes.setdefault(str(reason), len(self.notes) + 1)

    def _removals(self) -> Iterator[str]:
        yield from _heading("ABI removals")
        if not self.report.lost:
            yield "None."
        for item in self.report.lost:
            yield from wrap(
                f"{item.removal.what}: {item.removal.detail} in {_names(item.variants)}",
                WIDTH,
                "- ",
            )
            if item.scenarios:
                yield from wrap(
                    f"used by {_families(link.name for link in item.scenarios)}", WIDTH, "  "
                )

    def _intents(self) -> Iterator[str]:
        if not self.report.intents:
            return
        yield from _heading("Declared intents")
        for intent in self.report.intents:
            declared = intent.outcome.intent
            yield from wrap(
                f"{intent.variant.name}: {declared.reason} ({declared.scenarios}): {intent.text}",
                WIDTH,
                "- ",
            )
            if intent.scenarios:
                yield from wrap(
                    f"in {_families(link.name for link in intent.scenarios)}", WIDTH, "  "
                )

    def _unchanged(self) -> Iterator[str]:
        """Scenarios in which no variant differs; all others are named above."""
        rows = [row for shelf in self.report.shelves for row in shelf.rows]
        same = [r for r in rows if all(c.classes == ("unchanged",) for c in r.cells[1:])]
        if same:
            yield from _heading("Unchanged in all variants")
            yield from wrap(_families(row.link.name for row in same), WIDTH)

    def _claims(self) -> Iterator[str]:
        if not self.report.claims:
            return
        yield from _heading("Claims")
        for number, item in enumerate(self.report.claims):
            if number:
                yield ""
            claim = item.claim
            yield from wrap(f"{claim.id} {claim.who}: {claim.says}", WIDTH, "", "    ")
            for group in item.judged:
                verdict = group.verdict
                condition = f": {verdict.condition}" if verdict.condition else ""
                yield from wrap(
                    f"{verdict.verdict} on {_names(group.variants)}{condition}", WIDTH, "  - "
                )

    def _frontiers(self) -> Iterator[str]:
        if not self.report.frontiers:
            return
        yield from _heading("How much added memory machines survive")
        yield from wrap(
            "The most that can be added before the kernel runs out of memory for the memmap, "
            "computed from the models:",
            WIDTH,
        )
        yield ""
        yield from frontier_table(self.report.frontiers).splitlines()

    def _reproduce(self) -> Iterator[str]:
        """The quickest scenario for each cause of regressions; without any, of fixes."""
        by_kind = {section.kind: section for section in self.report.sections}
        section = by_kind.get("regression") or by_kind.get("fix")
        if section is None:
            return
        yield from _heading("How to reproduce")
        shortest = {cause.shortest.link for cause in section.causes}
        shown = [item for item in self.report.scenarios if item.link in shortest]
        for number, scenario in enumerate(shown):
            if number:
                yield ""
            yield from wrap(f"{scenario.info.id}:", WIDTH)
            yield ""
            yield from _commands(scenario)

    def _evidence(self) -> Iterator[str]:
        yield from _heading("Evidence from real kernels")
        rows = [
            [
                variant.info.name,
                item.kernel,
                item.recording,
                f"{item.agreeing_traces} of {item.traces}",
                f"{item.agreeing_steps} of {item.steps}",
            ]
            for variant in self.report.variants
            for item in variant.info.evidence
        ]
        if rows:
            yield "How many recorded traces and steps come out as shown here:"
            yield ""
            heads = ["variant", "kernel", "recording", "traces", "steps"]
            yield from _table(heads, rows)
        else:
            yield "None."

    def _not_tested(self) -> Iterator[str]:
        yield from _heading("What was not tested")
        report = self.report
        unproven = [v.info.name for v in report.variants if not v.info.evidence]
        if unproven:
            yield from wrap(f"Against any real kernel: {', '.join(unproven)}.", WIDTH, "- ")
        missing: dict[str, list[str]] = {}
        for row in (row for shelf in report.shelves for row in shelf.rows):
            cells = [c.link for c in row.cells if {"error", "not-run"} & set(c.classes)]
            missing.setdefault(_names(cells), []).append(row.link.name)
        for variants, names in missing.items():
            if variants:
                yield from wrap(
                    f"Failed or not run in {variants}: {_families(names)}.", WIDTH, "- "
                )
        foreign = [
            scenario.link
            for scenario in report.scenarios
            if any(part.where == "by hand" for part in scenario.reproduction)
        ]
        if foreign:
            yield from wrap(
                f"Not by commands alone: {_families(link.name for link in foreign)}.", WIDTH, "- "
            )
        yield from wrap(f"Anything but these {len(report.scenarios)} scenarios.", WIDTH, "- ")

    def _footnotes(self) -> Iterator[str]:
        if not self.notes:
            return
        yield from _heading("Reasons")
        for text, number in self.notes.items():
            yield from wrap(text, WIDTH, f"[{number}] ")


_COLUMN_HEADS: Final[Mapping[Class, str]] = {
    "error": "err",
    "regression": "reg",
    "abi-removal": "ABI",
    "fix": "fix",
    "behaviour-change": "chg",
    "intended": "int",
    "unchanged": "same",
    "not-run": "?",
}


def _heading(text: str) -> list[str]:
    return ["", "", text, "-" * len(text), ""]


def _names(links: Sequence[Link]) -> str:
    return ", ".join(link.name for link in links)


def _families(names: Iterable[str]) -> str:
    """Names in a list; members of a family after its first by their values only."""
    listed: list[str] = []
    stem = ""
    for name in names:
        family, bracket, values = name.partition("[")
        listed.append(f"[{values}" if bracket and family == stem else name)
        stem = family
    return ", ".join(listed)


def _others(findings: Sequence[Finding]) -> Iterator[str]:
    """Findings by name, those of the same variants together."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(_names(finding.variants), []).append(finding)
    for variants, group in groups.items():
        names = _families(finding.link.name for finding in group)
        yield from wrap(f"also in {variants}: {names}", WIDTH, "   ", "     ")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table of at most WIDTH columns; while it is wider, its widest column is wrapped."""
    if not rows:
        return
    widths = [
        max(len(to_ascii(head)) + MIN_PADDING, *(len(to_ascii(row[at])) for row in rows))
        for at, head in enumerate(heads)
    ]
    room = WIDTH - _GAP * (len(heads) - 1)
    while sum(widths) > room:
        widths[widths.index(max(widths))] -= 1
    cells = [
        ["\n".join(wrap(text, width)) for text, width in zip(row, widths, strict=True)]
        for row in rows
    ]
    text = tabulate(cells, heads, tablefmt="simple", disable_numparse=True)
    yield from (line.rstrip() for line in text.splitlines())


def _commands(scenario: ScenarioView) -> Iterator[str]:
    """What to type, with prompts, and comments on what to expect."""
    for part in scenario.reproduction:
        prompt = _PROMPTS[part.where]
        for line in part.lines:
            if line.comment:
                yield from wrap(line.pieces[0], WIDTH, "    => ")
            else:
                lines = command(line.pieces, WIDTH - 2 - len(prompt))
                for before, text in pairwise(["", *lines]):
                    margin = prompt if not before else " " * len(prompt)
                    whole = not before or before.endswith(" \\")
                    # A word that goes on may not be indented, or it would be two words.
                    yield f"  {margin}{text}" if whole else text
