"""What the history view makes of a history: causes, what was lost for a time, rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zonediff.engine.policy import Intent
from zonediff.engine.trace import Reason
from zonediff.reports.page.history import goals, history_view, met_by_release, steps
from zonediff.result.claims import ClaimVerdict, Verdict
from zonediff.result.history import (
    ClaimHistory,
    GoalHistory,
    History,
    Release,
    ScenarioHistory,
    Turn,
)

NAMES = ("one", "two", "three")
RELEASES = [Release(name, f"2017-0{n}-01", name, "") for n, name in enumerate(NAMES, 1)]
DECLARED = Intent("a/*", "not yet", until="three")


def reason(rule: str) -> Reason:
    return Reason(rule, rule.partition(".")[0], "because", {})


def turn(variant: str, met: bool, old: str = "", new: str = "", want: str = "it works") -> Turn:
    return Turn(
        *(variant, "a/b", want, met, "before", "after"),
        [reason(old)] if old else [],
        [reason(new)] if new else [],
    )


def scenario(name: str, *goals: GoalHistory) -> ScenarioHistory:
    return ScenarioHistory(name, ["write", "read"], [["ok", "ok"], ["BUG"], ["ok", "ok"]], [*goals])


def goal(met: bool, *turns: Turn, want: str = "it works") -> GoalHistory:
    return GoalHistory(want, met, [*turns])


def lost(*, back: bool = True, intent: Intent | None = None, rule: str = "new") -> GoalHistory:
    gone = replace(turn("two", False, "old", rule), intent=intent)
    return goal(True, gone, *([turn("three", True, rule, "newer")] if back else []))


def test_what_the_same_rules_turned_is_one_cause() -> None:
    history = History(RELEASES, [scenario("a/b", lost()), scenario("c/d", lost(), lost())])
    two, three = history_view(history).chapters
    (cause,) = two.causes
    assert (cause.met, cause.back, cause.goals) == (False, "three", 3)
    # Where most goals turned comes first.
    assert [item.link.name for item in cause.affected] == ["c/d", "a/b"]
    assert (two.number(met=False), two.number(met=True)) == (3, 0)
    assert (three.number(met=False), three.number(met=True)) == (0, 3)


@pytest.mark.parametrize("other", [{"rule": "else"}, {"back": False}, {"intent": DECLARED}])
def test_other_rules_ends_or_declarations_are_other_causes(other: dict[str, object]) -> None:
    history = History(RELEASES, [scenario("a/b", lost()), scenario("c/d", lost(**other))])  # type: ignore[arg-type]
    assert len(history_view(history).chapters[0].causes) == 2


def test_declared_losses_lead_and_only_those_that_come_back_are_for_a_time() -> None:
    history = History(
        RELEASES,
        [
            scenario("a/forever", lost(back=False)),
            scenario("a/silent", lost(), lost()),
            scenario("a/declared", lost(intent=DECLARED)),
        ],
    )
    view = history_view(history)
    assert [cause.affected[0].link.name for cause in view.lost] == ["a/declared", "a/silent"]
    assert [cause.fate for cause in view.lost] == [
        "lost in two, back in three as declared",
        "lost in two, back in three",
    ]
    fates = {cause.fate for chapter in view.chapters for cause in chapter.causes}
    assert fates == {*(cause.fate for cause in view.lost), "lost in two", "met since three"}


def test_a_promise_that_is_kept_elsewhere_is_not_kept() -> None:
    history = History(RELEASES, [scenario("a/b", lost(intent=replace(DECLARED, until="four")))])
    (cause,) = history_view(history).lost
    assert cause.fate == "lost in two, back in three"


def test_rows_are_of_scenarios_in_which_something_turned() -> None:
    both = goal(False, turn("two", True), want="other")
    history = History(RELEASES, [scenario("a/same", goal(True)), scenario("a/b", lost(), both)])
    view = history_view(history)
    (row,) = view.rows
    assert view.unchanged == 1
    assert [(cell.text, cell.turned) for cell in row.cells] == [
        ("1/2", ""),
        ("1/2", "both"),
        ("2/2", "gained"),
    ]


def test_lines_of_steps_and_goals() -> None:
    item = scenario("a/b", lost())
    assert [line.cells for line in steps(item)] == [("ok", "BUG", "ok"), ("ok", "", "ok")]
    assert [line.cells for line in goals(item, RELEASES)] == [("met", "NOT", "met")]
    assert [*met_by_release(item, item.goals[0], NAMES)] == [True, False, True]


def test_a_goal_that_does_not_apply_is_not_counted() -> None:
    moot = replace(goal(True), moot=["two"])
    history = History(RELEASES, [scenario("a/b", moot, lost())])
    (item,) = history.scenarios
    assert [line.cells for line in goals(item, RELEASES)] == [
        ("met", "n/a", "met"),
        ("met", "NOT", "met"),
    ]
    assert [*met_by_release(item, moot, NAMES)] == [True, None, True]
    (row,) = history_view(history).rows
    assert [cell.text for cell in row.cells] == ["2/2", "0/1", "2/2"]


def test_a_scenario_without_a_goal_that_applies() -> None:
    moot = replace(goal(True, turn("three", False)), moot=["two"])
    (row,) = history_view(History(RELEASES, [scenario("a/b", moot)])).rows
    assert [cell.text for cell in row.cells] == ["1/1", "n/a", "0/1"]


def claim(*verdicts: Verdict, turns: tuple[Turn, ...] = ()) -> ClaimHistory:
    message = [ClaimVerdict(name, verdict) for name, verdict in zip(NAMES, verdicts, strict=True)]
    return ClaimHistory("C99", "Ada", "it works", message, [*turns])


def test_claims_about_which_nothing_turned_are_left_out() -> None:
    silent = claim("moot", "supported", "moot"), claim("depends", "depends", "depends")
    turned = claim("depends", "depends", "depends", turns=(turn("two", True),))
    changed = claim("moot", "refuted", "supported")
    view = history_view(History(RELEASES, [], [*silent, turned, changed]))
    assert [row.claim for row in view.claims] == [turned, changed]
    # To and from moot is no change of mind.
    assert [cell.turned for cell in view.claims[1].cells] == ["", "", "both"]


def test_what_a_release_changed_about_a_claim_in_words() -> None:
    turns = (
        turn("two", True, "old", "new", "it works"),
        turn("two", True, "old", "new", "it works"),
        turn("two", False, "old", "new", "it hurts"),
        turn("three", True, want="it flies"),
    )
    view = history_view(
        History(RELEASES, [], [claim("refuted", "depends", "depends", turns=turns)])
    )
    two, three = view.claims[0].turns
    assert two.says == "refuted -> depends; now holds: it works; no longer holds: it hurts"
    assert [(before and before.rule, after and after.rule) for before, after in two.rules] == [
        ("old", "new")
    ]
    assert (three.says, three.rules) == ("still depends; now holds: it flies", ())
