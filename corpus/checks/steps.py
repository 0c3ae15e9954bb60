"""Mistakes in a single step, whatever happens before it, and in the names of steps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from zonediff.corpus.checks import time
from zonediff.corpus.checks.machine import parameter_mistakes
from zonediff.corpus.checks.values import MISSPELT
from zonediff.corpus.problems import Mistake, closest, unknown
from zonediff.corpus.scenario import ScenarioStep
from zonediff.corpus.schema import NAME
from zonediff.engine.actors import Attributes
from zonediff.engine.steps import (
    Allocate,
    Boot,
    Elapse,
    HypervAdd,
    Probe,
    Read,
    Step,
    Udev,
    Write,
    XenAdd,
)
from zonediff.engine.units import HYPERV_UNIT, SECTION, format_address, format_size

_SYSFS: Final = "/sys/devices/system/memory/"

_ROOT_FILES: Final = ("auto_online_blocks", "block_size_bytes", "probe", "uevent")
_BLOCK_FILES: Final = (
    *("state", "online", "valid_zones", "removable"),
    *("phys_index", "phys_device", "uevent"),
)
_FILE: Final = re.compile(r"(memory(?:0|[1-9][0-9]*)/)?([A-Za-z][A-Za-z0-9_-]*)")


def step_mistakes(step: Step) -> Iterator[Mistake]:
    """Check a step by itself; paths begin with the step's own keys."""
    match step:
        case Write(file=file) | Read(file=file):
            yield from _file_mistakes(file)
        case Probe(addr=addr) if addr % SECTION:
            message = f"{format_address(addr)}: an address is a multiple of 128M"
            yield Mistake(("addr",), message)
        case HypervAdd(size=size) if not size or size % HYPERV_UNIT:
            unit = format_size(HYPERV_UNIT)
            message = f"{format_size(size)}: the host adds memory in multiples of {unit}"
            yield Mistake(("size",), message)
        case XenAdd(size=0):
            yield Mistake(("size",), "0: expected memory to add")
        case Boot(cmdline=str(cmdline)):
            yield from parameter_mistakes(cmdline, ("cmdline",))
        case Allocate():
            yield from time.process_mistakes(step)
        case Udev(when=Attributes() as when) if when == Attributes():
            yield Mistake(("when",), time.NO_CONDITION)
        case Elapse():
            yield from time.elapse_mistakes(step)


def name_mistakes(steps: Sequence[ScenarioStep | None]) -> Iterator[Mistake]:
    """Check that steps have names that goals can use, each of them one step's."""
    numbers: dict[str, int] = {}
    for number, step in enumerate(steps, 1):
        if step is None or step.name is None:
            continue
        path = ("steps", number - 1, "name")
        if not NAME.fullmatch(step.name):
            message = (
                f"{step.name!r} cannot be a name: use letters, digits and . _ -, a letter first"
            )
            yield Mistake(path, message)
        elif step.name in numbers:
            yield Mistake(path, f"step {numbers[step.name]} already has the name {step.name!r}")
        numbers.setdefault(step.name, number)


def _file_mistakes(file: str) -> Iterator[Mistake]:
    match = _FILE.fullmatch(file)
    if not match:
        message = f"expected a path below {_SYSFS} such as memory32/state, not {file!r}"
        yield Mistake(("file",), message)
        return
    folder, name = match.groups()
    known = _BLOCK_FILES if folder else _ROOT_FILES
    if name not in known and closest(name, known, MISSPELT):
        yield Mistake(("file",), unknown("file", name, known))
