"""A series of four patches on a real kernel tree: built, run, explored and judged.

Only `make test-review` runs it: it names the sources in ZONEDIFF_TREE. The cold build takes most of
the time. ZONEDIFF_REVIEW_CACHE keeps it, and ZONEDIFF_REVIEW_OUT gets the reports.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.review.kernel_series import EDITS, write_series
from zonediff.cli.main import cli
from zonediff.review.sources import open_tree

if "ZONEDIFF_TREE" not in os.environ:
    pytest.skip("ZONEDIFF_TREE names no sources: make test-review", allow_module_level=True)

TREE = Path(os.environ["ZONEDIFF_TREE"])
MACHINE = os.environ.get("ZONEDIFF_REVIEW_MACHINE", "dax")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = os.environ.get("ZONEDIFF_REVIEW_OUT")
    return Path(folder) if folder else tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = os.environ.get("ZONEDIFF_REVIEW_CACHE")
    return Path(folder) if folder else tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def done(out: Path, cache: Path) -> Result:
    """The review; its files are in `out`."""
    before = open_tree(TREE, cache / "sources").identity
    mbox = write_series(TREE, out / "series.mbox")
    words = ["review", str(mbox), "--tree", str(TREE), "--machine", MACHINE]
    words += ["--every", "--keep-going", "--cache", str(cache)]
    for option, name in (("-o", "json"), ("--html", "html"), ("--mail", "txt")):
        words += [option, str(out / f"review.{name}")]
    result = CliRunner(catch_exceptions=False).invoke(cli, words)
    (out / "transcript.txt").write_text(result.output)
    assert open_tree(TREE, cache / "sources").identity == before
    return result


def test_the_stages_are_what_their_patches_say(done: Result, out: Path) -> None:
    assert done.exit_code == 3, done.output  # a stage does not build
    [review] = json.loads((out / "review.json").read_text())["reviews"]
    assert [(stage["name"], stage["outcome"]) for stage in review["stages"]] == [
        ("base", "ready"),
        ("1/4", "ready"),
        ("2/4", "ready"),
        ("3/4", "same-code"),
        ("4/4", "does-not-build"),
    ]
    problem = review["stages"][4]["problem"]
    assert problem.startswith("drivers/base/memory.c:")
    assert "there_is_no_such_function" in problem


def test_the_refusal_is_a_regression_and_the_next_patch_takes_it_back(
    done: Result, out: Path
) -> None:
    [review] = json.loads((out / "review.json").read_text())["reviews"]
    compared = {(item["baseline"], item["candidate"]): item for item in review["comparisons"]}
    # The base, 2/4 and 3/4 have the same code.
    assert list(compared) == [("base", "1/4"), ("1/4", "2/4")]
    shortest = {
        pair: min(item["causes"], key=lambda cause: len(cause["steps"]))
        for pair, item in compared.items()
    }
    for pair, harm, results in (
        (("base", "1/4"), "refused", (None, "EPERM")),
        (("1/4", "2/4"), "refused", ("EPERM", None)),
    ):
        cause = shortest[pair]
        [step] = cause["steps"]
        assert cause["harm"] == harm
        assert "online_kernel" in step["command"]
        assert (step.get("baseline"), step.get("candidate")) == results
    assert shortest["base", "1/4"]["verdict"] == "regression"
    assert shortest["1/4", "2/4"]["verdict"] == "fix"
    verdicts = {cause["verdict"] for cause in compared["1/4", "2/4"]["causes"]}
    assert "regression" not in verdicts


def test_the_mail_names_the_patches(done: Result, out: Path) -> None:
    mail = (out / "review.txt").read_text()
    assert len(mail.splitlines()) <= 100
    assert EDITS[0].subject in mail
    assert "4/4" in mail
