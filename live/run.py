"""Running steps on a real kernel and recording the trace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Final

from zonediff.engine import userspace
from zonediff.engine.guest import boot_blocks
from zonediff.engine.kernel import KernelDied
from zonediff.engine.machine import Dimm, Machine
from zonediff.engine.managed_devices import whole_blocks
from zonediff.engine.observation import Observation, difference
from zonediff.engine.run import joined_events
from zonediff.engine.steps import (
    Bind,
    Boot,
    Plug,
    Probe,
    Read,
    Resize,
    Step,
    Unbind,
    Unplug,
    Write,
    block_numbers,
    is_ranges,
)
from zonediff.engine.trace import Act, End, Reason, StepTrace, Trace
from zonediff.engine.units import Bytes, format_address
from zonediff.live.guest import LiveGuest, Refused
from zonediff.live.guest_spec import GuestSpec, Script, fixed_script
from zonediff.live.memory_devices import device_ids
from zonediff.live.qemu_arguments import device_id
from zonediff.live.snapshot import Snapshot
from zonediff.live.templates import DiedBooting, booted

_NOT_ADDED: Final = "acpi_memory_enable_device() error"
"""The driver's message when add_memory() fails (drivers/acpi/acpi_memhotplug.c)."""

_FAILURES: Final = (
    ("unaligned hotplug range", "EINVAL"),
    ("vmemmap alloc failure", "ENOMEM"),
    ("page allocation failure", "ENOMEM"),
)
"""The memory code's message before it, and the errno that it then returns."""


@dataclass(frozen=True, slots=True)
class LiveRun:
    """A finished run.

    kernel: its release and patch level; empty when it did not boot. snapshots: of the guest after
    boot (none when it did not boot) and after each act. When the kernel dies of an act, the
    snapshot before the act is repeated. built_online, built_probe: whether the kernel was built to
    online memory itself, and with a `probe` file; None when unknown. The machine's command line has
    the parameters that are ours, too.
    """

    machine: Machine
    trace: Trace
    kernel: str
    snapshots: tuple[Snapshot, ...]
    built_online: bool | None = None
    built_probe: bool | None = None


async def run(
    name: str,
    spec: GuestSpec,
    script: Script,
    *,
    fresh: bool = False,
    step_limit: float | None = None,
) -> LiveRun:
    """Boot a machine and do what the script says, until its end or the kernel's.

    name: the subject's, for the trace. fresh: with a boot of its own, not from a template; a hang
    counts only when such a boot shows it too. step_limit: seconds that a step may take; None is
    STEP_LIMIT. Raises virtual_machine.QemuFailed.
    """
    done = await _run(name, spec, script, fresh, step_limit)
    if done.trace.end == "hang" and not fresh:
        # The script may draw its steps; these are the ones that it drew.
        steps = fixed_script([step.do for step in done.trace.steps])
        script = steps if done.snapshots else script
        done = await _run(name, spec, script, fresh=True, step_limit=step_limit)
    return done


async def _run(
    name: str, spec: GuestSpec, script: Script, fresh: bool, step_limit: float | None
) -> LiveRun:
    async with AsyncExitStack() as stack:
        runner = GuestRunner(spec, stack, fresh)
        runner.step_limit = step_limit
        boot_reasons = await runner.boot()
        boot = runner.observation
        steps: list[StepTrace] = []
        next_steps = script(runner)
        while runner.end == "ran" and (step := next(next_steps, None)):
            steps.append(StepTrace(step, tuple([act async for act in runner.acts(step)])))
    trace = Trace(
        subject=name,
        boot=boot,
        steps=tuple(steps),
        end=runner.end,
        devices=runner.device_blocks,
        boot_reasons=boot_reasons,
    )
    return LiveRun(
        spec.machine.with_cmdline(spec.cmdline),
        trace,
        spec.image.kernel if runner.snapshots else "",
        tuple(runner.snapshots),
        spec.image.option("MEMORY_HOTPLUG_DEFAULT_ONLINE"),
        spec.image.option("ARCH_MEMORY_PROBE"),
    )


class GuestRunner:
    """Runs steps on a guest and observes it; also the guest as user space sees it (userspace.View).

    device_blocks: the first and last block of every device that was ever plugged. step_limit:
    seconds that a step may take; None is STEP_LIMIT.
    """

    def __init__(self, spec: GuestSpec, stack: AsyncExitStack, fresh: bool) -> None:
        self.end: End = "ran"
        self.observation = Observation()
        self.snapshots: list[Snapshot] = []
        self.device_blocks: dict[str, tuple[int, int]] = {}
        self.step_limit: float | None = None
        self._spec = spec
        self._stack = stack
        self._fresh = fresh
        self._pending: list[int] = []
        self._ids = {device_id(id): id for id in device_ids(spec.machine)}
        self._guest: LiveGuest

    async def boot(self) -> tuple[Reason, ...]:
        """Switch the guest on; return its last log lines if it did not boot."""
        try:
            await self._power_on()
        except DiedBooting as death:
            self.end = death.how
            return death.reasons
        self._look()
        return ()

    async def acts(self, step: Step) -> AsyncIterator[Act]:
        """Carry out a step as its primitive steps, until the kernel dies."""
        for do in userspace.acts(step, self) if step.composite else (step,):
            yield await self._act(do)
            if self.end != "ran":
                return

    async def _act(self, do: Step) -> Act:
        """Carry out one primitive step; if the kernel dies, that is the result."""
        before = self.observation
        output: str | None = None
        why: tuple[Reason, ...] = ()
        self._guest.step_limit = self.step_limit
        try:
            try:
                result, output = await self._do(do)
                await self._guest.settle()
            except Refused as refusal:
                result = refusal.result
                why = (Reason("qemu.refused", "(the virtual machine)", str(refusal)),)
                await self._guest.observe()
                await self._note_device_blocks()
        except KernelDied as death:
            self.end = death.how
            self.snapshots.append(self.snapshots[-1])
            if isinstance(death, DiedBooting):
                return Act(do, death.how, reasons=death.reasons)
            reasons = self._guest.console.reasons()
            if death.how == "hang":
                reasons += await self._hang_reasons(do)
            return Act(do, death.how, reasons=reasons)
        if result is not None and not why:
            why = (Reason("result", "(the real kernel)", f"{do} gives {result}"),)
        events = self._look()
        self._update_pending(events, before)
        return Act(
            do,
            result,
            output,
            difference(before, self.observation),
            joined_events(events),
            (*why, *self._guest.console.reasons()),
        )

    async def _hang_reasons(self, do: Step) -> tuple[Reason, ...]:
        """The reasons of a hang: the tasks in the guest, and last the act that does not return."""
        culprits = await self._guest.culprits()
        limit = self._guest.limit
        return (
            *(Reason("culprit", "(in the guest)", text) for text in culprits),
            Reason("hang", "(the real kernel)", f"{do} does not come back in {limit:.0f} seconds"),
        )

    async def _do(self, step: Step) -> tuple[str | None, str | None]:
        """Return the result of a primitive step, and the output of a read."""
        match step:
            case Write(file, value):
                return await self._guest.write(file, value), None
            case Probe(addr):
                return await self._guest.write("probe", format_address(addr)), None
            case Read(file):
                return await self._guest.read(file)
            case Plug(id):
                self._ids[device_id(id)] = id
                await self._guest.plug(step)
                await self._guest.observe()
                await self._note_device_blocks()
                return self._result_of_adding(id), None
            case Unplug(id):
                await self._guest.unplug(id)
                await self._guest.observe()
            case Bind(id):
                return await self._guest.bind(id), None
            case Unbind(id):
                return await self._guest.unbind(id), None
            case Resize(id, size):
                await self._guest.resize(id, size)
            case Boot(cmdline):
                await self._reboot(cmdline)
            case _:
                raise TypeError(f"a virtual machine cannot do {step.verb}")
        return None, None

    def _result_of_adding(self, id: str) -> str | None:
        """The result of add_memory(), as far as it can be seen. Raises Refused."""
        console = self._guest.console
        if console.has_news(_NOT_ADDED):
            errno = next((errno for text, errno in _FAILURES if console.has_news(text)), "REFUSED")
            raise Refused("the kernel did not add the memory; _OST does not say so", errno)
        # Nothing new in a place that had blocks: the driver takes EEXIST for a success.
        first, last = self.device_blocks[id]
        blocks, before = self._guest.snapshot.blocks, dict(self.observation.each())
        present = [block for block in range(first, last + 1) if block in blocks]
        return "EEXIST" if present and all(block in before for block in present) else None

    async def _power_on(self) -> None:
        spec = self._spec
        self._guest = await self._stack.enter_async_context(booted(spec, fresh=self._fresh))
        await self._note_device_blocks()
        self._guest.console.reasons()  # drop the log of a successful boot
        # User space did not run when the kernel added these blocks: it has yet to handle them.
        added = [block for id in device_ids(spec.machine) for block in self.blocks(id)]
        self._pending = [block for block in added if block in self._guest.snapshot.blocks]

    async def _reboot(self, cmdline: str | None) -> None:
        """Boot the kernel again; plugged devices keep their addresses."""
        dimms = tuple(
            Dimm(self._ids[dimm.name], Bytes(dimm.size), dimm.node, Bytes(dimm.address))
            for dimm in await self._guest.plugged_in()
        )
        sizes = {self._ids[item.name]: item.requested for item in await self._guest.virtio_mem()}
        virtio_mem = tuple(
            replace(device, requested=Bytes(sizes[device.id]))
            for device in self._spec.machine.virtio_mem
        )
        machine = replace(self._spec.machine, dimms=dimms, virtio_mem=virtio_mem)
        if cmdline is not None:
            machine = machine.with_cmdline(cmdline)
        self._spec = replace(self._spec, machine=machine)
        await self._stack.aclose()
        await self._power_on()

    async def _note_device_blocks(self) -> None:
        block = self._guest.block_size
        for dimm in await self._guest.plugged_in():
            first, end = dimm.address // block, (dimm.address + dimm.size) // block
            self.device_blocks[self._ids[dimm.name]] = (first, end - 1)
        for item in await self._guest.virtio_mem():
            first, end = item.address // block, (item.address + item.region) // block
            self.device_blocks[self._ids[item.name]] = (first, end - 1)
        for dax in self._spec.machine.dax:
            if blocks := whole_blocks(dax.addr or 0, dax.size, block):
                self.device_blocks[dax.id] = (blocks[0], blocks[-1])

    def _look(self) -> list[tuple[str, int]]:
        """Note the guest's last snapshot; return the uevents since the one before."""
        self.snapshots.append(self._guest.snapshot)
        self.observation = self._guest.snapshot.observation()
        events = self._guest.events[:]
        self._guest.events.clear()
        return events

    def _update_pending(self, events: list[tuple[str, int]], before: Observation) -> None:
        """Add new blocks to those that user space has yet to handle, and drop removed ones."""
        present = [number for number, _ in self.observation.each()]
        if self._guest.hears_events:
            self._pending += [number for action, number in events if action == "add"]
        else:  # the kernel adds blocks in ascending order
            known = {number for number, _ in before.each()}
            self._pending += [number for number in present if number not in known]
        self._pending = [number for number in self._pending if number in present]

    # --- userspace.View

    @property
    def pending(self) -> list[int]:
        return self._pending

    def blocks(self, selection: str) -> list[int]:
        if is_ranges(selection):
            return block_numbers(selection)
        if selection == "added":
            boot = boot_blocks(self._spec.machine, self._guest.block_size)
            return [number for number, _ in self.observation.each() if number not in boot]
        if selection in self.device_blocks:
            first, last = self.device_blocks[selection]
            return list(range(first, last + 1))
        return []

    def look(self) -> Observation:
        return self.observation
