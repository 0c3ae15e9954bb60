"""The report as one HTML file that needs neither a network nor JavaScript.

The Content-Security-Policy allows only the inlined style and script, by their hashes. No other
script could run even if some text of a scenario were not escaped.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from jinja2 import Environment
from markupsafe import Markup

from zonediff.engine.words import count_of, letter
from zonediff.reports.forms.environment import TEMPLATES, show, template_environment
from zonediff.reports.page import claims, explorations, frontier, history, portrait
from zonediff.reports.page.chance_goals import interval, scale
from zonediff.reports.page.frontier_map import frontier_map
from zonediff.reports.page.frontier_remaining import frontier_remaining
from zonediff.reports.page.index import cell_name
from zonediff.reports.page.patches import short_id
from zonediff.reports.page.report import Report, build_report
from zonediff.reports.page.reproduce import Where
from zonediff.reports.page.review_steps import transcript
from zonediff.reports.page.reviews import (
    STAGE_SIGNS,
    STAGE_WORDS,
    alphabet_lines,
    bound,
    outcome_of,
    verdict_noun,
)
from zonediff.reports.page.row_filters import RowFilter, filter_anchor, row_filters, style_rules
from zonediff.reports.page.scenario_groups import ScenarioGroup, group_scenarios
from zonediff.reports.page.scenario_view import Column
from zonediff.reports.page.shared_content import SharedContent
from zonediff.reports.page.spare_markup import without_spare_markup
from zonediff.reports.page.step_table import SpanningCell
from zonediff.reports.page.web_links import COMMIT, commit_url, message_url
from zonediff.reports.text.kinds import MEANINGS, SYMBOLS, Class, css, noun, short
from zonediff.reports.text.plain import visible
from zonediff.result.result import Result


def render(result: Result) -> str:
    """The whole page."""
    report = build_report(result)
    filters = row_filters(report)
    style, script = _style(filters), _asset("copy.js")
    if report.scenarios:
        script += _asset("script.js")
    page = (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            made=_made(),
            scenario_groups=group_scenarios(report.scenarios),
            row_filters=filters,
            claims_in_scenarios=_claims(report),
            shared=SharedContent(),
            style=style,
            script=script,
            policy=(
                f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
                "base-uri 'none'; form-action 'none'"
            ),
        )
    )
    return without_spare_markup(page)


def _environment() -> Environment:
    environment = template_environment()
    environment.filters["css"] = css
    environment.filters["prose"] = _prose
    environment.globals.update(
        alphabet_lines=alphabet_lines,
        bound=bound,
        by_judgement=_by_judgement,
        cause_anchor=_cause_anchor,
        cell_name=cell_name,
        count=count_of,
        css=css,
        file_of=_file_of,
        filter_anchor=filter_anchor,
        frontier_meanings=[(s, frontier.SIGNS[s], m) for s, m in frontier.MEANINGS.items()],
        frontier_remaining=frontier_remaining,
        frontier_map=frontier_map,
        history_goals=history.goals,
        history_steps=history.steps,
        goal_fates=_GOAL_FATES,
        interval=interval,
        interval_scale=scale,
        letter=letter,
        letters=_ZONE_LETTERS,
        meanings=MEANINGS,
        message_url=message_url,
        most_causes=MOST_CAUSES,
        member_name=_member_name,
        member_of=_member,
        noun=noun,
        pictures=frontier.pictures,
        reversals=frontier.reversals,
        outcome_of=outcome_of,
        places=_PLACES,
        short=short,
        short_id=short_id,
        portrait=portrait,
        signs=explorations.SIGNS,
        spans=_spans,
        standings=[(s, explorations.SIGNS[s], m) for s, m in explorations.MEANINGS.items()],
        stage_words=STAGE_WORDS,
        symbols=SYMBOLS,
        transcript=transcript,
        verdict_noun=verdict_noun,
        verdict_meanings=claims.MEANINGS,
    )
    return environment


_ZONE_LETTERS: Final = (
    ("normal", "N", "Normal"),
    ("movable", "M", "Movable"),
    ("dma", "D", "DMA and DMA32"),
    ("none", "-", "none or several zones"),
)

MOST_CAUSES: Final = 10
"""The most causes of a section that are not behind a further click."""

_GOAL_FATES: Final[dict[str, str]] = {
    "regression": "no longer met",
    "fix": "now met",
    "behaviour-change": "met otherwise",
    "unchanged": "as before",
    "abi-removal": "its file is gone",
    "error": "not known",
}
"""The fate of a goal, by its kind; it stands before the goal."""

_QUOTED: Final = re.compile(r"`{1,2}([^`]+)`{1,2}")

_PLACES: Final[dict[Where, str]] = {
    "host": "Host",
    "monitor": "QEMU monitor",
    "guest": "Guest, as root",
    "by hand": "By hand",
}


_COMMENT: Final = re.compile(r"//.*|/\*[^*]*\*/")


def _cause_anchor(kind: str, number: int) -> str:
    """The id of a cause in a section; it has a `:`, which no anchor of a result has."""
    return f"cause:{kind}:{number}"


def _prose(text: str) -> Markup:
    """Text of an author, with names between backticks as code."""
    pieces = _QUOTED.split(visible(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if number % 2 else _with_commits(piece)
        for number, piece in enumerate(pieces)
    )


def _with_commits(text: str) -> Markup:
    """Text with links from the commits of Linux that it names."""
    link = Markup('<a rel="noreferrer" href="{}">{}</a>')
    return Markup("").join(
        link.format(commit_url(piece), piece) if number % 2 else piece
        for number, piece in enumerate(COMMIT.split(text))
    )


def _made() -> str:
    """The date to print, as `2026-11-30`: only if SOURCE_DATE_EPOCH asks for one.

    Equal results give equal pages, so the clock is not read.
    https://reproducible-builds.org/specs/source-date-epoch/
    """
    seconds = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not seconds.isascii() or not seconds.isdecimal():
        return ""
    try:
        return datetime.fromtimestamp(int(seconds), UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        return ""


def _spans(part: SpanningCell[object], row: Sequence[object], columns: Sequence[object]) -> Markup:
    """The attributes of a table cell: the number of columns that it spans, and their letters.

    Narrow screens show the letters. Rows with one cell, or with one for each column, get them from
    the style sheet.
    """
    wide = Markup(" colspan={}").format(part.columns) if part.columns > 1 else Markup("")
    if len(row) in (1, len(columns)):
        return wide
    last = part.first + part.columns - 1
    names = letter(part.first) + (f"-{letter(last)}" if part.columns > 1 else "")
    return wide + Markup(" data-c={}").format(names)


def _by_judgement(column: Column) -> list[tuple[tuple[Class, ...], str, list[int]]]:
    """The numbers of the members of a column, by their classes and the words on known ones."""
    members: dict[tuple[tuple[Class, ...], str], list[int]] = {}
    for number, member in enumerate(column.members):
        known = f"known: {member.why}" if member.why else "known"
        members.setdefault((member.classes, known if member.known else ""), []).append(number)
    return [(*key, numbers) for key, numbers in members.items()]


def _member(group: ScenarioGroup, column: int, number: int) -> Markup:
    """The name of a variant with an id for each scenario of the group.

    A variant without differences has no id: the script goes to the scenario instead.
    """
    members = [scenario.columns[column].members[number] for scenario in group.members]
    name = show(members[0].link.name)
    if members[0].classes in ((), ("unchanged",)):
        return Markup.escape(name)
    first, *others = (item.link.anchor for item in members)
    ids = Markup("").join(Markup('<a id="{}"></a>').format(id) for id in others)
    return ids + Markup('<a id="{}">{}</a>').format(first, name)


def _file_of(name: str) -> str:
    """The file that a scenario of the corpus comes from, by its id."""
    return f"{name.partition('[')[0]}.yaml"


def _member_name(name: str, first: str) -> str:
    """The name of a scenario; of one in the same family as `first` only the values."""
    stem, bracket, values = name.partition("[")
    return f"[{values}" if bracket and first.partition("[")[0] == stem else name


def _claims(report: Report) -> list[str]:
    """The claims that scenarios refer to."""
    rows = (row for shelf in report.shelves for row in shelf.rows)
    return sorted({claim for row in rows for claim in row.claims})


def _style(filters: Sequence[RowFilter]) -> Markup:
    """The style sheet with the signs of classes and verdicts, and the rules of row filters."""
    signs = [*SYMBOLS.items(), *claims.SIGNS.items(), *STAGE_SIGNS.items(), ("sometimes", "~")]
    return Markup(
        _without_blanks(str(_asset("style.css")))
        + "\n".join(f'.{css(kind)} {{ --sign: "{sign}"; }}' for kind, sign in signs)
        + "\n"
        + "\n".join(style_rules(filters))
    )


def _without_blanks(style: str) -> str:
    """A style sheet without the blanks around braces and after colons and semicolons."""
    for blanks, kept in ((" { ", "{"), ("; }", "}"), ("; ", ";"), (": ", ":")):
        style = style.replace(blanks, kept)
    return style


def _asset(name: str) -> Markup:
    """A style sheet or a script without its indentation and the lines that are comments."""
    lines = map(str.strip, (TEMPLATES / name).read_text(encoding="utf-8").splitlines())
    kept = (line for line in lines if line and not _COMMENT.fullmatch(line))
    return Markup("\n".join(kept) + "\n")


def _digest(text: str) -> str:
    """The source expression of an inline text for the Content-Security-Policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
