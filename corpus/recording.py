"""Reads recordings of real kernels: one trace a line, in JSON (corpus/recordings/README.md)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from zonediff.engine.errors import ZonediffError
from zonediff.engine.machine import Config, Dimm, Machine
from zonediff.engine.observation import BlockView, Observation, ZoneView, run_length
from zonediff.engine.steps import Step, from_json
from zonediff.engine.units import parse_size

SHIPPED: Final = Path(__file__).parent / "recordings"
"""The recordings that come with zonediff."""


class RecordingError(ZonediffError):
    """A recording cannot be read; the message says where (file:line) and why."""


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """One step on the real kernel: its result, and the observation after it."""

    do: Step
    result: str | None
    seen: Observation


@dataclass(frozen=True, slots=True)
class Recording:
    """One trace of a real kernel.

    kernel: its release. variant: the variant that models it. boot: the observation after boot.
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
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RecordingError(f"{path}: not a text file: {error.reason}") from error
    if not lines:
        raise RecordingError(f"{path}: no recordings: the file is empty")
    for number, line in enumerate(lines, start=1):
        try:
            yield _recording(json.loads(line))
        except json.JSONDecodeError as error:
            raise RecordingError(f"{path}:{number}:{error.colno}: {error.msg}") from error
        except KeyError as error:
            raise RecordingError(f"{path}:{number}: the trace has no {error}") from error
        except (TypeError, ValueError, AttributeError) as error:
            raise RecordingError(f"{path}:{number}: {error}") from error


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


def _recording(trace: Mapping[str, Any]) -> Recording:
    machine = trace["machine"]
    observed = _Observed(trace["boot"])
    boot = observed.observation()
    steps = []
    for step in trace["steps"]:
        observed.change(step["changed"])
        steps.append(RecordedStep(from_json(step["do"]), step["result"], observed.observation()))
    return Recording(
        id=trace["id"],
        kernel=trace["kernel"],
        variant=trace["variant"],
        machine=Machine(
            nodes=tuple(parse_size(size) for size in machine["nodes"]),
            dimms=tuple(
                Dimm(
                    dimm["id"],
                    parse_size(dimm["size"]),
                    dimm["node"],
                    parse_size(dimm["addr"]) if dimm.get("addr") else None,
                )
                for dimm in machine["dimms"]
            ),
            cmdline=machine["cmdline"],
            config=Config(
                **{key: value for key, value in trace["config"].items() if key in CONFIG_OPTIONS}
            ),
        ),
        boot=boot,
        steps=tuple(steps),
    )


_UNREAD: Final = {"state": "", "valid_zones": "", "removable": "", "online": ""}
_MASK: Final = re.compile(r"[0-9,-]*")
CONFIG_OPTIONS: Final = frozenset(Config.__dataclass_fields__)


def _node(block: Mapping[str, Any]) -> int:
    """The node of a recorded block: the first one where it lies in several, -1 for none."""
    node = block.get("node", -1)
    return min(node) if isinstance(node, list) else int(node)


class _Observed:
    """The observation so far, to which the changes that a recording has are applied."""

    def __init__(self, boot: Mapping[str, Any]) -> None:
        self.blocks: dict[int, BlockView] = {}
        self.zones: dict[str, ZoneView] = {}
        self.nodes: dict[str, str] = {}
        self.knob: str | None = None
        self.change(boot)

    def change(self, changed: Mapping[str, Any]) -> None:
        for number, files in changed.get("blocks", {}).items():
            if files is None:
                self.blocks.pop(int(number), None)
            else:
                # What could not be read, or read empty, is left out of a recording.
                self.blocks[int(number)] = BlockView(**{**_UNREAD, **files, "node": _node(files)})
        for name, zone in changed.get("zones", {}).items():
            if zone is None:
                self.zones.pop(name, None)
            else:
                # Kernels that list unpopulated zones give no start for them.
                self.zones[name] = ZoneView(
                    zone.get("start_pfn", -1), zone["spanned"], zone["present"]
                )
        if changed.get("nodes") is not None:
            # Without CONFIG_MOVABLE_NODE there is no has_memory file. The recording then has words
            # of the error message for it and for the mask after it.
            masks = changed["nodes"].items()
            self.nodes = {name: text for name, text in masks if _MASK.fullmatch(text or "!")}
        if "auto_online_blocks" in changed:
            self.knob = changed["auto_online_blocks"]

    def observation(self) -> Observation:
        return Observation(
            run_length(sorted(self.blocks.items())), dict(self.zones), self.nodes, self.knob
        )
