"""What became of goals and claims from release to release, and which rule turned them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from zonediff.compare.history import history
from zonediff.compare.run import run
from zonediff.corpus.loader import load
from zonediff.result.history import History, ScenarioHistory, Turn
from zonediff.variants.registry import Registry, VariantError
from zonediff.work.open_pool import open_pool

RELEASES = [
    *("v4.3", "pre-auto-online", "v4.9", "upstream", "v4.12", "v4.13", "v4.14", "v4.17", "v5.4"),
    *("v4.14-stable", "v5.10", "v6.1", "v6.12", "v7.2"),
]
RECORDED = ["pre-auto-online", "upstream", "v4.12", "v4.13", "v4.14", "v4.14-stable", "v6.1"]

Scenarios = Mapping[str, ScenarioHistory]


def turns(item: ScenarioHistory, want: str) -> list[tuple[str, bool, str, str]]:
    """A goal's turns: release, whether it is met since, the rules before and since."""
    (goal,) = (goal for goal in item.goals if goal.want == want)
    return [(turn.variant, turn.met, *rules(turn)) for turn in goal.turns]


def rules(turn: Turn) -> tuple[str, str]:
    before, after = (
        reasons[0].rule if reasons else "" for reasons in (turn.before_reasons, turn.after_reasons)
    )
    return before, after


# --- the time line


def test_releases_stand_in_the_order_of_their_dates(whole_history: History) -> None:
    assert [release.variant for release in whole_history.releases] == RELEASES
    dates = [release.released for release in whole_history.releases]
    assert dates == sorted(dates)


def test_a_patch_is_no_release_whatever_it_is_built_on() -> None:
    registry = Registry()
    patches = {*registry.names()} - {*RELEASES}
    assert {registry.model(name).released for name in patches} == {None}


def released(folder: Path, date: str) -> Path:
    file = folder / "mine.py"
    file.write_text(
        "from zonediff.variants.v4_13 import V4_13\n\n\nclass Mine(V4_13):\n"
        f'    """Mine."""\n\n    name = "mine"\n    released = {date}\n'
    )
    return file


def test_a_variant_of_a_file_takes_its_place(tmp_path: Path) -> None:
    registry = Registry([released(tmp_path, '"2017-08-01"')])
    names = [model.name for model in registry.timeline()]
    assert names == [*RELEASES[:5], "mine", *RELEASES[5:]]
    (item,) = history(load(["ordering/change-of-mind"]), [], registry).scenarios
    # What it is built on is the same, so nothing turns on v4.13.
    assert [turn.variant for turn in item.goals[0].turns] == ["mine", "v4.14"]


@pytest.mark.parametrize("date", ['"spring"', '"2017-13-01"', '"20170801"', "2017"])
def test_a_date_that_is_none_is_refused(tmp_path: Path, date: str) -> None:
    with pytest.raises(VariantError, match="'mine': released is a date as in 2017-02-19, not"):
        Registry([released(tmp_path, date)])


# --- goals


def test_the_loss_that_v4_13_declares_and_v4_14_ends(by_scenario: Scenarios) -> None:
    item = by_scenario["ordering/change-of-mind"]
    refused = "allow_online_pfn_range.kernel-above-movable"
    assert turns(item, "the kernel takes the block back") == [
        ("v4.13", False, "zone_can_shift.down", refused),
        ("v4.14", True, refused, "zone_for_pfn_range"),
    ]
    (lost, back) = item.goals[0].turns
    assert lost.intent is not None
    assert lost.intent.until == "v4.14"
    assert back.intent is None
    assert [results[-1] for results in item.results] == [
        "EINVAL" if release == "v4.13" else "ok" for release in RELEASES
    ]


def test_what_is_declared_to_end_with_a_release_ends_there(whole_history: History) -> None:
    declared = [
        (item.scenario, goal.want, turn, following)
        for item in whole_history.scenarios
        for goal in item.goals
        for turn, following in pairwise([*goal.turns, None])
        if turn is not None and turn.intent is not None and turn.intent.until is not None
    ]
    assert len(declared) >= 8
    for scenario, want, turn, following in declared:
        assert turn.intent is not None
        assert following is not None, (scenario, want)
        assert following.variant == turn.intent.until, (scenario, want)


@pytest.mark.parametrize(
    ("scenario", "want", "expected"),
    [
        (
            "removal/movable-alone[size=256M]",
            "the DIMM leaves",
            [
                ("v4.12", False, "__remove_pages", "drain_all_pages.in-worker"),
                ("v4.14", True, "drain_all_pages.in-worker", "__remove_pages"),
            ],
        ),
        ("removal/movable-alone[size=128M]", "the DIMM leaves", []),
        (
            "reproducer/online-movable-first-block",
            "the write is accepted",
            [
                # v4.9 takes the write, and the block is kernel memory all the same.
                ("v4.9", True, "zone_can_shift.not-at-zone-end", "zone_can_shift.zero"),
                ("upstream", False, "zone_can_shift.zero", "zone_can_shift.not-at-zone-end"),
                (
                    "v4.13",
                    True,
                    "zone_can_shift.not-at-zone-end",
                    "allow_online_pfn_range.movable",
                ),
            ],
        ),
        (
            "removal/auto-onlined",
            "the kernel survives",
            [("v4.12", True, "check_memblock_offlined_cb", "__offline_pages")],
        ),
    ],
)
def test_what_turned_by_which_rule(
    by_scenario: Scenarios, scenario: str, want: str, expected: list[tuple[str, bool, str, str]]
) -> None:
    assert turns(by_scenario[scenario], want) == expected


def test_turns_lead_to_what_each_release_shows(
    whole_history: History, by_scenario: Scenarios
) -> None:
    """Following the turns gives what running the scenario on a release gives."""
    names = [release.variant for release in whole_history.releases]
    scenarios = load(["ordering", "removal"])
    result = run(scenarios, names, baseline=names[0])
    outcomes = {(item.scenario, item.variant): item.goals for item in result.runs}
    for scenario in scenarios:
        for number, goal in enumerate(by_scenario[scenario.id].goals):
            now = goal.met
            for name in names:
                now = {turn.variant: turn.met for turn in goal.turns}.get(name, now)
                outcome = outcomes[scenario.id, name][number]
                assert outcome.moot is (name in goal.moot)
                assert outcome.moot or outcome.met is now


def test_runs_that_are_known_are_not_done_again(whole_history: History) -> None:
    scenarios = load(["ordering", "pressure/help-by-chance"])
    known = run(scenarios, ["igor-movable", "v4.13"])
    cells: list[int] = []

    def progress(done: int, total: int) -> None:
        cells.append(total)

    again = history(scenarios, [], Registry(), known=known, progress=progress)
    wanted = {scenario.id for scenario in scenarios}
    assert again.scenarios == [item for item in whole_history.scenarios if item.scenario in wanted]
    assert {*cells} == {len(scenarios) * (len(RELEASES) - 2)}


def test_runs_of_other_seeds_are_not_taken(whole_history: History) -> None:
    scenarios = load(["pressure/help-by-chance"])
    known = run(scenarios, ["v4.13"], seed=7)
    again = history(scenarios, [], Registry(), known=known)
    wanted = {scenario.id for scenario in scenarios}
    assert again.scenarios == [item for item in whole_history.scenarios if item.scenario in wanted]


def test_many_processes_tell_the_same(whole_history: History) -> None:
    scenarios = load(["two-dimms"])
    wanted = {scenario.id for scenario in scenarios}
    with open_pool(Registry(), 2) as pool:
        assert history(scenarios, [], Registry(), pool=pool).scenarios == [
            item for item in whole_history.scenarios if item.scenario in wanted
        ]


def test_a_release_that_cannot_be_run_turns_nothing(tmp_path: Path) -> None:
    file = released(tmp_path, '"2017-08-01"')
    file.write_text(
        file.read_text() + "\n    def zone_to_online(self, kernel, block, online_type):\n"
        '        raise ValueError("no idea")\n'
    )
    (item,) = history(load(["ordering/change-of-mind"]), [], Registry([file])).scenarios
    [whole] = history(load(["ordering/change-of-mind"]), [], Registry()).scenarios
    assert item.goals == whole.goals
    assert item.unjudged == {"mine": "it failed: ValueError: no idea"}
    assert item.results[5] == []


def test_half_a_history_is_none() -> None:
    def progress(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        history(load(["ordering/change-of-mind"]), [], Registry(), progress=progress)


def test_without_scenarios_there_is_nothing_to_tell() -> None:
    assert history([], [], Registry()).scenarios == []


# --- claims


def claim_rules(whole_history: History, name: str) -> dict[str, set[tuple[str, str]]]:
    (claim,) = (claim for claim in whole_history.claims if claim.id == name)
    actual: dict[str, set[tuple[str, str]]] = {}
    for turn in claim.turns:
        actual.setdefault(turn.variant, set()).add(rules(turn))
    return actual


@pytest.mark.parametrize(
    ("claim", "verdicts"),
    [
        # Order and neighbours should not matter ...
        ("C03", "depends depends depends depends supported supported supported"),
        # ... and holes are no problem.
        ("C04", "depends depends depends supported supported depends supported"),
        ("C01", "supported supported supported refuted refuted refuted refuted"),
    ],
)
def test_claims_across_kernels(whole_history: History, claim: str, verdicts: str) -> None:
    (actual,) = (item for item in whole_history.claims if item.id == claim)
    recorded = [item for item in actual.verdicts if item.variant in RECORDED]
    assert [item.verdict for item in recorded] == verdicts.split()
    assert not any(item.cases for item in actual.verdicts)


def test_what_made_order_and_neighbours_not_matter(whole_history: History) -> None:
    assert claim_rules(whole_history, "C03") == {
        "v4.9": {("zone_can_shift.not-at-zone-end", "zone_can_shift.zero")},
        "upstream": {("zone_can_shift.zero", "zone_can_shift.not-at-zone-end")},
        "v4.13": {("zone_can_shift.not-at-zone-end", "allow_online_pfn_range.movable")},
        "v4.14": {("allow_online_pfn_range.movable-below-kernel", "zone_for_pfn_range")},
    }


def test_cases_that_decide_nothing_are_not_told(whole_history: History) -> None:
    (claim,) = (claim for claim in whole_history.claims if claim.id == "E03")
    assert claim.turns == []


# --- goals that do not apply


def test_a_goal_whose_premise_does_not_hold_is_neither_met_nor_lost_nor_gained(
    by_scenario: Scenarios,
) -> None:
    """v4.3 has no auto-online, so nothing has to leave."""
    goals = {goal.want: goal for goal in by_scenario["removal/auto-onlined"].goals}
    leaves = goals["the DIMM leaves"]
    assert leaves.moot == ["v4.3", "pre-auto-online"]
    assert leaves.met is False  # on v4.9, the first release to which it applies
    assert [(turn.variant, turn.met) for turn in leaves.turns] == [("v4.12", True)]


def test_the_survival_of_a_kernel_that_was_not_put_to_the_test_does_not_turn(
    by_scenario: Scenarios,
) -> None:
    *_, survives = by_scenario["kernel-surprises/offline-after-auto-online"].goals
    assert (survives.moot, survives.met, survives.turns) == (
        ["v4.3", "pre-auto-online"],
        True,
        [],
    )
