"""Timed scenarios in a whole run: judged, stored, shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from click.testing import CliRunner

from zonediff.cli.main import cli
from zonediff.compare.judge import judge
from zonediff.compare.run import run
from zonediff.corpus.loader import load
from zonediff.engine.machine import Machine
from zonediff.engine.steps import Step
from zonediff.engine.trace import Trace
from zonediff.result import files as result_files
from zonediff.result.counts import GoalCount
from zonediff.result.result import Result
from zonediff.variants.registry import Registry
from zonediff.variants.subject import NotOnThisMachine
from zonediff.work.open_pool import open_pool

BY_CHANCE = "pressure/help-by-chance[knob=online]"
VARIANTS = ["igor-movable", "michal-split/3"]


@pytest.fixture(scope="module")
def many() -> Result:
    return run(load([BY_CHANCE]), VARIANTS, seed=100, seeds=80)


def test_many_seeds_are_counted_and_judged(many: Result) -> None:
    assert (many.seed, many.seeds) == (100, 80)
    counts = {item.variant: item.counts for item in many.runs}
    assert all(count.runs == 80 for of in counts.values() for count in of)
    assert counts["igor-movable"] == counts["upstream"]
    judged = {item.variant: item for item in many.judgements}
    assert "regression" in judged["michal-split/3"].kinds
    assert {goal.kind for goal in judged["igor-movable"].goals} == {"unchanged"}


def test_a_goal_is_met_when_it_always_is_and_says_how_often(many: Result) -> None:
    for item in many.runs:
        for goal, count in zip(item.goals, item.counts, strict=True):
            assert (goal.want, goal.met, goal.detail) == (count.want, count.always, str(count))


def test_counts_survive_being_stored(many: Result) -> None:
    text = result_files.dumps(many)
    assert result_files.loads(text, "text") == many
    assert result_files.dumps(run(load([BY_CHANCE]), VARIANTS, seed=100, seeds=80)) == text
    with open_pool(Registry(), 2) as pool:
        with_workers = run(load([BY_CHANCE]), VARIANTS, seed=100, seeds=80, pool=pool)
    assert result_files.dumps(with_workers) == text


def test_one_seed_counts_nothing() -> None:
    result = run(load([BY_CHANCE]), VARIANTS, seed=7)
    assert [item.counts for item in result.runs] == [[], [], []]
    assert result_files.loads(result_files.dumps(result), "text") == result
    body = json.loads(result_files.dumps(result))
    assert (body["seed"], "seeds" in body) == (7, False)


def test_seeds_change_nothing_where_no_time_passes() -> None:
    scenarios = load(["knob/asked-twice"])
    one, many = run(scenarios, VARIANTS), run(scenarios, VARIANTS, seed=3, seeds=50)
    assert one.runs == many.runs


def test_few_runs_that_differ_are_no_regression_yet(many: Result) -> None:
    [scenario] = load([BY_CHANCE])
    info = {item.name: item for item in many.variants}
    before, after = many.runs[0], many.runs[2]

    def kinds(met: int, of: int) -> set[str]:
        few = [[GoalCount(count.want, n, of) for count in before.counts] for n in (of, met)]
        first, second = (
            type(item)(**{**_fields(item), "counts": counts})
            for item, counts in zip((before, after), few, strict=True)
        )
        judged = judge(scenario, first, second, info["upstream"], info["michal-split/3"])
        return {goal.kind for goal in judged.goals}

    assert kinds(9, 10) == {"unchanged"}
    assert kinds(900, 1000) == {"regression"}
    assert kinds(0, 2) == {"regression"}


def _fields(item: Any) -> dict[str, Any]:
    return {name: getattr(item, name) for name in type(item).__slots__}


def test_a_kill_is_a_difference() -> None:
    [scenario] = load(["pressure/help-comes-late[start=3450ms,knob=online]"])
    result = run([scenario], ["michal-split/3"])
    [judgement] = result.judgements
    assert judgement.kind == "regression"
    details = {goal.want: goal.candidate_detail for goal in judgement.goals}
    assert details["udev is not killed"].startswith("the kernel died (panic) in step 2 after 3.8 s")


class Steel:
    """All that a model is, less its policy: a real machine, and it cannot be simulated."""

    def __init__(self, model: Any) -> None:
        for name in ("summary", "description", "origin", "where", "lineage", "intends", "made_of"):
            setattr(self, name, getattr(model, name))
        self.name, self.interface = "steel", model.interface

    def run(self, machine: Machine, steps: Sequence[Step]) -> Trace:
        raise NotOnThisMachine("it has no clock")


class WithSteel(Registry):
    """The registry, and a machine of steel."""

    def resolve(self, name: str) -> Any:
        return Steel(super().resolve("upstream")) if name == "steel" else super().resolve(name)


def test_a_subject_without_a_model_says_not_on_this_machine() -> None:
    result = run(load([BY_CHANCE]), ["steel"], registry=WithSteel())
    [_, steel] = result.runs
    assert (steel.status, steel.error) == ("not-run", "not on this machine: it has no clock")
    assert result.judgements == []


# --- the command ----------------------------------------------------------------------------------


def test_the_command_prints_what_chance_decides() -> None:
    command = ["run", BY_CHANCE, "--variants", "michal-split/3", "--seeds", "80", "--seed", "100"]
    done = CliRunner().invoke(cli, command)
    lines = done.output.splitlines()
    at = lines.index("Goals decided by chance (80 seeds from 100, 95 % confidence intervals):")
    assert lines[at + 1] == f"  {BY_CHANCE}: the DIMM is online"
    shares = [line.split() for line in lines[at + 2 : at + 4]]
    assert [words[-1] for words in shares] == ["upstream", "michal-split/3"]
    assert float(shares[0][0][:-1]) > float(shares[1][0][:-1])
    assert CliRunner().invoke(cli, command).output == done.output


def test_a_single_run_can_be_shown_by_its_seed() -> None:
    shown = [CliRunner().invoke(cli, ["show", BY_CHANCE, "--seed", seed]).output for seed in "112"]
    assert shown[0] == shown[1] != shown[2]
