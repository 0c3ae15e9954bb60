"""Mistakes in a machine without its DIMMs: its nodes, its address width, its command line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from zonediff.corpus.checks.values import MISSPELT
from zonediff.corpus.problems import Mistake, Path, closest, unknown
from zonediff.corpus.schema import PHYSICAL_BITS
from zonediff.engine.machine import Machine
from zonediff.engine.parameters import (
    FOLLOWED,
    MODULE,
    MODULE_PARAMETERS,
    NOT_FOLLOWED,
    words,
)
from zonediff.engine.units import format_address

COMMAND_LINE: Final = 2048
"""Characters of a command line that x86 keeps (COMMAND_LINE_SIZE)."""

REAL: Final = ("memtest", "memblock")
"""Parameters of other things that look like one of ours."""


def machine_mistakes(machine: Machine) -> Iterator[Mistake]:
    """Check all of a machine except its DIMMs, which `Devices` checks."""
    for path, message in replace(machine, dimms=()).problems():
        yield Mistake(("machine", *path), message)
    least, most = PHYSICAL_BITS
    if not least <= machine.physical_bits <= most:
        yield Mistake(("machine", "physical_bits"), f"expected {least} to {most} bits")
    elif machine.hotplug_base > 1 << machine.physical_bits:
        yield Mistake(("machine", "nodes"), beyond_address_width(machine.hotplug_base, machine))
    if not machine.cmdline.isprintable():
        yield Mistake(("machine", "cmdline"), "expected one line of kernel parameters")
    yield from parameter_mistakes(machine.cmdline, ("machine", "cmdline"))


def parameter_mistakes(cmdline: str, path: Path) -> Iterator[Mistake]:
    """Check that no parameter is a misspelt one that the models follow; kernels ignore those."""
    if len(cmdline) > COMMAND_LINE:
        yield Mistake(path, f"expected at most {COMMAND_LINE} characters, which is what x86 keeps")
        return
    for name, _ in words(cmdline):
        if name.startswith(MODULE) and name not in MODULE_PARAMETERS:
            yield Mistake(path, unknown("parameter", name, MODULE_PARAMETERS))
        elif name not in (*FOLLOWED, *NOT_FOLLOWED, *REAL) and closest(name, FOLLOWED, MISSPELT):
            yield Mistake(path, unknown("parameter", name, FOLLOWED))


def beyond_address_width(end: int, machine: Machine) -> str:
    """Return the message for memory that ends above what the machine can address."""
    bits = machine.physical_bits
    return f"ends at {format_address(end)}, beyond what {bits} bits address (see physical_bits)"
