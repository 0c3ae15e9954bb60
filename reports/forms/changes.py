"""The changes from one result to another: as text, as a mail, and as Markdown for a comment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from zonediff.engine.words import count_of
from zonediff.reports.forms import mail_layout as layout
from zonediff.reports.forms.severities import harm
from zonediff.reports.text.kinds import noun
from zonediff.reports.text.markdown import Part, comment, table
from zonediff.reports.text.markdown import text as plain
from zonediff.reports.text.plain import WIDTH, wrap
from zonediff.reports.text.scenario_names import families
from zonediff.result.changes import REVIEW_FATES, Change, Regression, ReviewFate
from zonediff.result.judgements import KINDS, Kind, VariantRemovals

FATES: Final[dict[ReviewFate, str]] = {
    "stage-failed": "without a kernel now",
    "new": "new",
    "worse": "worse",
    "otherwise": "changed",
    "gone": "gone",
    "stage-mended": "with a kernel now",
    "still-there": "still there",
    "not-tested": "not tested again",
}
"""The fate of a cause or a stage of a review."""


def headline(regression: Regression) -> str:
    """All changes in one sentence, as numbers."""
    if regression.failure:
        return f"Nothing was compared: {regression.failure}"
    counts = Counter(change.kind for change in regression.changes)
    known = Counter(change.kind for change in regression.changes if change.known)
    kinds = [
        f"{counts[kind]} {noun(kind, counts[kind])}{_of_them_known(known[kind])}"
        for kind in KINDS
        if counts[kind]
    ]
    removals = _number(regression.removals)
    if removals:
        known_removals = _of_them_known(removals - _number(regression.new_removals))
        kinds.append(f"{count_of(removals, 'removal')} from the interface{known_removals}")
    compared = count_of(len(regression.cells), "outcome")
    says = f"{compared} compared: {', '.join(kinds) or 'nothing changed'}."
    if not regression.reviews:
        return says
    fates = Counter(change.fate for change in regression.reviews)
    numbers = ", ".join(f"{fates[fate]} {FATES[fate]}" for fate in REVIEW_FATES if fates[fate])
    of_reviews = f"Causes and stages of reviews: {numbers}."
    return f"{of_reviews} {says}" if regression.cells else of_reviews


def _of_them_known(number: int) -> str:
    return f" ({number} known)" if number else ""


def _number(removals: Iterable[VariantRemovals]) -> int:
    return sum(len(lost.removals) for lost in removals)


def what_kind(change: Change) -> str:
    """The kind of a change, with the harm of a regression: `known regression (the kernel dies)`."""
    known = "known " if change.known else ""
    return f"{known}{noun(change.kind)}{f' ({harm(change)})' if _has_harm(change) else ''}"


def mark_of(change: Change) -> str:
    """The harm of a regression, and whether a change is known; empty if there is neither."""
    marks = [harm(change)] if _has_harm(change) else []
    return ", ".join([*marks, *(["a known outcome"] if change.known else [])])


def _has_harm(change: Change) -> bool:
    return change.kind == "regression" and change.severity is not None


def text(regression: Regression) -> str:
    """Every change with its details, for a terminal: at most 80 columns."""
    return "\n".join(_text(regression)) + "\n"


def _text(regression: Regression) -> Iterator[str]:
    yield from wrap(f"{regression.base} -> {regression.head}", WIDTH)
    for text in review_changes(regression):
        yield from wrap(text, WIDTH, rest="  ")
    for change, variants in by_change(regression):
        yield ""
        yield from wrap(
            f"{what_kind(change)}: {change.scenario} on {', '.join(variants)}", WIDTH, rest="  "
        )
        for says in change.says:
            yield from wrap(says, WIDTH, "  ", "    ")
    yield ""
    for sentence in other_changes(regression):
        yield from wrap(sentence, WIDTH, rest="  ")
    yield from wrap(headline(regression), WIDTH)


def mail(regression: Regression) -> str:
    """A mail: the headline first, then each change, with the rules as footnotes."""
    return layout.ready(_mail(regression))


def _mail(regression: Regression) -> Iterator[str]:
    width = layout.WIDTH
    yield from wrap(f"Memory hotplug: {regression.base} -> {regression.head}", width)
    yield ""
    yield from wrap(headline(regression), width)
    yield from layout.bullets(other_changes(regression))
    if regression.reviews:
        yield from layout.heading("Reviews")
        yield from layout.bullets(review_changes(regression))
    notes = layout.Notes()
    kind: Kind | None = None
    for change, variants in by_change(regression):
        if change.kind != kind:
            kind = change.kind
            yield from layout.heading(noun(kind, 2).capitalize())
        else:
            yield ""
        text = f"{change.scenario} on {', '.join(variants)} {notes.marks(change.reasons)}"
        yield from wrap(text, width, rest="  ")
        if mark := mark_of(change):
            yield from wrap(mark, width, "  - ")
        for says in change.says:
            yield from wrap(says, width, "  - ")
    lines = list(notes.lines())
    if lines:
        yield from layout.heading("Reasons")
        yield from lines
    yield ""
    yield from wrap(
        "Made by a tool, zonediff, from two of its results. It is not a review and carries "
        "nobody's sign-off.",
        width,
    )


def markdown(regression: Regression) -> str:
    """A table of the changes, for a comment on a merge request."""
    heads = ["change", "scenario", "variant", "what"]
    rows = [
        [what_kind(change), *map(plain, (change.scenario, ", ".join(variants), change.says[0]))]
        for change, variants in by_change(regression)
    ]
    lines = table(heads, rows) if rows else []
    others = [[f"- {plain(sentence)}"] for sentence in other_changes(regression)]
    parts = [
        Part(
            f"zonediff: {plain(regression.base)} \N{RIGHTWARDS ARROW} {plain(regression.head)}",
            [plain(headline(regression)), "", *lines[:2]],
            [[line] for line in lines[2:]],
        )
    ]
    if regression.reviews:
        reviewed = [[f"- {plain(sentence)}"] for sentence in review_changes(regression)]
        parts.append(Part("Reviews", (), reviewed))
    return comment([*parts, *([Part("Other changes", (), others)] if others else [])], [])


def review_changes(regression: Regression) -> Iterator[str]:
    """A sentence for each cause and stage of a review: what became of it."""
    for change in regression.reviews:
        subject = f"{change.place}: {change.cause}" if change.cause else change.place
        says = f" ({change.says})" if change.says else ""
        yield f"{FATES[change.fate]}: {subject}{says}"


def by_change(regression: Regression) -> Iterator[tuple[Change, list[str]]]:
    """Each change once, with the variants that have it."""
    groups: dict[tuple[object, ...], tuple[Change, list[str]]] = {}
    for change in regression.changes:
        reasons = tuple(map(str, change.reasons))
        key = (change.scenario, what_kind(change), change.says, reasons)
        groups.setdefault(key, (change, []))[1].append(change.variant)
    yield from groups.values()


def changes_by_kind(regression: Regression) -> list[tuple[Kind, list[tuple[Change, list[str]]]]]:
    """Each kind of change, the worst first, with its changes and the variants that have them."""
    groups: dict[Kind, list[tuple[Change, list[str]]]] = {}
    for change, variants in by_change(regression):
        groups.setdefault(change.kind, []).append((change, variants))
    return list(groups.items())


def other_changes(regression: Regression) -> Iterator[str]:
    """Removals, new and missing scenarios and variants, edited scenarios, and remarks."""
    by_removal: dict[str, list[str]] = {}
    for lost in regression.removals:
        for item in lost.removals:
            known = " (known)" if regression.is_known_removal(lost.variant, item) else ""
            by_removal.setdefault(f"{item.what}: {item.detail}{known}", []).append(lost.variant)
    for removal, names in by_removal.items():
        yield f"{', '.join(names)} {'remove' if len(names) > 1 else 'removes'} {removal}"
    groups: dict[tuple[str, bool], list[str]] = {}
    for novelty in regression.novelties:
        groups.setdefault((novelty.what, novelty.added), []).append(novelty.name)
    for (kind, added), names in groups.items():
        subject = f"{kind}s" if len(names) > 1 else kind
        are = "are" if len(names) > 1 else "is"
        yield f"{subject} {', '.join(families(names))} {are} {'new' if added else 'gone'}"
    if regression.edited:
        yield f"edited between the two: {', '.join(families(regression.edited))}"
    yield from regression.remarks
    yield from (f"stale known outcome: {entry}" for entry in regression.stale)
