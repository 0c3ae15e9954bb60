"""How `make docs` builds the site; docs/decisions.md says why.

The source folder is the repository's root, so the links among README, the pages here and the
sources are the same on the site as on a forge.
"""

from __future__ import annotations

import re
from importlib.metadata import version as version_of
from typing import Any

from sphinx.ext.napoleon import GoogleDocstring

project = "zonediff"
author = copyright = "The zonediff authors"
release = version = version_of("zonediff")

extensions = ["myst_parser", "sphinx.ext.autodoc"]
root_doc = "docs/index"
include_patterns = [
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"),
    *("docs/*.md", "corpus/recordings/README.md"),
]
myst_heading_anchors = 4  # the anchors that forges give to headings
default_role = "code"  # docstrings have `names` in single backquotes

autodoc_member_order = "bysource"
autodoc_typehints = "description"

html_theme = "furo"
html_title = "zonediff"
html_extra_path = ["site"]  # index.html, which leads to docs/index.html
html_copy_source = False

GROUP = re.compile(r"^## (.*)$", re.MULTILINE)
FIELD = re.compile(r"([a-z_]+(?:, [a-z_]+)*): ")
PAGE = re.compile(r"^\| \[[^\]]*\]\(([^)#]*)\.md\)", re.MULTILINE)


def add_contents(app: object, name: str, text: list[str]) -> None:
    """Make the groups of the index the contents of the site; a forge would show the directives."""
    if name != root_doc:
        return
    _, *groups = GROUP.split(text[0])
    text[0] += "\n```{toctree}\n:hidden:\n\nThe first five minutes <../README>\n```\n"
    for title, body in zip(groups[::2], groups[1::2], strict=True):
        pages = "\n".join(PAGE.findall(body))
        text[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{pages}\n```\n"


def prepare_docstring(
    app: object, what: str, name: str, item: object, options: object, lines: list[str]
) -> None:
    """Make a list of a class's lines such as `name: what it is`, and read Google's sections.

    The extension napoleon itself takes what is before a colon in an attribute's first line for
    the attribute's type; ours are sentences.
    """
    if what in ("attribute", "property"):
        return
    in_list = False
    for number, line in enumerate(lines):
        if field := what == "class" and FIELD.match(line):
            lines[number] = f"* **{field[1]}**: {line[field.end() :]}"
            in_list = True
        elif in_list and line:
            lines[number] = f"  {line.strip()}"
        else:
            in_list = False
    lines[:] = GoogleDocstring("\n".join(lines)).lines()


def setup(app: Any) -> None:
    """Register with Sphinx."""
    app.connect("source-read", add_contents)
    app.connect("autodoc-process-docstring", prepare_docstring)
