"""Lists of scenario names: members of a family that form a grid share one entry.

`a[size=1G,knob=on]` and `a[size=2G,knob=on]` become `a[size=1G|2G,knob=on]`. A name that shares no
entry stays as it is, so that it can be copied. An entry too long for a line is split.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from typing import Final

Values = tuple[str, ...]

_LONGEST: Final = 66
"""The most characters of an entry for several names."""


def families(names: Iterable[str]) -> list[str]:
    """The names in their order, each family at the place of its first member."""
    members: dict[tuple[str, Values], dict[Values, str]] = {}
    for name in names:
        stem, pairs = _parts(name)
        keys = tuple(key for key, _ in pairs)
        members.setdefault((stem, keys), {})[tuple(value for _, value in pairs)] = name
    return [text for (stem, keys), of in members.items() for text in _family(stem, keys, of)]


def _parts(name: str) -> tuple[str, list[tuple[str, str]]]:
    """The family, and the values by key; no values for a name without them."""
    stem, bracket, rest = name.partition("[")
    if not bracket or not rest.endswith("]") or "|" in rest:
        return name, []
    pairs = [text.partition("=") for text in rest[:-1].split(",")]
    if not all(key and sign for key, sign, _ in pairs):
        return name, []
    return stem, [(key, value) for key, _, value in pairs]


def _family(stem: str, keys: Values, members: dict[Values, str]) -> Iterator[str]:
    """The entries of a family: one for a grid of values; other families are split by a key."""
    points = list(members)
    if len(points) == 1 or not keys:
        yield from members.values()
        return
    axes = [list(dict.fromkeys(column)) for column in zip(*points, strict=True)]
    if prod(map(len, axes)) == len(points):
        values = (f"{key}={'|'.join(axis)}" for key, axis in zip(keys, axes, strict=True))
        text = f"{stem}[{','.join(values)}]"
        if len(text) <= _LONGEST:
            yield text
            return
    split = next(number for number, axis in enumerate(axes) if len(axis) > 1)
    for value in axes[split]:
        part = {point: name for point, name in members.items() if point[split] == value}
        yield from _family(stem, keys, part)
