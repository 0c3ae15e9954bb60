"""The report as one HTML file that needs nothing else: no network, no JavaScript.

Style and script are inlined and named by their hashes in the Content-Security-Policy, so nothing
else can run even if some text of a scenario were not escaped.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from zonediff.compare.result import Frontier, Result
from zonediff.reports import frontier, history, ledger
from zonediff.reports.kinds import MEANINGS, SYMBOLS, noun, short
from zonediff.reports.patches import short_id
from zonediff.reports.plain import visible
from zonediff.reports.reproduce import Where
from zonediff.reports.sidebyside import Column
from zonediff.reports.view import view

_TEMPLATES: Final = Path(__file__).parent / "templates"


def render(result: Result) -> str:
    """The whole page."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_show,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(
        attributes=_attributes,
        meanings=MEANINGS,
        verdict_meanings=ledger.MEANINGS,
        noun=noun,
        short=short,
        short_id=short_id,
        letters=_ZONE_LETTERS,
        places=_PLACES,
        pictures=frontier.pictures,
        frontier_svg=_frontier,
        along_steps=history.steps,
        along_goals=history.goals,
        frontier_meanings=[(s, frontier.SIGNS[s], m) for s, m in frontier.MEANINGS.items()],
    )
    style, script = _asset("style.css") + _signs(), _asset("script.js")
    return environment.get_template("report.html").render(
        report=view(result),
        style=style,
        script=script,
        policy=(
            f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
            "base-uri 'none'; form-action 'none'"
        ),
    )


_ZONE_LETTERS: Final = (
    ("normal", "N", "Normal"),
    ("movable", "M", "Movable"),
    ("dma", "D", "DMA and DMA32"),
    ("none", "-", "no one zone"),
)

_PLACES: Final[dict[Where, str]] = {
    "host": "On the host",
    "monitor": "In QEMU's monitor",
    "guest": "In the guest, as root",
    "by hand": "By hand",
}


def _show(value: Any) -> Any:
    """What templates print: text of a result never hides anything, as marks of direction would."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _attributes(
    several: bool, shown: Sequence[object], columns: Sequence[Column], index: int
) -> Markup:
    """Attributes of a table cell: whose it is, for narrow screens, or that it spans all columns."""
    if not several:
        return Markup("")
    if len(shown) == 1:
        return Markup(' colspan="{}" data-c="all"').format(len(columns))
    return Markup(' data-c="{}"').format(_show(columns[index].members[0].link.name))


def _signs() -> Markup:
    """Style rules for the sign of each class and verdict."""
    signs = [*SYMBOLS.items(), *ledger.SIGNS.items()]
    return Markup("\n".join(f'.{kind} {{ --sign: "{sign}"; }}' for kind, sign in signs))


def _frontier(item: Frontier) -> Markup:
    return Markup(frontier.frontier_svg(item))


def _asset(name: str) -> Markup:
    return Markup((_TEMPLATES / name).read_text(encoding="utf-8"))


def _digest(text: str) -> str:
    """A source expression for inline text, as Content-Security-Policy wants it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
