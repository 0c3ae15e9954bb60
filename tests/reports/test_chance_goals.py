"""Goals that chance decides: what is sure, and how it is drawn."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

from zonediff.reports.page.chance_goals import chance_goals, interval, scale
from zonediff.result.counts import GoalCount
from zonediff.result.judgements import Run
from zonediff.result.result import Result


def counted(result: Result, met: dict[str, int], runs: int = 100) -> Result:
    """The result's first scenario with its first goal met so often; the others always."""
    first = result.scenarios[0].id

    def count(run: Run) -> list[GoalCount]:
        number = met.get(run.variant, runs) if run.scenario == first else runs
        return [GoalCount(goal.want, number, runs, 0, "why") for goal in run.goals[:1]]

    return replace(result, runs=[replace(run, counts=count(run)) for run in result.runs])


def test_what_differs_for_sure_is_told(result: Result) -> None:
    (chance,) = chance_goals(
        counted(result, {"upstream": 60, "igor-movable": 95, "michal-split/1": 65})
    )
    assert chance.scenario == result.scenarios[0].id
    compared = {name: share.compared for share in chance.shares for name in share.variants}
    assert compared["upstream"] == ""
    assert compared["igor-movable"] == "more often than upstream"
    assert compared["michal-split/1"] == "no significant difference from upstream"
    (chance,) = chance_goals(counted(result, {"igor-movable": 5}))
    compared = {name: share.compared for share in chance.shares for name in share.variants}
    assert compared["igor-movable"] == "less often than upstream"


def test_what_no_variant_leaves_to_chance_is_left_out(result: Result) -> None:
    assert chance_goals(result) == ()
    assert chance_goals(counted(result, {})) == ()
    assert chance_goals(counted(result, {"igor-movable": 0})) == ()


def test_those_that_meet_it_as_often_share_a_line(result: Result) -> None:
    (chance,) = chance_goals(counted(result, {"igor-movable": 50, "michal-split/1": 50}))
    shared = {share.variants: str(share) for share in chance.shares}
    assert shared["igor-movable", "michal-split/1"] == "50.0% (40.4% to 59.6%)"


def test_an_interval_is_drawn_to_scale(result: Result) -> None:
    (chance,) = chance_goals(counted(result, {"igor-movable": 50}))
    share = next(share for share in chance.shares if "igor-movable" in share.variants)
    svg = ElementTree.fromstring(interval(share))
    assert svg.find("circle").get("cx") == "104"  # type: ignore[union-attr]
    reach = svg.find("path[@class='reach']").get("d")  # type: ignore[union-attr]
    assert reach == "M85 8H123M85 4v8M123 4v8"
    assert svg.get("width") == ElementTree.fromstring(scale()).get("width")
