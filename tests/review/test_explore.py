"""Exploring two kernels: every fault is found by its shortest sequence, and nothing else."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.review.kernels import (
    ACTIONS,
    BLOCKS,
    UNBIND,
    Freed,
    Hanging,
    HangingSometimes,
    Kernel,
    Leaking,
    Refusing,
    Stale,
    Warns,
)
from zonediff.result.reviews import Cause, StageComparison
from zonediff.review.actions import Action
from zonediff.review.alphabet import Alphabet
from zonediff.review.explore import DerivedAlphabet, compare_sides
from zonediff.review.limits import Limits
from zonediff.review.look import Look, Part
from zonediff.review.sides import Shown, Sides

ALPHABET = Alphabet(ACTIONS, frozenset(BLOCKS))
LIMITS = Limits(steps=20, seconds=60)


def compared(
    baseline: type[Kernel], candidate: type[Kernel], limits: Limits = LIMITS
) -> StageComparison:
    def sides(fresh: bool) -> Sides:
        return baseline(fresh), candidate(fresh)

    derived = DerivedAlphabet(ALPHABET)
    return asyncio.run(compare_sides(sides, ("base", "patched"), derived, limits))


def commands(cause: Cause) -> list[str]:
    return [step.command for step in cause.steps]


@pytest.mark.parametrize(
    "kind", [Kernel, Leaking, Freed, Stale, Warns, Hanging, HangingSometimes, Refusing]
)
def test_a_kernel_does_not_differ_from_itself(kind: type[Kernel]) -> None:
    done = compared(kind, kind)
    assert done.causes == []
    assert done.closed
    assert done.hidden_depth == 1
    assert done.states[0] == done.states[1] > 1


@pytest.mark.parametrize(
    ("kind", "harm", "length"),
    [
        (Leaking, "leaked", 3),
        (Stale, "lost-memory", 3),
        (Warns, "warned", 1),
        (Hanging, "died", 3),
        (Refusing, "refused", 2),
        (Freed, "text", 2),
    ],
)
def test_a_fault_is_a_regression_and_its_repair_a_fix(
    kind: type[Kernel], harm: str, length: int
) -> None:
    [cause] = compared(Kernel, kind).causes
    assert (cause.harm, len(cause.steps)) == (harm, length)
    assert cause.verdict == ("behaviour-change" if harm == "text" else "regression")
    assert (cause.shown, cause.boots) == (3, 3)
    [mended] = compared(kind, Kernel).causes
    if harm == "refused":
        assert (mended.harm, mended.verdict) == ("allowed", "behaviour-change")
    else:
        assert mended.harm == harm
        assert mended.verdict == ("behaviour-change" if harm == "text" else "fix")


def test_what_only_some_boots_show_is_no_regression() -> None:
    [cause] = compared(Kernel, HangingSometimes).causes
    assert cause.verdict == "sometimes"
    assert 0 < cause.shown < cause.boots


def test_what_no_fresh_boot_shows_is_not_reported() -> None:
    done = compared(Kernel, HangsOnCloneOnly)
    assert done.causes == []
    assert "1 difference that no fresh boot showed again: not reported." in done.not_tested


class HangsOnCloneOnly(Hanging):
    """A hang that comes of how guests are made."""

    def bind(self) -> str | None:
        result = super().bind()
        if self.fresh:
            self.dead = ""
        return result


class Both(Leaking, Stale):
    """Two faults."""


class Swapped(Kernel):
    """Block 9 alone is not given back when it went offline."""

    def unbind(self) -> str | None:
        result = super().unbind()
        if not self.blocks and self.hidden:
            self.blocks = {9: "offline"}
        return result

    def write(self, block: int, value: str) -> str | None:
        result = super().write(block, value)
        if result is None and value == "offline":
            self.hidden = 1
        return result


def test_each_fault_is_a_cause_of_its_own() -> None:
    causes = compared(Kernel, Both).causes
    assert {cause.harm for cause in causes} == {"leaked", "lost-memory"}
    assert len(causes) == 2


class WarnsAndLeaks(Leaking):
    """Unbinding warns unless both blocks were never online; sometimes it leaks as well."""

    def warnings(self, action: Action) -> tuple[str, ...]:
        used = self.hidden or "online" in self.blocks.values()
        return ("WARNING: at remove",) if action == UNBIND and self.bound and used else ()


def test_a_warning_alone_does_not_hide_a_leak_that_warns() -> None:
    warned, leaks = compared(Kernel, WarnsAndLeaks).causes
    assert (warned.harm, len(warned.steps)) == ("warned", 2)
    assert (leaks.harm, len(leaks.steps)) == ("warned", 3)
    assert "no sequence gives that back" in leaks.says
    assert "no sequence" not in warned.says


class TakesOnlineMemory(Kernel):
    """Unbinding takes away memory that is online."""

    def unbind(self) -> str | None:
        result = super().unbind()
        if result is None:
            self.blocks = {}
        return result


def test_memory_that_is_in_use_is_not_leaked() -> None:
    [cause] = compared(Kernel, TakesOnlineMemory).causes
    assert (cause.harm, cause.verdict) == ("lost-memory", "regression")
    assert len(cause.steps) == 2
    assert cause.transitions > 1


def test_equal_blocks_are_one_cause() -> None:
    [cause] = compared(Kernel, Leaking).causes
    assert cause.transitions > 1
    assert "memory8" in cause.says


def test_hidden_state_shows_with_the_steps_that_lead_to_it() -> None:
    [cause] = compared(Kernel, Swapped).causes
    assert cause.harm == "leaked"
    assert len(cause.steps) == 3


def test_bounds_are_said() -> None:
    done = compared(Kernel, Kernel, Limits(steps=2))
    assert not done.closed
    assert done.depth == 2
    assert "Sequences of more than 2 steps were not tried." in done.not_tested
    late = compared(Kernel, Kernel, Limits(seconds=0))
    assert not late.closed
    assert late.depth == 0


def test_a_step_that_only_the_candidate_knows_is_said() -> None:
    def sides(fresh: bool) -> Sides:
        return Kernel(fresh), Kernel(fresh)

    derived = DerivedAlphabet(ALPHABET, (Action("write", "/sys/new", "1"),))
    done = asyncio.run(compare_sides(sides, ("a", "b"), derived, LIMITS))
    assert "`echo 1 > /sys/new` was not tried: the baseline has no such file." in done.not_tested


class DiesAtBoot(Kernel):
    """Prints nothing more."""

    async def reset(self, boot: int = 0) -> Shown:
        await super().reset(boot)
        return Shown("panic", None)


def test_a_kernel_that_does_not_boot_is_a_cause_without_steps() -> None:
    [cause] = compared(Kernel, DiesAtBoot).causes
    assert (cause.harm, cause.verdict, commands(cause)) == ("died", "regression", ["boot"])


class OnlineAtBoot(Kernel):
    """Onlines memory by itself unless it is told not to."""

    async def reset(self, boot: int = 0) -> Shown:
        await super().reset(boot)
        self.knob = "online_movable"
        self.blocks = dict.fromkeys(BLOCKS, "online")
        return self.shown(None)


def test_what_follows_from_a_difference_is_no_cause_of_its_own() -> None:
    done = compared(OnlineAtBoot, Kernel)
    [cause] = done.causes
    assert (cause.harm, cause.verdict, commands(cause)) == ("lost-memory", "regression", ["boot"])
    assert any("followed from an earlier one" in sentence for sentence in done.not_tested)


class OnlineAtBootAndLeaking(OnlineAtBoot, Leaking):
    """Differs at boot, and later by something else."""


def test_a_further_difference_shows_once_both_kernels_agree_again() -> None:
    causes = compared(Kernel, OnlineAtBootAndLeaking).causes
    assert [cause.steps[0].command for cause in causes][:1] == ["boot"]
    assert {cause.harm for cause in causes} == {"lost-memory", "leaked"}


class BootedOtherwise(Stale):
    """With the second way to boot, its memory is online from the start."""

    async def reset(self, boot: int = 0) -> Shown:
        await super().reset(boot)
        if boot:
            self.knob = "online_movable"
            self.blocks = dict.fromkeys(BLOCKS, "online")
        return self.shown(None)


class BootedOtherwiseAndFreed(BootedOtherwise, Freed):
    """Shows a name that was freed."""


def test_a_boot_with_a_parameter_is_a_step_of_the_reproduction() -> None:
    def sides(fresh: bool) -> Sides:
        return BootedOtherwise(fresh), BootedOtherwiseAndFreed(fresh)

    derived = DerivedAlphabet(ALPHABET)
    parameters = ("", "memhp_default_state=online_movable")
    done = asyncio.run(compare_sides(sides, ("a", "b"), derived, LIMITS, parameters=parameters))
    [cause] = done.causes
    assert cause.harm == "text"
    assert commands(cause) == ["boot memhp_default_state=online_movable", UNBIND.command]


class WithFile(Kernel):
    """Has a file more."""

    def look(self) -> Look:
        return Look({**super().look().parts, Part("/sys/bus/dax/devices/dax0.0/state"): "x"})


def test_a_file_more_is_no_difference_and_a_file_less_is_a_removal() -> None:
    assert compared(Kernel, WithFile).causes == []
    [cause] = compared(WithFile, Kernel).causes
    assert (cause.harm, cause.verdict) == ("removed", "abi-removal")
    assert cause.says == "The candidate does not have /sys/bus/dax/devices/dax0.0/state."


class RefusesAt(Kernel):
    """Refuses the last of the steps in `trigger`, in whatever state they end."""

    trigger: tuple[Action, ...] = ()

    async def reset(self, boot: int = 0) -> Shown:
        self.done: list[Action] = []
        return await super().reset(boot)

    def result(self, action: Action) -> str | None:
        self.done.append(action)
        if len(self.trigger) and tuple(self.done[-len(self.trigger) :]) == self.trigger:
            return "EPERM"
        return super().result(action)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=2))
def test_whatever_step_after_whatever_step_is_refused_is_found(trigger: list[Action]) -> None:
    class Faulty(RefusesAt):
        pass

    Faulty.trigger = tuple(trigger)
    causes = compared(Kernel, Faulty).causes
    assert causes
    shortest = min(causes, key=lambda cause: len(cause.steps))
    assert shortest.steps[-1].command == trigger[-1].command
