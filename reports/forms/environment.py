"""The environment of the HTML templates: escaping, strict names, visible characters."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from zonediff.reports.text.plain import visible

TEMPLATES: Final = Path(__file__).parent.parent / "templates"


def template_environment() -> Environment:
    """An environment for the templates, without filters and functions of a form."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=show,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def show(value: Any) -> Any:
    """A printed value; invisible characters, such as direction marks, are made visible."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
