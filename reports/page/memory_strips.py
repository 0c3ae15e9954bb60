"""Strips: pictures of the memory blocks of an observation, as ranges of equal blocks.

All strips of a scenario share one scale, so that they can be compared. Boot memory in the DMA zones
is left out unless it changes. Up to 128 blocks are drawn to scale; of more blocks, each range that
ever differed is as wide as the logarithm of its length.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from zonediff.engine import words
from zonediff.engine.observation import BlockRange, BlockView, Observation

TO_SCALE: Final = 128
"""The most blocks that are drawn to scale."""

MOST_PIECES: Final = 256
"""The most pieces of a readable picture; with more, no picture is drawn."""

_GAP: Final = 10
_BLOCKS: Final = (22, 15, 10, 7, 5, 4, 3)
"""Possible widths of a block; few, so that scenarios can share pictures."""

_WIDTH: Final = 352
_LETTER: Final = 7
_DIGIT: Final = 6

_LETTERS: Final = {"DMA": "D", "DMA32": "D", "Normal": "N", "Movable": "M", "none": "-"}

_COLOURS: Final = {"DMA": "dma", "DMA32": "dma", "Normal": "normal", "Movable": "movable"}


@dataclass(frozen=True, slots=True)
class Segment:
    """A range of equal blocks in a strip.

    x, width: in pixels. colour: `normal`, `movable`, `dma` or `none`. label: the initials of the
    names in `valid_zones`, empty without room. number: of the first block, None without room.
    """

    x: int
    width: int
    colour: str
    online: bool
    label: str
    number: int | None


@dataclass(frozen=True, slots=True)
class Strip:
    """A picture of one observation; text: the same in words."""

    width: int
    segments: tuple[Segment, ...]
    text: str

    @property
    def paths(self) -> Iterator[tuple[str, str]]:
        """SVG paths, one for all segments that look alike: (class, path data)."""
        looks: dict[str, list[str]] = {}
        for part in self.segments:
            look = part.colour if part.online else f"{part.colour}-off"
            looks.setdefault(look, []).append(f"M{part.x} 0h{part.width}v19H{part.x}z")
        yield from ((look, "".join(shapes)) for look, shapes in looks.items())

    @property
    def letters(self) -> tuple[str, str]:
        """The labels as one SVG text: the x coordinates of the characters, and the characters."""
        labels = [(part.x + part.width // 2, part.label) for part in self.segments]
        return _placed((x - _LETTER * len(text) // 2, text, _LETTER) for x, text in labels)

    @property
    def numbers(self) -> tuple[str, str]:
        """The numbers of the first blocks as one SVG text, as letters."""
        return _placed(
            (part.x, str(part.number), _DIGIT) for part in self.segments if part.number is not None
        )


def _placed(texts: Iterable[tuple[int, str, int]]) -> tuple[str, str]:
    """All characters of (x, text, width of a character), with their x coordinates."""
    placed = [
        (x + index * width, char) for x, text, width in texts for index, char in enumerate(text)
    ]
    return " ".join(str(x) for x, _ in placed), "".join(char for _, char in placed)


class Scale:
    """The place of each block in the strips of a scenario.

    true: whether widths are proportional to numbers of blocks. drawable: whether the pictures are
    readable. width: of every strip, in pixels.
    """

    def __init__(self, observations: Iterable[Observation]) -> None:
        states = list(observations)
        edges = sorted(
            {edge for state in states for b in state.blocks for edge in (b.first, b.last + 1)}
        )
        self.drawable = len(edges) <= MOST_PIECES
        self._left: dict[int, int] = {}
        self._right: dict[int, int] = {}
        pieces = list(_pieces(edges, states)) if self.drawable else []
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

    def strip(self, observation: Observation) -> Strip | None:
        """The strip of an observation; None when there is nothing to draw."""
        drawn = [
            (item, item.view)
            for item in words.join_alike(self._cut(observation))
            if item.view is not None
        ]
        if not drawn:
            return None
        return Strip(
            width=self.width,
            segments=tuple(self._segment(item.first, item.last, view) for item, view in drawn),
            text="; ".join(f"{item.name} {words.block(view)}" for item, view in drawn),
        )

    def _cut(self, observation: Observation) -> Iterator[BlockRange]:
        """The ranges of blocks, cut into the pieces that are drawn."""
        pieces = list(zip(self._left, self._right, strict=True))
        for item in observation.blocks:
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


def _pieces(edges: Sequence[int], states: Sequence[Observation]) -> Iterator[tuple[int, int]]:
    """The ranges between neighbouring edges that are drawn: (first block, block after the last)."""
    for start, stop in pairwise(edges):
        views = {state.block(start) for state in states}
        always = len(views) == 1
        if views != {None} and not (always and _is_plain(*views)):
            yield start, stop


def _is_plain(view: BlockView | None) -> bool:
    return view is not None and view.state == "online" and view.zone in ("DMA", "DMA32", "none")
