"""The forms of report by name: forms of a result, and of the changes between two results."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from zonediff.result.changes import Regression
    from zonediff.result.result import Result


@dataclass(frozen=True, slots=True)
class Format:
    """A form of report, with its functions as `module:function`.

    result: renders a result. changes: renders the changes between two results, None for a form
    that cannot. full: renders a result without leaving anything out, for a form that is short.
    """

    name: str
    summary: str
    result: str
    changes: str | None = None
    full: str | None = None


# Renderers are imported when they are used: Jinja2 and tabulate take longer than a short command.
_ALL: Final = (
    Format(
        "text",
        "a summary, as zonediff run prints it",
        "reports.forms.summary:render",
        "reports.forms.changes:text",
    ),
    Format(
        "html",
        "one self-contained page",
        "reports.forms.html:render",
        "reports.forms.changes_html:render",
    ),
    Format(
        "mail",
        "ASCII text of at most 72 columns, for a mailing list",
        "reports.forms.mail_brief:render",
        "reports.forms.changes:mail",
        "reports.forms.mail:render",
    ),
    Format(
        "markdown",
        "a comment on a forge, of at most 65,536 bytes",
        "reports.forms.markdown:render",
        "reports.forms.changes:markdown",
    ),
    Format(
        "ktap",
        "the format of the kernel's tests, KTAP version 1",
        "reports.forms.ktap:render",
        "reports.forms.ktap:changes",
    ),
    Format(
        "junit",
        "JUnit XML, for a CI server",
        "reports.forms.junit:render",
        "reports.forms.junit:changes",
    ),
    Format(
        "github",
        "annotations of GitHub Actions, beside the change",
        "reports.forms.annotations:render",
        "reports.forms.annotations:changes",
    ),
    Format("csv", "a row for each scenario and variant", "reports.forms.spreadsheet:render"),
    Format("kcidb", "JSON for KernelCI: the kernels of reviews", "reports.forms.kcidb:render"),
    Format("json", "the result itself, for programs", "result.files:dumps"),
)

FORMATS: Final = {item.name: item for item in _ALL}
"""Every form by its name."""

OF_CHANGES: Final = tuple(item.name for item in _ALL if item.changes is not None)
"""The names of the forms that can show the changes between two results."""


def render(result: Result, name: str, *, full: bool = False) -> str:
    """Render a result in the form of this name. Raises KeyError for an unknown form.

    full: leave nothing out, in a form that is short otherwise.
    """
    form = FORMATS[name]
    return _call(form.full if full and form.full is not None else form.result, result)


def render_changes(regression: Regression, name: str) -> str:
    """Render changes in the form of this name. Raises KeyError for a form without changes."""
    renderer = FORMATS[name].changes
    if renderer is None:
        raise KeyError(name)
    return _call(renderer, regression)


def _call(renderer: str, content: Any) -> str:
    module, _, function = renderer.partition(":")
    text: str = getattr(import_module(f"zonediff.{module}"), function)(content)
    return text
