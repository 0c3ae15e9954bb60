"""A booted kernel: its state, and the KernelState that its policy reads.

The functions of `adding`, `onlining`, `ejecting` and `processes` change it and ask its policy on
the way. Each returns None for success or the errno's name, and notes reasons and uevents in
`because` and `uevents`, which the caller of a step collects.
"""

from __future__ import annotations

from typing import Final, TypeVar

from zonediff.engine.boot import boot_memory
from zonediff.engine.deprecated import DeprecatedMemory
from zonediff.engine.devices import Device, VirtioMemDevice
from zonediff.engine.errors import ZonediffError
from zonediff.engine.machine import Machine, strtobool
from zonediff.engine.parameters import UnknownEffect
from zonediff.engine.policy import Policy
from zonediff.engine.pressure import Process, boot_free_kib, reserve_kib
from zonediff.engine.rules import Because, Decision
from zonediff.engine.trace import End
from zonediff.engine.units import KIB, PAGE
from zonediff.engine.zones import Span, Zone

T = TypeVar("T")

LEAST_MEMORY: Final = 64 << 20
"""Bytes of memory with which a kernel boots."""


class KernelDied(Exception):
    """Control flow: the kernel hit BUG(), panicked or hung; `how` says which.

    The run catches it, and the trace ends there.
    """

    def __init__(self, how: End) -> None:
        super().__init__(how)
        self.how = how


class NotModelled(ZonediffError):
    """The engine has no rules for a situation in the scenario; the message names it."""


class Kernel:
    """One booted kernel: its memory, its knob, and the policy that it follows.

    tables: memory blocks, zones and nodes.
    devices: the memory devices that are plugged in, by id.
    free_kib: KiB free in kernel zones, as far as memory hotplug and processes change it.
    starting: whether it still boots; it then respects `mem=` in adding memory.
    reserve_kib: KiB of them that the kernel keeps back.
    processes: the processes that can be killed when memory is short, by name.
    pending: blocks with an `add` event that user space has not handled yet, in event order.
    ejects_drain: whether ejects drain the pages on per-cpu lists; where the policy says that they
        do not, it can still happen by chance, so this is an input.
    memory_is_needed: whether a process needs memory at once when nothing is left. One nearly always
        does; a kernel on which none did has survived by chance, so this is an input, too.
    """

    def __init__(self, machine: Machine, policy: Policy) -> None:
        self.machine = machine
        self.policy = policy
        if (machine.dax or machine.virtio_mem) and not policy.models_managed_devices:
            raise NotModelled("dax and virtio-mem devices are modelled from v6.12 on")
        try:
            used = machine.boot_ranges
        except UnknownEffect as effect:
            raise NotModelled(str(effect)) from None
        if sum(end - start for _, start, end in used) < LEAST_MEMORY:
            raise NotModelled("mem= or memmap= leaves less than 64M of boot memory")
        self.tables = boot_memory(
            machine,
            links_missing_pages=policy.links_missing_pages,
            percent=policy.percent_of_memory,
            blocks_align_to_memory=policy.blocks_align_to_memory
            and not (policy.largest_blocks_on_bare_metal and machine.platform == "bare-metal"),
        )
        self.knob = policy.knob_at_boot(machine)
        self.devices: dict[str, Device] = {}
        self.free_kib = boot_free_kib(machine, self.tables, policy.boot_overhead_kib)
        self.starting = False
        zones = {index & 3 for index, pages in enumerate(self.tables.present) if pages}
        huge_zones = len(zones) if policy.huge_pages else 0
        self.reserve_kib = reserve_kib(machine, huge_zones=huge_zones)
        self.because: list[Because] = []
        self.uevents: list[tuple[str, int | range]] = []
        self.killed: list[str] = []
        self.processes: dict[str, Process] = {}
        self.pending: list[int] = []
        self.ejects_drain = policy.ejects_drain
        self.memory_is_needed = True

    def copy(self) -> Kernel:
        """An independent copy of the state, without the reasons and uevents collected so far."""
        twin = Kernel.__new__(Kernel)
        twin.machine, twin.policy = self.machine, self.policy
        twin.tables = self.tables.copy()
        twin.knob = self.knob
        twin.devices = dict(self.devices)
        twin.starting = self.starting
        twin.free_kib, twin.reserve_kib = self.free_kib, self.reserve_kib
        twin.because, twin.uevents, twin.killed = [], [], []
        twin.processes = dict(self.processes)
        twin.pending = self.pending[:]
        twin.ejects_drain = self.ejects_drain
        twin.memory_is_needed = self.memory_is_needed
        return twin

    def key(self) -> tuple[object, ...]:
        """A hashable value that is equal for equal states."""
        devices = tuple(sorted(self.devices.items()))
        return (*self.tables.key(), self.knob, devices, tuple(self.pending))

    def sight(self) -> tuple[object, ...]:
        """A value that stays equal while user space can see no change."""
        return (*self.tables.key(), self.knob, tuple(self.devices.values()))

    # --- KernelState, which the policy reads

    @property
    def memory(self) -> DeprecatedMemory:
        """The object that policies read before there was KernelState."""
        return DeprecatedMemory(self, self.tables)

    @property
    def block_pages(self) -> int:
        return self.tables.block_pages

    @property
    def nodes(self) -> int:
        return self.tables.nodes

    def switch(self, parameter: str, *, default: bool) -> bool:
        answer = default
        for name, text in self.machine.parameters:
            if name == parameter:
                # A bare word is a yes; what is neither yes nor no is ignored.
                value = True if text is None else strtobool(text, self.policy.switch_letters)
                answer = answer if value is None else value
        return answer

    def has(self, block: int) -> bool:
        return self.tables.has(block)

    def is_online(self, block: int) -> bool:
        return self.tables.is_online(block)

    def node(self, block: int) -> int:
        return self.tables.node(block)

    def zone(self, block: int) -> Zone:
        return self.tables.zone(block)

    def pages(self, block: int, count: int = 1) -> Span:
        return self.tables.pages(block, count)

    def span(self, node: int, zone: Zone) -> Span:
        return self.tables.span(node, zone)

    def was_used(self, node: int, zone: Zone) -> bool:
        return self.tables.was_used(node, zone)

    def present_pages(self, node: int, *zones: Zone) -> int:
        return self.tables.present_pages(node, *zones)

    def early_pages(self, node: int) -> int:
        return self.tables.early_pages(node)

    def node_is(self, node: int, state: int) -> bool:
        return self.tables.node_is(node, state)

    # --- devices

    def unplugged_kib(self, block: int) -> int:
        """KiB of a block that its virtio-mem device has not plugged."""
        if not self.machine.virtio_mem:
            return 0
        size = self.block_pages * PAGE
        return sum(
            device.unplugged_in(block, size) // KIB
            for device in self.devices.values()
            if isinstance(device, VirtioMemDevice)
        )

    # --- reasons and uevents

    def explain(self, why: Because) -> None:
        """Note a reason for the current act."""
        self.because.append(why)

    def decide(self, decision: Decision[T]) -> T:
        """Note the reason of a policy's answer and return its value."""
        self.explain(decision.why)
        return decision.value
