"""From what scenarios came to, to a verdict and its condition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from zonediff.compare.claims.cases import _decimal
from zonediff.compare.claims.ledger import decide, judge_claims, labels, sorted_out
from zonediff.compare.run import run
from zonediff.corpus.claim import Claim
from zonediff.corpus.scenario import Scenario
from zonediff.engine.policy import Policy
from zonediff.result.claims import CaseOutcome, CasePart, ClaimVerdict
from zonediff.result.result import Result
from zonediff.variants.model import Model
from zonediff.variants.registry import Registry

Judge = Callable[..., ClaimVerdict]


def so(part: CasePart, says: str, holds: bool, scenario: str = "", **more: Any) -> CaseOutcome:
    return CaseOutcome(part, says, holds, "detail", scenario, **more)


# --- what outcomes come down to -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cases", "verdict"),
    [
        ([], ("moot", "the claim is not about this variant")),
        ([so("supported_if", "A", True)], ("supported", "")),
        ([so("supported_if", "A", False)], ("refuted", "not so: A")),
        (
            [so("supported_if", "A", True), so("supported_if", "B", False)],
            ("depends", "yes: A. no: B"),
        ),
        ([so("supported_if", "A", True), so("refuted_if", "R", True)], ("refuted", "R")),
        ([so("supported_if", "A", True), so("refuted_if", "R", False)], ("supported", "")),
        ([so("supported_if", "A", False), so("refuted_if", "R", False)], ("depends", "no: A")),
        (
            [so("given", "G", False), so("supported_if", "A", True)],
            ("moot", "does not apply, as this is not so: G"),
        ),
        ([so("given", "G", True), so("supported_if", "A", True)], ("supported", "")),
        ([so("supported_if", "A", True), so("besides", "B", False)], ("supported", "")),
        (
            [
                so("supported_if", "A", True),
                so("supported_if", "B", False, unreliable="a slip"),
            ],
            ("supported", ""),
        ),
        (
            [so("supported_if", "A", True, percent="1.57 %, claimed 1.5 +- 0.1")],
            ("supported", "1.57 %, claimed 1.5 +- 0.1"),
        ),
        (
            [
                so("supported_if", "A", True),
                so("supported_if", "B", False, percent="73.08 %, claimed 50 +- 10"),
            ],
            ("depends", "yes: A. no: B (73.08 %, claimed 50 +- 10)"),
        ),
    ],
)
def test_verdict(cases: list[CaseOutcome], verdict: tuple[str, str]) -> None:
    assert decide(cases) == verdict


def test_a_family_that_is_split_says_with_which_values() -> None:
    cases = [
        so("supported_if", "works", False, "a/b[order=up,size=1G]"),
        so("supported_if", "works", True, "a/b[order=down,size=1G]"),
        so("supported_if", "works", False, "a/b[order=in,size=1G]"),
    ]
    assert sorted_out(cases) == "works: yes for order=down, no for order=up, in"
    cases.append(so("supported_if", "works", True, "c/d"))
    assert sorted_out(cases) == (
        "works: yes for a/b[order=down,size=1G], c/d, "
        "no for a/b[order=up,size=1G], a/b[order=in,size=1G]"
    )


def test_labels_are_what_tells_scenarios_apart() -> None:
    def of(*scenarios: str) -> list[str]:
        return labels([so("given", "", True, name) for name in scenarios])

    assert of("a/b[x=1,y=1]", "a/b[x=2,y=1]") == ["x=1", "x=2"]
    assert of("a/b[x=1,y=1]", "a/b[x=2,y=2]") == ["x=1,y=1", "x=2,y=2"]
    assert of("a/b[x=1]", "a/c[x=2]") == ["a/b[x=1]", "a/c[x=2]"]
    assert of("a/b[x=1]") == ["x=1"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(2, 3), "0.67"),
        (Fraction(1, 200), "0.01"),
        (Fraction(-1, 3), "-0.33"),
        (Fraction(-1, 1000), "0.00"),
        (Fraction(100), "100.00"),
    ],
)
def test_numbers_are_rounded(value: Fraction, text: str) -> None:
    assert _decimal(value) == text


# --- every kind of case ---------------------------------------------------------------------------

FIRST = "scenario: small/order[order=first-to-last]"
LAST = "scenario: small/order[order=last-to-first]"
LARGE = "scenario: small/large"
SEARCH = """\
reachable: [{blocks: 32, state: online, zone: Movable}, {blocks: 33, state: offline}]
machine: {nodes: [1G], dimms: [{id: dimm1, size: 256M}]}
writes: {blocks: dimm1, values: [online_movable]}
"""


@pytest.mark.parametrize(
    ("text", "holds", "detail"),
    [
        (
            f"{FIRST}\ngoal: all movable",
            False,
            "memory32 offline [Normal], memory33 offline [Normal Movable]",
        ),
        (
            f"{LAST}\ngoal: 2",
            True,
            "memory32 online [Movable Normal], memory33-34 online [Movable]",
        ),
        (f"{FIRST}\nsteps: ok\nmet: false", True, None),
        (
            f"{FIRST}\nstep: onlined\nresult: EINVAL",
            True,
            "step 2: echo online_movable > memory32/state: EINVAL (2 of 3 failed)",
        ),
        (f"{LAST}\nblocks: 32\nvalid_zones: Normal\nafter: 1", True, "memory32 offline [Normal]"),
        (f"{LARGE}\ndied: panic", True, "the kernel died (panic) in step 1: plug dimm1 16G node 0"),
        (f"{LARGE}\ndied: BUG", False, "the kernel died (panic) in step 1: plug dimm1 16G node 0"),
        (f"{LAST}\ndied: panic", False, "alive at the end"),
        (f"{LARGE}\nrule: out_of_memory", True, "out_of_memory decided"),
        (
            f"{FIRST}\nrule: zone_can_shift.not-at-zone-end\nnumbers: [block=33, target=Movable]",
            True,
            "zone_can_shift.not-at-zone-end decided",
        ),
        (
            f"{FIRST}\nrule: zone_can_shift.not-at-zone-end\nnumbers: [block=34]",
            False,
            "zone_can_shift.not-at-zone-end with block=34 decided nothing",
        ),
        (f"{FIRST}\nrule: zone_can_shift.up\nat: 1", False, "zone_can_shift.up decided nothing"),
        (
            f"{LAST}\nrule: sparse_mem_map_populate\npercent: kib / (blocks * 131072)\n"
            "claimed: 1.5\ntolerance: 0.1",
            True,
            "kib / (blocks * 131072) = 1.57 %, claimed 1.5 +- 0.1",
        ),
        (
            f"{LAST}\nrule: sparse_mem_map_populate\npercent: kib / (blocks * 131072)\n"
            "claimed: 1.5",
            False,
            "kib / (blocks * 131072) = 1.57 %, claimed 1.5 +- 0",
        ),
        (f"{LAST}\nuevent: add memory32-34\nat: 1", True, "uevents: add memory32-34"),
        (
            f"{LAST}\nuevent: online memory32-34\nat: onlined",
            False,
            "uevents: online memory34, online memory33, online memory32",
        ),
        (
            f"{LAST}\nzoneinfo: 0/Movable\nspanned: 98304\npresent: 98304",
            True,
            "zone 0/Movable spans 98304 pages, 98304 present",
        ),
        (
            f"{LAST}\nzoneinfo: 0/Movable\nspanned: 0\nafter: 1",
            True,
            "zone 0/Movable spans 0 pages, 0 present",
        ),
        (
            f"{LARGE}\nzoneinfo: 0/Movable\nspanned: 0",
            False,
            "the kernel died (panic) in step 1: plug dimm1 16G node 0",
        ),
        (
            f"{FIRST}\noverlap: [0/Normal, 0/Movable]",
            False,
            "zone 0/Normal: pfn 1048576..1114112 (256M), 0 present; "
            "zone 0/Movable: pfn 1114112..1146880 (128M), 128M present",
        ),
        (
            SEARCH,
            False,
            "nothing leads there: all 3 states seen (online_movable to blocks dimm1)",
        ),
    ],
)
def test_case(judge: Judge, text: str, holds: bool, detail: str | None) -> None:
    body = "".join(f"    {line}\n" for line in text.splitlines())
    (case,) = judge(f"supported_if:\n  - says: so\n{body}").cases
    assert case.holds is holds
    assert detail in (None, case.detail)


def test_reasons_are_those_of_the_act_that_decided(judge: Judge) -> None:
    def rules(text: str) -> list[str]:
        (case,) = judge(f"supported_if:\n  - {{says: so, {text}}}").cases
        return [reason.rule for reason in case.reasons]

    first = "scenario: 'small/order[order=first-to-last]'"
    assert rules(f"{first}, goal: all movable") == ["zone_can_shift.not-at-zone-end"]
    assert rules(f"{first}, step: onlined, result: EINVAL") == ["zone_can_shift.up"]
    assert rules("scenario: small/large, died: panic") == ["out_of_memory"]
    assert rules(f"{first}, died: panic") == []


def test_a_way_is_told_step_by_step(judge: Judge) -> None:
    text = f"supported_if:\n  - says: so\n    {SEARCH.strip().replace(chr(10), chr(10) + '    ')}"
    (case,) = judge(text, "v4.13").cases
    assert case.holds
    assert case.steps == ["echo online_movable > memory32/state"]
    assert case.detail == (
        "1 step leads there, no fewer do; 3 states seen (online_movable to blocks dimm1)"
    )


def test_a_search_that_is_given_up_decides_nothing(judge: Judge) -> None:
    text = SEARCH.replace("values: [online_movable]", "values: [online, offline]") + "states: 3\n"
    body = text.strip().replace("\n", "\n    ")
    actual = judge(f"supported_if:\n  - says: so\n    {body}")
    assert (actual.verdict, actual.condition) == (
        "undecided",
        "so: the search was given up after 3 states",
    )
    actual = judge(
        f"supported_if:\n  - {{says: A, {LAST.replace(': ', ': ' + chr(39))}', goal: 2}}\n"
        f"besides:\n  - says: so\n    {body}"
    )
    assert actual.verdict == "supported"


# --- variants and runs ----------------------------------------------------------------------------

TWO = """\
supported_if:
  - {says: here, on: [upstream], scenario: small/large, died: panic}
  - {says: there, on: ["v4.*"], scenario: small/large, goal: 1}
"""


def test_a_case_may_speak_of_some_variants(judge: Judge) -> None:
    assert judge(TWO).verdict == "supported"
    assert judge(TWO, "v4.13").condition == "not so: there"


def test_a_claim_may_speak_of_some_variants(judge: Judge) -> None:
    actual = judge("on: [upstream]\n" + TWO, "v4.13")
    assert (actual.verdict, actual.cases) == ("moot", [])


def test_a_claim_that_nothing_decides(judge: Judge) -> None:
    actual = judge("undecidable: a matter of taste")
    assert (actual.verdict, actual.condition) == ("undecided", "a matter of taste")


def test_without_all_its_scenarios_a_claim_is_left_out(
    claim: Callable[[str], Claim], outcome: Result
) -> None:
    asked = claim("supported_if:\n  - {says: so, scenario: small/order, goal: 1}")
    some = replace(outcome, scenarios=outcome.scenarios[:2])
    assert judge_claims([asked], some, Registry()) == []


def test_a_run_that_is_missing_or_failed_decides_nothing(
    claim: Callable[[str], Claim], outcome: Result
) -> None:
    asked = claim("supported_if:\n  - {says: so, scenario: small/large, goal: 1}")
    errors = [replace(item, status="error", trace=None, error="no") for item in outcome.runs]
    for runs, why in (([], "was not run"), (errors, "failed to run")):
        (actual,) = judge_claims([asked], replace(outcome, runs=runs), Registry())
        assert {item.verdict for item in actual.verdicts} == {"undecided"}
        assert actual.verdicts[0].condition == f"so: small/large {why}"


def test_what_a_variant_raises_in_a_search_decides_nothing(
    claim: Callable[[str], Claim], corpus: list[Scenario]
) -> None:
    class Broken(Registry):
        def model(self, name: str) -> Model:
            return Model(_Raises())

    body = SEARCH.strip().replace("\n", "\n    ")
    asked = claim(f"supported_if:\n  - says: so\n    {body}")
    actual = run(corpus[:1], ["upstream"], registry=Registry())
    (judged,) = judge_claims([asked], actual, Broken())
    assert judged.verdicts[0].condition == "so: the search failed: LookupError('no idea')"


class _Raises(type(Registry().model("upstream").policy)):  # type: ignore[misc]
    name = "raises"

    def zone_of_new_memory(self, *_: object) -> Policy:
        raise LookupError("no idea")


def test_many_seeds_meet_a_goal_when_they_always_do(
    claim: Callable[[str], Claim], outcome: Result
) -> None:
    asked = claim("supported_if:\n  - {says: so, scenario: small/large, goal: 1, met: false}")
    goals = [replace(goal, met=True, detail="met in 9 of 10") for goal in outcome.runs[0].goals]
    runs = [replace(item, goals=goals) for item in outcome.runs if item.scenario == "small/large"]
    (actual,) = judge_claims([asked], replace(outcome, runs=runs), Registry())
    assert [case.detail for item in actual.verdicts for case in item.cases] == [
        "met in 9 of 10"
    ] * 2
