"""Which files a path stands for, and what their scenarios are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from zonediff.corpus.forms import goal_to_json
from zonediff.corpus.loader import load
from zonediff.corpus.problems import ScenarioError
from zonediff.corpus.scenario import SURVIVES, BlocksGoal, Goal, Scenario
from zonediff.corpus.schema import read
from zonediff.engine.steps import Blocks


@pytest.fixture
def corpus(tmp_path: Path, valid: str) -> Path:
    """A corpus of four files on two shelves, one of them a family."""
    root = tmp_path / "scenarios"
    for name in ("one/a", "one/b", "two/deep/c"):
        file = root / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(valid)
    family = valid.replace("size: 256M", 'size: "${size}"').replace("name: last", "name: last")
    (root / "two/d.yml").write_text(
        family.replace("machine:", "with: {size: [128M, 256M]}\nmachine:")
    )
    (root / ".hidden.yaml").write_text("no scenario")
    (root / "notes.txt").write_text("no scenario")
    return root


def ids(scenarios: list[Scenario]) -> list[str]:
    return [scenario.id for scenario in scenarios]


ALL = ["one/a", "one/b", "two/d[size=128M]", "two/d[size=256M]", "two/deep/c"]


@pytest.mark.parametrize(
    ("paths", "wanted"),
    [
        ([], ALL),
        (["one"], ["one/a", "one/b"]),
        (["two/"], ["two/d[size=128M]", "two/d[size=256M]", "two/deep/c"]),
        (["two/deep"], ["two/deep/c"]),
        (["one/b"], ["one/b"]),
        (["two/d"], ["two/d[size=128M]", "two/d[size=256M]"]),
        (["two/d[size=256M]"], ["two/d[size=256M]"]),
        (["two/d[size=256M]", "two/d[size=128M]"], ["two/d[size=128M]", "two/d[size=256M]"]),
        (["two/d[size=256M]", "two/d"], ["two/d[size=128M]", "two/d[size=256M]"]),
        (["*/[ab]"], ["one/a", "one/b"]),
        (["one/b", "one", "one/a"], ["one/a", "one/b"]),
    ],
)
def test_names_within_the_corpus(corpus: Path, paths: list[str], wanted: list[str]) -> None:
    assert ids(load(paths, corpus)) == wanted


def test_files_of_the_corpus_keep_their_ids(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ids(load([corpus / "one/a.yaml"], corpus)) == ["one/a"]
    assert ids(load([corpus / "two"], corpus)) == ALL[2:]
    assert ids(load([corpus.parent], corpus)) == ALL
    monkeypatch.chdir(corpus)
    (scenario,) = load(["one/a.yaml"], corpus)
    assert (scenario.id, scenario.file, scenario.folder) == ("one/a", "one/a.yaml", "one")


def test_files_elsewhere(corpus: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (corpus / "one").rename(other)
    assert ids(load([other], corpus)) == ["a", "b"]
    (scenario,) = load([other / "a.yaml"], corpus)
    assert (scenario.id, scenario.file) == ("a", "a.yaml")


def test_one_member_of_a_file(corpus: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yml"
    (corpus / "two/d.yml").rename(other)
    assert ids(load([f"{other}[size=256M]"], corpus)) == ["other[size=256M]"]
    assert ids(load([f"{other}[size=256M]", other], corpus)) == [
        "other[size=128M]",
        "other[size=256M]",
    ]
    with pytest.raises(ScenarioError) as caught:
        load([f"{other}[size=256]"], corpus)
    assert str(caught.value) == "other[size=256]: no such member; did you mean 'other[size=256M]'?"


def test_an_existing_file_comes_before_a_name(
    corpus: Path, tmp_path: Path, valid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one").write_text(valid)
    monkeypatch.chdir(tmp_path)
    assert ids(load(["one"], corpus)) == ["one"]


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("one/aa", "one/aa: no such file, folder or scenario; did you mean 'one/a'?"),
        ("on", "on: no such file, folder or scenario; did you mean 'one'?"),
        ("*/nothing", "*/nothing: no such file, folder or scenario"),
        ("onne/*", "onne/*: no such file, folder or scenario; did you mean 'one/*'?"),
        (
            "two/deap/c*",
            "two/deap/c*: no such file, folder or scenario; did you mean 'two/deep/c*'?",
        ),
        ("one/aa?", "one/aa?: no such file, folder or scenario; did you mean 'one/a'?"),
        ("gone.yaml", "gone.yaml: no such file"),
        ("gone.yaml[size=1G]", "gone.yaml[size=1G]: no such file"),
        (
            "mine.py",
            "mine.py: not a scenario: give a Python file of variants as --variant-file mine.py",
        ),
        ("two/d[size=256]", "two/d[size=256]: no such member; did you mean 'two/d[size=256M]'?"),
        ("one/a[size=1G]", "one/a[size=1G]: no such member"),
        ("a\0b", "a\0b: embedded null byte"),
        ("x" * 300, "x" * 300 + ": file name too long"),
    ],
)
def test_paths_that_stand_for_nothing(corpus: Path, path: str, problem: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load([path], corpus)
    assert str(caught.value) == problem


def test_folder_without_scenarios(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r": no scenario files \(\*\.yaml\) in this folder$"):
        load([tmp_path])


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ScenarioError, match=r"folder\.yaml: no such file"):
        load([tmp_path / "folder.yaml"])


def test_one_id_for_two_files(corpus: Path, valid: str) -> None:
    (corpus / "one/a.yml").write_text(valid)
    with pytest.raises(ScenarioError) as caught:
        load([], corpus)
    assert str(caught.value) == (
        f"{corpus}/one/a.yml:1:1: the id 'one/a' already belongs to one/a.yaml"
    )


def test_problems_of_all_files_and_paths_together(corpus: Path, valid: str) -> None:
    (corpus / "one/a.yaml").write_text(valid.replace("title", "tilte"))
    (corpus / "two/deep/c.yaml").write_text("title: [")
    with pytest.raises(ScenarioError) as caught:
        load([corpus, "nothing"], corpus)
    places = [
        (problem.file.removeprefix(f"{corpus}/"), problem.line) for problem in caught.value.problems
    ]
    assert places == [("one/a.yaml", 1), ("one/a.yaml", 1), ("two/deep/c.yaml", 1), ("nothing", 0)]


def test_problems_name_files_as_seen_from_here(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (corpus / "one/a.yaml").write_text("")
    monkeypatch.chdir(corpus.parent)
    with pytest.raises(ScenarioError, match=r"^scenarios/one/a\.yaml:1:1: the file is empty$"):
        load([], corpus)


def test_every_scenario_wants_the_kernel_to_survive(corpus: Path) -> None:
    assert all(scenario.goals[-1] is SURVIVES for scenario in load([], corpus))


def test_steps_may_be_left_out(tmp_path: Path, valid: str) -> None:
    file = tmp_path / "boot.yaml"
    file.write_text(
        "title: boot\nwhy: w\nmachine: {nodes: [1G]}\n"
        "goals: [{want: online, blocks: 1-7, state: online}]\n"
    )
    (scenario,) = load([file])
    assert scenario.steps == ()


def test_the_premise_of_a_goal(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    text = (
        "title: a DIMM leaves\nwhy: it was never online\nmachine: {nodes: [1G]}\nsteps:\n"
        "  - plug: {id: dimm1, size: 128M}\n  - unplug: {id: dimm1}\ngoals:\n"
        "  - {want: it leaves, step: 2, result: ok, "
        "given: {blocks: dimm1, state: online, after: 1}}"
    )
    file.write_text(text)
    [scenario] = load([file])
    goal = scenario.goals[0]
    assert goal.given == BlocksGoal(Blocks("dimm1"), state="online", after=1)
    assert read(goal_to_json(goal), Goal) == goal
    for given, problem in (
        ("online", "goals[0].given: expected a condition, not the text 'online'"),
        ("{stat: online}", "goals[0].given.stat: unknown goal 'stat'"),
        ("{blocks: dimm2, state: online}", "goals[0].given.blocks: unknown device 'dimm2'"),
        ("{step: 3, result: ok}", "goals[0].given.step: no step 3"),
    ):
        file.write_text(text.replace("{blocks: dimm1, state: online, after: 1}", given))
        with pytest.raises(ScenarioError) as error:
            load([file])
        assert problem in str(error.value)
