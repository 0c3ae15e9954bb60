"""The mail of a review: what it must hold, its hundred lines, and that nothing in it is false."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reports.review_results import (
    ALPHABET,
    LEAK,
    TINY_PROBLEM,
    dax_review,
    interdiff,
    result_of,
    tiny_review,
)
from zonediff.reports.formats import render
from zonediff.reports.text.plain import one_line
from zonediff.result.reviews import (
    BOOT,
    HARMS,
    REVIEW_VERDICTS,
    Cause,
    ReadingDifference,
    Review,
    ReviewClaim,
    ReviewStep,
    Stage,
    StageComparison,
    StageOutcome,
)


def mail(*reviews: Review, full: bool = False) -> str:
    return render(result_of(*reviews), "mail", full=full)


def paragraph(text: str, heading: str) -> str:
    """The lines below a heading, on one line."""
    body = text.split(f"\n{heading}\n", 1)[1].split("\n", 1)[1]
    lines = body.splitlines()
    ends = [n for n, line in enumerate(lines) if line and set(line) == {"-"}]
    return one_line(" ".join(lines[: ends[0] - 1] if ends else lines))


def test_the_golden_file(golden: Callable[[str, str], None]) -> None:
    golden("review-mail.txt", mail(tiny_review()))


def test_the_subject_counts_the_causes() -> None:
    text = one_line(mail(dax_review("v4")))
    assert text.startswith(
        "dax/kmem: atomic whole-device hotplug via sysfs (v4): 3 regressions, 1 behaviour change "
    )
    assert one_line(mail(dax_review("v7"))).startswith(
        "dax/kmem: atomic whole-device hotplug via sysfs (v7): no difference in what was compared "
    )


def test_the_mail_says_what_was_built() -> None:
    built = paragraph(mail(tiny_review()), "Kernels")
    assert "linux, v6.12; the series names another base commit, 0123456789ab" in built
    assert "gcc (Debian 12.2.0-14) 12.2.0" in built
    assert "4/5 (mm/memory_hotplug: use a helper) <tiny-4@zonediff.example>: does not" in built
    assert f"does not build: {TINY_PROBLEM}" in built
    assert "same machine code as the stage before, not run again" in built
    assert "* Changes of the tree that are not committed are left out." in built
    assert "tinyconfig and options for memory hotplug, dax and kmem, digest cccccccccccc" in (
        paragraph(mail(dax_review("v6")), "Kernels")
    )


def test_the_mail_says_how_far_kernels_were_compared() -> None:
    closed = paragraph(mail(dax_review("v6")), "What was compared")
    assert "16 states each, 128 transitions each, 16 pairs of states; closed: " in closed
    assert "Steps (8 commands):" in closed
    bounded = paragraph(mail(dax_review("v7")), "What was compared")
    assert "bounded: all sequences of 8 steps; 1 further step for state" in bounded
    assert "closed" not in bounded
    assert "Sequences of more than 8 steps (base -> v7)." in mail(dax_review("v7"))


def test_a_digest_is_that_of_all_kernels() -> None:
    review = dax_review("v7")
    assert "digest cccccccccccc" in mail(review)
    first, *others = review.stages
    assert "digest" not in mail(replace(review, stages=[replace(first, config=""), *others]))


def test_a_comparison_that_ended_at_once_names_no_length() -> None:
    review = dax_review("v7")
    text = mail(replace(review, comparisons=[replace(review.comparisons[0], depth=0)]))
    assert "bounded: some sequences; 1 further step" in paragraph(text, "What was compared")
    assert "- Some sequences of 1 step, and of more (base -> v7)." in text
    assert "0 steps" not in text


def test_the_worst_cause_comes_first_with_steps_that_can_be_pasted() -> None:
    text = mail(dax_review("v4"))
    leak, rest = text.index("1. Regression: a block or a resource"), text.index("2. Regression: ")
    lines = [line.strip() for line in text[leak:rest].splitlines()]
    begin = lines.index("echo offline > /sys/devices/system/memory/memory8/state  # ok")
    end = next(number for number, line in enumerate(lines) if line.startswith("then "))
    commands = [shlex.split(line, comments=True) for line in lines[begin:end]]
    assert [shlex.join(words) for words in commands if words] == [
        shlex.join(shlex.split(step.command)) for step in LEAK.steps
    ]
    assert "# base: ok, v4: EBUSY" in lines
    assert "- 40000000-4fffffff : dax0.0" in lines
    assert "shown on 3 of 3 fresh boots" in one_line(text[leak:rest])


def test_a_kernel_that_does_not_boot_has_no_command_to_paste() -> None:
    cause = replace(LEAK, harm="died", steps=[ReviewStep(BOOT, None, "panic")], readings=[])
    review = dax_review("v6")
    text = mail(replace(review, comparisons=[replace(review.comparisons[0], causes=[cause])]))
    assert "   # boot: base: ok, v6: panic\n" in text
    assert "\n   boot" not in text


def test_what_qemu_does_is_a_comment() -> None:
    steps = [ReviewStep("unplug dimm0"), ReviewStep("plug dimm0", None, "REFUSED")]
    cause = replace(LEAK, steps=steps, readings=[])
    review = dax_review("v6")
    text = mail(replace(review, comparisons=[replace(review.comparisons[0], causes=[cause])]))
    assert "   # in QEMU, unplug dimm0: ok\n" in text
    assert "   # in QEMU, plug dimm0: base: ok, v6: REFUSED\n" in text


def test_neighbours_that_were_not_built_are_one_gap() -> None:
    review = dax_review("v7")
    base, *others, last = review.stages
    skipped = [replace(last, name=f"{number}/4", outcome="not-built") for number in (1, 2, 3)]
    text = mail(replace(review, stages=[base, *others, *skipped, last]))
    assert "- Stages 1/4 to 3/4: not built.\n" in text
    assert "- Stage " not in text


def test_gaps_that_a_comparison_names_itself_are_named_once() -> None:
    review = dax_review("v7")
    own = "Sequences of more than 8 steps were not tried."
    comparison = replace(review.comparisons[0], not_tested=[own])
    text = mail(replace(review, comparisons=[comparison]))
    assert text.count("Sequences of more than 8 steps") == 1


def test_a_long_command_can_still_be_pasted() -> None:
    command = f"echo 'a b' > /sys/{'x' * 90}/state && cat \"/proc/{'y' * 30} z\" > /dev/null"
    cause = replace(LEAK, steps=[ReviewStep(command)])
    review = dax_review("v6")
    comparison = replace(review.comparisons[0], causes=[cause])
    lines = mail(replace(review, comparisons=[comparison])).splitlines()
    begin = next(number for number, line in enumerate(lines) if "echo 'a b'" in line)
    joined = []
    for line in lines[begin:]:
        joined.append(line.removesuffix("\\"))
        if not line.endswith("\\"):
            break
    assert shlex.split("".join(joined), comments=True) == shlex.split(command)


def test_what_comes_sometimes_is_never_called_a_regression() -> None:
    review = tiny_review()
    only = replace(review, comparisons=review.comparisons[2:], claims=[], stages=review.stages[:4])
    for form in ("mail", "text", "markdown", "ktap", "junit", "github", "csv"):
        text = render(result_of(only), form)
        assert "sometimes" in text or form == "github"
        assert "regression" not in text.lower()


def test_a_cause_that_two_comparisons_show_is_one_cause() -> None:
    review = dax_review("v6")
    stages = [review.stages[0], Stage("1/2", "ready"), replace(review.stages[1], name="2/2")]
    step = StageComparison("1/2", "2/2", (1, 1), (1, 1), 1, True, 0, 1, [LEAK])
    whole = StageComparison("base", "2/2", (1, 1), (1, 1), 1, True, 0, 1, [LEAK])
    text = mail(replace(review, stages=stages, comparisons=[step, whole]))
    assert "base -> 2/2, also 1/2 -> 2/2, shown on 3 of 3 fresh boots" in one_line(text)
    assert "(v6): 1 regression\n" in text


def test_a_fix_is_named_by_what_it_undoes() -> None:
    assert "1. Fix: a block or a resource is given back again" in mail(interdiff())


def test_claims_have_their_outcome_on_each_stage() -> None:
    claims = paragraph(mail(tiny_review()), "Claims")
    assert "odd-blocks <tiny-reply@zonediff.example>: memory32 cannot go online" in claims
    assert "base: refuted, 1/5: confirmed, 2/5: refuted, 3/5: not settled" in claims


def test_a_mail_of_several_reviews_shows_the_worst() -> None:
    text = mail(interdiff(), dax_review("v6"), tiny_review())
    assert "hotplug via sysfs (v6): 1 regression; and 2 more reviews" in one_line(text)
    assert "* mm/memory_hotplug: be strict on dimm: 4/5 does not build" in text
    assert "echo dax0.0 > /sys/bus/dax/drivers/kmem/unbind" in text


def test_the_full_mail_has_every_review_and_cause() -> None:
    text = mail(interdiff(), dax_review("v4"), tiny_review(), full=True)
    for heading in ("Fix: a block or a resource", "Difference that comes sometimes: "):
        assert heading in text
    assert text.count("shown on 3 of 3 fresh boots") == 7


class Stranger:
    """Makes large reviews of odd texts from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def text(self, most: int = 300) -> str:
        length = self.random.choice((0, 1, 20, most))
        return "".join(self.random.choices("ab -'\"\\\t\n\x1b\u202e\xe9\u4e2d.:", k=length))

    def command(self) -> str:
        length = self.random.choice((1, 30, 71, 72, 73, 150, 400))
        return "".join(self.random.choices("ab '\"\\/>|&$", k=length)) + "z"

    def cause(self) -> Cause:
        outcomes = (None, "EBUSY", "no answer in 10 s")
        steps = [
            ReviewStep(self.command(), *self.random.choices(outcomes, k=2))
            for _ in range(self.random.randint(1, 8))
        ]
        lines = (None, "", self.text(), "online")
        readings = [
            ReadingDifference(self.text(), *self.random.choices(lines, k=2))
            for _ in range(self.random.randint(0, 9))
        ]
        harm, verdict = self.random.choice(HARMS), self.random.choice(REVIEW_VERDICTS)
        return Cause(harm, verdict, steps, readings, 10**6, 3, 3, self.text(), [self.text()])

    def review(self) -> Review:
        number = self.random.choice((1, 3, 40))
        outcomes: tuple[StageOutcome, ...] = ("ready", "does-not-build", "not-built")
        stages = [
            Stage(f"{n}/{number}", self.random.choice(outcomes), self.text(), problem=self.text())
            for n in range(number)
        ]
        stages += [Stage("first", "ready"), Stage("last", "ready")]
        ready = [stage.name for stage in stages if stage.outcome == "ready"]
        comparisons = [
            StageComparison(
                *pair,
                (1, 2),
                (3, 4),
                5,
                self.random.random() < 0.5,
                8,
                0,
                [self.cause() for _ in range(self.random.choice((0, 1, 12)))],
                [self.text() for _ in range(self.random.choice((0, 1, 12)))],
            )
            for pair in pairwise(ready)
        ]
        claims = [
            ReviewClaim(f"c{n}", self.text(), "", {"first": "refuted"}) for n in range(number)
        ]
        return Review(
            "s" * 255,
            "t" * 255,
            "b" * 255,
            "m",
            self.text(),
            [self.command() for _ in range(self.random.choice((0, 8, 60)))],
            stages,
            comparisons,
            "w" * 255,
            claims,
            self.text(),
            [self.text() for _ in range(self.random.choice((0, 1, 12)))],
        )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), number=st.integers(1, 5))
def test_the_mail_has_at_most_a_hundred_lines_of_ascii(seed: int, number: int) -> None:
    stranger = Stranger(seed)
    reviews = [stranger.review() for _ in range(number)]
    text = render(replace(result_of(*reviews), command=stranger.command()), "mail")
    assert len(text.splitlines()) <= 100
    assert text.isascii()
    assert all(len(line) <= 72 for line in text.splitlines())
    assert "What was not tested" in text


def test_steps_of_all_causes_come_before_the_lines_that_differ() -> None:
    review = dax_review("v6")
    many = [
        replace(LEAK, steps=[ReviewStep(f"echo {n} > /sys/x", None, "EBUSY")]) for n in range(7)
    ]
    comparison = replace(review.comparisons[0], causes=many)
    text = mail(replace(review, comparisons=[comparison]))
    assert [f"echo {n} > /sys/x" in text for n in range(7)] == [True] * 7
    assert 0 < text.count("then (- base, + v6):") < 7


@pytest.mark.parametrize("number", [1, 2, 5, 60])
def test_causes_that_do_not_fit_are_counted(number: int) -> None:
    review = dax_review("v6")
    many = [
        replace(LEAK, steps=[*LEAK.steps[:-1], ReviewStep(f"echo {n} > /sys/x", None, "EBUSY")])
        for n in range(number)
    ]
    comparison = replace(review.comparisons[0], causes=many)
    text = mail(replace(review, comparisons=[comparison]))
    shown = sum(f"{n}. Regression: " in text for n in range(1, number + 1))
    left = number - shown
    assert f"(v6): {number} regression" in one_line(text)
    assert (f"({left} more difference" in text) == (left > 0)


def test_the_alphabet_names_every_command() -> None:
    text = mail(dax_review("v6"))
    for command in ALPHABET:
        value, file = command.removeprefix("echo ").split(" > ")
        line = next(line for line in text.splitlines() if "/".join(file.split("/")[-2:]) in line)
        assert value in line
