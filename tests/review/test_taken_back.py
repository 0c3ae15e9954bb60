"""A refusal that a later kernel takes back is a fix where the base allows the step."""

from __future__ import annotations

import asyncio

from tests.review.kernels import Kernel, Refusing
from tests.review.test_explore import compared
from zonediff.result.reviews import Cause
from zonediff.review.taken_back import judged_again


def again(cause: Cause, base: type[Kernel]) -> Cause:
    return asyncio.run(judged_again(cause, lambda parameter: base(True)))


def test_what_the_base_allows_is_allowed_again() -> None:
    [cause] = compared(Refusing, Kernel).causes
    assert (cause.harm, cause.verdict) == ("allowed", "behaviour-change")
    mended = again(cause, Kernel)
    assert (mended.harm, mended.verdict) == ("refused", "fix")
    assert mended.words == "a step is allowed again"
    assert mended.says.endswith("The base of the series allows that too.")
    assert mended.steps == cause.steps


def test_what_the_base_refuses_is_a_change() -> None:
    [cause] = compared(Refusing, Kernel).causes
    assert again(cause, Refusing) == cause


def test_other_differences_stay_as_they_are() -> None:
    [cause] = compared(Kernel, Refusing).causes
    assert again(cause, Kernel) == cause
