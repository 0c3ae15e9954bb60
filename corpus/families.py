"""Makes a family of scenarios from one file: `with:` lists parameters and their values.

Every combination of values makes a member, in which `${name}` stands for the value in any text
of the file. A text that is only `${name}` becomes the value itself, which may be a number; within
other text the value is written out.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from zonediff.corpus.positions import Plain
from zonediff.corpus.problems import Mistake, Path, unknown
from zonediff.engine.bounds import FAMILY_VALUES, MEMBERS

_PARAMETER: Final = re.compile(r"[a-z][a-z0-9_]*")
_VALUE: Final = re.compile(r"[^\s,\[\]]+")  # so that an id with values in it stays one word
_PLACEHOLDER: Final = re.compile(r"\$\{([^}]*)\}")

Scalar = str | int | bool


class Member(NamedTuple):
    """The data of a file, with one combination of values filled in."""

    parameters: tuple[tuple[str, str], ...]
    data: dict[str, Plain]

    @property
    def suffix(self) -> str:
        """The end of the id, `[size=1G,knob=online]`; empty for a file without `with:`."""
        pairs = ",".join(f"{name}={value}" for name, value in self.parameters)
        return f"[{pairs}]" if pairs else ""


def members(data: dict[str, Plain]) -> tuple[list[Member], list[Mistake]]:
    """Return every member of the family (one for a file without `with:`), and the mistakes.

    A placeholder whose parameter does not exist stays as it is.
    """
    body = {key: value for key, value in data.items() if key != "with"}
    mistakes: list[Mistake] = []
    choices = _choices(data["with"], mistakes) if "with" in data else {}
    used = set()
    for path, name in _placeholders(body, ()):
        used.add(name)
        if name not in choices:
            mistakes.append(Mistake(path, unknown("parameter", name, choices)))
    mistakes += [
        Mistake(("with", name), f"is not used: write ${{{name}}} where its value belongs", True)
        for name in choices
        if name not in used
    ]
    count = math.prod(map(len, choices.values()))
    if count > MEMBERS:
        mistakes.append(Mistake(("with",), f"makes more than {MEMBERS} scenarios", True))
        return [], mistakes
    if count * _count(body) > FAMILY_VALUES:
        message = f"makes {count} scenarios with more than {FAMILY_VALUES} values in all"
        mistakes.append(Mistake(("with",), message, True))
        return [], mistakes
    family = []
    for values in itertools.product(*choices.values()):
        chosen = dict(zip(choices, values, strict=True))
        parameters = tuple((name, _write(value)) for name, value in chosen.items())
        family.append(
            Member(parameters, {key: _fill(value, chosen) for key, value in body.items()})
        )
    return family, mistakes


def _choices(data: Plain, mistakes: list[Mistake]) -> dict[str, list[Scalar]]:
    """Return the values of each parameter."""
    if not isinstance(data, dict):
        mistakes.append(Mistake(("with",), "expected a mapping from names to lists of values"))
        return {}
    choices: dict[str, list[Scalar]] = {}
    for name, values in data.items():
        if not _PARAMETER.fullmatch(name):
            message = "a parameter's name is lower-case letters, digits and _"
            mistakes.append(Mistake(("with", name), message, True))
        if not isinstance(values, list) or not values:
            mistakes.append(Mistake(("with", name), "expected a list of values"))
            continue
        choices[name] = []
        written = set()
        for index, value in enumerate(values):
            path = ("with", name, index)
            if not isinstance(value, Scalar):
                mistakes.append(Mistake(path, "expected text, a number, true or false"))
            elif not _VALUE.fullmatch(_write(value)):
                mistakes.append(Mistake(path, "a value has no blanks, commas or square brackets"))
            elif _write(value) in written:
                mistakes.append(Mistake(path, f"the value {_write(value)!r} is listed twice"))
            else:
                written.add(_write(value))
                choices[name].append(value)
    return choices


def _count(data: Plain) -> int:
    """Return the number of values in the data."""
    items = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return 1 + sum(map(_count, items))


def _placeholders(data: Plain, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield every `${name}` with its path."""
    match data:
        case str():
            yield from ((path, match[1]) for match in _PLACEHOLDER.finditer(data))
        case list():
            for index, item in enumerate(data):
                yield from _placeholders(item, (*path, index))
        case dict():
            for key, item in data.items():
                yield from _placeholders(item, (*path, key))


def _fill(data: Plain, chosen: Mapping[str, Scalar]) -> Plain:
    match data:
        case str():
            whole = _PLACEHOLDER.fullmatch(data)
            if whole:
                return chosen.get(whole[1], data)
            return _PLACEHOLDER.sub(lambda match: _write(chosen.get(match[1], match[0])), data)
        case list():
            return [_fill(item, chosen) for item in data]
        case dict():
            return {key: _fill(item, chosen) for key, item in data.items()}
        case _:
            return data


def _write(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
