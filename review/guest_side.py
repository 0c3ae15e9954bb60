"""A real kernel in a guest, as a side of a comparison."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from typing import Final

from zonediff.engine.kernel import KernelDied
from zonediff.live.guest import LiveGuest, Refused
from zonediff.live.host import Host
from zonediff.live.image import Image
from zonediff.live.templates import DiedBooting, booted
from zonediff.review.actions import Action
from zonediff.review.look import look_at
from zonediff.review.machines import ReviewMachine
from zonediff.review.sides import REFUSED, Shown

_SHORTEST_LIMIT: Final = 10.0
_LONGEST_LIMIT: Final = 30.0
_TIMES_SLOWEST: Final = 20
"""While exploring, a step hangs when it takes so many times as long as the slowest one before, but
at least and at most so many seconds. A hang that only one kernel shows is tried on fresh boots,
which have as long as guest.STEP_LIMIT."""

_FRESH_LIMIT: Final = 60.0

_WARNING: Final = re.compile(
    r"WARNING: |BUG: |KASAN|UBSAN|KCSAN|kmemleak|INFO: task |refcount_t: |list_(?:add|del) "
    r"corruption|Bad page |Oops"
)
_PLACE: Final = re.compile(r"WARNING: .* at .*?(\w+)\+0x[0-9a-f]+/0x[0-9a-f]+.*")
_NUMBER: Final = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{8,}\b|\d+")
_STAMP: Final = re.compile(r"^\[ *\d+\.\d+\] ")


class GuestSide:
    """A kernel on a machine.

    fresh: each reset is a boot of its own, not from a template. parameters: the kernel parameters
    that it can be booted with, one at a time.
    """

    def __init__(
        self,
        host: Host,
        image: Image,
        machine: ReviewMachine,
        fresh: bool,
        parameters: Sequence[str] = ("",),
    ) -> None:
        self._specs = [machine.spec(host, image, parameter) for parameter in parameters]
        self._dimms = {dimm.id: dimm for dimm in machine.dimms}
        self._handover = machine.handover
        self._fresh = fresh
        self._slowest = 0.0
        self._stack = AsyncExitStack()
        self._guest: LiveGuest
        self._printed = 0

    async def reset(self, boot: int = 0) -> Shown:
        await self.close()
        try:
            self._guest = await self._stack.enter_async_context(
                booted(self._specs[boot], fresh=self._fresh)
            )
            await self._guest.observe()
            await hand_over(self._handover, self._guest.write)
        except DiedBooting as death:
            return Shown(death.how, None)
        except KernelDied as death:
            return Shown(death.how, None)
        self._printed = len(self._guest.console.lines)
        return self._shown(None)

    async def do(self, action: Action) -> Shown:
        start = time.monotonic()
        try:
            async with asyncio.timeout(self._limit):
                result = await self._result(action)
        except KernelDied as death:
            return Shown(death.how, None, self._warnings())
        except TimeoutError:
            return Shown("hang", None, self._warnings())
        self._slowest = max(self._slowest, time.monotonic() - start)
        return self._shown(result)

    async def close(self) -> None:
        await self._stack.aclose()

    async def writable(self, folder: str) -> list[str]:
        """Return the files of a folder of the guest that root may write."""
        return await self._guest.writable(folder)

    @property
    def block_size(self) -> int:
        """The size of the kernel's memory blocks, in bytes."""
        return self._guest.block_size

    @property
    def _limit(self) -> float:
        if self._fresh:
            return _FRESH_LIMIT
        return min(_LONGEST_LIMIT, max(_SHORTEST_LIMIT, _TIMES_SLOWEST * self._slowest))

    async def _result(self, action: Action) -> str | None:
        if action.verb == "write":
            return await self._guest.write(action.target, f"{action.value}\n")
        result = None
        try:
            await self._change_dimm(action)
        except Refused:
            result = REFUSED
        await self._guest.observe()
        return result

    async def _change_dimm(self, action: Action) -> None:
        if action.verb == "unplug":
            await self._guest.unplug(action.target)
        elif action.target in self._dimms:
            await self._guest.plug(self._dimms[action.target])
        else:
            raise Refused(f"the machine has no DIMM {action.target}")

    def _shown(self, result: str | None) -> Shown:
        return Shown(result, look_at(self._guest.snapshot, self._guest.files), self._warnings())

    def _warnings(self) -> tuple[str, ...]:
        lines = self._guest.console.lines
        start, self._printed = self._printed, len(lines)
        return warnings_in(lines[start:])


async def hand_over(
    steps: Sequence[Action], write: Callable[[str, str], Awaitable[str | None]]
) -> None:
    """Give a machine's devices to the driver under review; ends at the first step that fails.

    write: writes a text to a file of the guest and returns the errno's name, None for success.
    """
    for step in steps:
        if await write(step.target, f"{step.value}\n") is not None:
            return


def warnings_in(lines: Iterable[str]) -> tuple[str, ...]:
    """The lines of a console that report faults, each kind once, without what differs by build."""
    texts = (_STAMP.sub("", line).strip() for line in lines if _WARNING.search(line))
    return tuple(dict.fromkeys(_without_numbers(text) for text in texts))


def _without_numbers(text: str) -> str:
    if match := _PLACE.fullmatch(text):
        return f"WARNING: at {match[1]}"
    plain = _NUMBER.sub("N", text)
    return "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in plain)
