"""The report as one HTML file that needs nothing else: no network, no JavaScript.

Style and script are inlined and named by their hashes in the Content-Security-Policy, so nothing
else can run even if some text of a scenario were not escaped.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from zonediff.engine.words import letter
from zonediff.reports.page import claims, explorations, frontier, history, portrait
from zonediff.reports.page.chance_goals import interval, scale
from zonediff.reports.page.frontier_map import frontier_map
from zonediff.reports.page.frontier_remaining import frontier_left
from zonediff.reports.page.patches import short_id
from zonediff.reports.page.report import Report, view
from zonediff.reports.page.reproduce import Where
from zonediff.reports.page.row_filters import Only, anchor, counted, rules
from zonediff.reports.page.scenario_groups import Siblings, siblings
from zonediff.reports.page.scenario_view import Column
from zonediff.reports.page.shared_content import Said
from zonediff.reports.page.step_table import Spread
from zonediff.reports.text.kinds import MEANINGS, SYMBOLS, Class, css, noun, short
from zonediff.reports.text.plain import visible
from zonediff.result.result import Result

_TEMPLATES: Final = Path(__file__).parent.parent / "templates"


def render(result: Result) -> str:
    """The whole page."""
    report = view(result)
    only = counted(report)
    style, script = _style(only), _asset("script.js")
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            families=siblings(report.scenarios),
            only=only,
            claims_told=_claims(report),
            said=Said(),
            style=style,
            script=script,
            policy=(
                f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
                "base-uri 'none'; form-action 'none'"
            ),
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_show,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["css"] = css
    environment.filters["prose"] = _prose
    environment.globals.update(
        anchor=anchor,
        alike=_alike,
        along_goals=history.goals,
        along_steps=history.steps,
        css=css,
        frontier_meanings=[(s, frontier.SIGNS[s], m) for s, m in frontier.MEANINGS.items()],
        frontier_left=frontier_left,
        frontier_map=frontier_map,
        interval=interval,
        interval_scale=scale,
        letter=letter,
        letters=_ZONE_LETTERS,
        meanings=MEANINGS,
        member_name=_member_name,
        member_of=_member,
        noun=noun,
        pictures=frontier.pictures,
        places=_PLACES,
        short=short,
        short_id=short_id,
        portrait=portrait,
        signs=explorations.SIGNS,
        spans=_spans,
        standings=[(s, explorations.SIGNS[s], m) for s, m in explorations.MEANINGS.items()],
        symbols=SYMBOLS,
        verdict_meanings=claims.MEANINGS,
    )
    return environment


_ZONE_LETTERS: Final = (
    ("normal", "N", "Normal"),
    ("movable", "M", "Movable"),
    ("dma", "D", "DMA and DMA32"),
    ("none", "-", "no one zone"),
)

_QUOTED: Final = re.compile(r"`{1,2}([^`]+)`{1,2}")

_PLACES: Final[dict[Where, str]] = {
    "host": "Host",
    "monitor": "QEMU's monitor",
    "guest": "Guest, as root",
    "by hand": "By hand",
}


def _show(value: Any) -> Any:
    """What templates print: text of a result never hides anything, as marks of direction would."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _prose(text: str) -> Markup:
    """What an author wrote, who may have put names between backticks as docstrings do."""
    pieces = _QUOTED.split(visible(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if number % 2 else piece
        for number, piece in enumerate(pieces)
    )


def _spans(part: Spread[object], row: Sequence[object], columns: Sequence[object]) -> Markup:
    """Attributes of a table cell: the columns that it spans, and their letters.

    The letters are for narrow screens; rows that are all of one cell, or of one for each column,
    get theirs from the style sheet.
    """
    wide = Markup(" colspan={}").format(part.columns) if part.columns > 1 else Markup("")
    if len(row) in (1, len(columns)):
        return wide
    last = part.first + part.columns - 1
    names = letter(part.first) + (f"-{letter(last)}" if part.columns > 1 else "")
    return wide + Markup(" data-c={}").format(names)


def _alike(column: Column) -> list[tuple[tuple[Class, ...], list[int]]]:
    """The members of a column by what they were judged to be, as numbers."""
    found: dict[tuple[Class, ...], list[int]] = {}
    for number, member in enumerate(column.members):
        found.setdefault(member.classes, []).append(number)
    return list(found.items())


def _member(alike: Siblings, column: int, number: int) -> Markup:
    """The name of a variant, with its ids, one for each of the scenarios that are shown there.

    There are none for a variant that is as the baseline: it is found by its scenario's.
    """
    found = [scenario.columns[column].members[number] for scenario in alike.members]
    name = _show(found[0].link.name)
    if found[0].classes in ((), ("unchanged",)):
        return Markup.escape(name)
    *others, last = (item.link.anchor for item in found)
    ids = Markup("").join(Markup('<a id="{}"></a>').format(id) for id in others)
    return ids + Markup('<a id="{}">{}</a>').format(last, name)


def _member_name(name: str, first: str) -> str:
    """The name of another member of the family of the first: only what is not the same."""
    stem, bracket, values = name.partition("[")
    return f"[{values}" if bracket and first.partition("[")[0] == stem else name


def _claims(report: Report) -> list[str]:
    """The claims that scenarios speak to."""
    rows = (row for shelf in report.shelves for row in shelf.rows)
    return sorted({claim for row in rows for claim in row.claims})


def _style(only: Sequence[Only]) -> Markup:
    """The style sheet, with the sign of each class and verdict, and what each count leads to."""
    signs = [*SYMBOLS.items(), *claims.SIGNS.items()]
    return Markup(
        str(_asset("style.css"))
        + "\n".join(f'.{css(kind)} {{ --sign: "{sign}"; }}' for kind, sign in signs)
        + "\n"
        + "\n".join(rules(only))
    )


def _asset(name: str) -> Markup:
    return Markup((_TEMPLATES / name).read_text(encoding="utf-8"))


def _digest(text: str) -> str:
    """A source expression for inline text, as Content-Security-Policy wants it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
