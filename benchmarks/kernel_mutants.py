"""Kernel mutants: sources of Linux with one token changed, at places that a seed chooses.

The places are conditions and constants in bodies of functions: comparisons, logical operators,
negations, numbers, and the words true and false. A tokenizer of our own finds them; it knows no
types and leaves preprocessor lines alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random
from typing import Final, NamedTuple

FILES: Final = ("mm/memory_hotplug.c", "drivers/base/memory.c", "drivers/dax/kmem.c")
"""The sources that are changed."""

_TOKEN: Final = re.compile(
    r"""
    (?P<skip>   /\*.*?\*/ | //[^\n]* | \s+ | ^\#(?:[^\n\\]|\\.)* )
  | (?P<text>   "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' )
  | (?P<word>   [A-Za-z_]\w* )
  | (?P<number> 0[xX][0-9a-fA-F]+[uUlL]* | [0-9]+[uUlL]* )
  | (?P<sign>   <<= | >>= | -> | \+\+ | -- | << | >> | <= | >= | == | != | && | \|\|
              | [-+*/%&|^]= | . )
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_NUMBER: Final = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+)([uUlL]*)")

_OTHERS: Final = {
    "==": ("!=",),
    "!=": ("==",),
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "&&": ("||",),
    "||": ("&&",),
    "true": ("false",),
    "false": ("true",),
    "!": ("",),
}
"""The tokens that take the place of each."""


class Place(NamedTuple):
    """A token that can be changed. start: in the text. others: what can stand in its place."""

    start: int
    token: str
    others: tuple[str, ...]
    function: str
    line: int


class Mutant(NamedTuple):
    """A change of one token. change: `== -> !=`."""

    seed: int
    file: str
    function: str
    line: int
    change: str
    content: str


def places(text: str) -> Iterator[Place]:
    """Yield the places in the bodies of functions."""
    depth = 0
    function = before = named = ""
    for match in _TOKEN.finditer(text):
        token = match[0]
        if match.lastgroup in ("skip", "text"):
            continue
        if token == "{":
            if depth == 0:
                function = named if before == ")" else ""
            depth += 1
        elif token == "}":
            depth, named = max(0, depth - 1), ""
        elif depth == 0 and token == ";":
            named = ""
        elif depth == 0 and token == "(" and not named:
            named = before
        elif depth and function and (others := _others(str(match.lastgroup), token)):
            line = text.count("\n", 0, match.start()) + 1
            yield Place(match.start(), token, others, function, line)
        before = token


def _others(kind: str, token: str) -> tuple[str, ...]:
    """What can stand in the place of a token; empty for a token that stays."""
    if kind != "number":
        return _OTHERS.get(token, ())
    match = _NUMBER.fullmatch(token)
    assert match is not None
    value = int(match[1], 16 if match[1][:2] in ("0x", "0X") else 8 if match[1][0] == "0" else 10)
    return tuple(f"{other}{match[2]}" for other in (value + 1, value - 1) if other >= 0)


def mutant(seed: int, sources: dict[str, str]) -> Mutant:
    """Return the mutant of a seed. sources: the content of each file."""
    all_places = [(file, place) for file, text in sources.items() for place in places(text)]
    random = Random(seed)
    file, place = random.choice(all_places)
    other = random.choice(place.others)
    text = sources[file]
    content = text[: place.start] + other + text[place.start + len(place.token) :]
    change = f"{place.token} -> {other or 'nothing'}"
    return Mutant(seed, file, place.function, place.line, change, content)
