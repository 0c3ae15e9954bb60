"""The report as a short mail: ASCII, at most 72 columns, about a hundred lines, the worst first.

It has the verdict, every scenario in which a kernel dies, one example of each other harm with the
commands that reproduce it, the removals, the evidence, and the limits of the test. The full mail
(`zonediff.reports.forms.mail`) has the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

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
from zonediff.reports.text.kinds import Class, noun
from zonediff.reports.text.plain import command, wrap
from zonediff.result.result import Evidence, Result

LINES: Final = 100
"""The lines that the mail has if the worst of it fits."""

_NAMES: Final = 3
"""The lines of names of further scenarios, except where the kernel dies: there all are named."""

_FEW: Final = 2
"""The claims, and the lines of a sentence, that a short mail has room for."""

_EXAMPLES: Final = 2
"""The most harms, the worst first, that are shown with an example."""

_REST: Final[tuple[Class, ...]] = ("fix", "behaviour-change")
"""The classes of difference that are counted in the verdict and not shown."""


def render(result: Result) -> str:
    """The mail, with examples for fewer harms if it would be longer than LINES."""
    if result.reviews:
        return review_mail.render(result)
    if not result.scenarios:  # a sweep: nothing can be left out
        return mail.render(result)
    report = build_report(result)
    texts = [ready(_Brief(result, report, number).lines()) for number in (_EXAMPLES, 1)]
    return next((text for text in texts if text.count("\n") <= LINES), texts[-1])


class _Brief:
    """A short mail. examples: the number of harms, the worst first, that get an example."""

    def __init__(self, result: Result, report: Report, examples: int) -> None:
        self.result = result
        self.report = report
        self.examples = examples
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
        for says, names in alike.items():
            yield from wrap(f"{', '.join(names)}: {says}.", WIDTH, "", "  ")

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
            if number > 1:
                yield ""
            yield from wrap(group.heading, WIDTH, f"{number}. ")
            if number <= self.examples and not group.only_removal:
                example = self._example(group)
                yield from self._finding(example)
                others = _names([item for item in group.findings if item != example], "also in")
            else:
                others = _names(group.findings, "in")
            yield from others if self._deadly(group) else _cut(others, _NAMES)

    def _example(self, group: HarmGroup) -> Finding:
        """The finding with the fewest commands; if commands alone reproduce none, the shortest."""
        typed = [(len(self._commands(item)), item) for item in group.findings if self._typed(item)]
        return min(typed, key=lambda item: item[0])[1] if typed else group.findings[0]

    def _typed(self, finding: Finding) -> bool:
        """Whether commands alone reproduce a finding."""
        return all(part.where != "by hand" for part in self.views[finding.link].reproduction)

    def _commands(self, finding: Finding) -> list[str]:
        """The commands that reproduce a finding, and the actions to do by hand."""
        return list(transcript(without_final_state(self.views[finding.link].reproduction)))

    def _deadly(self, group: HarmGroup) -> bool:
        return any(item.dies for item in group.findings)

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
        groups = [group for group in self.groups[: self.examples] if not group.only_removal]
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
            yield from wrap(_removal(item), WIDTH, "- ")

    def _claims(self) -> Iterator[str]:
        """The claims on which a candidate changes the verdict, with their message-ids."""
        alike: dict[tuple[str, str], list[str]] = {}
        for claim, verdicts in claims_that_change(self.result):
            alike.setdefault((claim.message, verdicts), []).append(claim.id)
        if not alike:
            return
        yield from _heading("Claims whose verdict changes")
        for (message, verdicts), ids in [*alike.items()][:_FEW]:
            yield from wrap(f"{', '.join(ids)} <{message}>: {verdicts}", WIDTH, "- ")
        rest = [id for ids in [*alike.values()][_FEW:] for id in ids]
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


def _names(findings: Iterable[Finding], opening: str) -> Iterator[str]:
    """The scenarios of findings by the variants that regress in them, for whatever reasons."""
    variants: dict[str, dict[str, None]] = {}
    for finding in findings:
        names = variants.setdefault(finding.link.name, {})
        names.update(dict.fromkeys(link.name for link in finding.variants))
    groups: dict[tuple[str, ...], list[str]] = {}
    for scenario, names in variants.items():
        groups.setdefault(tuple(sorted(names)), []).append(scenario)
    for on, listed_scenarios in groups.items():
        text = f"{opening} {', '.join(on)}: {scenarios(listed_scenarios)}"
        yield from wrap(text, WIDTH, "   ", "     ")


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


def _removal(item: RemovalView) -> str:
    used = count_of(len(item.scenarios), "scenario")
    uses = f"; {used} use it" if len(item.scenarios) > 1 else f"; {used} uses it"
    text = f"{item.removal.what}: {item.removal.detail} in {listed(item.variants)}"
    return text + (uses if item.scenarios else "")


def _confirmed(name: str, evidence: Sequence[Evidence]) -> str:
    """The recorded steps that agree, with their kernels: `v6.1 84 of 84 (6.1.147)`."""
    agreeing = sum(item.agreeing_steps for item in evidence)
    kernels = ", ".join(dict.fromkeys(item.kernel for item in evidence))
    return f"{name} {agreeing} of {sum(item.steps for item in evidence)} ({kernels})"
