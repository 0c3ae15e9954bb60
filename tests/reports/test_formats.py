"""The registry of forms."""

from __future__ import annotations

import subprocess
import sys

import pytest

from zonediff.compare import store
from zonediff.compare.result import Result
from zonediff.reports import formats


@pytest.mark.parametrize("name", formats.FORMATS)
def test_every_form_renders_and_says_the_same_again(result: Result, name: str) -> None:
    text = formats.render(result, name)
    assert text.endswith("\n")
    assert formats.render(store.loads(store.dumps(result), "here"), name) == text


def test_forms_describe_themselves() -> None:
    assert list(formats.FORMATS) == ["html", "mail", "json"]
    assert all(item.summary and item.suffix[0] == "." for item in formats.FORMATS.values())


def test_listing_the_forms_imports_no_renderer() -> None:
    check = (
        "import sys, zonediff.reports.formats; "
        "sys.exit(bool({'jinja2', 'tabulate', 'cattrs'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
