"""."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from zonediff.engine.steps import Step, Write
from zonediff.explore.system import Outcome
from zonediff.explore.views import PartView, view_differences

RESULT: Final = "result"
"""What a Kind is about, when it is no file that looks different."""


_FIGURES: Final = ("zoneinfo",)
"""Text whose numbers do not make another kind of difference."""


class Kind(NamedTuple):
    """What makes differences one of a kind.

    what: `result`, or the file that reads differently. left, right: both results or texts (empty
    for figures). Of results also do: the verb, and the file that is written to; and the rule that
    decided on each side.
    """

    what: str
    left: str | None
    right: str | None
    do: str = ""
    left_rule: str = ""
    right_rule: str = ""


@dataclass(frozen=True, slots=True)
class Witness:
    """A shortest sequence of actions whose last one shows a difference (none: booting does).

    part: what looks different after it (`memory32`, `nodes`), empty for a result. count: how many
    transitions of the pairs that were visited show the same kind.
    """

    kind: Kind
    actions: tuple[int, ...]
    part: str
    count: int


def result_kind(step: Step, left: Outcome, right: Outcome) -> Kind:
    """The kind of a step whose results differ."""
    do = step.verb
    if isinstance(step, Write):
        do += " " + step.file.rpartition("/")[2]
    last = [outcome.rules[-1] if outcome.rules else "" for outcome in (left, right)]
    return Kind(RESULT, left.result, right.result, do, *last)


def view_kinds(one: PartView, two: PartView) -> list[Kind]:
    """The kinds in which two sights of one part differ."""
    return [
        Kind(item.what, "", "") if item.what in _FIGURES else Kind(*item)
        for item in view_differences(one, two)
    ]
