"""Mistakes of meaning: what is well-formed but could not happen, or says nothing.

Writing wrong values to files is no mistake: what a kernel does with them is worth knowing.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from zonediff.corpus import paces
from zonediff.corpus.draft import Draft
from zonediff.corpus.problems import Mistake, closest, unknown
from zonediff.corpus.scenario import (
    SURVIVES,
    BlocksGoal,
    Goal,
    KnobGoal,
    NodesGoal,
    ProcessGoal,
    ScenarioStep,
    StepGoal,
)
from zonediff.corpus.schema import NAME, PHYSICAL_BITS
from zonediff.engine.actors import Additions
from zonediff.engine.machine import Dimm, Machine, first_free
from zonediff.engine.steps import (
    Allocate,
    Elapse,
    Fill,
    HypervAdd,
    Offline,
    Online,
    Plug,
    Probe,
    Read,
    Step,
    Unplug,
    Write,
    XenAdd,
    is_ranges,
)
from zonediff.engine.units import SECTION, Bytes, format_address, format_size

SYSFS: Final = "/sys/devices/system/memory/"

_ZONES: Final = ("DMA", "DMA32", "Normal", "Movable", "none")
_STATES: Final = ("online", "offline", "going-offline")
_RESULTS: Final = ("ok", "fails", "REFUSED", "SIGKILL", *sorted(errno.errorcode.values()))
_KNOB: Final = ("exists", "absent", "online", "offline", "online_kernel", "online_movable")
_ROOT_FILES: Final = ("auto_online_blocks", "block_size_bytes", "probe", "uevent")
_BLOCK_FILES: Final = (
    *("state", "online", "valid_zones", "removable"),
    *("phys_index", "phys_device", "uevent"),
)

_CLAIM: Final = re.compile(r"[CE][0-9]{2}")
_FILE: Final = re.compile(r"(memory(?:0|[1-9][0-9]*)/)?([A-Za-z][A-Za-z0-9_-]*)")

# A word this much like a known one is taken for a slip, though other words are allowed.
_SLIP: Final = 0.8


def check(parts: Draft) -> Iterator[Mistake]:
    """Every mistake of meaning in the parts that could be read.

    What can only be said when other parts are right is left out when they are not.
    """
    yield from _words(parts)
    steps = [step for step in parts.steps if step is not None]
    all_steps = len(steps) == len(parts.steps)
    devices: set[str] | None = None
    if parts.machine is not None:
        faults = [*_machine(parts.machine)]
        yield from faults
        if not any(fault.path[1] in ("nodes", "physical_bits") for fault in faults):
            hardware = _Hardware(parts.machine)
            yield from hardware.switch_on(parts.machine.dimms)
            if all_steps:
                yield from hardware.follow(steps)
                devices = hardware.ever
    for index, step in enumerate(parts.steps):
        if step is not None:
            for mistake in _alone(step.do):
                yield mistake.below("steps", index, step.do.verb)
    yield from _names(parts.steps)
    wants = [SURVIVES.want]
    for index, goal in enumerate(parts.goals):
        if goal is not None:
            if goal.want in wants:
                yield Mistake(("goals", index, "want"), "another goal says the same, say it apart")
            wants.append(goal.want)
            found = [*_goal(goal, parts.machine, devices)]
            if all_steps:
                found += _references(goal, steps)
                found += _known_process(goal, steps)
            yield from (mistake.below("goals", index) for mistake in found)


def _words(parts: Draft) -> Iterator[Mistake]:
    if parts.title is not None and not _one_line(parts.title):
        yield Mistake(("title",), "expected one line that says what the scenario is")
    if parts.why is not None and not parts.why.strip():
        yield Mistake(("why",), "expected why this matters to a reviewer")
    for index, claim in enumerate(parts.claims):
        if claim is not None and not _CLAIM.fullmatch(claim):
            yield Mistake(("claims", index), f"{claim!r} is no claim's id such as C01")
        elif claim in parts.claims[:index]:
            yield Mistake(("claims", index), f"{claim} is here twice")


def _one_line(text: str) -> bool:
    return text.isprintable() and bool(text.strip())


def _machine(machine: Machine) -> Iterator[Mistake]:
    for path, message in replace(machine, dimms=()).problems():
        yield Mistake(("machine", *path), message)
    least, most = PHYSICAL_BITS
    if not least <= machine.physical_bits <= most:
        yield Mistake(("machine", "physical_bits"), f"expected {least} to {most} bits")
    elif machine.hotplug_base > 1 << machine.physical_bits:
        yield Mistake(("machine", "nodes"), _too_far(machine.hotplug_base, machine))
    if not machine.cmdline.isprintable():
        yield Mistake(("machine", "cmdline"), "expected one line of kernel parameters")


def _alone(step: Step) -> Iterator[Mistake]:
    """What is wrong with a step whatever happens before it."""
    match step:
        case Write(file=file) | Read(file=file):
            yield from _file(file)
        case Probe(addr=addr) if addr % SECTION:
            message = f"{format_address(addr)}: an address is a multiple of 128M"
            yield Mistake(("addr",), message)
        case HypervAdd(size=size) if not size or size % SECTION:
            message = f"{format_size(size)}: the driver adds memory in chunks of 128M"
            yield Mistake(("size",), message)
        case XenAdd(size=0):
            yield Mistake(("size",), "0: expected something to add")
        case Allocate():
            yield from paces.process(step)
        case Elapse():
            yield from paces.elapse(step)


def _file(file: str) -> Iterator[Mistake]:
    found = _FILE.fullmatch(file)
    if not found:
        message = f"expected a path below {SYSFS} such as memory32/state, not {file!r}"
        yield Mistake(("file",), message)
        return
    folder, name = found.groups()
    known = _BLOCK_FILES if folder else _ROOT_FILES
    if name not in known and closest(name, known, _SLIP):
        yield Mistake(("file",), unknown("file", name, known))


def _names(steps: Sequence[ScenarioStep | None]) -> Iterator[Mistake]:
    numbers: dict[str, int] = {}
    for number, step in enumerate(steps, 1):
        if step is None or step.name is None:
            continue
        path = ("steps", number - 1, "name")
        if not NAME.fullmatch(step.name):
            yield Mistake(path, f"{step.name!r} is no name: letters, digits, . _ -, a letter first")
        elif step.name in numbers:
            yield Mistake(path, f"step {numbers[step.name]} is already called {step.name!r}")
        numbers.setdefault(step.name, number)


class _Hardware:
    """Which memory devices a machine has as the steps go by, and where, as far as that is sure.

    ever: every id of a device so far.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = replace(machine, dimms=())
        self.dimms: dict[str, Dimm] = {}
        self.balloons: set[str] = set()
        self.ever: set[str] = set()
        # Whether an ejected DIMM leaves is for the kernel to say; from the first eject on, it is
        # not known where the next DIMM goes that has no address of its own.
        self.settled = True

    def switch_on(self, dimms: Sequence[Dimm]) -> Iterator[Mistake]:
        for index, dimm in enumerate(dimms):
            for mistake in self.plug(dimm):
                yield mistake.below("machine", "dimms", index)

    def follow(self, steps: Sequence[ScenarioStep]) -> Iterator[Mistake]:
        for index, step in enumerate(steps):
            for mistake in self.do(step.do):
                yield mistake.below("steps", index, step.do.verb)

    def do(self, step: Step) -> Iterator[Mistake]:
        """Do a step; its mistakes have paths from the step's own keys."""
        match step:
            case Plug(id=name, size=size, node=node, addr=addr):
                yield from self.plug(Dimm(name, size, node, addr))
            case HypervAdd(id=name, node=node):
                yield from self.add(name, node, "hyperv", step.verb)
            case XenAdd(id=name, node=node):
                yield from self.add(name, node, "xen", step.verb)
            case Unplug(id=name):
                yield from self.unplug(name)
            case Online(blocks=blocks) | Offline(blocks=blocks) | Fill(blocks=blocks):
                yield from _selection(blocks, self.ever)
            case Elapse():
                for key, host in paces.hosts(step):
                    yield from (mistake.below(key) for mistake in self.follow_host(key, host))

    def plug(self, dimm: Dimm) -> Iterator[Mistake]:
        yield from self.enter(dimm.id)
        # Only devices in the way matter to the machine's own rules.
        others = [item for item in self.dimms.values() if item.id == dimm.id or _meet(item, dimm)]
        faults = [
            Mistake(path[2:], message)
            for path, message in replace(self.machine, dimms=(*others, dimm)).problems()
            if path[:2] == ("dimms", len(others))
        ]
        yield from faults
        if faults:
            return
        if dimm.addr is None and self.settled:
            taken: list[tuple[int, int]] = [
                (item.addr, item.addr + item.size)
                for item in self.dimms.values()
                if item.addr is not None
            ]
            start = first_free(self.machine.hotplug_base, dimm.size, taken)
            dimm = replace(dimm, addr=Bytes(start))
        end = (dimm.addr or self.machine.hotplug_base) + dimm.size
        if end > 1 << self.machine.physical_bits:
            yield Mistake(("size",), _too_far(end, self.machine))
        self.dimms[dimm.id] = dimm

    def add(self, name: str, node: int, platform: str, verb: str) -> Iterator[Mistake]:
        if self.machine.platform != platform:
            message = f"{verb} needs platform: {platform}, this machine is {self.machine.platform}"
            yield Mistake((), message)
        yield from self.enter(name)
        if name in self.dimms:
            yield Mistake(("id",), f"there is already a DIMM {name!r}")
        yield from _node(node, self.machine)
        self.balloons.add(name)

    def follow_host(self, platform: str, host: Additions) -> Iterator[Mistake]:
        """Add all that a host adds in an `elapse` step, up to the first that cannot be."""
        for name, size in paces.pieces(platform, host):
            if platform == "acpi":
                found = [*self.plug(Dimm(name, size, host.node))]
            else:
                found = [*self.add(name, host.node, platform, platform)]
            yield from found
            if found:
                return

    def enter(self, name: str) -> Iterator[Mistake]:
        if not NAME.fullmatch(name) or name == "added":
            message = f"{name!r} is no id: letters, digits, . _ -, a letter first; not `added`"
            yield Mistake(("id",), message)
        if name in self.balloons:
            yield Mistake(("id",), f"a driver has already added {name!r}")
        self.ever.add(name)

    def unplug(self, name: str) -> Iterator[Mistake]:
        if name in self.balloons:
            yield Mistake(("id",), f"{name!r} was added by a driver: only a DIMM can be unplugged")
        elif name not in self.ever:
            yield Mistake(("id",), unknown("device", name, sorted(self.ever)))
        self.dimms.pop(name, None)
        self.settled = False


def _too_far(end: int, machine: Machine) -> str:
    bits = machine.physical_bits
    return f"ends at {format_address(end)}, beyond what {bits} bits address (see physical_bits)"


def _meet(one: Dimm, other: Dimm) -> bool:
    if one.addr is None or other.addr is None:
        return False
    return one.addr < other.addr + other.size and other.addr < one.addr + one.size


def _selection(blocks: str, devices: set[str]) -> Iterator[Mistake]:
    if not is_ranges(blocks) and blocks != "added" and blocks not in devices:
        yield Mistake(("blocks",), unknown("device", blocks, [*sorted(devices), "added"]))


def _node(node: int, machine: Machine) -> Iterator[Mistake]:
    if not 0 <= node < len(machine.nodes):
        yield Mistake(("node",), f"no node {node}: nodes are 0..{len(machine.nodes) - 1}")


def _goal(goal: Goal, machine: Machine | None, devices: set[str] | None) -> Iterator[Mistake]:
    """What is wrong with a goal; None for a machine or devices that are not known."""
    if not _one_line(goal.want):
        yield Mistake(("want",), "expected one line that says what the user wanted")
    match goal.check:
        case BlocksGoal() as wanted:
            if devices is not None:
                yield from _selection(wanted.blocks, devices)
            looks = (wanted.state, wanted.zone, wanted.valid_zones, wanted.node)
            if wanted.present and looks == (None,) * 4:
                yield Mistake((), "expected how the blocks look: state, zone, valid_zones or node")
            if not wanted.present and looks != (None,) * 4:
                yield Mistake(("present",), "blocks that are not there have no state, zone or node")
            if wanted.state is not None and wanted.state not in _STATES:
                yield Mistake(("state",), unknown("state", wanted.state, _STATES))
            if wanted.zone is not None and wanted.zone not in _ZONES:
                yield Mistake(("zone",), unknown("zone", wanted.zone, _ZONES))
            for zone in (wanted.valid_zones or "").split():
                if zone not in _ZONES:
                    yield Mistake(("valid_zones",), unknown("zone", zone, _ZONES))
            if wanted.node is not None and machine is not None:
                yield from _node(wanted.node, machine)
        case StepGoal(result=result) if result not in _RESULTS:
            yield Mistake(("result",), unknown("result", result, _RESULTS))
        case KnobGoal(knob=text) if text not in _KNOB and closest(text, _KNOB, _SLIP):
            yield Mistake(("knob",), unknown("content", text, _KNOB))


def _known_process(goal: Goal, steps: Sequence[ScenarioStep]) -> Iterator[Mistake]:
    """A process that the goal names and no step starts."""
    if isinstance(goal.check, ProcessGoal):
        known = [*paces.processes([step.do for step in steps]), paces.EVERY]
        if goal.check.process not in known:
            yield Mistake(("process",), unknown("process", goal.check.process, known))


def _references(goal: Goal, steps: Sequence[ScenarioStep]) -> Iterator[Mistake]:
    """Steps that the goal names and the scenario does not have."""
    named: str | int | None
    match goal.check:
        case StepGoal(step=step):
            key, named = "step", step
        case (
            BlocksGoal(after=after)
            | KnobGoal(after=after)
            | NodesGoal(after=after)
            | ProcessGoal(after=after)
        ):
            key, named = "after", after
        case _:
            return
    names = [step.name for step in steps if step.name is not None]
    if isinstance(named, int) and not 1 <= named <= len(steps):
        yield Mistake((key,), f"no step {named}: the scenario has {len(steps)}, counted from 1")
    elif isinstance(named, str) and named not in names:
        yield Mistake((key,), unknown("step", named, names))
