"""What changed from one result to another: as text, as a mail, and as Markdown for a comment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from zonediff.engine.words import several
from zonediff.reports.forms import mail_layout as layout
from zonediff.reports.text.kinds import noun
from zonediff.reports.text.markdown import Part, comment, table
from zonediff.reports.text.markdown import text as plain
from zonediff.reports.text.plain import wrap
from zonediff.reports.text.scenario_names import families
from zonediff.result.changes import Change, Regression
from zonediff.result.judgements import KINDS, Kind

WIDTH: Final = 80


def headline(found: Regression) -> str:
    """What changed, in one sentence."""
    counts = Counter(change.kind for change in found.changes)
    kinds = [f"{counts[kind]} {noun(kind, counts[kind])}" for kind in KINDS if counts[kind]]
    lost = sum(len(of.removals) for of in found.removals)
    if lost:
        kinds.append(f"{several(lost, 'removal')} from the interface")
    compared = several(len(found.cells), "outcome")
    return f"{compared} compared: {', '.join(kinds) or 'nothing changed'}."


def text(found: Regression) -> str:
    """For a terminal: every change with what it consists in."""
    return "\n".join(_text(found)) + "\n"


def _text(found: Regression) -> Iterator[str]:
    yield from wrap(f"{found.base} -> {found.head}", WIDTH)
    for change, variants in _alike(found):
        yield ""
        yield from wrap(
            f"{noun(change.kind)}: {change.scenario} on {', '.join(variants)}", WIDTH, rest="  "
        )
        for says in change.says:
            yield from wrap(says, WIDTH, "  ", "    ")
    yield ""
    for what in _besides(found):
        yield from wrap(what, WIDTH, rest="  ")
    yield from wrap(headline(found), WIDTH)


def mail(found: Regression) -> str:
    """For a mailing list: the verdict first, each change with the rules behind it as footnotes."""
    return layout.ready(_mail(found))


def _mail(found: Regression) -> Iterator[str]:
    width = layout.WIDTH
    yield from wrap(f"Memory hotplug: {found.base} -> {found.head}", width)
    yield ""
    yield from wrap(headline(found), width)
    yield from layout.bullets(_besides(found))
    notes = layout.Notes()
    kind: Kind | None = None
    for change, variants in _alike(found):
        if change.kind != kind:
            kind = change.kind
            yield from layout.heading(noun(kind, 2).capitalize())
        else:
            yield ""
        text = f"{change.scenario} on {', '.join(variants)} {notes.marks(change.reasons)}"
        yield from wrap(text, width, rest="  ")
        for says in change.says:
            yield from wrap(says, width, "  - ")
    lines = list(notes.lines())
    if lines:
        yield from layout.heading("Reasons")
        yield from lines
    yield ""
    yield from wrap(
        "Made by a tool, zonediff, from two of its results. It is nobody's review and carries no "
        "one's sign-off.",
        width,
    )


def markdown(found: Regression) -> str:
    """For a merge request: a table of the changes."""
    heads = ["change", "scenario", "variant", "what"]
    rows = [
        [noun(change.kind), *map(plain, (change.scenario, ", ".join(variants), change.says[0]))]
        for change, variants in _alike(found)
    ]
    lines = table(heads, rows) if rows else []
    besides = [[f"- {plain(what)}"] for what in _besides(found)]
    parts = [
        Part(
            f"zonediff: {plain(found.base)} \N{RIGHTWARDS ARROW} {plain(found.head)}",
            [headline(found), "", *lines[:2]],
            [[line] for line in lines[2:]],
        )
    ]
    return comment([*parts, *([Part("Besides", (), besides)] if besides else [])], [])


def _alike(found: Regression) -> Iterator[tuple[Change, list[str]]]:
    """Each change, once for all variants on which it is the same."""
    groups: dict[tuple[object, ...], tuple[Change, list[str]]] = {}
    for change in found.changes:
        key = (change.scenario, change.kind, change.says, tuple(map(str, change.reasons)))
        groups.setdefault(key, (change, []))[1].append(change.variant)
    yield from groups.values()


def _besides(found: Regression) -> Iterator[str]:
    """What there is to say besides changed outcomes."""
    lost: dict[str, list[str]] = {}
    for of in found.removals:
        for item in of.removals:
            lost.setdefault(f"{item.what}: {item.detail}", []).append(of.variant)
    for what, names in lost.items():
        yield f"{', '.join(names)} {'take' if len(names) > 1 else 'takes'} away {what}"
    groups: dict[tuple[str, bool], list[str]] = {}
    for novelty in found.novelties:
        groups.setdefault((novelty.what, novelty.added), []).append(novelty.name)
    for (kind, added), names in groups.items():
        subject = f"{kind}s" if len(names) > 1 else kind
        are = "are" if len(names) > 1 else "is"
        yield f"{subject} {', '.join(families(names))} {are} {'new' if added else 'gone'}"
    if found.edited:
        yield f"edited between the two: {', '.join(families(found.edited))}"
    yield from found.remarks
