"""Groups of scenarios: members of a family with the same outcomes share one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from zonediff.reports.page.reproduce import Part
from zonediff.reports.page.scenario_view import ScenarioView


@dataclass(frozen=True, slots=True)
class ScenarioGroup:
    """Scenarios of a family with the same outcomes on all variants, often just one scenario."""

    members: tuple[ScenarioView, ...]

    @property
    def first(self) -> ScenarioView:
        """The scenario whose table is shown for all."""
        return self.members[0]

    @property
    def reproduction(self) -> Iterator[tuple[str, Part]]:
        """The commands in order: (the members that need them, "" for all; the commands)."""
        for parts in zip_longest(*(member.lettered for member in self.members)):
            members: dict[Part, list[str]] = {}
            for member, part in zip(self.members, parts, strict=True):
                if part is not None:
                    members.setdefault(part, []).append(member.info.id)
            for part, names in members.items():
                yield "" if len(names) == len(self.members) else ", ".join(names), part


def group_scenarios(scenarios: Iterable[ScenarioView]) -> list[ScenarioGroup]:
    """All scenarios in groups; a group has scenarios of one file only."""
    by_file: dict[str, list[list[ScenarioView]]] = {}
    groups: list[list[ScenarioView]] = []
    for scenario in scenarios:
        candidates = by_file.setdefault(scenario.info.file, [])
        match = next((group for group in candidates if _alike(group[0], scenario)), None)
        if match is not None:
            match.append(scenario)
        else:
            candidates.append([scenario])
            groups.append(candidates[-1])
    return [ScenarioGroup(tuple(group)) for group in groups]


def _alike(first: ScenarioView, second: ScenarioView) -> bool:
    tables = (first.goals, first.rows) == (second.goals, second.rows)
    return tables and _around_table(first) == _around_table(second)


def _around_table(scenario: ScenarioView) -> Sequence[object]:
    """The content above the table and in its head."""
    info = scenario.info
    columns = [
        (
            column.outcome,
            column.error,
            [(m.link.name, m.classes, m.known, m.why) for m in column.members],
        )
        for column in scenario.columns
    ]
    return info.title, info.why, info.claims, columns, scenario.to_scale
