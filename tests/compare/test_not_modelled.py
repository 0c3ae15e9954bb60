"""A scenario that a model has no rules for: it could not be judged, which is no failure.

The machine has 64G, so its blocks are 2G, and a DIMM that starts within a block is a part of two.
Only v6.1 places it so that it fills blocks.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner
from click.testing import Result as Outcome

from zonediff.cli.main import cli
from zonediff.compare.history import history
from zonediff.compare.regress.changes import compare
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
  - plug: {id: dimm1, size: 2G}
  - online: {blocks: dimm1, value: online, order: first-to-last}
goals:
  - {want: the DIMM is online, blocks: dimm1, state: online}
"""

WHY = (
    "the added range is part of a 2048 MiB memory block, for which this model has no rules: blocks "
    "are that large where boot memory ends at 64 GiB or above"
)


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
    told = [(item.variant, item.kinds, item.unjudged) for item in result.judgements[-2:]]
    assert told == [
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


def test_the_history_has_a_gap_and_no_turn(large: Path) -> None:
    told = history(load([large]), [], Registry())
    [item] = told.scenarios
    assert [(goal.met, goal.turns) for goal in item.goals] == [(True, []), (True, [])]
    assert [goal.cells for goal in goals(item, told.releases)] == [("?",) * 6 + ("met", "met")] * 2
    assert gaps(item) == [
        "could not be judged on pre-auto-online, upstream, v4.12, v4.13, v4.14, v4.14-stable, "
        f"because {WHY}"
    ]
    text = " ".join(zonediff("history", large).output.split())
    assert (
        "Could not be judged on pre-auto-online, upstream, v4.12, v4.13, v4.14, v4.14-stable, "
        f"because {WHY}." in text
    )
    assert "Met since" not in text


def test_show_says_why_in_a_line(large: Path) -> None:
    outcome = zonediff("show", large, "--variant", "upstream")
    assert (outcome.exit_code, outcome.stderr) == (3, f"upstream cannot run large: {WHY}\n")


def test_check_gives_no_advice_and_says_what_it_could_not_see(large: Path) -> None:
    outcome = zonediff("check", large)
    assert outcome.exit_code == 0
    assert "control: true" not in outcome.output
    assert outcome.output.startswith("Note: large could not be judged on upstream, igor-movable, ")


def test_between_two_results_it_is_no_failure(result: Result, large: Path) -> None:
    scenarios = load([large])
    judged = run(scenarios, [], baseline="v6.1")
    unknown = run(scenarios, [], baseline="v4.12")
    for item in (*judged.runs, *unknown.runs):
        object.__setattr__(item, "variant", "mine")
    [lost] = compare(judged, unknown, ("old", "new")).changes
    [gained] = compare(unknown, judged, ("old", "new")).changes
    assert (lost.kind, gained.kind) == ("not-judged", "behaviour-change")


def test_a_baseline_that_failed_is_not_charged_to_the_candidate(tmp_path: Path) -> None:
    file = tmp_path / "raises.py"
    file.write_text(
        "from zonediff.variants.upstream import Upstream\n\n"
        "class Raises(Upstream):\n"
        '    """It raises."""\n\n'
        '    name = "raises"\n'
        '    origin = "a test"\n\n'
        "    def zone_of_new_memory(self, kernel, node, first, source):\n"
        '        raise LookupError("no idea")\n'
    )
    scenarios = load(["ordering/plain[order=first-to-last]"])
    registry = Registry([file])
    result = run(scenarios, ["upstream"], baseline="raises", registry=registry)
    [judgement] = result.judgements
    assert judgement.kinds == ["not-judged"]
    assert judgement.unjudged == "raises, because it failed: LookupError: no idea"
    assert exit_code(result) == FAILED
    assert "no idea" in render(result, "html")
    [failed] = run(scenarios, ["raises"], registry=registry).judgements
    assert failed.kinds == ["error"]
