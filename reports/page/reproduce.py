"""Commands that reproduce a scenario on a real kernel, to be pasted.

They are for the host, the monitor of QEMU and a root shell in the guest. A comment under each
command has the expected result, by variant where variants differ.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

from zonediff.corpus.forms import machine_from_json
from zonediff.engine import words
from zonediff.engine.actors import ProbeWriter
from zonediff.engine.machine import Dimm, Machine
from zonediff.engine.managed_devices import VirtioMem
from zonediff.engine.observation import BlockRange
from zonediff.engine.steps import (
    Bind,
    Boot,
    Daemon,
    Elapse,
    Fill,
    HypervAdd,
    Offline,
    Online,
    Plug,
    Probe,
    Read,
    Resize,
    Step,
    Udev,
    Unbind,
    Unplug,
    Write,
    XenAdd,
    conditions,
    from_json,
)
from zonediff.engine.trace import Act, Trace
from zonediff.engine.units import MIB, SECTION, format_address, format_size
from zonediff.result.result import ScenarioInfo

Where = Literal["host", "monitor", "guest", "by hand"]
"""A shell on the host, QEMU's monitor (HMP), a root shell in the guest, or a person."""

Columns = Sequence[tuple[Sequence[str], Trace | None]]
"""The names of variants that behave alike, with their trace."""


@dataclass(frozen=True, slots=True)
class Line:
    """A command or a comment. pieces: the parts of a command that are not to be broken.

    note: of a comment, whether it says what to do or to have; other comments are expected results.
    """

    pieces: tuple[str, ...]
    comment: bool = False
    note: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive lines for one place."""

    where: Where
    lines: tuple[Line, ...]


def reproduction(info: ScenarioInfo, columns: Columns) -> list[Part]:
    """All commands, in order."""
    machine = machine_from_json(info.machine)
    steps = [from_json(step["do"]) for step in info.steps]
    lines = list(_start(machine, steps))
    ram = machine.ram
    used = {dimm.id for dimm in machine.dimms}
    for number, step in enumerate(steps):
        if isinstance(step, XenAdd):
            ram += step.size
        if isinstance(step, Plug):
            if step.id in used:
                lines.append(("monitor", _command(f"object_del mem-{_qemu_id(step.id)}")))
            used.add(step.id)
        lines.extend(_step(step, _acts(columns, number), ram, machine.hotplug_base))
        lines.extend((lines[-1][0], line) for line in _expected(columns, number))
    lines.extend(("guest", line) for line in _final_state(columns))
    first = next(
        (number for number, (where, _) in enumerate(lines) if where == "guest"), len(lines)
    )
    lines.insert(first, ("guest", _command("cd /sys/devices/system/memory")))
    return [
        Part(where, tuple(line for _, line in group))
        for where, group in groupby(lines, key=lambda pair: pair[0])
    ]


_Placed = tuple[Where, Line]

_KMEM: Final = "/sys/bus/dax/drivers/kmem"


def _command(*pieces: str) -> Line:
    return Line(pieces)


def _comment(text: str) -> Line:
    return Line((text,), comment=True)


def _note(text: str) -> Line:
    return Line((text,), comment=True, note=True)


# --- the machine ----------------------------------------------------------------------------------


def _start(machine: Machine, steps: Sequence[Step]) -> Iterator[_Placed]:
    if machine.platform in ("hyperv", "xen"):
        host = words.PLATFORMS[machine.platform].removesuffix(" guest")
        yield (
            "by hand",
            _note(f"The scenario needs a {host} host. QEMU reproduces only its memory:"),
        )
    yield "host", _command(*_qemu(machine, steps))
    for option in _options(machine, steps):
        yield "host", _note(f"bzImage: a kernel built with {option}")


def _options(machine: Machine, steps: Sequence[Step]) -> Iterator[str]:
    """The config options that the scenario depends on."""
    yield f"CONFIG_MOVABLE_NODE={'y' if machine.config.MOVABLE_NODE else 'n'}"
    if machine.config.MEMORY_HOTPLUG_DEFAULT_ONLINE:
        yield "CONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE=y"
    if any(isinstance(step, Probe) for step in steps):
        yield "CONFIG_ARCH_MEMORY_PROBE=y"


def _qemu(machine: Machine, steps: Sequence[Step]) -> Iterator[str]:
    """The command line of QEMU; each option is a piece."""
    plugs = [step for step in steps if isinstance(step, Plug)]
    at_boot: list[Dimm | VirtioMem] = [*machine.virtio_mem, *machine.dimms]
    devices: list[Dimm | Plug | VirtioMem] = [*at_boot, *plugs]
    yield "qemu-system-x86_64 -enable-kvm"
    memory = f"-m size={format_size(machine.ram)}"
    if devices:
        most = format_size(machine.ram + _room(machine, devices))
        memory += f",slots={len(devices)},maxmem={most}"
    yield memory
    for node, size in enumerate(machine.nodes):
        cpus = ",cpus=0" if node == 0 else ""
        if size:
            yield f"-object memory-backend-ram,id=ram{node},size={format_size(size)}"
            yield f"-numa node,nodeid={node}{cpus},memdev=ram{node}"
        else:
            yield f"-numa node,nodeid={node}{cpus}"
    for device in at_boot:
        yield f"-object {_backend(device)}"
        yield f"-device {_device(device)}"
    yield "-kernel bzImage"
    yield "-append " + shlex.quote(" ".join(["root=/dev/sda", *_kernel_parameters(machine)]))
    yield "-monitor stdio guest.img"


def _kernel_parameters(machine: Machine) -> Iterator[str]:
    """The command line of the kernel, and what makes ranges of boot memory Soft Reserved."""
    if machine.cmdline:
        yield machine.cmdline
    for dax in machine.dax:
        if dax.addr is not None and dax.addr < machine.hotplug_base:
            yield f"memmap={format_size(dax.size)}%{dax.addr:#x}-1+0xefffffff"


def _room(machine: Machine, devices: Sequence[Dimm | Plug | VirtioMem]) -> int:
    """Bytes of address space that the devices need above boot memory."""
    total = sum(device.size for device in devices)
    ends = [
        device.addr + device.size - machine.hotplug_base
        for device in devices
        if device.addr is not None
    ]
    return max(total, *ends, 0) if ends else total


def _qemu_id(name: str) -> str:
    """A name as an id that QEMU accepts: results of others may hold names that are options."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name if name[:1].isalpha() else f"d{name}")


def _backend(device: Dimm | Plug | VirtioMem) -> str:
    return f"memory-backend-ram,id=mem-{_qemu_id(device.id)},size={format_size(device.size)}"


def _device(device: Dimm | Plug | VirtioMem) -> str:
    name = _qemu_id(device.id)
    common = f"id={name},memdev=mem-{name},node={device.node}"
    address = "" if device.addr is None else f"addr={format_address(device.addr)}"
    if isinstance(device, VirtioMem):
        sizes = f"block-size={format_size(device.block)}"
        sizes += f",requested-size={format_size(device.requested)}"
        return f"virtio-mem-pci,{common},{sizes}" + (address and f",mem{address}")
    return f"pc-dimm,{common}" + (address and f",{address}")


# --- the steps ------------------------------------------------------------------------------------


def _step(step: Step, acts: Sequence[Act], ram: int, base: int) -> Iterator[_Placed]:
    match step:
        case Write(file, value):
            yield "guest", _command(_write(shlex.quote(file), value))
        case Read(file):
            yield "guest", _command(f"cat {shlex.quote(file)}")
        case Probe(addr):
            yield "guest", _command(f"echo {format_address(addr)} > probe")
        case Plug():
            yield "monitor", _command(f"object_add {_backend(step)}")
            yield "monitor", _command(f"device_add {_device(step)}")
        case Unplug(id):
            yield "monitor", _command(f"device_del {_qemu_id(id)}")
        case Bind() | Unbind() | Resize() | HypervAdd() | XenAdd():
            yield _by_driver(step, ram)
        case Boot(cmdline):
            yield _boot(cmdline)
        case Fill(blocks, content):
            filling = f"fill {blocks} with {content} (the kernel chooses the blocks)"
            yield "by hand", _note(filling)
        case Daemon(value):
            yield (
                "guest",
                _note("an onlining daemon: it takes the highest block that offers the zone"),
            )
            for line in _daemon(value):
                yield "guest", _command(line)
        case Online() | Offline() | Udev() if acts:
            if isinstance(step, Udev):
                rule = f'SUBSYSTEM=="memory", ACTION=="add", ATTR{{state}}="{step.value}"'
                where = conditions(step.when)
                yield "guest", _note(f"the effect of this udev rule: {rule}{where}")
            yield from (("guest", _command(*pieces)) for pieces in _loops(acts))
        case Elapse():
            yield from _elapse(step, base)
        case _:
            yield "by hand", _note(str(step))


def _by_driver(step: Bind | Unbind | Resize | HypervAdd | XenAdd, ram: int) -> _Placed:
    """The command that has a driver add or remove memory. ram: of the machine after the step."""
    match step:
        case HypervAdd(size=size):
            return "by hand", _note(f"have the Hyper-V host hot-add {format_size(size)}")
        case XenAdd():
            return "host", _command(f"xl mem-set GUEST {ram // MIB}m")
        case Resize(id, size):
            command = f"qom-set {_qemu_id(id)} requested-size {format_size(size)}"
            return "monitor", _command(command)
    return "guest", _command(f"echo {shlex.quote(step.id)} > {_KMEM}/{step.verb}")


def _boot(cmdline: str | None) -> _Placed:
    if cmdline is None:
        return "monitor", _command("system_reset")
    return "by hand", _note(f"boot the machine again with kernel parameters {cmdline!r}")


def _elapse(step: Elapse, base: int) -> Iterator[_Placed]:
    """A shell loop where it alone works; the pace of several actors cannot be typed."""
    if step.probe and step == Elapse(step.time, probe=step.probe):
        yield from (("guest", line) for line in _probe_loop(step.probe, base))
    else:
        says = f"{step}, each at its own pace: commands alone cannot repeat this step"
        yield "by hand", _note(says)


def _probe_loop(loop: ProbeWriter, base: int) -> Iterator[Line]:
    """A shell loop that adds blocks by `probe`, from the address `base` on."""
    if loop.start:
        yield _command(f"sleep {loop.start / 1e6:g}")
    add = f"printf 0x%x $(({base:#x} + n * {SECTION:#x})) > probe;"
    pause = [f"sleep {loop.every / 1e6:g};"] if loop.every else []
    yield _command(f"for n in $(seq 0 {loop.count - 1}); do", add, *pause, "done")


def _write(file: str, value: str) -> str:
    """A shell command that writes a value: with echo, or with printf where echo would change it."""
    if re.fullmatch(r"[\w.:=+-]+", value, re.ASCII) and not value.startswith("-"):
        return f"echo {value} > {file}"
    return f"printf %s {shlex.quote(value)} > {file}"


_BLOCK_FILE: Final = re.compile(r"memory([0-9]+)/(state|online)")


def _loops(acts: Sequence[Act]) -> Iterator[tuple[str, ...]]:
    """The writes of a composite step as shell loops over block numbers, in their order."""
    writes = [act.do for act in acts if isinstance(act.do, Write)]
    named = [(match, do) for do in writes if (match := _BLOCK_FILE.fullmatch(do.file))]
    for (file, value), group in groupby(named, key=lambda pair: (pair[0][2], pair[1].value)):
        numbers = [int(match[1]) for match, _ in group]
        if len(numbers) == 1:
            yield (_write(f"memory{numbers[0]}/{file}", value),)
        else:
            yield (
                f"for n in {_sequence(numbers)}; do",
                _write(f"memory$n/{file}", value) + "; done",
            )


def _sequence(numbers: Sequence[int]) -> str:
    first, last = numbers[0], numbers[-1]
    if list(numbers) == list(range(first, last + 1)):
        return f"$(seq {first} {last})"
    if list(numbers) == list(range(first, last - 1, -1)):
        return f"$(seq {first} -1 {last})"
    return " ".join(map(str, numbers))


def _daemon(value: str) -> list[str]:
    zone = {"online_movable": "Movable", "online_kernel": "Normal"}.get(value, ".")
    return [
        "more=1; while [ $more ]; do more=",
        "for n in $(ls -d memory[0-9]* | sed s/memory// | sort -rn); do",
        f"grep -q offline memory$n/state && grep -q {zone} memory$n/valid_zones &&",
        f"echo {value} > memory$n/state && more=1 && break",
        "done; done",
    ]


# --- what to expect -------------------------------------------------------------------------------


def _acts(columns: Columns, step: int) -> Sequence[Act]:
    """The acts of the first variant that reached this step."""
    for _, trace in columns:
        if trace is not None and step < len(trace.steps):
            return trace.steps[step].acts
    return ()


def _expected(columns: Columns, step: int) -> Iterator[Line]:
    """The expected results of a step: one line if all variants agree, else one per behaviour."""
    outcomes: dict[str, list[str]] = {}
    for names, trace in columns:
        if trace is not None and step < len(trace.steps):
            outcomes.setdefault(_results(trace.steps[step].acts), []).extend(names)
    yield from _for_each(outcomes)


def _results(acts: Sequence[Act]) -> str:
    """The results of the acts of a step; of several acts, by block."""
    if len(acts) == 1:
        (act,) = acts
        read = "" if act.output is None else f", reads {act.output.strip()!r}"
        return words.explain(act.result) + read
    texts = []
    for result, group in groupby(acts, key=lambda act: act.result):
        names = [_name(act) for act in group]
        blocks = f"{names[0]}..{names[-1]}" if len(names) > 1 else names[0]
        texts.append(f"{blocks} {words.explain(result)}")
    return ", ".join(texts) or "nothing to do"


def _name(act: Act) -> str:
    return act.do.file.partition("/")[0] if isinstance(act.do, Write) else str(act.do)


def _final_state(columns: Columns) -> Iterator[Line]:
    """Commands that show the hot-added memory at the end, and the knob where variants differ."""
    outcomes: dict[str, list[str]] = {}
    knobs: dict[str, list[str]] = {}
    for names, trace in columns:
        if trace is None or trace.end != "ran":
            continue
        knobs.setdefault(words.knob(trace.last().auto_online_blocks), []).extend(names)
        if not trace.devices:
            continue
        first = min(first for first, _ in trace.devices.values())
        blocks = [item for item in trace.last().blocks if item.last >= first]
        cut = [BlockRange(max(item.first, first), item.last, item.view) for item in blocks]
        text = ", ".join(words.blocks(cut)) or "no blocks"
        outcomes.setdefault(text, []).extend(names)
    if outcomes:
        yield _command("grep . memory*/state memory*/valid_zones")
        yield from _for_each(outcomes)
    if len(knobs) > 1:
        yield _command("cat auto_online_blocks")
        yield from _for_each(knobs)


def _for_each(outcomes: dict[str, list[str]]) -> Iterator[Line]:
    if len(outcomes) == 1:
        yield from (_comment(text) for text in outcomes)
    else:
        yield from (_comment(f"{', '.join(names)}: {text}") for text, names in outcomes.items())
