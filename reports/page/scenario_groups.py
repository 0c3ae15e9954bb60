"""Scenarios of one family in which the same happens are shown once, under all their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from zonediff.reports.page.reproduce import Part
from zonediff.reports.page.scenario_view import ScenarioView


@dataclass(frozen=True, slots=True)
class Siblings:
    """Members of a family that no variant tells apart, in order; usually just one scenario."""

    members: tuple[ScenarioView, ...]

    @property
    def first(self) -> ScenarioView:
        """The one whose table and columns are shown for all."""
        return self.members[0]

    @property
    def reproduction(self) -> Iterator[tuple[str, Part]]:
        """What to type, in order, and for whom ("" for all members)."""
        for parts in zip_longest(*(member.lettered for member in self.members)):
            whose: dict[Part, list[str]] = {}
            for member, part in zip(self.members, parts, strict=True):
                if part is not None:
                    whose.setdefault(part, []).append(member.info.id)
            for part, names in whose.items():
                yield "" if len(names) == len(self.members) else ", ".join(names), part


def siblings(scenarios: Iterable[ScenarioView]) -> list[Siblings]:
    """All scenarios, each with those of its file that are shown with it."""
    by_file: dict[str, list[list[ScenarioView]]] = {}
    found: list[list[ScenarioView]] = []
    for scenario in scenarios:
        others = by_file.setdefault(scenario.info.file, [])
        like = next((group for group in others if _alike(group[0], scenario)), None)
        if like is not None:
            like.append(scenario)
        else:
            others.append([scenario])
            found.append(others[-1])
    return [Siblings(tuple(group)) for group in found]


def _alike(one: ScenarioView, two: ScenarioView) -> bool:
    return _words(one) == _words(two) and (one.goals, one.rows) == (two.goals, two.rows)


def _words(scenario: ScenarioView) -> Sequence[object]:
    """What is said above and beside the table."""
    info = scenario.info
    columns = [
        (column.outcome, column.error, [(m.link.name, m.classes) for m in column.members])
        for column in scenario.columns
    ]
    return info.title, info.why, info.claims, columns, scenario.to_scale
