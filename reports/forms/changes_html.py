"""The changes from one result to another as one HTML file, with neither network nor script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Final

from jinja2 import Environment
from markupsafe import Markup

from zonediff.reports.forms.changes import (
    changes_by_kind,
    headline,
    mark_of,
    other_changes,
    review_changes,
)
from zonediff.reports.forms.environment import template_environment
from zonediff.reports.text.kinds import SYMBOLS, css, noun
from zonediff.result.changes import Regression

_STYLE: Final = """\
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
article { border-left: 0.25rem solid; padding-left: 0.75rem; margin: 1rem 0; }
h1, h3 { overflow-wrap: anywhere; }
li { overflow-wrap: anywhere; }
"""


def render(regression: Regression) -> str:
    """The whole page: the numbers, then each change, the worst kind first."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    return (
        _environment()
        .get_template("changes.html")
        .render(
            regression=regression,
            headline=headline(regression),
            sections=changes_by_kind(regression),
            others=list(other_changes(regression)),
            reviews=list(review_changes(regression)),
            style=Markup(_STYLE),
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'",
        )
    )


def _environment() -> Environment:
    environment = template_environment()
    environment.filters.update(names=_names, css=css, mark=mark_of)
    environment.globals.update(noun=noun, symbols=SYMBOLS)
    return environment


def _names(names: Sequence[str]) -> str:
    return ", ".join(names)
