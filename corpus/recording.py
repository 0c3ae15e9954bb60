"""Reads recordings of real kernels: one trace a line, in JSON (corpus/recordings/README.md)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NoReturn

from zonediff.corpus.checks.amount import amount_mistakes, device_mistakes
from zonediff.corpus.checks.scenario import check
from zonediff.corpus.checks.steps import step_mistakes
from zonediff.corpus.draft import Draft
from zonediff.corpus.problems import Mistake, format_path, shortened
from zonediff.corpus.problems import Path as Way
from zonediff.corpus.scenario import ScenarioStep
from zonediff.corpus.schema import PHYSICAL_BITS, Misshapen
from zonediff.corpus.schema import read as read_shape
from zonediff.engine.bounds import RECORDING_BYTES, RECORDINGS
from zonediff.engine.errors import ZonediffError
from zonediff.engine.machine import MAX_NODES, Config, Dimm, Machine
from zonediff.engine.managed_devices import Dax, VirtioMem
from zonediff.engine.observation import BlockView, Observation, ZoneView, run_length
from zonediff.engine.steps import Plug, Step
from zonediff.engine.units import SECTION, Bytes

SHIPPED: Final = Path(__file__).parent / "recordings"
"""The recordings that come with zonediff."""


class RecordingError(ZonediffError):
    """A recording cannot be read; the message says where (file:line: key) and why."""


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """One step on the real kernel: its result, and the observation after it."""

    do: Step
    result: str | None
    observation: Observation


@dataclass(frozen=True, slots=True)
class Recording:
    """One trace of a real kernel.

    kernel: its release, and the distribution's patch level where known. variant: the variant that
    models it. boot: the observation after boot.
    """

    id: str
    kernel: str
    variant: str
    machine: Machine
    boot: Observation
    steps: tuple[RecordedStep, ...]


def read(path: Path) -> Iterator[Recording]:
    """Yield the recordings in a file, in order. Raises RecordingError."""
    try:
        with path.open("rb") as file:
            data = file.read(RECORDING_BYTES + 1)
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}") from error
    if len(data) > RECORDING_BYTES:
        raise RecordingError(f"{path}: larger than {RECORDING_BYTES} bytes")
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    if not lines:
        raise RecordingError(f"{path}: no recordings: the file is empty")
    if len(lines) > RECORDINGS:
        raise RecordingError(f"{path}: more than {RECORDINGS} recordings in one file")
    for number, line in enumerate(lines, start=1):
        try:
            yield _recording(json.loads(line.decode(), parse_constant=_no_constant))
        except UnicodeDecodeError as error:
            where = f"{path}:{number}:{error.start + 1}"
            raise RecordingError(f"{where}: not a text file: {error.reason}") from None
        except json.JSONDecodeError as error:
            raise RecordingError(f"{path}:{number}:{error.colno}: {error.msg}") from None
        except RecursionError:
            raise RecordingError(f"{path}:{number}: nested too deeply") from None
        except Misshapen as error:
            first, *others = dict.fromkeys(error.mistakes)
            more = f" (and {len(others)} more)" if others else ""
            message = f"{format_path(first.path)}: {first.message}".removeprefix(": ")
            raise RecordingError(f"{path}:{number}: {message}{more}") from None
        except ValueError as error:  # a number of thousands of digits
            raise RecordingError(f"{path}:{number}: {error}") from None


def files_of(paths: Iterable[Path]) -> list[Path]:
    """Return the recording files that paths name: files, and the files in a folder by name.

    Raises RecordingError if a path does not exist or a folder has no recordings.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(path.glob("*.jsonl"))
            if not inside:
                raise RecordingError(f"{path}: no recordings (*.jsonl) in this folder")
            files += inside
        elif path.exists():
            files.append(path)
        else:
            raise RecordingError(f"{path}: no such file or folder")
    return files


def _recording(body: Any) -> Recording:
    """Read a trace. Raises Misshapen with the mistakes in one of its parts."""
    trace = _object(body, (), ("id", "kernel", "variant", "machine", "config", "boot", "steps"))
    texts = {name: _line(trace[name], (name,)) for name in ("id", "kernel", "variant")}
    machine = _machine(trace["machine"], trace["config"])
    observed = _Observed()
    observed.change(trace["boot"], ("boot",))
    boot = observed.observation()
    written = _list(trace["steps"], ("steps",))
    steps: list[RecordedStep] = []
    for number, item in enumerate(written):
        way: Way = ("steps", number)
        step = _object(item, way, ("do", "result", "changed"))
        do = read_shape(step["do"], ScenarioStep, (*way, "do")).do
        result = None if step["result"] is None else _line(step["result"], (*way, "result"))
        observed.change(step["changed"], (*way, "changed"))
        steps.append(RecordedStep(do, result, observed.observation()))
    _check_meaning(machine, [step.do for step in steps])
    return Recording(machine=machine, boot=boot, steps=tuple(steps), **texts)


def _check_meaning(machine: Machine, steps: Sequence[Step]) -> None:
    """Check machine and steps like those of a scenario.

    Steps may ask for the impossible, such as a DIMM that overlaps another: the machine refused
    them.
    """
    given = [ScenarioStep(step) for step in steps]
    mistakes = [*check(Draft(machine=machine))]
    mistakes += (*device_mistakes(machine, given), *amount_mistakes(machine, given))
    for number, step in enumerate(steps):
        wrong = [*step_mistakes(step)]
        if step.composite:
            wrong.append(Mistake((), "stands for several steps; expected one that a kernel sees"))
        if isinstance(step, Plug):
            dimm = replace(machine, dimms=(Dimm(step.id, step.size, step.node),))
            wrong += [
                Mistake(path[2:], message)
                for path, message in dimm.problems()
                if path[:1] == ("dimms",)
            ]
        mistakes += [mistake.below("steps", number, step.verb) for mistake in wrong]
    if mistakes:
        raise Misshapen(
            *(
                mistake._replace(path=(*mistake.path[:2], "do", *mistake.path[2:]))
                if mistake.path[:1] == ("steps",)
                else mistake
                for mistake in mistakes
            )
        )


def _machine(body: Any, options: Any) -> Machine:
    written = _object(body, ("machine",), ("nodes", "cmdline", "dimms"))
    way: Way = ("machine", "dimms")
    dimms = []
    for number, item in enumerate(_list(written["dimms"], way)):
        dimm = {**_object(item, (*way, number), ("id", "size", "node"))}
        dimm["addr"] = dimm.get("addr") or None
        dimms.append(read_shape(dimm, Dimm, (*way, number)))
    config = _object(options, ("config",), ())
    return Machine(
        nodes=read_shape(written["nodes"], tuple[Bytes, ...], ("machine", "nodes")),
        dimms=tuple(dimms),
        cmdline=_line(written["cmdline"], ("machine", "cmdline")),
        config=read_shape(
            {key: value for key, value in config.items() if key in CONFIG_OPTIONS},
            Config,
            ("config",),
        ),
        dax=read_shape(written.get("dax", []), tuple[Dax, ...], ("machine", "dax")),
        virtio_mem=read_shape(
            written.get("virtio_mem", []), tuple[VirtioMem, ...], ("machine", "virtio_mem")
        ),
    )


_UNREAD: Final = {"state": "", "valid_zones": "", "removable": "", "online": "", "node": -1}
_MASK: Final = re.compile(r"[0-9,-]*")
_ZONE: Final = re.compile(r"[0-9]{1,4}/[A-Za-z0-9]{1,20}")
_LAST_BLOCK: Final = (1 << PHYSICAL_BITS[1]) // SECTION - 1
_MOST_PAGES: Final = (1 << 64) - 1
"""Some kernels let a count of pages fall below zero, and print it unsigned."""

CONFIG_OPTIONS: Final = frozenset(Config.__dataclass_fields__)


class _Observed:
    """The observation so far, to which the changes that a recording has are applied."""

    def __init__(self) -> None:
        self.blocks: dict[int, BlockView] = {}
        self.zones: dict[str, ZoneView] = {}
        self.nodes: dict[str, str] = {}
        self.knob: str | None = None
        self.devices: dict[str, str] = {}

    def change(self, body: Any, way: Way) -> None:
        """Apply changes. Raises Misshapen."""
        changed = _object(body, way, ())
        for name, files in _object(changed.get("blocks", {}), (*way, "blocks"), ()).items():
            here = (*way, "blocks", name)
            number = _block(name, here)
            if files is None:
                self.blocks.pop(number, None)
            else:
                self.blocks[number] = _view(files, here)
        for name, zone in _object(changed.get("zones", {}), (*way, "zones"), ()).items():
            here = (*way, "zones", name)
            if not _ZONE.fullmatch(name):
                _refuse(here, f"expected node/Zone such as 0/Movable, not {shortened(name)}")
            if zone is None:
                self.zones.pop(name, None)
            else:
                self.zones[name] = _zone(zone, here)
        if changed.get("nodes") is not None:
            # Without CONFIG_MOVABLE_NODE there is no has_memory file. The recording then has words
            # of the error message for it and for the mask after it.
            masks = _object(changed["nodes"], (*way, "nodes"), ())
            texts = {_line(name, (*way, "nodes")): text for name, text in masks.items()}
            self.nodes = {
                name: text
                for name, text in texts.items()
                if _MASK.fullmatch(
                    "!" if text is None else _line(text, (*way, "nodes", name)) or "!"
                )
            }
        if "auto_online_blocks" in changed:
            knob = changed["auto_online_blocks"]
            self.knob = None if knob is None else _line(knob, (*way, "auto_online_blocks"))
        for name, text in _object(changed.get("devices", {}), (*way, "devices"), ()).items():
            self.devices[name] = _line(text, (*way, "devices", name))

    def observation(self) -> Observation:
        return Observation(
            run_length(sorted(self.blocks.items())),
            dict(self.zones),
            self.nodes,
            self.knob,
            dict(self.devices),
        )


def _block(name: str, way: Way) -> int:
    if not re.fullmatch(r"0|[1-9][0-9]{0,7}", name) or int(name) > _LAST_BLOCK:
        _refuse(way, f"expected the number of a memory block, 0 to {_LAST_BLOCK}")
    return int(name)


def _view(body: Any, way: Way) -> BlockView:
    """Read a block's files. A recording leaves out files that were empty or could not be read."""
    files = _object(body, way, ())
    for name, value in files.items():
        if name not in _UNREAD:
            _refuse((*way, name), f"unknown key; expected {', '.join(_UNREAD)}")
        if name != "node":
            _line(value, (*way, name))
    node, *others = _nodes(files.get("node", -1), (*way, "node"))
    return BlockView(**{**_UNREAD, **files, "node": node, "other_nodes": tuple(others)})


def _nodes(value: Any, way: Way) -> list[int]:
    """Read the nodes of a block, ascending: one number, or a list where it lies in several."""
    nodes = value if isinstance(value, list) and value else [value]
    return sorted({_number(node, way, -1, MAX_NODES) for node in nodes})


def _zone(body: Any, way: Way) -> ZoneView:
    zone = _object(body, way, ("spanned", "present"))
    # Kernels that list unpopulated zones give no start for them.
    start = _number(zone.get("start_pfn", -1), (*way, "start_pfn"), -1, _MOST_PAGES)
    spanned, present = (
        _number(zone[name], (*way, name), 0, _MOST_PAGES) for name in ("spanned", "present")
    )
    return ZoneView(start, spanned, present)


# --- values ---------------------------------------------------------------------------------------


def _object(value: Any, way: Way, keys: Iterable[str]) -> dict[str, Any]:
    """Check that a value is an object with these keys; it may have more."""
    if not isinstance(value, dict):
        _refuse(way, "expected an object")
    missing = [Mistake((*way, key), "is missing") for key in keys if key not in value]
    if missing:
        raise Misshapen(*missing)
    return value


def _list(value: Any, way: Way) -> list[Any]:
    if not isinstance(value, list):
        _refuse(way, "expected a list")
    return value


def _line(value: Any, way: Way) -> str:
    if not isinstance(value, str) or not value.isprintable():
        _refuse(way, "expected one line of text")
    return value


def _number(value: Any, way: Way, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        _refuse(way, f"expected a whole number, {least} to {most}")
    return value


def _refuse(way: Way, message: str) -> NoReturn:
    raise Misshapen(Mistake(way, message))


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number in JSON")
