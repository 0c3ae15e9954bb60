"""Results as JSON files: written compactly, read strictly. docs/result-schema.md describes them.

Reading never trusts a file: wrong types, unknown keys and dangling names are all refused with the
path of the place, because every report is made from what is read here.
"""

from __future__ import annotations

import dataclasses
import json
import os
import stat
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar, get_args, get_origin

from cattrs import BaseValidationError, Converter, ForbiddenExtraKeysError, transform_error
from cattrs.cols import (
    homogenous_tuple_structure_factory,
    list_structure_factory,
    mapping_structure_factory,
)
from cattrs.gen import make_dict_structure_fn

from zonediff.corpus.scenario import ScenarioStep
from zonediff.engine.errors import ZonediffError
from zonediff.engine.machine import Machine
from zonediff.engine.observation import BlockRange, BlockView, ZoneView
from zonediff.engine.steps import REGISTRY, Step
from zonediff.engine.trace import Number, StepTrace
from zonediff.engine.units import Bytes, Duration, parse_duration, parse_size
from zonediff.result.history import History
from zonediff.result.packing import compact, lines, pack, unpack
from zonediff.result.result import SCHEMA, Result

T = TypeVar("T")


class ResultFileError(ZonediffError):
    """A result file that cannot be read: which one, where in it, and what is wrong."""


def dumps(result: Result) -> str:
    """The result as JSON text: one line for each variant, scenario, run and judgement."""
    body = _CONVERTER.unstructure(result)
    pack(body)
    parts = [f"{compact(key)}: {lines(value)}" for key, value in {"schema": SCHEMA, **body}.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def loads(text: str, source: str) -> Result:
    """The result that dumps() wrote as `text`; `source` names it in errors.

    Raises ResultFileError.
    """
    try:
        body = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ResultFileError(f"{source}: not a zonediff result: no valid JSON: {error}") from None
    if not isinstance(body, dict) or "schema" not in body:
        raise ResultFileError(f"{source}: not a zonediff result: it has no `schema` key")
    if body["schema"] != SCHEMA:
        raise ResultFileError(
            f"{source}: schema {body['schema']!r} is not supported: this zonediff reads {SCHEMA!r}"
        )
    try:
        unpack(body)
        result = _CONVERTER.structure(body, Result)
        _check(result)
    except BaseValidationError as error:
        first, *more = transform_error(error, format_exception=_explain)
        others = f" (and {len(more)} more)" if more else ""
        raise ResultFileError(f"{source}: not a valid result: {first}{others}") from None
    except (ValueError, RecursionError) as error:
        raise ResultFileError(f"{source}: not a valid result: {error}") from None
    return result


def save(result: Result, path: Path) -> None:
    """Write the result to a file, whole or not at all."""
    write_text(path, dumps(result))


def load(path: Path) -> Result:
    """Read a result from a file. Raises ResultFileError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ResultFileError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ResultFileError(f"{path}: not a zonediff result: no UTF-8 text") from None
    return loads(text, str(path))


def to_json(value: object) -> Any:
    """A part of a result in terms of JSON."""
    return _CONVERTER.unstructure(value)


def from_json(body: Any, cls: type[T]) -> T:
    """Undo to_json(). Raises cattrs.BaseValidationError, ValueError."""
    return _CONVERTER.structure(body, cls)


def write_text(path: Path, text: str) -> None:
    """Put text into a file; whoever reads it sees the old content or all of the new one.

    Pipes and devices (`/dev/stdout`) are written to as they are. Raises OSError.
    """
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """The same with bytes."""
    path = path.resolve()
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    except OSError as error:
        error.filename = str(path)  # nobody has asked for the temporary one
        raise
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        unfinished.chmod(_mode(path))
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _mode(path: Path) -> int:
    """Permissions for a new version of the file: the old one's, else what the umask leaves."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


# --- conversion -----------------------------------------------------------------------------------


def _text(value: Any, _: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, not {compact(value)[:40]}")
    return value


def _number(value: Any, _: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"expected a whole number, not {compact(value)[:40]}")
    return value


def _truth(value: Any, _: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"expected true or false, not {compact(value)[:40]}")
    return value


def _number_or_text(value: Any, _: Any) -> int | str:
    return value if isinstance(value, str) else _number(value, int)


def _size(value: Any, _: Any) -> Bytes:
    return parse_size(_text(value, str))


def _duration(value: Any, _: Any) -> Duration:
    return parse_duration(_text(value, str))


def _write_range(item: BlockRange) -> list[Any]:
    row: list[Any] = [item.first, item.last]
    if item.view is None:
        return [*row, None]
    view = item.view
    return [*row, view.state, view.valid_zones, view.removable, view.online, view.node]


def _read_range(value: Any, _: Any) -> BlockRange:
    match value:
        case [int(first), int(last), None] if 0 <= first <= last:
            return BlockRange(first, last, None)
        case [
            int(first),
            int(last),
            str(state),
            str(zones),
            str(removable),
            str(online),
            int(node),
        ] if 0 <= first <= last:
            return BlockRange(first, last, BlockView(state, zones, removable, online, node))
    raise ValueError(
        "expected [first, last, state, valid_zones, removable, online, node] or [first, last, null]"
    )


def _write_zone(zone: ZoneView) -> list[int]:
    return [zone.start_pfn, zone.spanned, zone.present]


def _read_zone(value: Any, _: Any) -> ZoneView:
    match value:
        case [int(start_pfn), int(spanned), int(present)]:
            return ZoneView(start_pfn, spanned, present)
    raise ValueError("expected [start_pfn, spanned, present]")


def _read_step(value: Any, _: Any) -> Step:
    if not isinstance(value, dict) or len(value) != 1:
        raise TypeError("expected a step: an object with one key, its verb")
    ((verb, arguments),) = value.items()
    if verb not in REGISTRY:
        raise ValueError(f"unknown step {verb!r}")
    return _CONVERTER.structure(arguments, REGISTRY[verb])


def _write_step_trace(step: StepTrace) -> dict[str, Any]:
    """An act that is the step itself, as for every primitive step, does not repeat it."""
    do = step.do.to_json()
    acts = _CONVERTER.unstructure(step.acts)
    for act in acts:
        if act["do"] == do:
            del act["do"]
    return {"do": do, "acts": acts}


def _spread_acts(read: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Undo _write_step_trace(): give acts without a `do` that of their step."""

    def hook(value: Any, cls: Any) -> Any:
        acts = value.get("acts")
        if isinstance(acts, list) and "do" in value:
            spread = [{"do": value["do"], **act} if isinstance(act, dict) else act for act in acts]
            value = {**value, "acts": spread}
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
    """The hook `read`, which would accept anything it can iterate over, for one shape only."""

    def hook(value: Any, cls: Any) -> Any:
        if not isinstance(value, shape):
            raise TypeError(f"expected {name}, not {compact(value)[:40]}")
        return read(value, cls)

    return hook


def _is_collection(cls: Any) -> bool:
    origin = get_origin(cls)
    return origin in _SHAPES and (origin is not tuple or get_args(cls)[-1] is Ellipsis)


def _converter() -> Converter:
    """cattrs, made strict: by itself it would turn numbers into text and objects into lists."""
    converter = Converter(omit_if_default=True, forbid_extra_keys=True)

    def collection(cls: Any) -> Callable[[Any, Any], Any]:
        shape, name, factory = _SHAPES[get_origin(cls)]
        return _strictly(shape, name, factory(cls, converter))

    def dataclass(cls: Any) -> Callable[[Any, Any], Any]:
        read = make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True)
        return _strictly(dict, "an object", _spread_acts(read) if cls is StepTrace else read)

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


def _explain(error: BaseException, _: type | None) -> str:
    """What is wrong at one place, in words."""
    if isinstance(error, KeyError):
        return "this key is missing"
    if isinstance(error, ForbiddenExtraKeysError):
        return f"unknown key {', '.join(sorted(error.extra_fields))}"
    return str(error)


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


# --- what types do not tell -----------------------------------------------------------------------


def _check(result: Result) -> None:
    """See that names mean something, once, and that scenarios are made of machines and steps.

    Raises ValueError, or what the converter raises for a scenario's parts.
    """
    for problem in _dangling(result):
        raise ValueError(problem)
    for scenario in result.scenarios:
        _CONVERTER.structure(scenario.machine, Machine)
        for step in scenario.steps:
            _CONVERTER.structure(step, ScenarioStep)
        if not all(isinstance(goal.get("want"), str) for goal in scenario.goals):
            raise ValueError(f"a goal of {scenario.id!r} does not say what is wanted")
    for item in result.frontiers:
        if item.added != sorted({size for size in item.added if size > 0}):
            raise ValueError("the sizes of a frontier do not ascend from above 0")
        if any(len(row.least_kib) != len(item.added) for row in item.rows):
            raise ValueError("a row of a frontier has not as many values as there are sizes")
    if result.history is not None:
        for problem in _out_of_time(result.history):
            raise ValueError(problem)
    grids = {(*item.added, None, *(row.base for row in item.rows)) for item in result.frontiers}
    if len(grids) > 1:
        raise ValueError("the frontiers are not of the same machines and sizes")


def _out_of_time(history: History) -> Iterator[str]:
    """What does not fit the releases of a history."""
    names = [release.variant for release in history.releases]
    later = set(names[1:])
    for item in history.scenarios:
        if len(item.results) != len(names):
            yield f"the history of {item.scenario!r} has not as many results as there are releases"
        if not {turn.variant for goal in item.goals for turn in goal.turns} <= later:
            yield f"in the history of {item.scenario!r} something turns on no later release"
    for claim in history.claims:
        if [verdict.variant for verdict in claim.verdicts] != names:
            yield f"the history of claim {claim.id!r} has not one verdict for each release"


def _dangling(result: Result) -> Iterator[str]:
    """Names that a result mentions but does not introduce, or introduces twice."""
    variants = [variant.name for variant in result.variants]
    scenarios = [scenario.id for scenario in result.scenarios]
    runs = [(run.scenario, run.variant) for run in result.runs]
    judged = [(judgement.scenario, judgement.variant) for judgement in result.judgements]
    verdicts = [verdict for claim in result.claims for verdict in claim.verdicts]
    for what, names in (
        ("variant", variants),
        ("scenario", scenarios),
        ("run", runs),
        ("judgement", judged),
        ("claim", [claim.id for claim in result.claims]),
        ("frontier", [(item.variant, item.path, item.onliner) for item in result.frontiers]),
    ):
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            yield f"{what} {twice[0]!r} is there twice"
    used_variants = {
        result.baseline,
        *(variant for _, variant in (*runs, *judged)),
        *(item.variant for item in result.removals),
        *(item.variant for item in result.intents),
        *(verdict.variant for verdict in verdicts),
        *(item.variant for item in result.frontiers),
        *(name for item in result.explorations for name in (item.baseline, item.candidate)),
        *(name for item in result.portraits for name in item.variants),
    }
    used_scenarios = {
        *(scenario for scenario, _ in (*runs, *judged)),
        *(scenario for item in result.intents for scenario in item.scenarios),
        *(item.scenario for item in (result.history.scenarios if result.history else ())),
        *(case.scenario for verdict in verdicts for case in verdict.cases if case.scenario),
    }
    for name in sorted(used_variants - set(variants)):
        yield f"variant {name!r} is not described under `variants`"
    for name in sorted(used_scenarios - set(scenarios)):
        yield f"scenario {name!r} is not described under `scenarios`"
