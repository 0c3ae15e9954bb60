"""What a report covers, and who says so."""

from __future__ import annotations

from dataclasses import replace

from zonediff.reports.formats import render
from zonediff.reports.page import scope
from zonediff.reports.page.report import build_report
from zonediff.result.result import Result


def with_live(result: Result) -> Result:
    """The result with a real kernel in place of michal-split/1, in the list of variants only."""
    return replace(
        result,
        variants=[
            replace(info, name="live:bzImage") if info.name == "michal-split/1" else info
            for info in result.variants
        ],
    )


def test_how_the_kernels_are_configured(result: Result) -> None:
    first, second, *others = result.scenarios
    odd = replace(first, machine={**first.machine, "config": {"MOVABLE_NODE": False}})
    sentences = list(scope.compared(replace(result, scenarios=[odd, second, *others])))
    assert sentences[0] == "upstream (the baseline): Linux v4.10"
    assert "michal-split/1, michal-split/3: linux-mm" in sentences
    assert sentences[-4:] == [
        "x86-64, memory blocks of 128M",
        "CONFIG_MOVABLE_NODE=y (n in ordering/reproducer)",
        "CONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE=n",
        "CONFIG_ARCH_MEMORY_PROBE=y",
    ]
    assert list(scope.compared(replace(result, scenarios=[])))[-1] == sentences[-4]


def test_what_was_not_tested(result: Result) -> None:
    assert list(scope.not_tested(result, build_report(result))) == [
        "Running kernels: none was started for this.",
        "Not checked against recordings of any real kernel: michal-split/1, hyperv-xen-only.",
        "Failed, not modelled or not run in hyperv-xen-only: ordering/ascending.",
        "Anything outside the 6 scenarios of this run.",
    ]


def test_a_tool_says_that_it_is_one(result: Result) -> None:
    assert next(scope.made_by(result, build_report(result))) == (
        "Made by a tool, zonediff 0.1.0, from models of these kernels; no kernel was run for it. "
        "It is not a review and carries nobody's sign-off."
    )
    timed = replace(result.scenarios[0], steps=[{"do": {"elapse": {}}}])
    *_, seeds = scope.made_by(
        replace(result, scenarios=[timed], seed=7, seeds=3), build_report(result)
    )
    assert seeds == "Chance in timed scenarios: seed 7 and the 2 after it."


def test_a_real_kernel_is_no_model(result: Result) -> None:
    live = with_live(result)
    sentences = list(scope.not_tested(live, build_report(result)))
    assert sentences[0] == "Not checked against recordings of any real kernel: hyperv-xen-only."
    assert "except live:bzImage, which was run" in next(scope.made_by(live, build_report(result)))
    assert "from models (live:bzImage: a real kernel); " in scope.made_from(live)


def test_how_much_real_kernels_confirm(result: Result) -> None:
    assert "agree (all but 1 of 938 for igor-movable), no recording covers michal-split/1, " in (
        scope.made_from(result)
    )
    bare = replace(result, variants=[replace(info, evidence=[]) for info in result.variants])
    assert scope.made_from(bare).endswith(
        "; nothing is checked against recordings of real kernels."
    )


def test_no_form_takes_a_real_kernel_for_a_model(result: Result) -> None:
    """Neither its notes, its verdict nor its evidence."""
    live = replace(
        result,
        variants=[
            replace(info, name="live:bzImage") if info.name == "hyperv-xen-only" else info
            for info in result.variants
        ],
        runs=[
            replace(run, variant="live:bzImage") if run.variant == "hyperv-xen-only" else run
            for run in result.runs
        ],
        judgements=[
            replace(item, variant="live:bzImage") if item.variant == "hyperv-xen-only" else item
            for item in result.judgements
        ],
        removals=[],
    )
    says = "A real kernel was run: these results come from no model."
    report = build_report(live)
    (verdict,) = [item for item in report.verdicts if item.link.name == "live:bzImage"]
    assert says in verdict.remarks
    assert "Not checked against any real kernel." not in verdict.remarks
    assert report.notes[-1] == (
        "No recording of a real kernel checks michal-split/1: "
        "these results come from a model alone."
    )
    for form in ("mail", "markdown"):
        text = " ".join(render(live, form).split()).replace("\\", "")
        assert f"- live:bzImage: {says}" in text
    assert "live:bzImage: these results come from a model" not in render(live, "html")
