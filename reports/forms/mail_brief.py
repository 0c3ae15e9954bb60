"""The report as a short mail: ASCII, at most 72 columns, about a hundred lines, the worst first.

It has the verdict, every scenario in which a kernel dies, one example of each other harm with the
commands that reproduce it, the removals, the evidence, and the limits of the test. The full mail
(`zonediff.reports.forms.mail`) has the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from zonediff.engine.words import count_of
from zonediff.reports.forms import mail, review_mail, summary
from zonediff.reports.forms.changed_claims import claims_that_change
from zonediff.reports.forms.excerpt import without_final_state
from zonediff.reports.forms.mail_layout import (
    WIDTH,
    bullets,
    heading,
    listed,
    ready,
    scenarios,
    transcript,
)
from zonediff.reports.forms.severities import HarmGroup, harm_groups
from zonediff.reports.page import scope
from zonediff.reports.page.evidence import live_kernels
from zonediff.reports.page.findings import Finding, RemovalView
from zonediff.reports.page.index import Index
from zonediff.reports.page.patches import series_text
from zonediff.reports.page.report import Report, build_report
from zonediff.reports.page.reproduce import Part
from zonediff.reports.text.kinds import Class, noun
from zonediff.reports.text.plain import command, wrap
from zonediff.result.result import Evidence, Result

LINES: Final = 110
"""The lines that the mail has if the worst of it fits."""

_FEW: Final = 2
"""The lines of a sentence that a short mail has room for."""


class _Room(NamedTuple):
    """How much of each part the mail has.

    examples: the harms, the worst first, that are shown with an example. names: lines of names of
    further scenarios. claims: those that are quoted. verdicts: the variants that are described in
    a sentence, those that break most first; the others are counted. named: whether lists of
    scenarios, removals and evidence name all variants.
    """

    examples: int
    names: int
    claims: int
    verdicts: int
    named: bool = True


_ROOMS: Final = (
    _Room(2, 3, 3, 100),
    _Room(2, 3, 2, 100),
    _Room(1, 3, 2, 100),
    _Room(1, 2, 1, 8),
    _Room(1, 2, 1, 5, named=False),
    _Room(1, 0, 1, 3, named=False),
)
"""From the most to the least; the first with which the mail has at most LINES lines is taken."""

_REST: Final[tuple[Class, ...]] = ("fix", "behaviour-change")
"""The classes of difference that are counted in the verdict and not shown."""


def render(result: Result) -> str:
    """The mail, with less of each part if it would be longer than LINES."""
    if result.reviews:
        return review_mail.render(result)
    if not result.scenarios:  # a sweep: nothing can be left out
        return mail.render(result)
    report = build_report(result)
    text = ""
    for room in _ROOMS:
        text = ready(_Brief(result, report, room).lines())
        if text.count("\n") <= LINES:
            break
    return text


class _Brief:
    """A short mail."""

    def __init__(self, result: Result, report: Report, room: _Room) -> None:
        self.result = result
        self.report = report
        self.room = room
        self.index = Index(result)
        regressions = [section for section in self.report.sections if section.kind == "regression"]
        findings = [item for section in regressions for c in section.causes for item in c.findings]
        self.views = {item.link: item for item in self.report.scenarios}
        self.groups = list(harm_groups(self.index, findings))

    def lines(self) -> Iterator[str]:
        """All lines. Commands are shown for as many of the worst regressions as there is room."""
        before = [*self._head(), *self._verdict(), *self._errors(), *self._regressions()]
        after = [*self._removals(), *self._claims(), *self._evidence(), *self._not_tested()]
        after += [*self._patches(), *self._more()]
        yield from before
        yield from self._reproduce(LINES - len(before) - len(after))
        yield from after

    def _head(self) -> Iterator[str]:
        yield from wrap(self.report.title, WIDTH)
        yield ""
        yield from wrap(self.report.lead, WIDTH)
        # The section on what was not tested mentions missing recordings.
        notes = [note for note in self.report.notes if not note.startswith("No recording")]
        yield from (line for note in notes for line in wrap(note, WIDTH, "* "))

    def _verdict(self) -> Iterator[str]:
        if not self.report.verdicts:
            return
        yield from _heading("Verdict")
        alike: dict[str, list[str]] = {}
        for verdict in self.report.verdicts:
            says = summary.verdict_in_words(self.result, verdict, brief=True)
            numbers = [(kind, verdict.number(kind)) for kind in _REST]
            rest = ", ".join(f"{number} {noun(kind, number)}" for kind, number in numbers if number)
            alike.setdefault(f"{says}; {rest}" if rest else says, []).append(verdict.link.name)
        broken = {item.link.name: item.number("regression") for item in self.report.verdicts}
        by_harm = sorted(alike.items(), key=lambda item: -broken[item[1][0]])
        shown = by_harm[: self.room.verdicts]
        for says, names in [item for item in alike.items() if item in shown]:
            yield from wrap(f"{', '.join(names)}: {says}.", WIDTH, "", "  ")
        left = [name for _, names in by_harm[len(shown) :] for name in names]
        if left:
            others = ", ".join(f"{name} breaks {broken[name]}" for name in left)
            yield from wrap(f"Others: {others}.", WIDTH, "", "  ")

    def _errors(self) -> Iterator[str]:
        """The variants that failed; the last line of each error."""
        for section in self.report.sections:
            if section.kind != "error":
                continue
            yield from _heading("Errors")
            for cause in section.causes:
                yield from wrap(f"{cause.function}: {cause.count}", WIDTH, "- ")
                names = f"{cause.shortest.link.name} in {listed(cause.shortest.variants)}"
                yield from wrap(names, WIDTH, "  ")

    def _regressions(self) -> Iterator[str]:
        if self.groups:
            yield from _heading("Regressions, the worst first")
        for number, group in enumerate(self.groups, 1):
            if number == 2 or (number > 1 and self.room.names):
                yield ""
            yield from wrap(group.heading, WIDTH, f"{number}. ")
            if number <= self.room.examples and not group.only_removal:
                example = self._example(group)
                yield from self._finding(example)
                others = self._names([item for item in group.findings if item != example], "also")
            elif self.room.names or self._deadly(group):
                others = self._names(group.findings)
            else:
                continue
            yield from others if self._deadly(group) else _cut(others, self.room.names)

    def _example(self, group: HarmGroup) -> Finding:
        """The finding with the fewest commands; if commands alone reproduce none, the shortest."""
        typed = [(len(self._commands(item)), item) for item in group.findings if self._typed(item)]
        return min(typed, key=lambda item: item[0])[1] if typed else group.findings[0]

    def _typed(self, finding: Finding) -> bool:
        """Whether commands alone reproduce a finding."""
        return all(part.where != "by hand" for part in self.views[finding.link].reproduction)

    def _commands(self, finding: Finding) -> list[str]:
        """The commands that reproduce a finding, and the actions to do by hand."""
        parts = without_final_state(self.views[finding.link].reproduction)
        return list(transcript(parts if self.room.named else map(_with_fewer_names, parts)))

    def _deadly(self, group: HarmGroup) -> bool:
        return any(item.dies for item in group.findings)

    def _names(self, findings: Iterable[Finding], opening: str = "") -> Iterator[str]:
        """The scenarios of findings by the variants that regress in them, for whatever reasons."""
        variants: dict[str, dict[str, None]] = {}
        for finding in findings:
            names = variants.setdefault(finding.link.name, {})
            names.update(dict.fromkeys(link.name for link in finding.variants))
        groups: dict[tuple[str, ...], list[str]] = {}
        for scenario, names in variants.items():
            on = tuple(sorted(names)) if self.room.named else ()
            groups.setdefault(on, []).append(scenario)
        for on, listed_scenarios in groups.items():
            place = f"{opening} in {', '.join(on)}: " if on else f"{opening}: " if opening else ""
            yield from wrap(place.lstrip() + scenarios(listed_scenarios), WIDTH, "   ", "     ")

    def _finding(self, finding: Finding) -> Iterator[str]:
        """A scenario: its first goal that is no longer met, and the rule that decided it."""
        yield from wrap(f"{finding.link.name} in {listed(finding.variants)}", WIDTH, "   ")
        yield from wrap(finding.scenario.title, WIDTH, "     ")
        lost = [goal for goal in finding.goals if goal.kind == "regression"]
        for goal in lost[:1]:
            yield from wrap(f"wanted: {goal.want}", WIDTH, "     - ")
            yield from wrap(f"before: {goal.baseline_detail}", WIDTH, "       ")
            yield from wrap(f"now: {goal.candidate_detail}", WIDTH, "       ")
        rule = finding.decisive
        if rule is not None:
            yield from _cut(wrap(str(rule), WIDTH, "     - ", "       "), _FEW)

    def _reproduce(self, room: int) -> Iterator[str]:
        """The commands for the examples, while they fit; the first in any case."""
        groups = [group for group in self.groups[: self.room.examples] if not group.only_removal]
        used = 0
        for example in map(self._example, groups):
            commands = self._commands(example)
            if not commands or (used and used + len(commands) + 2 > room):
                continue
            yield from _heading("How to reproduce") if not used else [""]
            yield from wrap(f"{example.link.name}:", WIDTH)
            yield from commands
            used += len(commands) + 2

    def _removals(self) -> Iterator[str]:
        yield from _heading("ABI removals")
        if not self.report.removals:
            yield "None."
        for item in self.report.removals:
            yield from wrap(_removal(item, named=self.room.named), WIDTH, "- ")

    def _claims(self) -> Iterator[str]:
        """The claims on which a candidate changes the verdict, with their message-ids."""
        changed = list(claims_that_change(self.result))
        if not changed:
            return
        yield from _heading("Claims whose verdict changes")
        for claim, verdicts in changed[: self.room.claims]:
            yield from wrap(f"{claim.id} {claim.who}: {claim.says}", WIDTH, "- ")
            yield from wrap(f"<{claim.message}>", WIDTH, "  ")
            yield from _cut(wrap(f"=> {verdicts}", WIDTH, "  ", "     "), _FEW)
        rest = [claim.id for claim, _ in changed[self.room.claims :]]
        if rest:
            yield from wrap(f"in the full mail: {', '.join(rest)}", WIDTH, "- ")

    def _evidence(self) -> Iterator[str]:
        yield from _heading("What confirms it")
        live = live_kernels(self.result.variants)
        yield from bullets(live)
        rows = [(info.name, info.evidence) for info in self.result.variants if info.evidence]
        if not rows:
            if not live:
                yield "No recording of a real kernel."
            return
        if not self.room.named:
            pieces = [item for _, evidence in rows for item in evidence]
            agreeing = sum(item.agreeing_steps for item in pieces)
            number = f"{agreeing} of {sum(item.steps for item in pieces)}"
            of = f"{len(rows)} of {len(self.result.variants)} variants"
            yield from wrap(f"Steps recorded on real kernels that agree: {number}, {of}.", WIDTH)
            return
        says = ", ".join(_confirmed(name, evidence) for name, evidence in rows)
        yield from wrap(f"Steps recorded on real kernels that agree: {says}.", WIDTH)

    def _not_tested(self) -> Iterator[str]:
        yield from _heading("What was not tested")
        for text in scope.not_tested(self.result, self.report):
            yield from _cut(wrap(text, WIDTH, "- "), _FEW)

    def _patches(self) -> Iterator[str]:
        for item in self.report.series:
            yield from _heading(item.heading)
            yield from wrap(item.lead, WIDTH)
            yield from series_text(item.series, WIDTH)

    def _more(self) -> Iterator[str]:
        yield ""
        ways = "the full mail, and one scenario:"
        yield f"To get this result, {ways}" if self.result.command else f"To get {ways}"
        if self.result.command:
            words = [*self.result.command.split(" "), "-o result.json"]
            yield from (f"  {line}" for line in command(words, WIDTH - 2))
        yield "  zonediff report result.json --format mail --full"
        yield "  zonediff report result.json --scenario ID"
        yield ""
        for text in scope.made_by(self.result, self.report):
            yield from wrap(text, WIDTH)


def _heading(text: str) -> list[str]:
    """A heading with fewer empty lines than in the full mail."""
    return heading(text)[1:-1]


def _cut(lines: Iterable[str], number: int) -> list[str]:
    """The first lines, and a line that says that there are more."""
    kept = list(lines)
    if len(kept) <= number + 1:
        return kept
    indent = len(kept[number]) - len(kept[number].lstrip())
    return [*kept[:number], f"{' ' * indent}(more in the full mail)"]


def _with_fewer_names(part: Part) -> Part:
    """A part of a reproduction whose expected results name at most two variants each."""
    lines = []
    for line in part.lines:
        names, colon, says = line.pieces[0].partition(": ")
        several = names.split(", ")
        if line.comment and not line.note and colon and len(several) > _FEW:
            names = f"{', '.join(several[:_FEW])} and {len(several) - _FEW} more"
            line = replace(line, pieces=(f"{names}: {says}",))
        lines.append(line)
    return Part(part.where, tuple(lines))


def _removal(item: RemovalView, *, named: bool) -> str:
    used = count_of(len(item.scenarios), "scenario")
    uses = f"; {used} use it" if len(item.scenarios) > 1 else f"; {used} uses it"
    on = listed(item.variants) if named else count_of(len(item.variants), "variant")
    text = f"{item.removal.what}: {item.removal.detail} in {on}"
    return text + (uses if item.scenarios else "")


def _confirmed(name: str, evidence: Sequence[Evidence]) -> str:
    """The recorded steps that agree, with their kernels: `v6.1 84 of 84 (6.1.147)`."""
    agreeing = sum(item.agreeing_steps for item in evidence)
    kernels = ", ".join(dict.fromkeys(item.kernel for item in evidence))
    return f"{name} {agreeing} of {sum(item.steps for item in evidence)} ({kernels})"
