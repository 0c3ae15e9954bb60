"""Compares two stages of a series: explores their kernels, confirms and judges what differs."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from zonediff.engine.words import count_of, shorten
from zonediff.live.host import Host
from zonediff.result.reviews import BOOT, Cause, ReadingDifference, ReviewStep, StageComparison
from zonediff.review.actions import Action
from zonediff.review.alphabet import Alphabet, alphabet_of, intersection
from zonediff.review.confirm import Confirmed, confirmed
from zonediff.review.grouping import Group, grouped
from zonediff.review.guest_side import GuestSide
from zonediff.review.judging import Judgement, judge, leaked, lost, removed
from zonediff.review.limits import Limits
from zonediff.review.lockstep import Edges, Exploration, Progress, explore
from zonediff.review.look import Part, line_of
from zonediff.review.machines import ReviewMachine, boot_parameters
from zonediff.review.model_reasons import model_reasons
from zonediff.review.parting import Parting
from zonediff.review.sides import MakeSides, Sides
from zonediff.review.stage_image import StageImage

DEFAULT_LIMITS: Final = Limits()

_MOST_READINGS: Final = 40
"""Lines of a difference that are reported."""

Sources = tuple[set[str], set[str]]
"""The files that each side ever showed."""


@dataclass(frozen=True, slots=True)
class DerivedAlphabet:
    """The steps that both kernels know. new: those whose files only the candidate has."""

    alphabet: Alphabet
    new: tuple[Action, ...] = ()


def derive_alphabet(
    baseline: StageImage, candidate: StageImage, machine: ReviewMachine, host: Host
) -> DerivedAlphabet:
    """Return the steps to try on two kernels, as their guests show them.

    Raises virtual_machine.QemuFailed, agent.AgentFailed.
    """
    return asyncio.run(_derive(baseline, candidate, machine, host))


def with_actions(derived: DerivedAlphabet, actions: Sequence[Action]) -> DerivedAlphabet:
    """Return these steps in place of the derived ones."""
    return DerivedAlphabet(replace(derived.alphabet, actions=tuple(actions)))


async def _derive(
    baseline: StageImage, candidate: StageImage, machine: ReviewMachine, host: Host
) -> DerivedAlphabet:
    sides = [GuestSide(host, stage.image, machine, False) for stage in (baseline, candidate)]
    try:
        alphabets = await asyncio.gather(*(alphabet_of(side, machine) for side in sides))
    finally:
        for side in sides:
            await side.close()
    alphabet, new = intersection(*alphabets)
    return DerivedAlphabet(alphabet, tuple(new))


def compare_stages(
    baseline: StageImage,
    candidate: StageImage,
    machine: ReviewMachine,
    host: Host,
    *,
    alphabet: DerivedAlphabet | None = None,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress = lambda what, done, left: None,
) -> StageComparison:
    """Compare two kernels over all sequences of steps, within the limits.

    alphabet: None derives it. Every difference is shown again on fresh boots; what only some of
    them show has the verdict `sometimes`. Raises virtual_machine.QemuFailed, agent.AgentFailed.
    """
    parameters = boot_parameters(baseline.image)

    def make_sides(fresh: bool) -> Sides:
        return (
            GuestSide(host, baseline.image, machine, fresh, parameters),
            GuestSide(host, candidate.image, machine, fresh, parameters),
        )

    derived = alphabet or derive_alphabet(baseline, candidate, machine, host)
    names = (baseline.stage.name, candidate.stage.name)
    explain = partial(model_reasons, baseline.image, machine)
    return asyncio.run(
        compare_sides(
            make_sides, names, derived, limits, progress, parameters=parameters, explain=explain
        )
    )


async def compare_sides(
    make_sides: MakeSides,
    names: tuple[str, str],
    derived: DerivedAlphabet,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress = lambda what, done, left: None,
    *,
    parameters: Sequence[str] = ("",),
    explain: Callable[[str, Sequence[Action]], list[str]] = lambda parameter, actions: [],
) -> StageComparison:
    """Compare any two sides; see compare_stages().

    parameters: the kernel parameters of each way to boot the sides. explain: why the last of some
    steps ends so after a boot with a parameter.
    """
    guests = limits.guests or max(2, (os.cpu_count() or 1) // 2)
    explore_with = partial(
        explore,
        make_sides,
        derived.alphabet.actions,
        derived.alphabet.blocks,
        boots=len(parameters),
        guests=guests,
        progress=progress,
    )
    explorations = await _explored(explore_with, limits)
    done = explorations[0]
    edges = _all_edges(explorations)
    sources = (done.sources(0), done.sources(1))
    causes: list[Cause] = []
    groups = _judged([item for each in explorations for item in each.partings], edges, sources)
    for number, group in enumerate(groups):
        progress("confirming", number, len(groups) - number)
        again = await confirmed(make_sides, group.partings, limits.boots, guests)
        if again is not None:
            parameter = parameters[again.parting.boot]
            cause = _cause(group, again, edges, sources, parameter)
            causes.append(replace(cause, reasons=explain(parameter, again.parting.steps)))
    return StageComparison(
        baseline=names[0],
        candidate=names[1],
        states=(done.states(0), done.states(1)),
        transitions=(len(done.transitions[0]), len(done.transitions[1])),
        pairs=len(done.graph.pairs),
        closed=done.closed,
        depth=done.graph.complete_depth,
        hidden_depth=sum(each.closed for each in explorations[1:]),
        causes=sorted(causes, key=lambda cause: len(cause.steps)),
        not_tested=[*_not_tested(explorations, derived, limits, len(groups) - len(causes))],
    )


async def _explored(
    explore_with: Callable[..., Awaitable[Exploration]], limits: Limits
) -> list[Exploration]:
    """Explore, and again with states told apart by the last steps too, while there is time."""
    explorations: list[Exploration] = []
    end = time.monotonic() + limits.seconds
    for depth in range(limits.hidden_depth + 1):
        if depth and explorations[-1].out_of_time:
            break
        left = replace(limits, seconds=end - time.monotonic())
        explorations.append(await explore_with(left, hidden_depth=depth))
    return explorations


def _all_edges(explorations: Sequence[Exploration]) -> tuple[Edges, Edges]:
    edges: tuple[Edges, Edges] = ({}, {})
    for done in explorations:
        for side in (0, 1):
            for key, targets in done.edges[side].items():
                edges[side].setdefault(key, {}).update(targets)
    return edges


def _judged(
    partings: Sequence[Parting], edges: tuple[Edges, Edges], sources: Sources
) -> list[Group]:
    """Judge and group the differences; those in files that only the candidate has are none."""
    kept = [_without_new_files(parting, sources) for parting in partings]
    return grouped(
        (parting, judge(parting, edges, sources))
        for parting in kept
        if parting.changed or parting.results_differ
    )


def _without_new_files(parting: Parting, sources: Sources) -> Parting:
    """Return a difference without what files say that the baseline never shows."""
    changed = {part: texts for part, texts in parting.changed.items() if part.source in sources[0]}
    return replace(parting, changed=changed)


def _cause(
    group: Group,
    again: Confirmed,
    edges: tuple[Edges, Edges],
    sources: Sources,
    parameter: str,
) -> Cause:
    parting = _without_new_files(again.parting, sources)
    return Cause(
        harm=group.judgement.harm,
        verdict=group.judgement.verdict if again.shown == again.boots else "sometimes",
        steps=_steps(again, parameter),
        readings=[*_readings(parting)][:_MOST_READINGS],
        transitions=len(group.partings),
        shown=again.shown,
        boots=again.boots,
        says=_says(parting, group.judgement, edges, sources),
    )


def _steps(again: Confirmed, parameter: str) -> list[ReviewStep]:
    """The steps of a reproduction; booting is one where it needs a parameter, or is all of them."""
    boot = f"{BOOT} {parameter}".strip()
    if not again.steps:
        return [ReviewStep(boot, *again.parting.results)]
    return [*([ReviewStep(boot)] if parameter else []), *again.steps]


def _readings(parting: Parting) -> Iterator[ReadingDifference]:
    for part, texts in sorted(parting.changed.items()):
        baseline, candidate = (None if text is None else line_of(part, text) for text in texts)
        yield ReadingDifference(part.source, baseline, candidate)
    for side in (0, 1):
        for warning in parting.warnings[side]:
            if warning not in parting.warnings[1 - side]:
                lines = (warning, None) if side == 0 else (None, warning)
                yield ReadingDifference("console", *lines)


def _says(
    parting: Parting, judgement: Judgement, edges: tuple[Edges, Edges], sources: Sources
) -> str:
    """Say a difference in a sentence, and its other harms in further ones."""
    step = parting.steps[-1].short if parting.steps else BOOT
    baseline, candidate = (result or "success" for result in parting.results)
    sentences = []
    if baseline != candidate:
        sentences.append(f"`{step}`: {baseline} on the baseline, {candidate} on the candidate.")
    for side, who in enumerate(("the baseline", "the candidate")):
        if judgement.harms[side] & {"warned"}:
            sentences.append(f"During `{step}`, the console of {who} reports a fault.")
        if things := leaked(parting, side, edges[side]):
            sentences.append(
                f"After `{step}`, {who} keeps {shorten(things)}; no sequence gives that back."
            )
        if things := lost(parting, side):
            sentences.append(f"After `{step}`, {who} does not have {shorten(things)} online.")
        if things := removed(parting, side, sources):
            sentences.append(f"{who.capitalize()} does not have {shorten(things)}.")
    part = min(parting.changed, default=Part(step))
    return " ".join(sentences) or f"After `{step}`, {part.source} reads otherwise."


def _not_tested(
    explorations: Sequence[Exploration], derived: DerivedAlphabet, limits: Limits, unshown: int
) -> Iterator[str]:
    """Yield a sentence for each thing that was left out."""
    done = explorations[0]
    if done.out_of_time:
        yield (
            f"Exploring ended after {limits.seconds:.0f} seconds: "
            f"{count_of(done.graph.left, 'known transition')} left untried."
        )
    elif done.graph.cut:
        yield f"Sequences of more than {limits.steps} steps were not tried."
    if done.unreached:
        yield f"{count_of(done.unreached, 'transition')} could not be reached a second time."
    if done.by_chance:
        yield (
            f"{count_of(done.by_chance, 'step')} refused on one kernel only because of where its "
            "pages lay: what would follow was not compared."
        )
    if done.followed:
        yield (
            f"{count_of(done.followed, 'difference')} followed from an earlier one: a further "
            "cause behind that would not show."
        )
    if len(explorations) <= limits.hidden_depth or not explorations[-1].closed:
        yield "State that no file shows was not looked for to the end."
    if unshown:
        yield f"{count_of(unshown, 'difference')} that no fresh boot showed again: not reported."
    for file in sorted(derived.alphabet.left_out):
        yield f"Nothing was written to {file}: what it accepts cannot be read from it."
    for action in derived.new:
        yield f"`{action.command}` was not tried: the baseline has no such file."
