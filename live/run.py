"""Running a machine's kernel through steps, and writing down what happened: the trace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from zonediff.engine import userspace
from zonediff.engine.guest import boot_blocks
from zonediff.engine.kernel import KernelDied
from zonediff.engine.machine import Dimm, Machine
from zonediff.engine.observation import Observation, difference
from zonediff.engine.run import joined_events
from zonediff.engine.steps import (
    Boot,
    Plug,
    Probe,
    Read,
    Step,
    Unplug,
    Write,
    block_numbers,
    is_ranges,
)
from zonediff.engine.trace import Act, End, Reason, StepTrace, Trace
from zonediff.engine.units import Bytes, format_address
from zonediff.live.guest import LiveGuest, Refused, starting
from zonediff.live.look import Look
from zonediff.live.qemu import device_id
from zonediff.live.rig import Rig, Script


@dataclass(frozen=True, slots=True)
class LiveRun:
    """What became of a machine.

    release: what the kernel calls itself, empty when it did not boot. looks: at the guest after
    boot (none if it did not), and after each act; again the one before if it died of that.
    """

    machine: Machine
    trace: Trace
    release: str
    looks: tuple[Look, ...]


async def run(name: str, rig: Rig, script: Script) -> LiveRun:
    """Boot a machine and do what the script says, until its end or the kernel's.

    name: the subject's, for the trace. Raises vm.QemuFailed.
    """
    async with AsyncExitStack() as stack:
        runner = _Runner(rig, stack)
        boot_reasons = await runner.boot()
        boot = runner.seen
        steps: list[StepTrace] = []
        todo = script(runner)
        while runner.end == "ran" and (step := next(todo, None)):
            steps.append(StepTrace(step, tuple([act async for act in runner.acts(step)])))
    trace = Trace(
        subject=name,
        boot=boot,
        steps=tuple(steps),
        end=runner.end,
        devices=runner.places,
        boot_reasons=boot_reasons,
    )
    return LiveRun(rig.machine, trace, runner.release, tuple(runner.looks))


class _Runner:
    """A guest being run and watched; also what user space sees of it (userspace.View).

    places: first and last block of every device there ever was.
    """

    def __init__(self, rig: Rig, stack: AsyncExitStack) -> None:
        self.end: End = "ran"
        self.seen = Observation()
        self.looks: list[Look] = []
        self.places: dict[str, tuple[int, int]] = {}
        self.release = ""
        self._rig = rig
        self._stack = stack
        self._pending: list[int] = []
        self._ids = {device_id(dimm.id): dimm.id for dimm in rig.machine.dimms}
        self._guest: LiveGuest

    async def boot(self) -> tuple[Reason, ...]:
        """Switch the machine on; what the kernel printed last, if it did not come up."""
        try:
            await self._power_on()
            await self._look()
        except KernelDied as death:
            self.end = death.how
            return self._guest.console.reasons()
        return ()

    async def acts(self, step: Step) -> AsyncIterator[Act]:
        """Carry out a step as the primitive ones it comes down to, until the kernel dies."""
        for do in userspace.acts(step, self) if step.composite else (step,):
            yield await self._act(do)
            if self.end != "ran":
                return

    async def _act(self, do: Step) -> Act:
        """Carry out one primitive step; the kernel's death is its result."""
        before = self.seen
        output: str | None = None
        said: tuple[Reason, ...] = ()
        try:
            try:
                result, output = await self._do(do)
            except Refused as refusal:
                result = "REFUSED"
                said = (Reason("qemu.refused", "(the virtual machine)", str(refusal)),)
            events = await self._look()
            self._hear(events, before)
        except KernelDied as death:
            self.end = death.how
            self.looks.append(self.looks[-1])
            return Act(do, death.how, reasons=self._guest.console.reasons())
        return Act(
            do,
            result,
            output,
            difference(before, self.seen),
            joined_events(events),
            (*said, *self._guest.console.reasons()),
        )

    async def _do(self, step: Step) -> tuple[str | None, str | None]:
        """The result of a primitive step, and the output of a read."""
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
                await self._note_places()
            case Unplug(id):
                await self._guest.unplug(id)
            case Boot(cmdline):
                await self._reboot(cmdline)
            case _:
                raise TypeError(f"{step.verb} is nothing that a virtual machine can do")
        return None, None

    async def _power_on(self) -> None:
        rig = self._rig
        self._guest = await self._stack.enter_async_context(
            starting(rig.host, rig.image, rig.machine, rig.window)
        )
        await self._guest.ready()
        self.release = self._guest.release
        await self._note_places()
        self._guest.console.reasons()  # of a boot that went well nobody asks why
        # No user space was there to hear of the blocks that the kernel found while booting.
        self._pending = [block for dimm in rig.machine.dimms for block in self.blocks(dimm.id)]

    async def _reboot(self, cmdline: str | None) -> None:
        """Start the kernel anew; devices that are plugged in keep their place."""
        dimms = tuple(
            Dimm(self._ids[dimm.name], Bytes(dimm.size), dimm.node, Bytes(dimm.address))
            for dimm in await self._guest.plugged_in()
        )
        machine = replace(self._rig.machine, dimms=dimms)
        if cmdline is not None:
            machine = machine.with_cmdline(cmdline)
        self._rig = replace(self._rig, machine=machine)
        await self._stack.aclose()
        await self._power_on()

    async def _note_places(self) -> None:
        block = self._guest.block_size
        for dimm in await self._guest.plugged_in():
            first, end = dimm.address // block, (dimm.address + dimm.size) // block
            self.places[self._ids[dimm.name]] = (first, end - 1)

    async def _look(self) -> list[tuple[str, int]]:
        """Look at the guest; the events since the last time."""
        look = await self._guest.observe()
        self.looks.append(look)
        self.seen = look.observation()
        events = self._guest.events[:]
        self._guest.events.clear()
        return events

    def _hear(self, events: list[tuple[str, int]], before: Observation) -> None:
        """Have user space hear of blocks that were added, and forget those that went away."""
        there = [number for number, _ in self.seen.each()]
        if self._guest.hears:
            self._pending += [number for action, number in events if action == "add"]
        else:  # the kernel adds blocks in ascending order
            known = {number for number, _ in before.each()}
            self._pending += [number for number in there if number not in known]
        self._pending = [number for number in self._pending if number in there]

    # --- userspace.View

    @property
    def pending(self) -> list[int]:
        return self._pending

    def blocks(self, selection: str) -> list[int]:
        if is_ranges(selection):
            return block_numbers(selection)
        if selection == "added":
            boot = boot_blocks(self._rig.machine, self._guest.block_size)
            return [number for number, _ in self.seen.each() if number not in boot]
        if selection in self.places:
            first, last = self.places[selection]
            return list(range(first, last + 1))
        return []

    def look(self) -> Observation:
        return self.seen
