"""Memory drawn as strips: for each observation of a scenario the ranges of equal blocks.

All strips of a scenario share one scale, so that they can be read below and beside each other.
Boot memory in the DMA zones is left out unless something happens to it.
Up to 128 blocks are drawn true to scale; more are drawn by the ranges that ever differed, each as
wide as the logarithm of its length.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from zonediff.engine import words
from zonediff.engine.observation import BlockRange, BlockView, Observation

TO_SCALE: Final = 128
"""Most blocks that are drawn true to scale."""

MOST_PIECES: Final = 256
"""A picture with more pieces than this would tell nobody anything: none is drawn."""

_GAP: Final = 10
_BLOCKS: Final = (22, 15, 10, 7, 5, 4, 3)
"""Widths that a block is drawn in; few, so that scenarios can share pictures."""

_WIDTH: Final = 352
_LETTER: Final = 7
_DIGIT: Final = 6

_LETTERS: Final = {"DMA": "D", "DMA32": "D", "Normal": "N", "Movable": "M", "none": "-"}

_COLOURS: Final = {"DMA": "dma", "DMA32": "dma", "Normal": "normal", "Movable": "movable"}


@dataclass(frozen=True, slots=True)
class Segment:
    """Blocks that look alike, where they are drawn, and in which colour.

    colour: `normal`, `movable`, `dma` or `none`. label: the first letters of `valid_zones`, ""
    where there is no room. number: the first block's, None where there is no room.
    """

    x: int
    width: int
    colour: str
    online: bool
    label: str
    number: int | None


@dataclass(frozen=True, slots=True)
class Strip:
    """One observation, drawn; text says the same in words."""

    width: int
    segments: tuple[Segment, ...]
    text: str

    @property
    def paths(self) -> Iterator[tuple[str, str]]:
        """The segments as SVG paths, those that look alike in one: (class, path data)."""
        looks: dict[str, list[str]] = {}
        for part in self.segments:
            look = part.colour if part.online else f"{part.colour}-off"
            looks.setdefault(look, []).append(f"M{part.x} 0h{part.width}v19H{part.x}z")
        yield from ((look, "".join(shapes)) for look, shapes in looks.items())

    @property
    def letters(self) -> tuple[str, str]:
        """The labels as one SVG text: the place of each character, and the characters."""
        labels = [(part.x + part.width // 2, part.label) for part in self.segments]
        return _placed((x - _LETTER * len(text) // 2, text, _LETTER) for x, text in labels)

    @property
    def numbers(self) -> tuple[str, str]:
        """The numbers of the first blocks, likewise."""
        return _placed(
            (part.x, str(part.number), _DIGIT) for part in self.segments if part.number is not None
        )


def _placed(texts: Iterable[tuple[int, str, int]]) -> tuple[str, str]:
    """Texts, each from a place on, its characters so far apart: all places, all characters."""
    found = [(x + at * apart, char) for x, text, apart in texts for at, char in enumerate(text)]
    return " ".join(str(x) for x, _ in found), "".join(char for _, char in found)


class Scale:
    """Where each block of a scenario is drawn.

    true: whether widths are proportional to numbers of blocks. drawable: whether a picture is
    worth it. width: of every strip.
    """

    def __init__(self, observations: Iterable[Observation]) -> None:
        seen = list(observations)
        edges = sorted({edge for one in seen for b in one.blocks for edge in (b.first, b.last + 1)})
        self.drawable = len(edges) <= MOST_PIECES
        self._left: dict[int, int] = {}
        self._right: dict[int, int] = {}
        pieces = list(_eventful(edges, seen)) if self.drawable else []
        total = sum(stop - start for start, stop in pieces)
        self.true = total <= TO_SCALE
        block = next(width for width in _BLOCKS if width * total <= _WIDTH or width == _BLOCKS[-1])
        x = end = 0
        for start, stop in pieces:
            x += _GAP if x and start != end else 0
            self._left[start] = x
            x += (stop - start) * block if self.true else 10 + 6 * (stop - start).bit_length()
            self._right[stop] = x
            end = stop
        self.width = x

    def strip(self, seen: Observation) -> Strip | None:
        """The observation drawn to this scale; None when there is nothing to draw."""
        drawn = [
            (item, item.view) for item in words.join_alike(self._cut(seen)) if item.view is not None
        ]
        if not drawn:
            return None
        return Strip(
            width=self.width,
            segments=tuple(self._segment(item.first, item.last, view) for item, view in drawn),
            text="; ".join(f"{item.name} {words.block(view)}" for item, view in drawn),
        )

    def _cut(self, seen: Observation) -> Iterator[BlockRange]:
        """The ranges, cut into the pieces that are drawn."""
        pieces = list(zip(self._left, self._right, strict=True))
        for item in seen.blocks:
            for start, stop in pieces:
                if item.first <= start and stop - 1 <= item.last:
                    yield BlockRange(start, stop - 1, item.view)

    def _segment(self, first: int, last: int, view: BlockView) -> Segment:
        x, end = self._left[first], self._right[last + 1]
        label = "".join(_LETTERS.get(zone, "?") for zone in view.valid_zones.split())
        return Segment(
            x=x,
            width=end - x,
            colour=_COLOURS.get(view.zone, "none"),
            online=view.state == "online",
            label=label if len(label) * _LETTER < end - x else "",
            number=first if len(str(first)) * _DIGIT < end - x else None,
        )


def _eventful(edges: Sequence[int], seen: Sequence[Observation]) -> Iterator[tuple[int, int]]:
    """The pieces between neighbouring edges that are worth drawing."""
    for start, stop in pairwise(edges):
        views = {one.block(start) for one in seen}
        always = len(views) == 1
        if views != {None} and not (always and _is_plain(*views)):
            yield start, stop


def _is_plain(view: BlockView | None) -> bool:
    return view is not None and view.state == "online" and view.zone in ("DMA", "DMA32", "none")
