"""A scenario that a model has no rules for: it could not be judged, which is no failure.

The machine has 64G, so its blocks are 2G, and a DIMM of 3G leaves half a block. Since 4.17 blocks
are 1G on this machine.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner
from click.testing import Result as Outcome

from zonediff.cli.main import cli
from zonediff.compare.history import history
from zonediff.compare.run import run
from zonediff.corpus.loader import load
from zonediff.reports.formats import render
from zonediff.reports.page.history import gaps, goals
from zonediff.result.exit_code import FAILED, PASSED, exit_code
from zonediff.result.files import dumps, loads
from zonediff.result.result import Result
from zonediff.variants.registry import Registry

LARGE = """\
title: a DIMM for a machine with large blocks
why: machines of 64G and more have blocks of 2G
machine: {nodes: [64G]}
steps:
  - plug: {id: dimm1, size: 3G, addr: 0x1100000000}
  - online: {blocks: dimm1, value: online, order: first-to-last}
  - unplug: {id: dimm1}
goals:
  - {want: the DIMM is online, blocks: dimm1, state: online, after: 2}
"""

WHY = "ejecting dimm1, which fills no whole memory block, is not modelled"


@pytest.fixture
def large(tmp_path: Path) -> Path:
    file = tmp_path / "large.yaml"
    file.write_text(LARGE)
    return file


@pytest.fixture
def result(large: Path) -> Result:
    return run([*load(["ordering/plain[order=first-to-last]"]), *load([large])], ["v4.12", "v6.1"])


def zonediff(*args: object) -> Outcome:
    return CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="zonediff")


def test_it_has_a_status_and_a_kind_of_its_own(result: Result) -> None:
    runs = {item.variant: (item.status, item.error) for item in result.runs[-3:]}
    assert runs == {
        "upstream": ("not-modelled", WHY),
        "v4.12": ("not-modelled", WHY),
        "v6.1": ("ran", None),
    }
    builder = [(item.variant, item.kinds, item.unjudged) for item in result.judgements[-2:]]
    assert builder == [
        ("v4.12", ["not-judged"], f"v4.12, because {WHY}"),
        ("v6.1", ["not-judged"], f"upstream, because {WHY}"),
    ]
    assert exit_code(result) == PASSED
    assert loads(dumps(result), "here") == result


def test_a_run_in_which_nothing_could_be_judged_is_not_green(large: Path) -> None:
    result = run(load([large]), ["v4.12", "v6.1"])
    assert exit_code(result) == FAILED


def test_no_form_calls_it_dead_or_an_error(result: Result) -> None:
    because = f"could not be judged on upstream, because {WHY}"
    for form in ("text", "html", "mail", "markdown", "ktap", "junit", "csv"):
        text = render(result, form, full=True)
        words = " ".join(text.split())
        assert "kernel dies" not in words or form == "html"
        assert "class=death" not in words
        assert "Traceback" not in words
        if form in ("mail", "markdown", "ktap", "junit"):
            assert because in words.replace("\\", "")
    assert WHY in " ".join(render(result, "mail").split())
    rows = list(csv.reader(render(result, "csv").splitlines()))
    assert [row[4] for row in rows if row[0] == "large" and row[2] == "v6.1"] == ["not-judged"]
    assert "v6.1 could not be judged in 1 scenario" in " ".join(render(result, "text").split())
    assert "error" not in render(result, "text")
    page = render(result, "html")
    assert "<b class=not-judged>not modelled</b>" in page
    assert "<b class=regression>not modelled</b>" not in page


def test_the_history_has_a_gap_and_no_turn(large: Path) -> None:
    builder = history(load([large]), [], Registry())
    [item] = builder.scenarios
    assert [(goal.met, goal.turns) for goal in item.goals] == [(True, []), (True, [])]
    old = ["v4.3", "pre-auto-online", "v4.9", "upstream", "v4.12", "v4.13", "v4.14", "v4.14-stable"]
    cells = tuple("?" if item.variant in old else "met" for item in builder.releases)
    assert [goal.cells for goal in goals(item, builder.releases)] == [cells] * 2
    assert gaps(item) == [f"could not be judged on {', '.join(old)}, because {WHY}"]
