"""Changes to inputs that keep most of their structure, so that they reach far into a reader."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

ODD: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1, 7, 63, 64, 2**31, 2**32, 2**63, 2**64, 10**30, -(10**18)),
    *(0.5, 1e308, float("inf"), float("nan")),
    *("", " ", "x", "a" * 300, "a" * 70_000, "\x1b[31m", "\x9b2J", "\u202e", "\u2028", "\x85"),
    *("\0", "\ud800", "<b>&amp;", "|`*_[x](y)", "${x}", "=1+1", "1" * 5000, "../../x", "-x", "~"),
    *("1P", "1000000P", "0x10", "1G", "128M", "-1", "1e9", "99min", "5s", "exp(1s)", "dimm1"),
    *("32", "32-35", "35-32", "0-99999999", "32,32", "added", "online", "Movable", "0/Movable"),
    *([], {}, [[]], [None], {"": None}, {"a": {"b": {"c": 1}}}),
)
"""Values that readers stumble over."""

_MARKS: Final = "\0\t\r\n\x1b\x7f\x85\u2028\u202e\ufeff&*!|>%@`\"'{}[]:#-,?\\<=$"


def mutate_value(value: Any, random: Random, others: Sequence[Any] = ()) -> Any:
    """Return a copy of JSON-like data with one to four changes.

    others: more data of the kind, whose parts may come into this one.
    """
    value = copy.deepcopy(value)
    for _ in range(random.choice((1, 1, 1, 2, 2, 4))):
        value = _change(value, random, others)
    return value


def _change(value: Any, random: Random, others: Sequence[Any]) -> Any:
    places = _places(value)
    if not places:
        return random.choice(ODD)
    parent, key = random.choice(places)
    old = parent[key]
    match random.randrange(10):
        case 0 | 1 | 2:
            parent[key] = copy.deepcopy(random.choice(ODD))
        case 3:
            del parent[key]
        case 4:
            donor = random.choice([value, *others])
            sources = _places(donor)
            source, name = random.choice(sources) if sources else (places[0][0], places[0][1])
            parent[key] = copy.deepcopy(source[name])
        case 5 if isinstance(parent, dict):
            parent[str(random.choice((*ODD[19:], str(key)[:-1], f"{key}x")))] = parent.pop(key)
        case 5 | 6 if isinstance(parent, list):
            parent.insert(key, copy.deepcopy(old))
        case 7 if isinstance(old, list):
            parent[key] = old * random.choice((0, 2, 50))
        case 7 if isinstance(old, dict):
            parent[key] = [*old.items()]
        case 8:
            parent[key] = _near(old, random)
        case _:
            parent[key] = random.choice(([old], {"x": old}, {str(key): old}, str(old)))
    return value


def _near(old: Any, random: Random) -> Any:
    """Return a value that is almost the same."""
    match old:
        case bool():
            return not old
        case int():
            return old + random.choice((-1, 1, 1 << 20, 1 << 40, -old * 2))
        case str() if old:
            at = random.randrange(len(old))
            return (
                old[:at] + random.choice((random.choice(_MARKS), "", old[at] * 2)) + old[at + 1 :]
            )
        case _:
            return [old, old]


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) in the data."""
    places: list[tuple[Any, Any]] = []
    left = [value]
    while left:
        item = left.pop()
        keys: Any = item.keys() if isinstance(item, dict) else ()
        if isinstance(item, list):
            keys = range(min(len(item), 40))
        for key in keys:
            places.append((item, key))
            if isinstance(item[key], dict | list):
                left.append(item[key])
    return places


def mutate_text(text: str, random: Random) -> str:
    """Return a text with one to four changes to its lines and characters."""
    for _ in range(random.choice((1, 1, 2, 4))):
        text = random.choice(_TEXT_CHANGES)(text, random)
    return text


def _lines(change: Callable[[list[str], int, Random], None]) -> Callable[[str, Random], str]:
    def changed(text: str, random: Random) -> str:
        lines = text.split("\n")
        change(lines, random.randrange(len(lines)), random)
        return "\n".join(lines)

    return changed


_REPEATED: Final = 1 << 16
"""Characters that a repeated line becomes at most: more work of the same kind shows nothing new."""


def _drop(lines: list[str], at: int, _: Random) -> None:
    del lines[at]


def _repeat(lines: list[str], at: int, random: Random) -> None:
    wanted, most = random.choice((1, 1, 30, 2000)), _REPEATED // (1 + len(lines[at]))
    lines[at:at] = [lines[at]] * max(1, min(wanted, most))


def _swap(lines: list[str], at: int, random: Random) -> None:
    other = random.randrange(len(lines))
    lines[at], lines[other] = lines[other], lines[at]


def _indent(lines: list[str], at: int, random: Random) -> None:
    lines[at] = random.choice((" ", "  ", "\t", "- ")) + lines[at]


def _lengthen(lines: list[str], at: int, random: Random) -> None:
    middle = random.randrange(len(lines[at]) + 1)
    filler = random.choice(("a", " ", "9", "/", "(", "\\", ";", "x ", ":// ", " and ", "=?q?"))
    lines[at] = lines[at][:middle] + filler * random.choice((3, 300, 30_000)) + lines[at][middle:]


def _mark(text: str, random: Random) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(_MARKS) + text[at + random.randrange(2) :]


def _digits(text: str, random: Random) -> str:
    places = [at for at, sign in enumerate(text[:20_000]) if sign.isdigit()]
    if not places:
        return text
    at = random.choice(places)
    number = random.choice(("", "0", "-1", "9" * 10, "9" * 20, "9" * 5000, str(2**31), "٣"))
    return text[:at] + number + text[at + 1 :]


def _cut(text: str, random: Random) -> str:
    return text[: random.randrange(len(text) + 1)]


_TEXT_CHANGES: Final[tuple[Callable[[str, Random], str], ...]] = (
    *map(_lines, (_drop, _repeat, _swap, _indent, _lengthen)),
    _mark,
    _mark,
    _digits,
    _digits,
    _cut,
)


def mutate_bytes(data: bytes, random: Random) -> bytes:
    """Return bytes with one to eight of them changed, added or lost."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8))):
        at = random.randrange(len(changed) + 1)
        changed[at : at + random.randrange(3)] = random.randbytes(random.randrange(3))
    return bytes(changed)
