"""Checks that the parts of a review fit together, and that reports can print them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from zonediff.result.reviews import WITH_KERNEL, Cause, Review, StageComparison

_LONGEST_NAME: Final = 255
_LONGEST_COMMAND: Final = 4096
"""Characters; terminals cut longer lines when they are pasted."""


def review_problems(review: Review) -> Iterator[str]:
    """Yield a sentence for each contradiction in a review."""
    stages = [stage.name for stage in review.stages]
    yield from _name_problems(review, stages)
    yield from _command_problems("the alphabet", review.alphabet)
    pairs = [(item.baseline, item.candidate) for item in review.comparisons]
    for what, names in (
        ("stage", stages),
        ("comparison", pairs),
        ("claim", [claim.id for claim in review.claims]),
    ):
        twice = [name for name, count in Counter[object](names).items() if count > 1]
        if twice:
            yield f"{what} {twice[0]!r:.80} of a review occurs twice"
    ready = {stage.name for stage in review.stages if stage.outcome in WITH_KERNEL}
    for item in review.comparisons:
        yield from _comparison_problems(item, ready)
    for claim in review.claims:
        unknown = sorted({*claim.outcomes} - {*stages})
        if unknown:
            yield f"claim {claim.id!r:.80} is settled on {unknown[0]!r:.80}, which is no stage"


def _name_problems(review: Review, stages: list[str]) -> Iterator[str]:
    """Yield names that are empty, too long, or not one line of printable text."""
    if not stages:
        yield f"the review of {review.series!r:.80} has no stages"
    names = {
        "series": [review.series],
        "tree": [review.tree],
        "machine": [review.machine],
        "stage": stages,
        "claim of a review": [claim.id for claim in review.claims],
    }
    for what, given in names.items():
        for name in given:
            if not name.isprintable():
                yield f"the name of a {what}, {name!r:.80}, has characters that cannot be printed"
            if not 0 < len(name) <= _LONGEST_NAME:
                yield f"the name of a {what}, {name!r:.80}, has not 1 to {_LONGEST_NAME} characters"


def _command_problems(where: str, commands: Iterable[str]) -> Iterator[str]:
    """Yield commands that cannot be pasted into a shell as they are."""
    for command in commands:
        if not (command.isascii() and command.isprintable() and command.strip()):
            yield f"{where} has {command!r:.80}, which is not one line of ASCII text"
        if len(command) > _LONGEST_COMMAND:
            yield f"{where} has a command of more than {_LONGEST_COMMAND} characters"


def _comparison_problems(item: StageComparison, ready: set[str]) -> Iterator[str]:
    where = f"the comparison of {item.baseline!r:.80} and {item.candidate!r:.80}"
    for name in (item.baseline, item.candidate):
        if name not in ready:
            yield f"{where}: {name!r:.80} is no stage with a kernel"
    if item.baseline == item.candidate:
        yield f"{where} compares a stage with itself"
    numbers = (*item.states, *item.transitions, item.pairs, item.depth, item.hidden_depth)
    if min(numbers) < 0:
        yield f"{where} has a number below 0"
    for cause in item.causes:
        yield from _cause_problems(where, cause)


def _cause_problems(where: str, cause: Cause) -> Iterator[str]:
    if not cause.steps:
        yield f"{where} has a cause without steps"
    yield from _command_problems(where, (step.command for step in cause.steps))
    if not 0 <= cause.shown <= cause.boots or cause.transitions < 0:
        yield f"{where}: a cause cannot show on {cause.shown} of {cause.boots} fresh boots"
    elif cause.verdict != "sometimes" and not 0 < cause.shown == cause.boots:
        yield (
            f"{where}: a difference that {cause.shown} of {cause.boots} fresh boots show is "
            f"`sometimes`, not `{cause.verdict}`"
        )
