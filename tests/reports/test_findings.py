"""Which finding of a cause is shown."""

from __future__ import annotations

from dataclasses import replace

from zonediff.reports.page.findings import Cause, causes
from zonediff.reports.page.index import Index
from zonediff.result.result import Result


def test_the_shortest_is_that_in_which_the_least_is_done(result: Result) -> None:
    [cause] = causes(Index(result), "behaviour-change")
    assert {item.link.name: item.acts for item in cause.findings} == {
        "knob/kvm": 2,
        "unplug/auto-onlined": 3,
    }
    assert cause.shortest.link.name == "knob/kvm"
    first, second = cause.findings
    longer = Cause(cause.function, (replace(first, acts=4), second))
    assert longer.shortest.link.name == "unplug/auto-onlined"


def test_steps_within_a_step_count(result: Result) -> None:
    """A DIMM of eight blocks is onlined in one step, which is eight writes."""
    findings = [item for cause in causes(Index(result), "fix") for item in cause.findings]
    [acts] = [item.acts for item in findings if item.link.name == "ordering/ascending"]
    assert acts == 9
