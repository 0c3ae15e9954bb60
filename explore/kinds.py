"""Kinds of difference: differences that count as the same, and a witness of each kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from zonediff.engine.steps import Step, Write
from zonediff.explore.system import Outcome
from zonediff.explore.views import PartView, view_differences

RESULT: Final = "result"
"""Kind.what of a difference of results, not of views."""

_FIGURES: Final = ("zoneinfo",)
"""Texts whose numbers do not make another kind of difference."""


class Kind(NamedTuple):
    """The common properties of all differences of one kind.

    what: `result`, or the file that reads differently. left, right: the results or texts on both
    sides (both empty for figures). Only of results: do, the verb of the step and the file that it
    writes; left_rule, right_rule, the rule that decided on each side.
    """

    what: str
    left: str | None
    right: str | None
    do: str = ""
    left_rule: str = ""
    right_rule: str = ""


@dataclass(frozen=True, slots=True)
class Witness:
    """A shortest sequence of actions that shows a difference of some kind after its last one.

    Without actions, the difference shows after boot. part: the part that differs (`memory32`,
    `nodes`); empty for a result. count: the number of transitions that show this kind.
    """

    kind: Kind
    actions: tuple[int, ...]
    part: str
    count: int


def result_kind(step: Step, left: Outcome, right: Outcome) -> Kind:
    """Return the kind of difference of a step with different results."""
    do = step.verb
    if isinstance(step, Write):
        do += " " + step.file.rpartition("/")[2]
    deciding = [outcome.rules[-1] if outcome.rules else "" for outcome in (left, right)]
    return Kind(RESULT, left.result, right.result, do, *deciding)


def view_kinds(left: PartView, right: PartView) -> list[Kind]:
    """Return the kinds of difference between two views of one part."""
    return [
        Kind(item.what, "", "") if item.what in _FIGURES else Kind(*item)
        for item in view_differences(left, right)
    ]
