"""A model in the place of a kernel that is toured, and tours with it."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

from zonediff.compare import certify
from zonediff.compare.certified import model_of
from zonediff.compare.certify import ModelSide
from zonediff.compare.tour import Outcome, Tour, tour
from zonediff.corpus.recording import RecordedStep
from zonediff.engine.guest import Guest
from zonediff.engine.machine import Dimm, Machine
from zonediff.engine.memory import PINNED
from zonediff.engine.policy import Policy
from zonediff.engine.run import Runner
from zonediff.engine.steps import Step
from zonediff.engine.units import GIB, MIB, Bytes
from zonediff.engine.zones import Zone
from zonediff.explore.arena import Arena
from zonediff.variants.registry import Registry

ARENA = Arena(
    "small",
    Machine((Bytes(GIB),), (Dimm("dimm1", Bytes(256 * MIB)),)),
    alphabet=("state", "unplug"),
)
PLUGS = Arena(
    "plugs",
    Machine((Bytes(GIB),)),
    (Dimm("dimm1", Bytes(128 * MIB)),),
    ("state", "unplug", "plug", "knob"),
)


def policy(name: str) -> Policy:
    return Registry().model(name).policy


class KernelOfAModel:
    """A model in the kernel's place.

    pinned: blocks that are EBUSY whenever they are tried. hanging: blocks whose offlining in zone
    Normal does not come back.
    """

    def __init__(
        self,
        name: str,
        machine: Machine,
        pinned: tuple[int, ...] = (),
        hanging: tuple[int, ...] = (),
    ) -> None:
        self.policy = policy(name)
        self.machine = machine
        self.pinned = pinned
        self.hanging = hanging
        self.runner: Runner

    async def reset(self) -> Outcome:
        self.runner = Runner(Guest(self.machine, self.policy))
        self.runner.boot()
        return self._outcome(None)

    async def do(self, action: int, step: Step, other: RecordedStep | None) -> Outcome:
        memory = self.runner.guest.kernel.tables
        offlined = [
            block
            for block in self.hanging
            if str(step) in (f"echo offline > memory{block}/state", "unplug dimm1")
            and memory.is_online(block)
            and memory.zone(block) is Zone.NORMAL
        ]
        if offlined:
            return Outcome("hang", self.runner.observation, None)
        for block in self.pinned:
            if memory.has(block) and memory.is_online(block):
                memory.status[block] |= PINNED
        return self._outcome(self.runner.act(step).result)

    def _outcome(self, result: str | None) -> Outcome:
        state: Hashable = certify.compared(self.runner.observation)
        return Outcome(result, self.runner.observation, state if self.runner.end == "ran" else None)


def toured(
    kernel: str,
    model: str,
    arena: Arena = ARENA,
    pinned: tuple[int, ...] = (),
    hanging: tuple[int, ...] = (),
    depth: int = 0,
) -> Tour:
    """A model held to another one as to a kernel, by their names."""
    return held_to(kernel, policy(model), arena, pinned, hanging, depth)


def held_to(
    kernel: str,
    model: Policy,
    arena: Arena,
    pinned: tuple[int, ...] = (),
    hanging: tuple[int, ...] = (),
    depth: int = 0,
) -> Tour:
    """A model held to another one as to a kernel."""
    side = KernelOfAModel(kernel, arena.machine, pinned, hanging)
    follower = ModelSide(model, arena.machine, model_of(model, arena))
    return asyncio.run(tour(side, follower, arena.actions, depth=depth))
