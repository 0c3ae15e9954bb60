from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.compare.conftest import Make
from zonediff.compare.intents import covering, matches, outcomes
from zonediff.engine.policy import Intent
from zonediff.result.judgements import Judgement, Kind

DRIVERS = Intent("drivers/*", "drivers online by themselves")
TEMPORARY = Intent("zones/*", "not supported yet", until="rework/4")


def judged(kinds: Mapping[str, Kind], variant: str = "patch") -> list[Judgement]:
    return [Judgement(scenario, variant, kind, [kind]) for scenario, kind in kinds.items()]


@pytest.mark.parametrize(
    ("pattern", "scenario", "expected"),
    [
        ("knob/*", "knob/kvm", True),
        ("knob/*", "order/up", False),
        ("*", "order/up", True),
        ("order/?p", "order/up", True),
        ("knob/kvm", "knob/kvm[knob=online]", True),
        ("knob/kvm[knob=online]", "knob/kvm[knob=online]", True),
        ("knob/kvm[knob=online]", "knob/kvm[knob=offline]", False),
        ("knob/kvm[[]*", "knob/kvm[knob=online]", False),
        ("knob/*[*=offline]", "knob/kvm[knob=offline]", True),
        ("knob/kv", "knob/kvm", False),
        ("KNOB/*", "knob/kvm", False),
    ],
)
def test_patterns(pattern: str, scenario: str, expected: bool) -> None:
    assert matches(pattern, scenario) is expected


def test_the_first_intent_that_fits_covers(make: Make) -> None:
    other = Intent("*", "anything")
    info = make.info("patch", DRIVERS, other)
    assert covering(info, "drivers/xen") is DRIVERS
    assert covering(info, "order/up") is other
    assert covering(make.info("patch", DRIVERS), "order/up") is None


def test_an_intent_ends_with_the_variant_named_and_those_built_on_it(make: Make) -> None:
    assert covering(make.info("rework/3", TEMPORARY), "zones/shift") is TEMPORARY
    assert covering(make.info("rework/4", TEMPORARY), "zones/shift") is None
    assert covering(make.info("rework/5", TEMPORARY, lineage=["rework/4"]), "zones/shift") is None


@pytest.mark.parametrize("kind", ["regression", "abi-removal", "fix", "behaviour-change"])
def test_any_difference_makes_an_intent_happen(make: Make, kind: Kind) -> None:
    (outcome,) = outcomes(
        make.info("patch", DRIVERS),
        [
            *judged({"drivers/xen": kind, "drivers/hyperv": "unchanged", "order/up": "fix"}),
            *judged({"drivers/hyperv": "fix"}, "another"),
        ],
        whole=True,
    )
    assert (outcome.variant, outcome.intent, outcome.status) == ("patch", DRIVERS, "happened")
    assert outcome.scenarios == ["drivers/xen"]


def test_no_difference_is_missed(make: Make) -> None:
    (outcome,) = outcomes(
        make.info("patch", DRIVERS), judged({"drivers/xen": "unchanged"}), whole=False
    )
    assert (outcome.status, outcome.scenarios) == ("missing", [])


def test_without_a_scenario_only_the_whole_corpus_tells(make: Make) -> None:
    info, other = make.info("patch", DRIVERS), judged({"order/up": "fix"})
    assert outcomes(info, other, whole=False) == []
    assert [outcome.status for outcome in outcomes(info, other, whole=True)] == ["missing"]


def test_errors_tell_nothing(make: Make) -> None:
    judgements = judged({"drivers/xen": "error"})
    assert outcomes(make.info("patch", DRIVERS), judgements, whole=True) == []


def test_what_should_have_ended_is_overdue_only_while_it_differs(make: Make) -> None:
    info = make.info("rework/4", TEMPORARY)
    (outcome,) = outcomes(info, judged({"zones/a": "behaviour-change"}, "rework/4"), whole=True)
    assert (outcome.status, outcome.scenarios) == ("overdue", ["zones/a"])
    assert outcomes(info, judged({"zones/a": "unchanged"}, "rework/4"), whole=True) == []
