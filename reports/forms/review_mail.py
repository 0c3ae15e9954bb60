"""A review of a patch series as a mail: ASCII, at most 72 columns and a hundred lines.

It has the kernels that were built, how far they were compared, each cause by how much it hurts with
the commands that reproduce it, and what was not tested. Commands can be pasted into a shell of the
guest: the expected results stand beside them as comments.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from zonediff.engine.words import count_of
from zonediff.reports.forms import summary
from zonediff.reports.forms.mail_layout import WIDTH, heading, ready
from zonediff.reports.page import reviews, scope
from zonediff.reports.page.report import build_report
from zonediff.reports.page.review_steps import transcript
from zonediff.reports.page.reviews import CauseView, ReviewView, review_views
from zonediff.reports.page.verdicts import verdicts
from zonediff.reports.text.plain import command, wrap
from zonediff.result.result import Result
from zonediff.result.reviews import Stage

LINES: Final = 100
"""The most lines of the mail."""

_ENOUGH: Final = 10_000
"""A number of lines that no part reaches: for the mail in full."""

_OTHERS: Final = 3
"""The most headlines of further reviews; a mail shows the worst review."""

_FOR_CAUSES: Final = 30
"""The lines that the causes get at least; the other parts are shortened for them."""

_STAGES: Final = 14
_PER_STAGE: Final = 4
_GAPS: Final = 12
_ALPHABET: Final = 6
_COMPARISONS: Final = 12
_CLAIMS: Final = 8
_NOTES: Final = 6
_READINGS: Final = 6
_SCENARIOS: Final = 8
_REASONS: Final = 2
_SENTENCE: Final = 3
"""The most lines of each part of the mail, so that no part takes the room of the causes."""


def render(result: Result) -> str:
    """The mail. Causes that do not fit have a line each, or are counted."""
    return ready(_mail(result, full=False))


def full(result: Result) -> str:
    """The mail with every cause, line and gap."""
    return ready(_mail(result, full=True))


def _mail(result: Result, *, full: bool) -> Iterator[str]:
    views = sorted(review_views(result), key=ReviewView.rank)
    shown = views if full else views[:1]
    head = [*_title(views), *_others(views[len(shown) :])]
    end = [*_scenarios(result, full), *_more(result, full)]
    most = _ENOUGH if full else LINES - len(head) - len(end)
    yield from head
    for view in shown:
        parts = (_Part(view, share, named=len(views) > 1) for share in _SHARES[full])
        texts = (part.lines(most) for part in parts)
        yield from next((text for text in texts if text is not None), [])
    yield from end


_SHARES: Final[dict[bool, tuple[float, ...]]] = {True: (_ENOUGH,), False: (1, 0.75, 0.5, 0.25)}
"""The shares of the usual lines that the parts get, by whether the mail is in full."""


def _title(views: Sequence[ReviewView]) -> Iterator[str]:
    yield from _cut(wrap(reviews.review_title(views), WIDTH), _SENTENCE)


def _others(views: Sequence[ReviewView]) -> Iterator[str]:
    for view in views[:_OTHERS]:
        text = f"{view.review.series} on {view.review.machine}: {view.headline}"
        yield from _cut(wrap(text, WIDTH, "* "), _SENTENCE)
    if views[_OTHERS:]:
        yield f"* {count_of(len(views[_OTHERS:]), 'more review')} in the full mail"


_BRIEF: Final = 2
"""The lines of a cause in brief; longer ones have an empty line around them."""


class _Part:
    """A review in the mail.

    share: of the usual lines of each part. named: its series is named, as there are several.
    """

    def __init__(self, view: ReviewView, share: float, named: bool) -> None:
        self.view = view
        self.review = view.review
        self.share = share
        self.named = named

    def lines(self, most: int) -> list[str] | None:
        """All lines, at most so many; None if too few are left for the causes."""
        before = [*self._series(), *self._built(), *self._compared()]
        after = [*self._claims(), *self._gaps()]
        room = most - len(before) - len(after)
        wanted = min(_FOR_CAUSES, sum(1 for _ in self._causes(_ENOUGH)))
        if room < wanted and self.share > min(_SHARES[False]):
            return None
        return [*before, *self._causes(room), *after]

    def _most(self, number: int) -> int:
        return max(2, int(number * self.share))

    def _series(self) -> Iterator[str]:
        if self.named:
            yield ""
            text = f"{self.review.series} on {self.review.machine}: {self.view.headline}"
            yield from _cut(wrap(text, WIDTH), _SENTENCE)

    def _built(self) -> Iterator[str]:
        yield from _heading("Kernels")
        facts = {
            "Tree": self.view.built_on,
            "Configuration": self.view.configuration,
            "Compiler": ", ".join(self.view.compilers),
        }
        for name, text in facts.items():
            if text:
                yield from _cut(wrap(f"{name}: {text}", WIDTH, "", "  "), self._most(_SENTENCE))
        notes = [wrap(note, WIDTH, "* ") for note in self.review.notes]
        yield from _cut_list(notes, self._most(_NOTES), "note")
        stages = list(_stages(self.review.stages))
        yield from _cut_list(stages, self._most(_STAGES), "stage")

    def _compared(self) -> Iterator[str]:
        yield from _heading("What was compared")
        about = f"Machine {self.review.machine}: {self.review.about}"
        yield from _cut(wrap(about, WIDTH, "", "  "), self._most(_SENTENCE))
        if not self.review.comparisons:
            yield "No two stages."
            return
        yield f"Steps ({len(self.review.alphabet)} commands):"
        steps = [wrap(line, WIDTH, "  ", "    ") for line in self._alphabet()]
        yield from _cut_list(steps, self._most(_ALPHABET), "line")
        texts = [
            f"{item.baseline} -> {item.candidate}: {reviews.extent(item)}. "
            f"Found: {reviews.outcome_of(item)}."
            for item in self.review.comparisons
        ]
        blocks = [wrap(text, WIDTH, "- ") for text in texts]
        yield from _cut_list(blocks, self._most(_COMPARISONS), "comparison")

    def _alphabet(self) -> list[str]:
        return reviews.alphabet_lines(self.review.alphabet)

    def _causes(self, room: int) -> Iterator[str]:
        if not self.view.causes:
            return
        yield from _heading("Differences, the worst first")
        room -= len(_heading(""))
        texts = [self._versions(item) for item in self.view.causes]
        chosen = _fitting(texts, room)
        for number, text in enumerate(chosen):
            between = number > 0 and max(len(text), len(chosen[number - 1])) > _BRIEF
            yield from ["", *text] if between else text
            room -= len(text) + between
        left = self.view.causes[len(chosen) :]
        if left:
            yield from _cut_list([_short_cause(item) for item in left], room, "difference")

    def _versions(self, item: CauseView) -> list[list[str]]:
        """A cause in full, without the lines that differ, and in brief."""
        steps = [*self._head_of(item), *transcript(item, WIDTH, "   ")]
        reasons = [
            line
            for reason in item.cause.reasons[: self._most(_REASONS)]
            for line in _cut(wrap(reason, WIDTH, "   "), self._most(_SENTENCE))
        ]
        return [[*steps, *self._readings(item), *reasons], steps, _short_cause(item)]

    def _head_of(self, item: CauseView) -> Iterator[str]:
        yield from wrap(f"{item.number}. {item.heading}", WIDTH, "", "   ")
        if item.cause.says:
            yield from _cut(wrap(item.cause.says, WIDTH, "   "), self._most(_SENTENCE))
        yield from _cut(wrap(f"{item.where}, {item.shown}", WIDTH, "   "), self._most(_SENTENCE))

    def _readings(self, item: CauseView) -> Iterator[str]:
        if not item.cause.readings:
            return
        yield from wrap(f"then (- {item.baseline}, + {item.candidate}):", WIDTH, "   ")
        blocks = []
        for source in item.sources:
            blocks.append(wrap(source, WIDTH, "     "))
            for reading in item.cause.readings:
                if reading.source == source:
                    blocks += _reading("-", reading.baseline) + _reading("+", reading.candidate)
        yield from _cut_list(blocks, self._most(_READINGS), "line", "     ")

    def _claims(self) -> Iterator[str]:
        if not self.review.claims:
            return
        yield from _heading("Claims")
        blocks = []
        for claim in self.review.claims:
            cited = f" <{claim.message_id}>" if claim.message_id else ""
            settled = ", ".join(f"{name}: {word}" for name, word in claim.outcomes.items())
            text = f"{claim.id}{cited}: {claim.says}"
            blocks.append([*wrap(text, WIDTH, "- "), *wrap(settled, WIDTH, "  ")])
        yield from _cut_list(blocks, self._most(_CLAIMS), "claim")

    def _gaps(self) -> Iterator[str]:
        yield from _heading("What was not tested")
        blocks = [wrap(text, WIDTH, "- ") for text in self.view.not_tested]
        yield from _cut_list(blocks, self._most(_GAPS), "gap")


def _fitting(texts: Sequence[Sequence[list[str]]], room: int) -> list[list[str]]:
    """A version of each text, so that all fit; the mildest causes are shortened first.

    If even the briefest do not fit, all that do except for a line.
    """
    chosen = [0] * len(texts)

    def size() -> int:
        lengths = [len(versions[level]) for versions, level in zip(texts, chosen, strict=True)]
        return sum(lengths) + sum(max(pair) > _BRIEF for pair in pairwise(lengths))

    for level in (1, 2):
        for place in reversed(range(len(texts))):
            if size() <= room:
                break
            chosen[place] = level
    number = len(texts)
    while chosen and size() > room - (len(chosen) < number):
        chosen.pop()
        texts = texts[: len(chosen)]
    return [list(versions[level]) for versions, level in zip(texts, chosen, strict=True)]


def _stages(stages: Sequence[Stage]) -> Iterator[list[str]]:
    """A block of lines for each stage; many kernels in a row share one."""
    built: list[Stage] = []
    for stage in stages:
        if stage.outcome == "ready" and len(stages) > _STAGES // 2:
            built.append(stage)
            continue
        yield from _row_of_built(built)
        built = []
        yield _stage(stage)
    yield from _row_of_built(built)


def _row_of_built(built: Sequence[Stage]) -> Iterator[list[str]]:
    if len(built) > 2:
        yield wrap(f"{built[0].name} to {built[-1].name}: {len(built)} kernels ready", WIDTH, "- ")
    else:
        yield from map(_stage, built)


def _stage(stage: Stage) -> list[str]:
    about = stage.title
    names = f"{stage.name} ({about})" if about and about != stage.name else stage.name
    cited = f" <{stage.message_id}>" if stage.message_id else ""
    return _cut(wrap(f"{names}{cited}: {reviews.stage_state(stage)}", WIDTH, "- "), _PER_STAGE)


def _reading(sign: str, line: str | None) -> list[list[str]]:
    return [] if line is None else [wrap(line or "(empty line)", WIDTH, f"     {sign} ", "       ")]


def _short_cause(item: CauseView) -> list[str]:
    text = (
        f"{item.number}. {item.heading} ({item.where}), {count_of(len(item.cause.steps), 'step')}"
    )
    return _cut(wrap(text, WIDTH, "", "   "), 2)


def _scenarios(result: Result, full: bool) -> Iterator[str]:
    """The verdicts of the scenarios that were run on the stages as well."""
    if not result.scenarios:
        return
    yield from _heading("Scenarios")
    blocks = [
        wrap(
            f"{item.link.name}: {summary.verdict_in_words(result, item, brief=True)}.", WIDTH, "- "
        )
        for item in verdicts(result)
    ]
    yield from _cut_list(blocks, _ENOUGH if full else _SCENARIOS, "variant")


def _more(result: Result, full: bool) -> Iterator[str]:
    yield from _heading("How to get more")
    if result.command:
        words = [*result.command.split(" "), "-o review.json"]
        lines = [f"  {line}" for line in command(words, WIDTH - 2)]
        yield from _cut(lines, _ENOUGH if full else _ALPHABET)
    if not full:
        yield "  zonediff report review.json --format mail --full"
    yield "  zonediff report review.json --format html -o review.html"
    yield ""
    for text in scope.made_by(result, build_report(result)):
        yield from _cut(wrap(text, WIDTH), _SENTENCE)


def _heading(text: str) -> list[str]:
    """A heading with fewer empty lines than in other mails."""
    return heading(text)[1:-1]


def _cut(lines: Sequence[str], most: int) -> list[str]:
    """The first lines; a cut one ends in dots."""
    if len(lines) <= most:
        return list(lines)
    return [*lines[: most - 1], f"{lines[most - 1][: WIDTH - 4]} ..."]


def _cut_list(
    blocks: Sequence[Sequence[str]], most: int, what: str, margin: str = ""
) -> Iterator[str]:
    """Whole blocks of lines in at most so many lines, and the number of those left out."""
    if sum(map(len, blocks)) <= most:
        yield from (line for block in blocks for line in block)
        return
    used = shown = 0
    for block in blocks:
        if used + len(block) > most - 1:
            break
        used += len(block)
        shown += 1
        yield from block
    yield f"{margin}({count_of(len(blocks) - shown, f'more {what}')} in the full mail)"
