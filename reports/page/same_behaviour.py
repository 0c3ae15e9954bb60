"""Groups of variants that behave alike, and the shortest scenario in which groups differ."""

from __future__ import annotations

from dataclasses import dataclass, replace

from zonediff.reports.page.index import Index, Link


@dataclass(frozen=True, slots=True)
class VariantGroup:
    """Variants with the same interface and the same outcome in every scenario.

    baseline: whether the baseline is one of them. apart: for each group before this one, the
    shortest scenario in which the two differ; None where only their interface differs.
    """

    members: tuple[Link, ...]
    baseline: bool
    apart: tuple[Link | None, ...]


def variant_groups(index: Index) -> tuple[VariantGroup, ...]:
    """All variants in groups, the baseline's group first."""
    groups: list[tuple[list[object], list[str]]] = []
    for name, fingerprint in fingerprints(index).items():
        for other, names in groups:
            if other == fingerprint:
                names.append(name)
                break
        else:
            groups.append((fingerprint, [name]))
    return tuple(
        VariantGroup(
            members=tuple(index.variant(name) for name in names),
            baseline=index.result.baseline in names,
            apart=tuple(
                _shortest_difference(index, fingerprint, other) for other, _ in groups[:number]
            ),
        )
        for number, (fingerprint, names) in enumerate(groups)
    )


def fingerprints(index: Index) -> dict[str, list[object]]:
    """By variant: its removals, then its outcome in each scenario; equal for variants alike."""
    names = [index.result.baseline, *index.candidates]
    return {name: _fingerprint(index, name) for name in names}


def _fingerprint(index: Index, variant: str) -> list[object]:
    if variant == index.result.baseline:
        return [[], *(None for _ in index.result.scenarios)]
    fingerprint: list[object] = [
        item.removals for item in index.result.removals if item.variant == variant
    ] or [[]]
    for scenario in index.result.scenarios:
        judgement = index.judgement(scenario.id, variant)
        if judgement is None or judgement.kind in ("error", "not-judged"):
            # An outcome that is not known makes the variant like no other.
            fingerprint.append(variant)
        elif judgement.kind == "unchanged":
            fingerprint.append(None)
        else:
            fingerprint.append(replace(judgement, variant=""))
    return fingerprint


def _shortest_difference(index: Index, first: list[object], second: list[object]) -> Link | None:
    """The scenario with the fewest steps in which two fingerprints differ."""
    different = [
        (len(scenario.steps), scenario.id)
        for scenario, left, right in zip(index.result.scenarios, first[1:], second[1:], strict=True)
        if left != right
    ]
    return index.scenario(min(different)[1]) if different else None
