"""Kernels in memory: a device of two blocks, bound to its driver at boot; and faulty ones."""

from __future__ import annotations

from zonediff.review.actions import MEMORY_FOLDER, Action
from zonediff.review.look import IOMEM, KNOB, Look, Part
from zonediff.review.sides import Shown

DRIVER = "/sys/bus/dax/drivers/kmem"
DEVICE = "/sys/bus/dax/devices/dax0.0"
BLOCKS = (8, 9)
RANGE = "40000000-4fffffff"

KNOB_VALUES = ("offline", "online_movable")
WRITES = [
    *(Action("write", KNOB, value) for value in KNOB_VALUES),
    *(
        Action("write", f"{MEMORY_FOLDER}/memory{block}/state", value)
        for block in BLOCKS
        for value in ("offline", "online_movable")
    ),
]
BIND = Action("write", f"{DRIVER}/bind", "dax0.0")
UNBIND = Action("write", f"{DRIVER}/unbind", "dax0.0")
ACTIONS = (*WRITES, BIND, UNBIND)


def state_of(block: int, value: str) -> Action:
    return Action("write", f"{MEMORY_FOLDER}/memory{block}/state", value)


class Kernel:
    """A kernel that behaves, as a side.

    Unbinding takes the blocks away if they are offline, and leaves them with the kernel if not.
    Subclasses have a fault. boots: how often it was begun anew.
    """

    boots = 0

    def __init__(self, fresh: bool = False) -> None:
        self.fresh = fresh
        self.dead = ""

    async def reset(self, boot: int = 0) -> Shown:
        type(self).boots += 1
        self.dead = ""
        self.bound = True
        self.blocks = dict.fromkeys(BLOCKS, "offline")
        self.knob = "offline"
        self.name = "dax0.0"
        self.hidden = 0
        return self.shown(None)

    async def do(self, action: Action) -> Shown:
        warnings = self.warnings(action)
        result = self.result(action)
        return self.shown(self.dead or result, warnings)

    async def close(self) -> None:
        pass

    def warnings(self, action: Action) -> tuple[str, ...]:
        return ()

    def result(self, action: Action) -> str | None:
        if action.target == KNOB:
            self.knob = action.value
            return None
        if action == BIND:
            return self.bind()
        if action == UNBIND:
            return self.unbind()
        return self.write(int(action.target.removesuffix("/state")[-1]), action.value)

    def write(self, block: int, value: str) -> str | None:
        state = "offline" if value == "offline" else "online"
        if block not in self.blocks:
            return "ENOENT"
        if self.blocks[block] == state:
            return "EINVAL"
        self.blocks[block] = state
        return None

    def bind(self) -> str | None:
        if self.bound:
            return "ENODEV"
        if self.blocks:
            return "EBUSY"
        self.bound = True
        self.blocks = dict.fromkeys(BLOCKS, "offline" if self.knob == "offline" else "online")
        return None

    def unbind(self) -> str | None:
        if not self.bound:
            return "ENODEV"
        self.bound = False
        if "online" not in self.blocks.values():
            self.blocks = {}
        return None

    def look(self) -> Look:
        parts = {Part(KNOB): self.knob}
        for block, state in self.blocks.items():
            parts[Part(f"{MEMORY_FOLDER}/memory{block}/state")] = state
            zones = "Movable" if state == "online" else "Normal Movable"
            parts[Part(f"{MEMORY_FOLDER}/memory{block}/valid_zones")] = zones
        if self.blocks:
            parts[Part(IOMEM, RANGE)] = f"{self.name} / System RAM (kmem)"
        if self.bound:
            parts[Part(f"{DEVICE}/driver")] = "../kmem"
        return Look(parts)

    def shown(self, result: str | None, warnings: tuple[str, ...] = ()) -> Shown:
        return Shown(result, None if self.dead else self.look(), warnings)


class Leaking(Kernel):
    """Unbinding after blocks were taken offline by hand leaves them there for ever."""

    def write(self, block: int, value: str) -> str | None:
        result = super().write(block, value)
        if result is None and value == "offline":
            self.hidden += 1
        return result

    def unbind(self) -> str | None:
        if not self.bound:
            return "ENODEV"
        if self.hidden and "online" not in self.blocks.values():
            self.bound = False
            return None
        return super().unbind()


class Freed(Kernel):
    """Unbinding while memory is online frees the name that /proc/iomem shows."""

    def unbind(self) -> str | None:
        if self.bound and "online" in self.blocks.values():
            self.name = "(freed)"
        return super().unbind()


class Stale(Kernel):
    """Binding again does not follow the knob."""

    def bind(self) -> str | None:
        knob, self.knob = self.knob, "offline"
        result = super().bind()
        self.knob = knob
        return result


class Warns(Kernel):
    """Onlining a block warns."""

    def warnings(self, action: Action) -> tuple[str, ...]:
        onlines = action.value == "online_movable" and action.target != KNOB
        return ("WARNING: at online_pages",) if onlines else ()


class Hanging(Kernel):
    """Binding with the knob on hangs, though not on every boot of its own if `sometimes`."""

    sometimes = False

    def bind(self) -> str | None:
        hangs = self.knob != "offline" and not self.bound and not self.blocks
        if hangs and not (self.sometimes and self.fresh and type(self).boots % 2):
            self.dead = "hang"
        return super().bind()


class HangingSometimes(Hanging):
    sometimes = True


class Refusing(Kernel):
    """Block 9 cannot go offline again."""

    def write(self, block: int, value: str) -> str | None:
        if block == 9 and value == "offline" and self.blocks.get(9) == "online":
            return "EPERM"
        return super().write(block, value)
