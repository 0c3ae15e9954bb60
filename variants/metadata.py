"""Checks the attributes of a variant's class when it is loaded, before it is used.

The types are those that `Policy` declares; methods are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from inspect import isclass
from types import NoneType, UnionType
from typing import Any, ClassVar, Final, NamedTuple, Union, get_args, get_origin, get_type_hints

from zonediff.engine.policy import Policy

_ONE_LINE: Final = ("origin",)
"""Attributes that must be one line of text, because reports show them."""

_WORDS: Final = {str: "text", int: "a whole number", bool: "True or False", NoneType: "None"}


_MISSING: Final = object()


class WrongAttribute(NamedTuple):
    """An attribute whose value cannot be used. expected: the right kind of value, in words."""

    name: str
    value: object
    expected: str

    def __str__(self) -> str:
        value = "missing" if self.value is _MISSING else _shown(self.value)
        return f"{self.name} is {value}; expected {self.expected}"


def wrong_attributes(policy: type[Policy]) -> Iterator[WrongAttribute]:
    """Yield the attributes of a variant's class that have no value, or one of another type."""
    for name, shape in _attributes().items():
        if not hasattr(policy, name):
            yield WrongAttribute(name, _MISSING, _in_words(shape))
            continue
        value = getattr(policy, name)
        if isinstance(value, property):
            continue
        if not _fits(value, shape):
            yield WrongAttribute(name, value, _in_words(shape))
        elif name in _ONE_LINE and not (value.strip() and value.isprintable()):
            yield WrongAttribute(name, value, "one line of text")
    if policy.__doc__ is not None and not isinstance(policy.__doc__, str):
        yield WrongAttribute("__doc__", policy.__doc__, "text")


@cache
def _attributes() -> Mapping[str, Any]:
    """The declared types of Policy's attributes, without those that other checks are for."""
    hints = get_type_hints(Policy)
    shapes = {
        name: get_args(hint)[0] for name, hint in hints.items() if get_origin(hint) is ClassVar
    }
    return {name: shape for name, shape in shapes.items() if name not in ("name", "released")}


def _fits(value: object, shape: Any) -> bool:
    origin, arguments = get_origin(shape), get_args(shape)
    if origin in (Union, UnionType):
        return any(_fits(value, argument) for argument in arguments)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        items = arguments[:1] * len(value) if arguments[-1] is Ellipsis else arguments
        return len(value) == len(items) and all(map(_fits, value, items))
    if isclass(origin) and issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(
            _fits(key, arguments[0]) and _fits(item, arguments[1]) for key, item in value.items()
        )
    if shape is int:
        return type(value) is int
    return isinstance(value, shape)


def _in_words(shape: Any) -> str:
    origin, arguments = get_origin(shape), get_args(shape)
    if origin in (Union, UnionType):
        return " or ".join(map(_in_words, arguments))
    if origin is tuple:
        count = "" if arguments[-1] is Ellipsis else f"{len(arguments)} times "
        return f"a tuple of {count}{_in_words(arguments[0])}"
    if isclass(origin) and issubclass(origin, Mapping):
        return f"a mapping from {_in_words(arguments[0])} to {_in_words(arguments[1])}"
    if isclass(shape) and issubclass(shape, Enum):
        return f"one of {', '.join(map(str, shape))}"
    return _WORDS.get(shape, getattr(shape, "__name__", str(shape)))


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except Exception:
        return f"a {type(value).__name__} that cannot be printed"
    return text if len(text) <= 60 else f"{text[:60]}..."
