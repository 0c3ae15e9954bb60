"""Which variants nothing here tells apart, and the shortest scenario that tells others apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

from zonediff.reports.page.index import Index, Link


@dataclass(frozen=True, slots=True)
class Alike:
    """Variants that neither their interface nor any scenario tells apart.

    apart: for each group before this one, the shortest scenario in which they differ; None where
    only their interface does.
    """

    members: tuple[Link, ...]
    baseline: bool
    apart: tuple[Link | None, ...]


def groups(index: Index) -> tuple[Alike, ...]:
    """All variants, the baseline's group first."""
    prints = fingerprints(index)
    found: list[tuple[list[object], list[str]]] = []
    for name, mine in prints.items():
        for other, names in found:
            if other == mine:
                names.append(name)
                break
        else:
            found.append((mine, [name]))
    return tuple(
        Alike(
            members=tuple(index.variant(name) for name in names),
            baseline=index.result.baseline in names,
            apart=tuple(_apart(index, mine, other) for other, _ in found[:number]),
        )
        for number, (mine, names) in enumerate(found)
    )


def fingerprints(index: Index) -> dict[str, list[object]]:
    """By variant: its removals, then its outcome in each scenario; equal for those alike."""
    names = [index.result.baseline, *index.candidates]
    return {name: _fingerprint(index, name) for name in names}


def _fingerprint(index: Index, variant: str) -> list[object]:
    if variant == index.result.baseline:
        return [[], *(None for _ in index.result.scenarios)]
    found: list[object] = [
        item.removals for item in index.result.removals if item.variant == variant
    ] or [[]]
    for scenario in index.result.scenarios:
        judgement = index.judgement(scenario.id, variant)
        if judgement is None or judgement.kind == "error":
            # What was not seen tells nothing apart, but proves no likeness either.
            found.append(variant)
        elif judgement.kind == "unchanged":
            found.append(None)
        else:
            found.append(replace(judgement, variant=""))
    return found


def _apart(index: Index, one: list[object], two: list[object]) -> Link | None:
    """The shortest scenario in which these differ."""
    different = [
        (len(scenario.steps), scenario.id)
        for scenario, a, b in zip(index.result.scenarios, one[1:], two[1:], strict=True)
        if a != b
    ]
    return index.scenario(min(different)[1]) if different else None
