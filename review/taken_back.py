"""Refusals of one kernel of a series that a later one takes back: fixes, where the base allows it.

A kernel that allows what the one before refuses changes its behaviour. If the kernel before the
whole series allows it too, the refusal came with the series, and its end mends the series.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from zonediff.live.host import Host
from zonediff.result.reviews import BOOT, Cause, StageComparison
from zonediff.review.claims import SUCCESS, SequenceCase, holds
from zonediff.review.guest_side import GuestSide
from zonediff.review.machines import ReviewMachine
from zonediff.review.sides import Side
from zonediff.review.stage_image import StageImage

MakeSide = Callable[[str], Side]
"""Makes a side whose resets are boots of their own, given a kernel parameter."""


def with_refusals_taken_back(
    comparison: StageComparison, base: StageImage, machine: ReviewMachine, host: Host
) -> StageComparison:
    """Return the comparison with the steps that the base allows as well judged as fixes.

    Raises virtual_machine.QemuFailed and agent.AgentFailed.
    """

    def make_side(parameter: str) -> Side:
        return GuestSide(host, base.image, machine, True, (parameter,))

    causes = [asyncio.run(judged_again(cause, make_side)) for cause in comparison.causes]
    return replace(comparison, causes=causes)


async def judged_again(cause: Cause, make_side: MakeSide) -> Cause:
    """Return a cause as a fix if its candidate allows a step again that the base allows."""
    if (cause.harm, cause.verdict) != ("allowed", "behaviour-change"):
        return cause
    first = cause.steps[0]
    parameter = "" if first.in_shell else first.command.removeprefix(BOOT).strip()
    commands = tuple(step.command for step in cause.steps if not step.command.startswith(BOOT))
    case = SequenceCase("the base allows it", commands, result=SUCCESS)
    if await holds(case, partial(make_side, parameter), cause.boots) is not True:
        return cause
    says = f"{cause.says} The base of the series allows that too."
    return replace(cause, harm="refused", verdict="fix", says=says)
