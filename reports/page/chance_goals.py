"""Goals that chance decides: how often each variant meets them, with a confidence interval.

Variants that meet a goal in the same number of runs share a line. A difference from the baseline
is significant when the intervals do not overlap (zonediff.result.counts).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from zonediff.result.counts import GoalCount, order
from zonediff.result.result import Result

_COMPARED: Final = {
    -1: "less often than",
    0: "no significant difference from",
    1: "more often than",
}

_WIDTH: Final = 200
_HEIGHT: Final = 16
_EDGE: Final = 4


@dataclass(frozen=True, slots=True)
class Share:
    """Variants that met a goal in the same number of runs.

    compared: the comparison with the baseline in words, empty for the baseline itself.
    """

    count: GoalCount
    variants: tuple[str, ...]
    compared: str

    def __str__(self) -> str:
        low, high = self.count.interval
        return f"{self.count.met / self.count.runs:.1%} ({low:.1%} to {high:.1%})"


@dataclass(frozen=True, slots=True)
class ChanceGoal:
    """A goal of a scenario that some variant meets with some seeds only."""

    scenario: str
    want: str
    shares: tuple[Share, ...]


def chance_goals(result: Result) -> tuple[ChanceGoal, ...]:
    """Every goal that chance decides on some variant, in the order of the runs."""
    goals: dict[tuple[str, str], dict[int, list[tuple[str, GoalCount]]]] = {}
    for run in result.runs:
        for count in run.counts:
            shares = goals.setdefault((run.scenario, count.want), {})
            shares.setdefault(count.met, []).append((run.variant, count))
    return tuple(
        ChanceGoal(
            scenario, want, tuple(_share(group, shares, result) for group in shares.values())
        )
        for (scenario, want), shares in goals.items()
        if any(0 < met < group[0][1].runs for met, group in shares.items())
    )


def _share(
    group: list[tuple[str, GoalCount]],
    shares: dict[int, list[tuple[str, GoalCount]]],
    result: Result,
) -> Share:
    everyone = dict(item for group in shares.values() for item in group)
    names, count = tuple(name for name, _ in group), group[0][1]
    baseline = everyone.get(result.baseline)
    if result.baseline in names or baseline is None:
        return Share(count, names, "")
    return Share(count, names, f"{_COMPARED[order(baseline, count)]} {result.baseline}")


def interval(share: Share) -> Markup:
    """An SVG: a dot on a scale from 0 to 100 %, with its confidence interval."""
    low, high = (_x(bound) for bound in share.count.interval)
    middle = _HEIGHT // 2
    return Markup(
        '<svg class="interval" viewBox="0 0 {w} {h}" width="{w}" height="{h}" aria-hidden="true">'
        '<path class="scale" d="M{e} {m}h{scale}M{e} 0v{h}M{half} 0v{h}M{end} 0v{h}"/>'
        '<path class="reach" d="M{low} {m}H{high}M{low} {up}v8M{high} {up}v8"/>'
        '<circle cx="{dot}" cy="{m}" r="4"/></svg>'
    ).format(
        w=_WIDTH + 2 * _EDGE,
        h=_HEIGHT,
        e=_EDGE,
        m=middle,
        scale=_WIDTH,
        half=_EDGE + _WIDTH // 2,
        end=_EDGE + _WIDTH,
        low=low,
        high=high,
        up=middle - 4,
        dot=_x(share.count.met / share.count.runs),
    )


def scale() -> Markup:
    """An SVG: the labels of that scale, as wide as the scale."""
    return Markup(
        '<svg class="interval" viewBox="0 0 {w} 14" width="{w}" height="14" role="img" '
        'aria-label="0 to 100 per cent"><text class="low" x="0" y="11">0 %</text>'
        '<text x="{half}" y="11">50 %</text><text class="high" x="{w}" y="11">100 %</text></svg>'
    ).format(w=_WIDTH + 2 * _EDGE, half=_EDGE + _WIDTH // 2)


def _x(share: float) -> int:
    return _EDGE + round(_WIDTH * share)
