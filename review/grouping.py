"""Groups differences by their cause: the same deciding step, and the same changed parts.

The number of a block and the name of its zone do not matter, so permutations of equal blocks are
one cause. Where the parts that one difference changes are among those of another, with the same
step and the same results, they are one cause as well.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from zonediff.review.actions import Action, rank
from zonediff.review.judging import Judgement
from zonediff.review.look import IOMEM, ZONEINFO, Part
from zonediff.review.parting import Parting, Texts

_NUMBERED: Final = re.compile(r"memory\d+")
_ZONES: Final = "/valid_zones"


class ChangedKind(NamedTuple):
    """A changed part without block numbers and addresses: its file, and the texts of both sides."""

    source: str
    item: str
    texts: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Group:
    """Differences of one cause, the shortest first."""

    partings: tuple[Parting, ...]
    judgement: Judgement


class _Judged(NamedTuple):
    parting: Parting
    judgement: Judgement
    kinds: frozenset[ChangedKind]


def kinds_of(parting: Parting) -> frozenset[ChangedKind]:
    """Return the changed parts of a difference, whatever blocks they are of."""
    return frozenset(_kind(part, texts) for part, texts in parting.changed.items())


def grouped(judged: Iterable[tuple[Parting, Judgement]]) -> list[Group]:
    """Return the groups, that with the shortest sequence first."""
    judged_by_key: dict[object, list[_Judged]] = defaultdict(list)
    for parting, judgement in judged:
        step = parting.steps[-1].kind if parting.steps else ""
        key = (step, different(parting.results), different(parting.warnings), judgement)
        judged_by_key[key].append(_Judged(parting, judgement, kinds_of(parting)))
    groups = [group for judged in judged_by_key.values() for group in _split(judged)]
    return sorted(groups, key=lambda group: len(group.partings[0].steps))


def different(pair: tuple[object, object]) -> tuple[object, object] | None:
    """Return what both sides showed if that is part of the difference."""
    return None if pair[0] == pair[1] else pair


def _split(judged: Sequence[_Judged]) -> list[Group]:
    """Differences with the same deciding step, apart by their changed parts."""
    groups: list[tuple[set[ChangedKind], list[_Judged]]] = []
    for item in sorted(judged, key=lambda item: (-len(item.kinds), len(item.parting.steps))):
        for kinds, members in groups:
            if item.kinds <= kinds:
                members.append(item)
                break
        else:
            groups.append((set(item.kinds), [item]))
    return [_group(members) for _, members in groups]


def _group(members: Sequence[_Judged]) -> Group:
    ordered = sorted(members, key=lambda item: _simplicity(item.parting))
    return Group(tuple(item.parting for item in ordered), members[0].judgement)


def _simplicity(parting: Parting) -> tuple[int, int, tuple[Action, ...]]:
    """Orders sequences: the shortest first, then those of the plainest steps."""
    return len(parting.steps), sum(map(rank, parting.steps)), parting.steps


def _kind(part: Part, texts: Texts) -> ChangedKind:
    source = _NUMBERED.sub("memoryN", part.source)
    if part.source == ZONEINFO:
        return ChangedKind(source, "", _direction(texts))
    if part.source == IOMEM:
        return ChangedKind(source, "", _plain(texts))
    if part.source.endswith(_ZONES):
        return ChangedKind(source, "", _presence(texts))
    return ChangedKind(source, part.item, _plain(texts))


def _presence(texts: Texts) -> tuple[str, str]:
    baseline, candidate = ("(none)" if text is None else "(some)" for text in texts)
    return baseline, candidate


def _plain(texts: Texts) -> tuple[str, str]:
    baseline, candidate = (
        "(none)" if text is None else _NUMBERED.sub("memoryN", text) for text in texts
    )
    return baseline, candidate


def _direction(texts: Texts) -> tuple[str, str]:
    """Numbers of pages: which side has more."""
    baseline, candidate = (-1 if text is None else int(text) for text in texts)
    return ("fewer", "more") if baseline < candidate else ("more", "fewer")
