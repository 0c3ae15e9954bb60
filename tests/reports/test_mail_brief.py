"""The short mail: about a hundred lines, the worst first."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from zonediff.compare.run import run
from zonediff.corpus.loader import load
from zonediff.reports.forms import junit, ktap, mail, mail_brief, markdown, summary
from zonediff.reports.forms.changed_claims import claims_that_change
from zonediff.reports.forms.severities import harms_of
from zonediff.result.claims import ClaimOutcome, ClaimVerdict
from zonediff.result.result import Result

DEADLY = ("pressure/many-dimms[knob=online]", "pressure/probe-loop[knob=online]")


@pytest.fixture(scope="module")
def real() -> Result:
    """A patch that drops the knob, on scenarios of each harm."""
    names = ["knob", "drivers", "userspace/nobody", *DEADLY, "ordering"]
    result = run(load(names), ["hyperv-xen-only", "igor-movable"])
    return replace(result, command="zonediff run --variants hyperv-xen-only")


HARMS = (
    "breaks 30 scenarios: the kernel dies in 2, memory is lost or cannot be used in 11, memory is "
    "in another zone in 1, 16 only because auto_online_blocks is gone"
)


def test_the_first_screen_says_how_much_it_hurts_and_names_every_death(real: Result) -> None:
    lines = mail_brief.render(real).splitlines()
    assert len(lines) <= 110
    screen = "\n".join(lines[:45])
    assert HARMS in " ".join(screen.split())
    assert "\n1. The kernel dies: 2 scenarios\n" in screen
    assert all(name in screen for name in DEADLY)
    assert screen.index("1. The kernel dies") < screen.index("2. Memory is lost")


def test_what_only_follows_from_a_removal_is_under_it_and_last(real: Result) -> None:
    text = mail_brief.render(real)
    assert "4. Only because auto_online_blocks is gone: 16 scenarios\n" in text
    assert "5. " not in text


def test_a_scenario_that_several_variants_break_for_other_reasons_is_named_once(
    real: Result,
) -> None:
    text = mail_brief.render(real)
    listed = text.partition("2. Memory is lost")[2].partition("\n\n")[0]
    assert listed.count("knob/boot-parameter[state=online]") == 1


def test_the_parts_come_in_this_order(real: Result) -> None:
    lines = mail_brief.render(real).splitlines()
    heads = [above for above, line in itertools.pairwise(lines) if {*line} == {"-"}]
    assert heads == [
        "Verdict",
        "Regressions, the worst first",
        "How to reproduce",
        "ABI removals",
        "What confirms it",
        "What was not tested",
    ]
    assert "  zonediff report result.json --format mail --full" in lines
    assert "  zonediff run --variants hyperv-xen-only -o result.json" in lines


def test_all_forms_say_how_much_it_hurts_in_the_same_words(real: Result) -> None:
    for form in (summary, markdown, mail):
        assert HARMS in " ".join(form.render(real).replace("\\", "").split())
    died = f"not ok 33 {DEADLY[0]} # regression (the kernel dies), ABI removal"
    assert died.partition(" 33 ")[2] in ktap.render(real)
    assert 'type="regression (the kernel dies), ABI removal"' in junit.render(real)
    gone = "regression (only because auto_online_blocks is gone), ABI removal"
    assert gone in ktap.render(real)


def test_causes_are_ordered_by_their_worst_finding(real: Result) -> None:
    for form in (mail, markdown):
        text = form.render(real)
        first = text.index("The kernel dies.")
        assert first < text.index("Memory is lost or cannot be used.")


def test_an_older_result_does_not_say_how_much_it_hurts(real: Result) -> None:
    judgements = [replace(item, severity=None, follows_from=None) for item in real.judgements]
    old = replace(real, judgements=judgements)
    assert harms_of(old, "hyperv-xen-only") == ""
    assert "hyperv-xen-only: breaks 30 scenarios; " in mail_brief.render(old)


def test_only_claims_whose_verdict_changes_are_there_with_their_message(real: Result) -> None:
    def claim(id: str, **verdicts: str) -> ClaimOutcome:
        by_variant = {"upstream": "supported", **verdicts}
        return ClaimOutcome(
            id,
            "A",
            f"{id} is so",
            f"{id}@example.org",
            "2017-03-06",
            verdicts=[ClaimVerdict(name, verdict) for name, verdict in by_variant.items()],  # type: ignore[arg-type]
        )

    changed = {"hyperv-xen-only": "refuted", "igor-movable": "supported"}
    claims = [
        claim("X1", **changed),
        claim("X2", **{"hyperv-xen-only": "moot", "igor-movable": "supported"}),
        claim("X3", **dict.fromkeys(changed, "undecided")),
    ]
    result = replace(real, claims=claims)
    assert [(item.id, says) for item, says in claims_that_change(result)] == [
        ("X1", "supported on upstream, refuted on hyperv-xen-only")
    ]
    brief = " ".join(mail_brief.render(result).split())
    assert (
        "- X1 A: X1 is so <X1@example.org> => supported on upstream, refuted on hyperv-xen-only"
        in brief
    )
    assert "X2" not in brief
    full = " ".join(mail.render(result).split())
    assert "X1 A: X1 is so <X1@example.org> - supported on upstream" in full
    assert "No variant changes the verdict on 2 other claims." in full


def test_many_variants_fit_into_a_short_mail(real: Result) -> None:
    """The variants that break most are described, the others are counted."""
    others = [info for info in real.variants if info.name == "hyperv-xen-only"]
    copies = [replace(others[0], name=f"copy-{number}") for number in range(12)]
    runs = [
        replace(run, variant=copy.name)
        for run in real.runs
        if run.variant == "hyperv-xen-only"
        for copy in copies
    ]
    judgements = [
        replace(item, variant=copy.name)
        for item in real.judgements
        if item.variant == "hyperv-xen-only"
        for copy in copies
    ]
    result = replace(
        real,
        variants=[*real.variants, *copies],
        runs=[*real.runs, *runs],
        judgements=[*real.judgements, *judgements],
    )
    text = mail_brief.render(result)
    assert text.count("\n") <= 120
    assert all(name in text for name in DEADLY)
    assert "upstream, igor-movable: ok" in text or "and 11 more: " in text


def test_a_step_in_which_time_passes_has_commands_or_says_that_it_has_none() -> None:
    result = run(load(["pressure/probe-loop[knob=online]"]), ["hyperv-xen-only"])
    text = mail_brief.render(result)
    assert "  # for n in $(seq 0 31); do \\\n" in text
    assert "=> 10s with" not in text
    result = run(load(["pressure/many-dimms[knob=online]"]), ["hyperv-xen-only"])
    words = " ".join(mail_brief.render(result).split())
    assert "commands alone cannot repeat this step)" in words
