"""The forms that a result can take, and the changes from one result to another, by name."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from zonediff.result.changes import Regression
    from zonediff.result.result import Result


@dataclass(frozen=True, slots=True)
class Format:
    """A form: what it is for, and where the functions are that render it.

    result: of a result; changes: of what changed, None where this form has no such thing.
    """

    name: str
    summary: str
    result: str
    changes: str | None = None


# Renderers are imported when they are used: Jinja2 and tabulate take longer than a short command.
_ALL: Final = (
    Format(
        "text",
        "a summary, as zonediff run prints it",
        "reports.forms.summary:render",
        "reports.forms.changes:text",
    ),
    Format("html", "one self-contained page", "reports.forms.html:render"),
    Format(
        "mail",
        "ASCII text of at most 72 columns, for a mailing list",
        "reports.forms.mail:render",
        "reports.forms.changes:mail",
    ),
    Format(
        "markdown",
        "a comment on a forge, of at most 65,536 bytes",
        "reports.forms.markdown:render",
        "reports.forms.changes:markdown",
    ),
    Format(
        "ktap",
        "the kernel's test output, KTAP version 1",
        "reports.forms.ktap:render",
        "reports.forms.ktap:changes",
    ),
    Format(
        "junit",
        "JUnit XML, for a CI server",
        "reports.forms.junit:render",
        "reports.forms.junit:changes",
    ),
    Format("csv", "a row for each scenario and variant", "reports.forms.spreadsheet:render"),
    Format("json", "the result itself, for programs", "result.files:dumps"),
)

FORMATS: Final = {item.name: item for item in _ALL}
"""Every form by its name."""

OF_CHANGES: Final = tuple(item.name for item in _ALL if item.changes is not None)
"""The names of the forms that what changed can take."""


def render(result: Result, name: str) -> str:
    """The result in the form of that name. Raises KeyError when there is no such form."""
    return _call(FORMATS[name].result, result)


def render_changes(found: Regression, name: str) -> str:
    """What changed in the form of that name. Raises KeyError when that form has no changes."""
    place = FORMATS[name].changes
    if place is None:
        raise KeyError(name)
    return _call(place, found)


def _call(place: str, what: Any) -> str:
    module, _, function = place.partition(":")
    text: str = getattr(import_module(f"zonediff.{module}"), function)(what)
    return text
