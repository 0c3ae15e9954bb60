"""`zonediff history`, and the history in reports."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from zonediff.cli.main import cli
from zonediff.compare.run import run
from zonediff.corpus.loader import load
from zonediff.reports.forms.html import render
from zonediff.result import files as result_files
from zonediff.result.history import History


def zonediff(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments)])


def test_a_scenario_step_by_step() -> None:
    result = zonediff("history", "ordering/change-of-mind")
    assert result.exit_code == 0
    lines = [line.split() for line in result.output.splitlines()]
    assert ["v4.13", *["ok"] * 4, "EINVAL", "NOT", "NOT", "met", "met"] in lines
    assert ["v4.14", *["ok"] * 5, *["met"] * 4] in lines
    text = " ".join(result.output.split())
    assert (
        "Lost in v4.13: the kernel takes the block back before: step 5: ok zone_can_shift:" in text
    )
    assert "declared, until v4.14: a block at the boundary of two zones" in text
    assert "Met since v4.14: the kernel takes the block back" in text
    assert max(map(len, result.output.splitlines())) <= 80


def test_a_goal_that_does_not_apply_is_shown_so() -> None:
    lines = zonediff("history", "removal/auto-onlined").output.splitlines()
    rows = {words[0]: words[1:] for words in map(str.split, lines) if words}
    assert rows["v4.3"][-3:] == ["n/a"] * 3
    assert rows["v4.9"][-3:] == ["NOT"] * 3
    assert rows["v4.12"][-3:] == ["met"] * 3
    assert "  n/a: the goal does not apply, because its premise does not hold." in lines


def test_a_table_that_is_wider_than_a_terminal_goes_on_below() -> None:
    lines = zonediff("history", "mailing-list/zones-chosen-when-onlined").output.splitlines()
    assert max(map(len, lines)) <= 80
    heads = [number for number, line in enumerate(lines) if line.startswith("  release ")]
    assert [lines[number].split()[1:] for number in heads] == [
        [str(step) for step in range(1, 12)],
        [*(str(step) for step in range(12, 17)), *"abcd"],
    ]
    assert [lines[number + 5].split() for number in heads] == [
        ["upstream", *["ok"] * 10, "EINVAL"],
        ["upstream", *["ok"] * 4, "EINVAL", "NOT", "NOT", "met", "met"],
    ]


def test_more_goals_than_letters(tmp_path: Path) -> None:
    goals = "".join(f"  - {{want: goal {number}, knob: exists}}\n" for number in range(28))
    file = tmp_path / "many.yaml"
    file.write_text(
        "title: many goals\nwhy: to name them\nmachine: {nodes: [1G]}\n"
        "steps:\n  - plug: {id: dimm1, size: 128M}\n"
        f"goals:\n{goals}"
    )
    result = zonediff("history", file)
    assert result.exit_code == 0, result.output
    names = [line.split(".")[0].strip() for line in result.output.splitlines() if "wanted:" in line]
    assert names[24:] == ["y", "z", "aa", "ab", "ac"]


def test_the_overview_leads_with_the_loss_that_was_declared() -> None:
    result = zonediff("history", "--corpus", CORPUS)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert max(map(len, lines)) <= 80
    assert "".join(lines).isascii()
    start = lines.index("Lost for a time")
    assert lines[start + 2] == "  - lost in v4.13, back in v4.14 as declared: 5 goals"
    text = " ".join(result.output.split())
    assert "v4.12, 2017-07-02: 14 goals gained, 9 lost" in text


CORPUS = Path(__file__).parents[2] / "corpus" / "scenarios"


def test_json() -> None:
    body = json.loads(zonediff("history", "removal/movable-alone", "--json").output)
    assert [release["variant"] for release in body["releases"]][3:5] == ["upstream", "v4.12"]
    _, large = body["scenarios"]
    assert [turn["variant"] for turn in large["goals"][0]["turns"]] == ["v4.12", "v4.14"]


def test_nothing_to_tell() -> None:
    result = zonediff("history", "ordering/plain")
    assert "No goal turned." in result.output


def test_mistakes() -> None:
    result = zonediff("history", "ordering/no-such")
    assert result.exit_code == 2
    assert "no-such" in result.stderr


# --- in reports


@pytest.fixture
def part(whole_history: History) -> History:
    wanted = {scenario.id for scenario in load(["ordering", "removal"])}
    return replace(
        whole_history,
        scenarios=[item for item in whole_history.scenarios if item.scenario in wanted],
    )


def test_a_result_keeps_its_history(part: History, tmp_path: Path) -> None:
    result = replace(run(load(["ordering", "removal"]), ["v4.13"]), history=part)
    result_files.save(result, tmp_path / "result.json")
    assert result_files.load(tmp_path / "result.json") == result


def test_the_page_shows_it(part: History) -> None:
    result = run(load(["ordering", "removal"]), ["v4.13"])
    assert 'id="history"' not in render(result)
    page = render(replace(result, history=part))
    assert '<a href="#history">History</a>' in page
    start = page.index('id="history"')
    lost = page.index("Lost in v4.13, back in v4.14 as declared", start)
    # The four operations come before all else that was lost.
    assert start < page.index("echo online_kernel &gt; memory38/state", start) < lost
    assert lost < page.index("Lost in v4.12, back in v4.14", start)


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (lambda item: replace(item, scenario="a/b"), "scenario 'a/b' is not described"),
        (lambda item: replace(item, results=item.results[1:]), "does not have one result"),
        (
            lambda item: replace(
                item,
                goals=[
                    replace(goal, turns=[replace(turn, variant="v9") for turn in goal.turns])
                    for goal in item.goals
                ],
            ),
            "a turn is not at a later release",
        ),
    ],
)
def test_a_history_that_does_not_fit_is_refused(
    part: History, tmp_path: Path, broken: object, says: str
) -> None:
    assert callable(broken)
    wrong = [
        broken(item) if item.scenario == "ordering/change-of-mind" else item
        for item in part.scenarios
    ]
    result = run(load(["ordering", "removal"]), ["v4.13"])
    path = tmp_path / "result.json"
    result_files.save(replace(result, history=replace(part, scenarios=wrong)), path)
    with pytest.raises(result_files.ResultFileError, match=says):
        result_files.load(path)


def test_a_claim_needs_a_verdict_on_each_release(part: History, tmp_path: Path) -> None:
    claims = [replace(claim, verdicts=claim.verdicts[1:]) for claim in part.claims[:1]]
    result = run(load(["ordering", "removal"]), ["v4.13"])
    path = tmp_path / "result.json"
    result_files.save(replace(result, history=replace(part, claims=claims)), path)
    with pytest.raises(
        result_files.ResultFileError, match="'C01' does not have one verdict for each release"
    ):
        result_files.load(path)
