"""A machine at work: its kernel, the memory devices plugged into it, and the primitive steps.

This module does the part of the hypervisor and of the ACPI, Hyper-V and Xen drivers;
`zonediff.engine.kernel` does the part of the kernel's memory code.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from zonediff.engine import dax, sysfs, virtio_mem
from zonediff.engine.adding import add_memory
from zonediff.engine.devices import DaxDevice, Device, Source, VirtioMemDevice
from zonediff.engine.ejecting import eject
from zonediff.engine.kernel import Kernel, KernelDied, NotModelled
from zonediff.engine.machine import Dimm, Machine, first_free
from zonediff.engine.managed_devices import Dax, DaxDriver, VirtioMem
from zonediff.engine.memory import PINNED
from zonediff.engine.policy import Policy
from zonediff.engine.processes import allocate
from zonediff.engine.rules import ACPI_MEMHOTPLUG_C, MEMORY_HOTPLUG_C, Rule
from zonediff.engine.steps import (
    Allocate,
    Bind,
    Boot,
    Fill,
    HypervAdd,
    Plug,
    Probe,
    Read,
    Resize,
    Step,
    Unbind,
    Unplug,
    Write,
    XenAdd,
    block_numbers,
    is_ranges,
)
from zonediff.engine.units import KIB, PAGE, SECTION, Bytes, format_size
from zonediff.engine.words import count_of
from zonediff.engine.zones import Zone

PLACE_TAKEN: Final = Rule(
    "qemu.memory-device",
    "(the virtual machine)",
    "{start:#x}..{end:#x} or the name {device} is taken: the kernel never sees the DIMM",
    "hw/mem/memory-device.c of QEMU",
)
NO_DRIVER: Final = Rule(
    "acpi_memory_hotplug_init",
    "acpi_memory_hotplug_init",
    "no driver is bound to {device}, so it cannot be ejected: {why}",
    ACPI_MEMHOTPLUG_C,
)
ENABLE_FAILED: Final = Rule(
    "acpi_memory_enable_device",
    "acpi_memory_enable_device",
    "add_memory() returned {result} for {device}: {outcome}",
    ACPI_MEMHOTPLUG_C,
)
ADD_FAILED: Final = Rule(
    "add_memory.failed",
    "add_memory",
    "block {block} would be of {device}, which add_memory() did not add ({result})",
    MEMORY_HOTPLUG_C,
)
HALF_THERE: Final = Rule(
    "remove_memory.missing-block",
    "remove_memory",
    "block {block} of {device} does not exist: its memmap is dereferenced all the same: oops",
    MEMORY_HOTPLUG_C,
)
BOOT_HANGS: Final = Rule(
    "add_memory_resource.at-boot",
    "add_memory_resource",
    "{device} is there at power-on, and the kernel's own ACPI scan would online it: 4.10 hangs "
    "there",
    MEMORY_HOTPLUG_C,
)
UNLISTED_NODE: Final = Rule(
    "acpi_get_node",
    "acpi_get_node",
    "SRAT names no memory or CPU of {device}'s proximity domain {domain}: it goes by its address",
    "drivers/acpi/numa/srat.c",
)
ONE_RANGE: Final = Rule(
    "reserve_additional_memory",
    "reserve_additional_memory",
    "the balloon adds {sections} sections at {start:#x} in one range",
    "drivers/xen/balloon.c",
)
CHUNKS: Final = Rule(
    "hv_mem_hot_add",
    "hv_mem_hot_add",
    "the host's {device} is added in {chunks} of 128 MiB, each by its own add_memory()",
    "drivers/hv/hv_balloon.c",
)
NOT_ALLOCATED_THERE: Final = Rule(
    "__alloc_pages_nodemask",
    "__alloc_pages_nodemask",
    "no {content} in block {block}: it is {where}",
    "mm/page_alloc.c",
)
ALLOCATED: Final = Rule(
    "__alloc_pages_nodemask.fill",
    "__alloc_pages_nodemask",
    "block {block} in zone {zone} now holds {content}",
    "mm/page_alloc.c",
)
NO_SUCH_SIZE: Final = Rule(
    "qemu.virtio-mem",
    "(the virtual machine)",
    "there is no virtio-mem device {device} of {size} or more",
    "hw/virtio/virtio-mem.c of QEMU",
)
NO_DEVICE: Final = Rule(
    "bind_store",
    "bind_store",
    "there is no dax device {device} -> ENODEV",
    "drivers/base/bus.c",
)

KNOB_PARAMETER: Final = Rule(
    "setup_memhp_default_state",
    "setup_memhp_default_state",
    "memhp_default_state={value} is on the command line: auto_online_blocks reads {value} after "
    "boot",
    MEMORY_HOTPLUG_C,
)
KNOB_CONFIG: Final = Rule(
    "memhp_auto_online.config",
    "memhp_auto_online",
    "CONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE is set: auto_online_blocks reads online after boot",
    MEMORY_HOTPLUG_C,
)


class Guest:
    """A booted machine. do() carries out one primitive step.

    kernel: the running kernel.
    Call power_on() after the constructor and before the first step.

    places: first and last block of every device that was ever plugged in.
    failures: why the kernel did not add a device, the errno by the device's id.

    power_on() and do() raise KernelDied when the kernel does not survive.
    """

    def __init__(self, machine: Machine, policy: Policy) -> None:
        self.machine = machine
        self.policy = policy
        self.places: dict[str, tuple[int, int]] = {}
        self.failures: dict[str, str] = {}
        self.kernel = Kernel(machine, policy)

    def power_on(self) -> None:
        """Let the kernel find the plugged DIMMs (the ACPI scan of its boot)."""
        self._explain_knob()
        self.kernel.starting = True
        for virtio in self.machine.virtio_mem:
            self._place_virtio_mem(virtio)
        for dimm in self.machine.dimms:
            self._plug(dimm, at_boot=True)
        for device in self.machine.dax:
            self._find_dax(device)
        for virtio in self.machine.virtio_mem:
            virtio_mem.work(self.kernel, virtio.id)
        self.kernel.starting = False

    def _explain_knob(self) -> None:
        """Note why the knob reads what it reads now, where something set it."""
        kernel, policy = self.kernel, self.policy
        if kernel.knob is None:
            return
        asked = [value for name, value in self.machine.parameters if name == "memhp_default_state"]
        known = [value for value in asked if value in (policy.default_state or ())]
        if known and kernel.knob == known[-1]:
            kernel.explain(KNOB_PARAMETER.because(value=kernel.knob))
        elif (
            policy.default_online_option
            and self.machine.config.MEMORY_HOTPLUG_DEFAULT_ONLINE
            and kernel.knob == "online"
        ):
            kernel.explain(KNOB_CONFIG.because())

    @property
    def devices(self) -> dict[str, Device]:
        """The memory devices that are plugged in, by id."""
        return self.kernel.devices

    @property
    def block_size(self) -> int:
        """Bytes in a memory block."""
        return self.kernel.tables.block_pages * PAGE

    def copy(self) -> Guest:
        """An independent copy."""
        twin = Guest.__new__(Guest)
        twin.machine, twin.policy = self.machine, self.policy
        twin.places = dict(self.places)
        twin.failures = dict(self.failures)
        twin.kernel = self.kernel.copy()
        return twin

    def key(self) -> tuple[object, ...]:
        """A hashable value that is equal for equal states."""
        return self.kernel.key()

    def do(self, step: Step) -> tuple[str | None, str | None]:
        """Carry out a primitive step: (result, output of a read)."""
        result: str | None
        match step:
            case Write(file, value):
                result = self._write(file, value)
                self._explain_absence(file, result)
            case Read(file):
                result, output = sysfs.read(self.kernel, file)
                self._explain_absence(file, result)
                return result, output
            case Plug(id, size, node, addr):
                result = self._plug(Dimm(id, size, node, addr))
            case Unplug(id):
                result = self._unplug(id)
            case Bind(id) | Unbind(id):
                result = self._hand_over(id, to_kmem=isinstance(step, Bind))
            case Resize(id, to):
                result = self._resize(id, to)
            case Probe(addr):
                result = sysfs.probe(self.kernel, addr)
            case HypervAdd(id, size, node):
                result = self._hyperv_add(id, size, node)
            case XenAdd(id, size, node):
                result = self._xen_add(id, size, node)
            case Allocate(process, size, oom_score_adj):
                result = allocate(self.kernel, process, size // KIB, oom_score_adj)
            case Fill(blocks, content):
                self._fill(self.blocks(blocks), content)
                return None, None
            case Boot(cmdline):
                self._boot(self.machine.cmdline if cmdline is None else cmdline)
                return None, None
            case _:
                raise TypeError(f"{step.verb} is no primitive step")
        return result, None

    def blocks(self, selection: str) -> list[int]:
        """The block numbers that a step's selection stands for now."""
        if is_ranges(selection):
            return block_numbers(selection)
        if selection == "added":
            memory = self.kernel.tables
            boot = boot_blocks(self.machine, self.block_size)
            return [b for b in range(len(memory.status)) if memory.has(b) and b not in boot]
        if selection in self.places:
            first, last = self.places[selection]
            return list(range(first, last + 1))
        return []

    def _explain_absence(self, file: str, result: str | None) -> None:
        """Say why there is no block where a device should have brought one."""
        if result != "ENOENT" or not self.failures:
            return
        block = sysfs.block_of(file)
        for device, failure in self.failures.items():
            first, last = self.places[device]
            if block is not None and first <= block <= last:
                self.kernel.explain(ADD_FAILED.because(block=block, device=device, result=failure))

    # --- the hypervisor and its drivers

    def _boot(self, cmdline: str) -> None:
        """Start the kernel anew; devices that are plugged in keep their place."""
        dimms = tuple(
            Dimm(device.id, Bytes(device.size), device.node, Bytes(device.start))
            for device in self.devices.values()
            if device.source is Source.ACPI
        )
        self.machine = replace(
            self.machine,
            cmdline=cmdline,
            dimms=dimms,
            dax=tuple(
                replace(device, addr=Bytes(self.devices[device.id].start))
                for device in self.machine.dax
            ),
            virtio_mem=tuple(
                replace(device, addr=Bytes(now.start), requested=Bytes(now.requested))
                for device in self.machine.virtio_mem
                if isinstance(now := self.devices[device.id], VirtioMemDevice)
            ),
        )
        self.kernel = Kernel(self.machine, self.policy)
        self.power_on()

    @property
    def _has_window(self) -> bool:
        """Whether DIMMs have their place above all boot memory, as on QEMU."""
        return self.machine.platform == "kvm" and not self.machine.memory

    def _in_boot_memory(self, start: int, size: int) -> bool:
        return self.machine.boot_memory_at(start, start + size) is not None

    def _place(
        self, id: str, size: int, node: int, source: Source, addr: int | None
    ) -> Device | None:
        taken = [(device.start, device.start + device.size) for device in self.devices.values()]
        base = self.machine.hotplug_base
        start = first_free(base, size, taken) if addr is None else addr
        clash = any(low < start + size and start < high for low, high in taken)
        outside = start < base if self._has_window else False
        if id in self.devices or clash or outside or self._in_boot_memory(start, size):
            self.kernel.explain(PLACE_TAKEN.because(start=start, end=start + size, device=id))
            return None
        self.failures.pop(id, None)
        device = Device(id, start, size, node, source, source is Source.ACPI)
        blocks = device.blocks(self.block_size)
        self.places[id] = (blocks.start, blocks.stop - 1)
        self.devices[id] = device
        return device

    def _plug(self, dimm: Dimm, *, at_boot: bool = False) -> str | None:
        device = self._place(dimm.id, dimm.size, dimm.node, Source.ACPI, dimm.addr)
        if device is None:
            return "REFUSED"
        kernel = self.kernel
        if self.machine.has_parameter("acpi_no_memhotplug"):
            self.devices[dimm.id] = replace(device, bound=False)
            kernel.explain(NO_DRIVER.because(device=dimm.id, why="acpi_no_memhotplug is set"))
            return None
        if (
            at_boot
            and self.policy.auto_online_hangs_boot
            and self.policy.kernel_onlines(kernel, Source.ACPI).value is not None
        ):
            kernel.explain(BOOT_HANGS.because(device=dimm.id))
            raise KernelDied("hang")
        result = self._add(device)
        if result is None:
            return None
        outcome = "the driver takes the existing blocks for its own"
        if result != "EEXIST":
            self.devices[dimm.id] = replace(device, bound=False)
            any_block_exists = any(map(kernel.has, device.blocks(self.block_size)))
            outcome = (
                "blocks that were entered before stay, and no driver has them"
                if any_block_exists
                else "no block appears; the machine has the DIMM all the same"
            )
        kernel.explain(ENABLE_FAILED.because(device=dimm.id, result=result, outcome=outcome))
        return result

    def _unplug(self, id: str) -> str | None:
        device = self.devices.get(id)
        kernel = self.kernel
        if device is None or not device.bound:
            why = "there is no such device" if device is None else "it was not added through ACPI"
            kernel.explain(NO_DRIVER.because(device=id, why=why))
            return "REFUSED"
        blocks = device.blocks(self.block_size)
        if any(block in kernel.tables.partial for block in blocks):
            raise NotModelled(f"ejecting {id}, which fills no whole memory block, is not modelled")
        missing = [block for block in blocks if not kernel.tables.has(block)]
        if missing:
            kernel.explain(HALF_THERE.because(block=missing[0], device=id))
            raise KernelDied("BUG")
        result = eject(kernel, blocks)
        if result is None:
            del self.devices[id]
        return result

    def _find_dax(self, device: Dax) -> None:
        """Enter a dax device that the firmware lists; kmem takes it if it is to have it."""
        start = self._start_of(device)
        driver: DaxDriver = "none" if device.driver == "kmem" else device.driver
        entry = DaxDevice(
            device.id,
            start,
            device.size,
            device.node,
            Source.KMEM,
            bound=False,
            driver=driver,
            own_memmap=device.memmap_on_memory,
        )
        self.devices[device.id] = entry
        if blocks := entry.blocks(self.block_size):
            self.places[device.id] = (blocks[0], blocks[-1])
        if device.driver == "kmem":
            dax.bind(self.kernel, entry, self._node_of(entry))

    def _start_of(self, device: Dax | VirtioMem) -> int:
        """The address of a device: its own, or the first free one for DIMMs."""
        if device.addr is not None:
            return device.addr
        taken = [(other.start, other.start + other.size) for other in self.devices.values()]
        return first_free(self.machine.hotplug_base, device.size, taken)

    def _place_virtio_mem(self, device: VirtioMem) -> None:
        """Enter a virtio-mem device at its place, with nothing plugged."""
        start = self._start_of(device)
        entry = VirtioMemDevice.of(device, start, 0, self.block_size)
        entry = replace(entry, kernel_node=self._node_of(entry))
        self.devices[device.id] = entry
        if blocks := entry.blocks(self.block_size):
            self.places[device.id] = (blocks[0], blocks[-1])

    def _resize(self, id: str, to: int) -> str | None:
        """Request a size of a virtio-mem device, and let its driver work."""
        device = self.devices.get(id)
        if not isinstance(device, VirtioMemDevice) or to > device.size:
            self.kernel.explain(NO_SUCH_SIZE.because(device=id, size=format_size(to)))
            return "REFUSED"
        self.devices[id] = replace(device, requested=to)
        virtio_mem.work(self.kernel, id)
        return None if virtio_mem.device_of(self.kernel, id).plugged_size == to else "REFUSED"

    def _write(self, file: str, value: str) -> str | None:
        """Write to a file; a driver that waits for its memory to go online goes on."""
        before = self._online_blocks()
        result = sysfs.write(self.kernel, file, value)
        for id, online in self._online_blocks().items():
            if online - before[id]:
                virtio_mem.after_onlining(self.kernel, id)
        return result

    def _online_blocks(self) -> dict[str, set[int]]:
        """The online blocks of each virtio-mem device."""
        kernel = self.kernel
        return {
            device.id: {
                block
                for block in self.devices[device.id].blocks(self.block_size)
                if kernel.has(block) and kernel.is_online(block)
            }
            for device in self.machine.virtio_mem
        }

    def _hand_over(self, id: str, *, to_kmem: bool) -> str | None:
        """Give a dax device to kmem, or take it from there."""
        device = self.devices.get(id)
        if not isinstance(device, DaxDevice):
            self.kernel.explain(NO_DEVICE.because(device=id))
            return "ENODEV"
        if to_kmem:
            return dax.bind(self.kernel, device, self._node_of(device))
        return dax.unbind(self.kernel, device)

    def _hyperv_add(self, id: str, size: int, node: int) -> str | None:
        """Add memory in whole chunks; of the last one, the host may give a part only."""
        chunks = -(-size // SECTION)
        device = self._place(id, chunks * SECTION, node, Source.HYPERV, None)
        if device is None:
            return "REFUSED"
        self.kernel.explain(CHUNKS.because(device=id, chunks=count_of(chunks, "chunk")))
        if lacking := chunks * SECTION - size:
            last = (device.start + device.size - 1) // self.block_size
            self.kernel.tables.reserved[last] = lacking // PAGE
        for number in range(chunks):
            chunk = replace(device, start=device.start + number * SECTION, size=SECTION)
            failed = self._add(chunk)
            if failed is not None:
                return failed
        return None

    def _xen_add(self, id: str, size: int, node: int) -> str | None:
        sections = -(-size // SECTION)
        device = self._place(id, sections * SECTION, node, Source.XEN, None)
        if device is None:
            return "REFUSED"
        self.kernel.explain(ONE_RANGE.because(sections=sections, start=device.start))
        return self._add(device)

    def _add(self, device: Device) -> str | None:
        result = add_memory(
            self.kernel, self._node_of(device), device.start, device.size, device.source
        )
        if result is not None:
            self.failures[device.id] = result
        return result

    def _node_of(self, device: Device) -> int:
        """The kernel's number of the node that a device belongs to."""
        if device.node in self.machine.listed_nodes or self.policy.numbers_unlisted_nodes:
            return self.machine.node_numbers[device.node]
        self.kernel.explain(UNLISTED_NODE.because(device=device.id, domain=device.node))
        return sysfs.node_of(self.kernel, device.start)

    def _fill(self, blocks: list[int], content: str) -> None:
        kernel = self.kernel
        memory = kernel.tables
        for block in blocks:
            if not memory.has(block) or not memory.is_online(block):
                where = "offline" if memory.has(block) else "not there"
            elif content == "kernel-objects" and memory.zone(block) is Zone.MOVABLE:
                where = "in zone Movable, which kernel objects never use"
            else:
                if content == "kernel-objects":
                    memory.status[block] |= PINNED
                else:
                    memory.status[block] &= ~PINNED
                kernel.explain(
                    ALLOCATED.because(block=block, zone=memory.zone(block).label, content=content)
                )
                continue
            kernel.explain(NOT_ALLOCATED_THERE.because(content=content, block=block, where=where))


def boot_blocks(machine: Machine, block_size: int) -> set[int]:
    """Numbers of the memory blocks that boot memory fills."""
    return {
        block
        for _, start, end in machine.boot_ranges
        for block in range(start // block_size, -(-end // block_size))
    }
