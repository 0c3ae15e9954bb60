"""The forms that a result can take, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from zonediff.compare.result import Result


@dataclass(frozen=True, slots=True)
class Format:
    """A form: what it is for, what its files are called, and what renders it."""

    name: str
    summary: str
    suffix: str
    renderer: Callable[[], Callable[[Result], str]]


def _json() -> Callable[[Result], str]:
    from zonediff.compare.store import dumps

    return dumps


def _html() -> Callable[[Result], str]:
    from zonediff.reports.html import render

    return render


def _mail() -> Callable[[Result], str]:
    from zonediff.reports.mail import render

    return render


# Renderers are imported when they are used: Jinja2 and tabulate take longer than a short command.
_ALL: Final = (
    Format("html", "one self-contained page", ".html", _html),
    Format("mail", "ASCII text of at most 72 columns, for a mailing list", ".txt", _mail),
    Format("json", "the result itself, for programs", ".json", _json),
)

FORMATS: Final = {item.name: item for item in _ALL}
"""Every form by its name."""


def render(result: Result, name: str) -> str:
    """The result in the form of that name. Raises KeyError when there is no such form."""
    return FORMATS[name].renderer()(result)
