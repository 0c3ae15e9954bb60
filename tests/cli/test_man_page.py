"""The manual page that is made from the help texts."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tools.man_page import page
from zonediff.cli.main import MODULES


def test_every_subcommand_has_a_section_with_its_options() -> None:
    lines = page().splitlines()
    assert lines[1:3] == [
        ".SH NAME",
        r"zonediff \- compare how Linux kernel memory\-hotplug patches behave",
    ]
    sections = [line for line in lines if line.startswith(".SS ")]
    for name in MODULES:
        command = name.replace("-", r"\-")
        assert any(line.startswith(f'.SS "zonediff {command}') for line in sections)
    assert r"\fB\-\-variant\-file PATH.py\fR" in lines
    assert lines[lines.index(".SH EXIT STATUS") + 2] == "Exit codes:"


def test_text_is_not_taken_for_requests() -> None:
    known = (".TH", ".SH", ".SS", ".PP", ".TP", ".nf", ".fi")
    requests = [line for line in page().splitlines() if line.startswith((".", "'"))]
    assert [line for line in requests if not line.startswith(known)] == []


@pytest.mark.skipif(shutil.which("groff") is None, reason="needs groff")
def test_groff_has_no_warnings() -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tascii", "-ww", "-z"],
        input=page(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
