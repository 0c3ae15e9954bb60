"""The files below /sys/devices/system/memory, written and read.

Restates store_mem_state() and its neighbours (drivers/base/memory.c), online_store()
(drivers/base/core.c) and kernfs's answers for files that are missing or not writable.
"""

from __future__ import annotations

import re
from typing import Final

from zonediff.engine.adding import add_memory
from zonediff.engine.devices import Source
from zonediff.engine.kernel import Kernel
from zonediff.engine.machine import strtobool
from zonediff.engine.observe import block_view
from zonediff.engine.onlining import ALREADY, device_offline, device_online
from zonediff.engine.rules import CORE_C, MEMORY_C, Rule
from zonediff.engine.units import PAGE
from zonediff.engine.zones import OnlineType

NO_FILE: Final = Rule(
    "kernfs_iop_lookup", "kernfs_iop_lookup", "there is no file {file} -> ENOENT", "fs/kernfs/dir.c"
)
NOT_ALLOWED: Final = Rule(
    "kernfs_fop_open", "kernfs_fop_open", "{file} cannot be {done} -> EACCES", "fs/kernfs/file.c"
)
NOT_A_STATE: Final = Rule(
    "store_mem_state",
    "store_mem_state",
    "state takes online, online_kernel, online_movable or offline, not {value!r} -> EINVAL",
    MEMORY_C,
)
NOT_A_SWITCH: Final = Rule(
    "strtobool",
    "strtobool",
    "online takes a word that begins with {accepted}, on or of, not {value!r} -> EINVAL",
    "lib/string.c",
)
NOT_A_KNOB_VALUE: Final = Rule(
    "store_auto_online_blocks",
    "store_auto_online_blocks",
    "auto_online_blocks takes {accepted}, not {value!r} -> EINVAL",
    MEMORY_C,
)
KNOB_SET: Final = Rule(
    "store_auto_online_blocks.set",
    "store_auto_online_blocks",
    "auto_online_blocks now reads {value}; blocks that are there already are not touched",
    MEMORY_C,
)
TYPE_ARMED: Final = Rule(
    "store_mem_state.armed",
    "store_mem_state",
    "block {block} is online already -> EINVAL, but keeps {asked} as its pending online type",
    MEMORY_C,
)
ONLINE_ALREADY: Final = Rule(
    "device_online.already",
    "device_online",
    "block {block} is online already: writing to online changes nothing",
    CORE_C,
)
OFFLINE_ALREADY: Final = Rule(
    "device_offline.already",
    "device_offline",
    "the driver core counts block {block} as offline already, its state reads {state} -> {result}",
    CORE_C,
)
PENDING_TYPE: Final = Rule(
    "memory_subsys_online.pending-type",
    "memory_subsys_online",
    "block {block} still has {pending} pending from an earlier write, and goes online with it",
    MEMORY_C,
)
NOT_AN_ADDRESS: Final = Rule(
    "memory_probe_store",
    "memory_probe_store",
    "probe takes the address of a memory block, a multiple of {block_size:#x}, not {value} -> "
    "{result}",
    MEMORY_C,
)
NOTHING_WRITTEN: Final = Rule(
    "vfs_write", "vfs_write", "a write of no bytes succeeds and does nothing", "fs/read_write.c"
)

STATES: Final = {
    "online": OnlineType.KEEP,
    "online_kernel": OnlineType.KERNEL,
    "online_movable": OnlineType.MOVABLE,
    "offline": OnlineType.NONE,
}
READ_ONLY: Final = ("removable", "valid_zones", "phys_index", "phys_device")
_NUMBER: Final = re.compile(
    r"[+]?(?:0[xX](?P<hex>[0-9a-fA-F]+)|(?P<octal>0[0-7]*)|(?P<decimal>[1-9][0-9]{0,20}))"
)
_BLOCK_FILE: Final = re.compile(r"memory(0|[1-9][0-9]{0,17})/([a-z_]+)")
"""18 digits: more than any block has, and few enough for Python's int()."""


def write(kernel: Kernel, file: str, value: str) -> str | None:
    """Write text to a file; None for success, else the errno's name."""
    block, name = _parse(kernel, file)
    if name is None:
        kernel.explain(NO_FILE.because(file=file))
        return "ENOENT"
    if name in READ_ONLY or name == "block_size_bytes":
        kernel.explain(NOT_ALLOWED.because(file=file, done="written"))
        return "EACCES"
    if not value:
        kernel.explain(NOTHING_WRITTEN.because())
        return None
    text = value.removesuffix("\n")
    if name == "auto_online_blocks":
        return _write_knob(kernel, text)
    if name == "probe":
        return _write_probe(kernel, text)
    if name == "state":
        return _write_state(kernel, block, text)
    return _write_online(kernel, block, text)


def read(kernel: Kernel, file: str) -> tuple[str | None, str | None]:
    """Read a file: (None, its text without the newline), or (errno name, None)."""
    block, name = _parse(kernel, file)
    if name is None:
        kernel.explain(NO_FILE.because(file=file))
        return "ENOENT", None
    if name == "probe" and not has_probe(kernel):
        kernel.explain(NO_FILE.because(file=file))
        return "ENOENT", None
    if name == "probe":
        kernel.explain(NOT_ALLOWED.because(file=file, done="read"))
        return "EACCES", None
    if name == "auto_online_blocks":
        return None, kernel.knob
    if name == "block_size_bytes":
        return None, f"{kernel.tables.block_pages * PAGE:x}"
    if name == "phys_index":
        return None, f"{block:08x}"
    if name == "phys_device":
        return None, "0"
    text: str = getattr(block_view(kernel, block), name)
    return None, text


def has_probe(kernel: Kernel) -> bool:
    """Whether there is a `probe` file: the build has it, and no patch removed it."""
    return kernel.policy.has_probe and kernel.machine.config.ARCH_MEMORY_PROBE


def probe(kernel: Kernel, address: int) -> str | None:
    """Add the one block at an address through the generic path (memory_probe_store)."""
    if not has_probe(kernel):
        kernel.explain(NO_FILE.because(file="probe"))
        return "ENOENT"
    block_size = kernel.tables.block_pages * PAGE
    if address % block_size:
        kernel.explain(
            NOT_AN_ADDRESS.because(value=hex(address), block_size=block_size, result="EINVAL")
        )
        return "EINVAL"
    return add_memory(kernel, node_of(kernel, address), address, block_size, Source.PROBE)


def node_of(kernel: Kernel, address: int) -> int:
    """The node of an address: by boot memory, else that of the first boot memory range."""
    ranges = kernel.machine.boot_ranges
    inside = [node for node, start, end in ranges if start <= address < end]
    return inside[0] if inside else ranges[0][0]


def block_of(file: str) -> int | None:
    """The block whose folder a path names; None where it names none."""
    match = _BLOCK_FILE.fullmatch(file)
    return None if match is None else int(match[1])


def _parse(kernel: Kernel, file: str) -> tuple[int, str | None]:
    """A path as (block, file name); the name is None when this kernel has no such file."""
    match = _BLOCK_FILE.fullmatch(file)
    if match is not None:
        block, name = int(match[1]), match[2]
        known = name in ("state", "online", *READ_ONLY) and kernel.tables.has(block)
        return block, name if known else None
    known = file in kernel.policy.interface.files and "/" not in file
    return -1, file if known else None


def _write_knob(kernel: Kernel, text: str) -> str | None:
    accepted = kernel.policy.knob or ()
    if text not in accepted:
        kernel.explain(NOT_A_KNOB_VALUE.because(accepted=" or ".join(accepted), value=text))
        return "EINVAL"
    kernel.knob = text
    kernel.explain(KNOB_SET.because(value=text))
    return None


def _write_probe(kernel: Kernel, text: str) -> str | None:
    """Parse the address as kstrtoull() does: a number that is too large counts before its tail."""
    block_size = kernel.tables.block_pages * PAGE
    number = _NUMBER.match(text)
    result = "EINVAL"
    if number is not None:
        digits = number.group("hex", "octal", "decimal")
        address = next(int(n, base) for n, base in zip(digits, (16, 8, 10), strict=True) if n)
        if address >= 1 << 64:
            result = "ERANGE"
        elif number.end() == len(text):
            return probe(kernel, address)
    kernel.explain(NOT_AN_ADDRESS.because(value=repr(text), block_size=block_size, result=result))
    return result


def _write_state(kernel: Kernel, block: int, text: str) -> str | None:
    if text not in STATES:
        kernel.explain(NOT_A_STATE.because(value=text))
        return "EINVAL"
    online_type = STATES[text]
    if online_type is OnlineType.NONE:
        return _offline(kernel, block, "EINVAL")
    # The type is stored before anything is checked, and stays when there is nothing to do.
    kernel.tables.online_type[block] = online_type
    result = device_online(kernel, block)
    if result is ALREADY:
        kernel.explain(TYPE_ARMED.because(block=block, asked=online_type.label))
        return "EINVAL"
    return result


def _write_online(kernel: Kernel, block: int, text: str) -> str | None:
    switch = strtobool(text, kernel.policy.switch_letters)
    if switch is None:
        accepted = ", ".join("".join(kernel.policy.switch_letters))
        kernel.explain(NOT_A_SWITCH.because(accepted=accepted, value=text))
        return "EINVAL"
    if not switch:
        return _offline(kernel, block, None)
    pending = OnlineType(kernel.tables.online_type[block])
    if pending in (OnlineType.KERNEL, OnlineType.MOVABLE) and not kernel.tables.is_online(block):
        kernel.explain(PENDING_TYPE.because(block=block, pending=pending.label))
    result = device_online(kernel, block)
    if result is ALREADY:
        kernel.explain(ONLINE_ALREADY.because(block=block))
        return None
    return result


def _offline(kernel: Kernel, block: int, when_already: str | None) -> str | None:
    result = device_offline(kernel, block)
    if result is not ALREADY:
        return result
    state = "online" if kernel.tables.is_online(block) else "offline"
    kernel.explain(
        OFFLINE_ALREADY.because(block=block, state=state, result=when_already or "success")
    )
    return when_already
