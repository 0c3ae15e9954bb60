"""A drawing of all states of a small behaviour, in layers by the number of steps from boot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from markupsafe import Markup

from zonediff.engine.words import count_of
from zonediff.result.explorations import Portrait

BLOCK: Final = 34
HEIGHT: Final = 22
LAYER: Final = 96
ROW: Final = 46
MARGIN: Final = 24

_BLOCK: Final = re.compile(r"(memory[0-9]+) (\S+(?: \S+)*?)(?: \[(.*)\])?")
_LETTERS: Final = {"Normal": "N", "Movable": "M", "DMA": "D", "DMA32": "D"}


def layers(portrait: Portrait) -> list[list[int]]:
    """The numbers of the states, by the number of steps that lead to them from boot."""
    by_depth, placed = [[0]], {0}
    while by_depth[-1]:
        following = sorted(
            {move.target for move in portrait.moves if move.source in by_depth[-1]} - placed
        )
        placed.update(following)
        by_depth.append(following)
    return by_depth[:-1]


def svg(portrait: Portrait) -> Markup:
    """The drawing; text() has the same in words."""
    columns = layers(portrait)
    width = max(len(state) for state in portrait.states) * BLOCK
    tall = max(map(len, columns))
    place: dict[int, tuple[int, int]] = {}
    for depth, states in enumerate(columns):
        top = MARGIN + (tall - len(states)) * ROW // 2
        for row, state in enumerate(states):
            place[state] = MARGIN + depth * (width + LAYER), top + row * ROW
    size = 2 * MARGIN + len(columns) * (width + LAYER) - LAYER, 2 * MARGIN + tall * ROW - HEIGHT
    return Markup("\n").join(
        (
            Markup(
                '<svg class="portrait" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" '
                'aria-label="{2} and the steps between them; the same in words follows">'
            ).format(*size, count_of(len(portrait.states), "state")),
            *_edges(portrait, place, width),
            *(_state(portrait.states[state], *xy, state) for state, xy in place.items()),
            Markup("</svg>"),
        )
    )


def _edges(portrait: Portrait, place: dict[int, tuple[int, int]], width: int) -> Iterator[Markup]:
    """A line between states that a step connects, with an arrow head at each target."""
    pairs = {(move.source, move.target) for move in portrait.moves}
    for source, target in sorted(pairs):
        both_ways = (target, source) in pairs
        if both_ways and target < source:
            continue
        (x, y), (to_x, to_y) = place[source], place[target]
        start, end = (x, y + HEIGHT // 2), (to_x, to_y + HEIGHT // 2)
        if x == to_x:
            # Within a layer: a curve on the right.
            start, end = (x + width, start[1]), (to_x + width, end[1])
            bend = x + width + min(LAYER - 20, 16 + abs(y - to_y) // 3)
            curve = f"C{bend} {start[1]} {bend} {end[1]} {end[0]} {end[1]}"
            heads = (1, 1)
        else:
            right = x < to_x
            start = (x + width * right, start[1])
            end = (to_x + width * (not right), end[1])
            middle = (start[0] + end[0]) // 2
            curve = f"C{middle} {start[1]} {middle} {end[1]} {end[0]} {end[1]}"
            heads = (1, -1) if right else (-1, 1)
        yield Markup('<path d="M{} {}{}"/>').format(*start, curve)
        yield _head(*end, heads[1])
        if both_ways:
            yield _head(*start, heads[0])


def _head(x: int, y: int, away: int) -> Markup:
    """An arrow head at the edge of a state, from the right (away 1) or the left (away -1)."""
    return Markup('<path class="head" d="M{} {}l{} -3v6z"/>').format(x, y, 7 * away)


def _state(blocks: list[str], x: int, y: int, number: int) -> Markup:
    """A state: a box for each block, with the letters of its `valid_zones`."""
    drawn = [Markup("<g><title>{}</title>").format(f"{number}: {', '.join(blocks)}")]
    for index, text in enumerate(blocks):
        match = _BLOCK.fullmatch(text)
        state, zones = (match[2], match[3] or "") if match else (text, "")
        letters = "".join(_LETTERS.get(name, "-") for name in zones.split())
        colour = {"N": "normal", "M": "movable", "D": "dma"}.get(letters[:1], "none")
        off = "" if state == "online" else " off"
        left = x + index * BLOCK
        drawn.append(
            Markup(
                '<path class="box {}{}" d="M{} {}h{}v{}h-{}z"/><text x="{}" y="{}">{}</text>'
            ).format(colour, off, left, y, BLOCK, HEIGHT, BLOCK, left + BLOCK // 2, y + 15, letters)
        )
    drawn.append(Markup('<text class="no" x="{}" y="{}">{}</text></g>').format(x, y - 4, number))
    return Markup("").join(drawn)


def text(portrait: Portrait) -> Iterator[tuple[str, list[str]]]:
    """Each state in words, with the steps that lead from it."""
    for number, blocks in enumerate(portrait.states):
        moves = [move for move in portrait.moves if move.source == number]
        yield (
            f"{number}: {', '.join(blocks) or 'no blocks'}",
            [f"{move.do} -> {move.target}" for move in moves],
        )


def dot(portrait: Portrait) -> str:
    """The same for Graphviz (DOT); steps between the same two states share an arrow."""
    lines = [
        "digraph zonediff {",
        "  rankdir=LR; node [shape=box, fontsize=10]; edge [fontsize=9];",
    ]
    for number, blocks in enumerate(portrait.states):
        label = "\\n".join([str(number), *map(_escaped, blocks)])
        lines.append(f'  {number} [label="{label}"];')
    arrows: dict[tuple[int, int], list[str]] = {}
    for move in portrait.moves:
        arrows.setdefault((move.source, move.target), []).append(_escaped(move.do))
    for (source, target), steps in arrows.items():
        label = "\\n".join(steps)
        lines.append(f'  {source} -> {target} [label="{label}"];')
    return "\n".join([*lines, "}"])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
