"""The cause of a difference: the rule that one side applied and the other did not.

Two kernels apply many rules alike, often with other numbers: the same rule names blocks 32-39 on
one side and 32-33 on the other. Such a rule caused nothing. So rules are compared by their ids. If
both sides applied the same rules, their sentences are compared.

Every form of report, the history of releases and the comparison of revisions take causes and the
reasons of each side from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from zonediff.engine import words
from zonediff.engine.trace import PRINTED, Reason
from zonediff.result.judgements import Difference

Side = Literal["candidate", "baseline"]

_SAME_RULES: Final = "the same rules with other numbers"
_OPENINGS: Final[dict[Side, str]] = {
    "candidate": "because",
    "baseline": "because this rule of the baseline does not apply:",
}


@dataclass(frozen=True, slots=True)
class DecidingRule:
    """The rule that made a difference, as one side applied it.

    side: whose reason it is. same_rules: both sides applied the same rules, with other numbers.
    """

    reason: Reason
    side: Side
    same_rules: bool = False

    @property
    def text(self) -> str:
        """The rule's sentence; if both sides applied the rule, a remark about that comes first."""
        return f"{_SAME_RULES}: {self.reason.text}" if self.same_rules else self.reason.text

    def __str__(self) -> str:
        """The cause as a clause: `because zone_can_shift: block 32 ends at ...`."""
        opening = f"{_SAME_RULES}:" if self.same_rules else _OPENINGS[self.side]
        return f"{opening} {self.reason}"


def unlike_rules(
    baseline: Sequence[Reason], candidate: Sequence[Reason]
) -> tuple[list[Reason], list[Reason]]:
    """The reasons of each side whose rule the other side did not apply."""
    rules, other_rules = ({reason.rule for reason in side} for side in (baseline, candidate))
    return (
        [reason for reason in baseline if reason.rule not in other_rules],
        [reason for reason in candidate if reason.rule not in rules],
    )


def own_reasons(
    baseline: Sequence[Reason], candidate: Sequence[Reason]
) -> tuple[list[Reason], list[Reason]]:
    """The reasons that distinguish each side from the other.

    These are the reasons whose rule the other side did not apply. If both sides applied the same
    rules, they are the reasons whose sentence the other side does not have.
    Lines of a real kernel's log are left out, as they may have no part in it.
    """
    baseline, candidate = _ruling(baseline), _ruling(candidate)
    unlike = unlike_rules(baseline, candidate)
    if any(unlike):
        return unlike
    return (
        [reason for reason in baseline if reason not in candidate],
        [reason for reason in candidate if reason not in baseline],
    )


def _ruling(reasons: Sequence[Reason]) -> list[Reason]:
    """The reasons without the lines that a real kernel printed meanwhile."""
    return [reason for reason in reasons if reason.rule != PRINTED]


def deciding_reasons(difference: Difference) -> tuple[list[Reason], list[Reason]]:
    """For each side the own reason that decided there; none if it has no own reasons.

    It is the first, as the others follow from it. If the kernel died it is the last, as the others
    led there, unless the other kernel applied that rule too.
    """
    before, after = _ruling(difference.baseline_reasons), _ruling(difference.candidate_reasons)
    own, other_own = own_reasons(before, after)
    died = difference.what == "end"
    return (
        _decided(own, before, died=died and words.is_death(difference.baseline)),
        _decided(other_own, after, died=died and words.is_death(difference.candidate)),
    )


def _decided(own: Sequence[Reason], applied: Sequence[Reason], *, died: bool) -> list[Reason]:
    fatal = died and own[-1:] == applied[-1:]
    return list(own[-1:] if fatal else own[:1])


def deciding_rule(difference: Difference) -> DecidingRule | None:
    """The rule that made a difference; None if the reasons of both sides are the same.

    It is the candidate's deciding reason, else the baseline's. If only the baseline's kernel died,
    the baseline's comes first.
    """
    baseline, candidate = deciding_reasons(difference)
    rules = _ruling(difference.baseline_reasons), _ruling(difference.candidate_reasons)
    same_rules = not any(unlike_rules(*rules))
    sides: list[tuple[Side, list[Reason]]] = [("candidate", candidate), ("baseline", baseline)]
    if words.is_death(difference.baseline) and not words.is_death(difference.candidate):
        sides.reverse()
    for side, reasons in sides:
        if reasons:
            return DecidingRule(reasons[0], side, same_rules)
    return None
