"""Turns the parts of a result into JSON values and back, and refuses values of a wrong type.

cattrs by itself would turn numbers into text and objects into lists, so every kind of value has a
strict hook here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Final, Literal, TypeVar, get_args, get_origin

from cattrs import Converter
from cattrs.cols import (
    homogenous_tuple_structure_factory,
    list_structure_factory,
    mapping_structure_factory,
)
from cattrs.gen import make_dict_structure_fn

from zonediff.corpus.problems import shortened
from zonediff.corpus.schema import ADDRESS_BITS
from zonediff.engine.bounds import BLOCK_NUMBER, RESULT_NUMBER
from zonediff.engine.observation import BlockRange, BlockView, Change, Observation, ZoneView
from zonediff.engine.steps import REGISTRY, Step
from zonediff.engine.trace import Number, StepTrace
from zonediff.engine.units import Bytes, Duration, parse_duration, parse_size
from zonediff.result.packing import compact

T = TypeVar("T")

_LONGEST_SIZE: Final = 24


def to_json(value: object) -> Any:
    """Return a result, or a part of one, as JSON values: lists, dicts, text, numbers."""
    return _CONVERTER.unstructure(value)


def from_json(body: Any, cls: type[T]) -> T:
    """Undo to_json() for a value of this class.

    Raises cattrs.BaseValidationError, TypeError or ValueError.
    """
    return _CONVERTER.structure(body, cls)


def _text(value: Any, _: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, not {_shown(value)}")
    if not value.isascii():
        _refuse_half_characters(value)
    return value


def _refuse_half_characters(text: str) -> None:
    """Refuse the halves of characters that JSON can hold and no file can."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = f"U+{ord(text[error.start]):04X}"
        raise ValueError(f"expected text, but it holds {half}, half of a character") from None


def _shown(value: Any) -> str:
    """A value in a message: its beginning, in ASCII."""
    return compact(value)[:40]


def _number(value: Any, _: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"expected a whole number, not {_shown(value)}")
    if abs(value) > RESULT_NUMBER:
        raise ValueError(f"{_shown(value)}: expected a number of at most 64 bits")
    return value


def _truth(value: Any, _: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"expected true or false, not {_shown(value)}")
    return value


def _number_or_text(value: Any, _: Any) -> int | str:
    return value if isinstance(value, str) else _number(value, int)


def _size(value: Any, _: Any) -> Bytes:
    text = _text(value, str)
    if len(text) > _LONGEST_SIZE or (size := parse_size(text)) > 1 << ADDRESS_BITS:
        raise ValueError(f"{_shown(value)}: expected a size of at most {ADDRESS_BITS} bits")
    return size


def _duration(value: Any, _: Any) -> Duration:
    return parse_duration(_text(value, str))


def _write_range(item: BlockRange) -> list[Any]:
    row: list[Any] = [item.first, item.last]
    if item.view is None:
        return [*row, None]
    view = item.view
    node = list(view.nodes) if view.other_nodes else view.node
    return [*row, view.state, view.valid_zones, view.removable, view.online, node]


def _read_range(value: Any, _: Any) -> BlockRange:
    match value:
        case [int(first), int(last), None] if _are_blocks(first, last):
            return BlockRange(first, last, None)
        case [
            int(first),
            int(last),
            str(state),
            str(zones),
            str(removable),
            str(online),
            int() | [int(), int(), *_] as node,
        ] if _are_blocks(first, last):
            nodes = [
                _number(number, int) for number in (node if isinstance(node, list) else [node])
            ]
            for text in (state, zones, removable, online):
                _text(text, str)
            view = BlockView(state, zones, removable, online, nodes[0], tuple(nodes[1:]))
            return BlockRange(first, last, view)
    raise ValueError(
        "expected [first, last, state, valid_zones, removable, online, node] or [first, last, null]"
        f", with block numbers up to {BLOCK_NUMBER}"
    )


def _are_blocks(first: int, last: int) -> bool:
    return type(first) is type(last) is int and 0 <= first <= last <= BLOCK_NUMBER


def _in_order(read: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Restrict `read`, which gives something with block ranges, to ranges that ascend."""

    def hook(value: Any, cls: Any) -> Any:
        item = read(value, cls)
        if any(later.first <= earlier.last for earlier, later in pairwise(item.blocks)):
            raise ValueError("expected ranges of blocks that ascend and have no block in common")
        return item

    return hook


def _write_zone(zone: ZoneView) -> list[int]:
    return [zone.start_pfn, zone.spanned, zone.present]


def _read_zone(value: Any, _: Any) -> ZoneView:
    match value:
        case [int(), int(), int()]:
            return ZoneView(*(_number(number, int) for number in value))
    raise ValueError("expected [start_pfn, spanned, present]")


def _read_step(value: Any, _: Any) -> Step:
    if not isinstance(value, dict) or len(value) != 1:
        raise TypeError("expected a step: an object with one key, its verb")
    ((verb, arguments),) = value.items()
    if verb not in REGISTRY:
        raise ValueError(f"unknown step {shortened(verb)}")
    return _CONVERTER.structure(arguments, REGISTRY[verb])


def _write_step_trace(step: StepTrace) -> dict[str, Any]:
    """Write a step; an act that is the step itself, as of a primitive step, does not repeat it."""
    do = step.do.to_json()
    acts = _CONVERTER.unstructure(step.acts)
    for act in acts:
        if act["do"] == do:
            del act["do"]
    return {"do": do, "acts": acts}


def _with_acts_filled(read: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Undo _write_step_trace(): an act without `do` gets that of its step."""

    def hook(value: Any, cls: Any) -> Any:
        acts = value.get("acts")
        if isinstance(acts, list) and "do" in value:
            filled = [{"do": value["do"], **act} if isinstance(act, dict) else act for act in acts]
            value = {**value, "acts": filled}
        return read(value, cls)

    return hook


_Factory = Callable[[Any, Converter], Callable[[Any, Any], Any]]

_SHAPES: Final[Mapping[Any, tuple[type, str, _Factory]]] = {
    list: (list, "a list", list_structure_factory),
    tuple: (list, "a list", homogenous_tuple_structure_factory),
    dict: (dict, "an object", mapping_structure_factory),
    Mapping: (dict, "an object", mapping_structure_factory),
}


def _strictly(shape: type, name: str, read: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Restrict `read`, which accepts anything that it can iterate over, to one JSON type."""

    def hook(value: Any, cls: Any) -> Any:
        if not isinstance(value, shape):
            raise TypeError(f"expected {name}, not {_shown(value)}")
        return read(value, cls)

    return hook


def _is_collection(cls: Any) -> bool:
    origin = get_origin(cls)
    return origin in _SHAPES and (origin is not tuple or get_args(cls)[-1] is Ellipsis)


def _is_word(cls: Any) -> bool:
    origin: Any = get_origin(cls)
    return origin is Literal


def _read_word(value: Any, cls: Any) -> str:
    """Read one of the words that a type allows."""
    words: tuple[str, ...] = get_args(cls)
    if not isinstance(value, str) or value not in words:
        raise ValueError(f"expected one of {', '.join(words)}, not {_shown(value)}")
    return value


def _converter() -> Converter:
    """Return a cattrs converter with strict hooks for every kind of value in a result."""
    converter = Converter(omit_if_default=True, forbid_extra_keys=True)

    def collection(cls: Any) -> Callable[[Any, Any], Any]:
        shape, name, factory = _SHAPES[get_origin(cls)]
        return _strictly(shape, name, factory(cls, converter))

    def dataclass(cls: Any) -> Callable[[Any, Any], Any]:
        read = make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True)
        if cls is StepTrace:
            return _strictly(dict, "an object", _with_acts_filled(read))
        if cls in (Observation, Change):
            return _strictly(dict, "an object", _in_order(read))
        return _strictly(dict, "an object", read)

    converter.register_structure_hook_factory(_is_collection, collection)
    converter.register_structure_hook_factory(dataclasses.is_dataclass, dataclass)
    for cls, read in (
        (str, _text),
        (int, _number),
        (bool, _truth),
        (Number, _number_or_text),
        (Bytes, _size),
        (Duration, _duration),
        (BlockRange, _read_range),
        (ZoneView, _read_zone),
    ):
        converter.register_structure_hook(cls, read)
    converter.register_structure_hook_func(_is_word, _read_word)
    # Only Step itself is read by verb; a hook by class would take its subclasses' place too.
    converter.register_structure_hook_func(lambda cls: cls is Step, _read_step)
    converter.register_unstructure_hook(BlockRange, _write_range)
    converter.register_unstructure_hook(ZoneView, _write_zone)
    converter.register_unstructure_hook(StepTrace, _write_step_trace)
    converter.register_unstructure_hook_func(_is_step, Step.to_json)
    return converter


def _is_step(cls: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, Step)


_CONVERTER: Final = _converter()
