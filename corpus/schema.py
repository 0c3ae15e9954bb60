"""Converts the plain data of a scenario file into dataclasses, and refuses data of a wrong shape.

The dataclasses are the engine's own: a key is known, required or optional as the field of its class
is. Nothing is converted silently, neither text to a number nor a number to text.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin

from cattrs import Converter
from cattrs.errors import (
    AttributeValidationNote,
    BaseValidationError,
    ForbiddenExtraKeysError,
)
from cattrs.gen import make_dict_structure_fn, override

from zonediff.corpus.positions import Plain
from zonediff.corpus.problems import Mistake, Path, unknown
from zonediff.corpus.scenario import (
    AllStepsGoal,
    BlocksGoal,
    Goal,
    KnobGoal,
    NodesGoal,
    ProcessGoal,
    ScenarioStep,
    StepGoal,
)
from zonediff.engine.actors import Delay, parse_delay
from zonediff.engine.steps import REGISTRY, Blocks, Write, is_ranges
from zonediff.engine.units import SECTION, Bytes, Duration, parse_duration, parse_size

Shape = TypeVar("Shape")
Hook = Callable[[Any, Any], Any]

ADDRESS_BITS: Final = 52
"""The most bits of a physical address on x86-64."""

PHYSICAL_BITS: Final = (36, 46)
"""The least and the most bits of a machine's addresses: the first x86-64 CPUs; Linux v4.10."""

GOALS: Final[dict[str, type]] = {
    dataclasses.fields(kind)[0].name: kind
    for kind in (BlocksGoal, StepGoal, AllStepsGoal, KnobGoal, NodesGoal, ProcessGoal)
}
"""Every kind of goal in a file, by the key that only it has."""

NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
"""A name that a file gives to a device or a step."""

# Text that often looks like a number: here a number without quotes is text.
_WRITTEN: Final[dict[type, str]] = {Write: "value", NodesGoal: "reads"}


class Misshapen(ValueError):
    """Control flow: plain data has a wrong shape; `mistakes` holds every mistake.

    Loaders collect the mistakes and raise ScenarioError. A ValueError, as cattrs expects of hooks.
    """

    def __init__(self, *mistakes: Mistake) -> None:
        self.mistakes = mistakes
        super().__init__(*mistakes)


def read(data: Plain, shape: type[Shape], path: Path = ()) -> Shape:
    """Convert plain data into a shape: a dataclass of the engine, or the type of a field.

    Raises Misshapen with all mistakes; their paths begin with `path`.
    """
    try:
        return _converter().structure(data, shape)
    except (BaseValidationError, ValueError) as error:
        raise Misshapen(*(mistake.below(*path) for mistake in _mistakes(error))) from None


@cache
def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True, detailed_validation=True)
    for shape, hook in {
        str: _text,
        int: _number,
        bool: _truth,
        Bytes: _size,
        Duration: _duration,
        Delay: _delay,
        Blocks: _blocks,
        ScenarioStep: _step,
        Goal: _goal,
    }.items():
        converter.register_structure_hook(shape, hook)
    converter.register_structure_hook_factory(dataclasses.is_dataclass)(_mapping)
    converter.register_structure_hook_factory(_made_of(tuple))(_list)
    converter.register_structure_hook_factory(_made_of(Literal))(_word)
    converter.register_structure_hook_factory(_made_of(Union, UnionType))(_either)
    return converter


def _made_of(*origins: Any) -> Callable[[Any], bool]:
    """Return a test for types with arguments, such as `tuple[int, ...]`, that have this origin."""
    return lambda shape: get_origin(shape) in origins


def _mistakes(error: BaseException) -> Iterator[Mistake]:
    """Yield every mistake in what cattrs or a hook raised."""
    match error:
        case Misshapen():
            yield from error.mistakes
        case BaseValidationError():
            for inner in error.exceptions:
                for mistake in _mistakes(inner):
                    yield mistake.below(*_step_down(inner))
        case ForbiddenExtraKeysError():
            known = [item.name for item in dataclasses.fields(error.cl)]
            yield from _strange("key", error.extra_fields, known)
        case KeyError():
            yield Mistake((), "is missing")
        case _:
            yield Mistake((), str(error))


def _step_down(error: BaseException) -> Path:
    """Return the key under which cattrs found this error; empty for mistakes in keys."""
    notes = getattr(error, "__notes__", ())
    return tuple(note.name for note in notes if isinstance(note, AttributeValidationNote))


def _mapping(shape: type, converter: Converter) -> Hook:
    special: Any = {}
    if shape in _WRITTEN:
        special[_WRITTEN[shape]] = override(struct_hook=_written)
    structure: Hook = make_dict_structure_fn(shape, converter, **special)
    keys = ", ".join(item.name for item in dataclasses.fields(shape))

    def hook(value: Any, _: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"expected a mapping ({keys}), not {_describe(value)}")
        return structure(value, shape)

    return hook


def read_all(parts: Iterable[tuple[Path, Plain, Any]], *known: Mistake) -> list[Any]:
    """Read several triples of path, data and shape.

    Raises Misshapen with the mistakes in all of them, and the `known` ones.
    """
    shaped: list[Any] = []
    mistakes = [*known]
    for path, data, shape in parts:
        try:
            shaped.append(read(data, shape, path))
        except Misshapen as error:
            mistakes += error.mistakes
    if mistakes:
        raise Misshapen(*mistakes)
    return shaped


def _list(shape: Any, _: Converter) -> Hook:
    item = get_args(shape)[0]

    def hook(value: Any, _: Any) -> Any:
        if not isinstance(value, list):
            raise ValueError(f"expected a list, not {_describe(value)}")
        return tuple(read_all(((index,), data, item) for index, data in enumerate(value)))

    return hook


def _word(shape: Any, _: Converter) -> Hook:
    words = get_args(shape)

    def hook(value: Any, _: Any) -> Any:
        if value not in words or not isinstance(value, str):
            if isinstance(value, str):
                raise ValueError(unknown("value", value, words))
            raise ValueError(f"expected one of {', '.join(words)}, not {_describe(value)}")
        return value

    return hook


def _either(shape: Any, converter: Converter) -> Hook:
    members = [member for member in get_args(shape) if member is not NoneType]
    optional = len(members) < len(get_args(shape))

    def hook(value: Any, _: Any) -> Any:
        if value is None and optional:
            return None
        if isinstance(value, int) and int in members:
            return converter.structure(value, int)
        return converter.structure(value, str if str in members else members[0])

    return hook


def _text(value: Any, _: Any) -> str:
    if isinstance(value, str):
        return value
    hint = "; quote it to make it text" if isinstance(value, int) else ""
    raise ValueError(f"expected text, not {_describe(value)}{hint}")


def _written(value: Any, _: Any) -> str:
    return str(value) if type(value) is int else _text(value, str)


def _number(value: Any, _: Any) -> int:
    if type(value) is int:
        return value
    raise ValueError(f"expected a whole number, not {_describe(value)}")


def _truth(value: Any, _: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"expected true or false, not {_describe(value)}")


def _size(value: Any, _: Any) -> Bytes:
    if type(value) is not int and (not isinstance(value, str) or len(value) > 24):
        raise ValueError(f"expected a size such as 128M or 1G, not {_describe(value)}")
    size = parse_size(str(value))
    if size > 1 << ADDRESS_BITS:
        raise ValueError(f"{size:#x} is more than {ADDRESS_BITS} bits, which x86-64 can address")
    return size


def _duration(value: Any, _: Any) -> Duration:
    if type(value) is not int and not isinstance(value, str):
        raise ValueError(f"expected a time such as 10ms or 5s, not {_describe(value)}")
    return parse_duration(str(value))


def _delay(value: Any, _: Any) -> Delay:
    if type(value) is not int and not isinstance(value, str):
        raise ValueError(f"expected a time or a distribution, not {_describe(value)}")
    parse_delay(str(value))
    return Delay(str(value))


def _blocks(value: Any, _: Any) -> Blocks:
    text = str(value) if type(value) is int else value
    if not isinstance(text, str):
        raise ValueError(f"expected blocks such as dimm1 or 32-35,39, not {_describe(value)}")
    if is_ranges(text):
        _ascending(text)
    elif not NAME.fullmatch(text):
        raise ValueError(f"{text!r} selects no blocks: write a device's id, 32, 32-35,39 or added")
    return Blocks(text)


def _ascending(ranges: str) -> None:
    """Refuse ranges that name a block twice, or a block that cannot exist."""
    expected = 0
    for part in ranges.split(","):
        numbers = part.split("-")
        for number in numbers:
            if len(number) > 8 or int(number) >= (1 << PHYSICAL_BITS[1]) // SECTION:
                raise ValueError(f"block {number} is beyond what a kernel can address")
        first, last = int(numbers[0]), int(numbers[-1])
        if not expected <= first <= last:
            raise ValueError(f"{part} is out of order: block numbers ascend, each written once")
        expected = last + 1


def _step(value: Any, _: Any) -> ScenarioStep:
    if not isinstance(value, dict):
        raise ValueError(f"expected a step, a mapping with a verb, not {_describe(value)}")
    verbs = [key for key in value if key in REGISTRY]
    strange = [key for key in value if key not in REGISTRY and key != "name"]
    mistakes = _strange("key" if verbs else "step", strange, [*REGISTRY, "name"])
    if len(verbs) > 1 or not (verbs or strange):
        named = " and ".join(verbs) or "none"
        mistakes.append(
            Mistake((), f"expected one verb, not {named} (known: {', '.join(REGISTRY)})")
        )
    parts = [
        ((verb,), {} if value[verb] is None else value[verb], REGISTRY[verb]) for verb in verbs
    ]
    do, name = read_all([*parts, (("name",), value.get("name"), str | None)], *mistakes)
    return ScenarioStep(do, name)


def _goal(value: Any, _: Any) -> Goal:
    if not isinstance(value, dict):
        raise ValueError(f"expected a goal, a mapping with `want`, not {_describe(value)}")
    body = {key: data for key, data in value.items() if key not in ("want", "control", "given")}
    mistakes, parts = _predicate(body)
    if "want" not in value:
        mistakes.append(Mistake(("want",), "is missing"))
    words = [
        (("want",), value.get("want", ""), str),
        (("control",), value.get("control", False), bool),
    ]
    if "given" not in value:
        check, want, control = read_all([*parts, *words], *mistakes)
        return Goal(want, check, control)
    given = value["given"]
    if not isinstance(given, dict):
        mistakes.append(Mistake(("given",), f"expected a condition, not {_describe(given)}"))
        given = {}
    slips, conditions = _predicate(given)
    mistakes += [slip.below("given") for slip in slips if value["given"] is given]
    premise: list[tuple[Path, Plain, Any]] = [
        (("given", *path), data, shape) for path, data, shape in conditions
    ]
    check, holds, want, control = read_all([*parts, *premise, *words], *mistakes)
    return Goal(want, check, control, holds)


def _predicate(body: dict[str, Any]) -> tuple[list[Mistake], list[tuple[Path, Plain, Any]]]:
    """The mistakes in a goal's condition, and how to read it."""
    kinds = [key for key in GOALS if key in body]
    mistakes = [] if kinds else _strange("goal", body, GOALS)
    if len(kinds) > 1 or not body:
        named = " and ".join(kinds) or "none"
        mistakes.append(
            Mistake((), f"expected one kind of goal, not {named} (known: {', '.join(GOALS)})")
        )
    return mistakes, [((), body, GOALS[kind]) for kind in kinds] if len(kinds) == 1 else []


def _strange(kind: str, keys: Iterable[str], known: Iterable[str]) -> list[Mistake]:
    return [Mistake((key,), unknown(kind, key, known), on_key=True) for key in keys]


def _describe(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case int():
            return f"the number {value}"
        case str():
            return f"the text {value!r}" if len(value) <= 40 else f"the text {value[:40]!r}..."
        case list():
            return "a list"
        case _:
            return "a mapping"
