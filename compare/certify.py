"""Certificates: a real kernel toured on an arena, every transition held to a model, both ways.

What can be seen of the kernel is one side of the tour (tour.py), the bisimulation classes of the
model are the other. So a closed tour has tried every step in every state that the kernel showed,
and in every state of the model that can be told apart from others.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from contextlib import AsyncExitStack
from typing import Final

from zonediff.compare.certified import Model, arena_digest, model_of, sources_digest
from zonediff.compare.comparable import COMPARED_ZONES
from zonediff.compare.recorded_chance import give_inputs, hangs_by_chance
from zonediff.compare.tour import Outcome, Progress, TourParting, kind_of, repeated, shortest, tour
from zonediff.corpus.recording import RecordedStep
from zonediff.engine.guest import Guest
from zonediff.engine.machine import Machine
from zonediff.engine.observation import Observation
from zonediff.engine.policy import Policy
from zonediff.engine.run import Runner
from zonediff.engine.steps import Step, Unplug
from zonediff.explore.arena import Arena
from zonediff.live.guest import KNOWN_HANG_LIMIT
from zonediff.live.guest_spec import GuestSpec
from zonediff.live.host import Host
from zonediff.live.image import Image
from zonediff.live.run import GuestRunner
from zonediff.live.subject import spec_for
from zonediff.result.certificates import Certificate, Refuted

MOST_RERUNS: Final = 60
"""So often a sequence is done again to shorten it."""


class KernelSide:
    """A real kernel on a machine. close() ends its guest.

    fresh: whether each reset is a boot of its own, not from a template. A kind of step that hung
    before is given less time, but not for having hung in a guest from a template when it is fresh.
    """

    def __init__(self, spec: GuestSpec) -> None:
        self.spec = spec
        self.fresh = False
        self._hung: set[tuple[str, bool]] = set()
        self._stack = AsyncExitStack()
        self._runner: GuestRunner

    async def reset(self) -> Outcome:
        await self.close()
        self._runner = GuestRunner(self.spec, self._stack, self.fresh)
        await self._runner.boot()
        return self._outcome(None if self._runner.end == "ran" else self._runner.end)

    async def do(self, action: int, step: Step, other: RecordedStep | None) -> Outcome:
        kind = (kind_of(step), self.fresh)
        self._runner.step_limit = KNOWN_HANG_LIMIT if kind in self._hung else None
        [act] = [act async for act in self._runner.acts(step)]
        if self._runner.end == "hang":
            self._hung.add(kind)
        return self._outcome(act.result)

    async def close(self) -> None:
        await self._stack.aclose()

    def _outcome(self, result: str | None) -> Outcome:
        observation = self._runner.observation
        state = compared(observation) if self._runner.end == "ran" else None
        return Outcome(result, observation, state)


class ModelSide:
    """A model that follows a kernel: what is chance on the kernel is an input to it."""

    def __init__(self, policy: Policy, machine: Machine, model: Model) -> None:
        self._policy = policy
        self._machine = machine
        self._model = model
        self._class: int | None = None
        self._runner: Runner

    async def reset(self) -> Outcome:
        self._runner = Runner(Guest(self._machine, self._policy))
        end = self._runner.boot()
        self._class = self._model.root
        return Outcome(None if end == "ran" else end, self._runner.observation, self._class)

    async def do(self, action: int, step: Step, other: RecordedStep | None) -> Outcome:
        assert other is not None
        if hangs_by_chance(self._runner, other):
            return Outcome(other.result, other.observation, None, chance=True)
        chance = bool([*give_inputs(self._runner, other, 0)])
        act = self._runner.act(step)
        if self._runner.end != "ran":
            return Outcome(act.result, self._runner.observation, None)
        if not chance and self._class is not None:
            self._class = self._model.follow(self._class, action)
        elif isinstance(step, Unplug):
            self._class = None  # blocks may have gone offline and online again
        return Outcome(act.result, self._runner.observation, self._class, chance)


async def certify(
    policy: Policy,
    image: Image,
    host: Host,
    arena: Arena,
    *,
    depth: int = 0,
    progress: Progress = lambda done, left: None,
) -> Certificate:
    """Hold every transition of a kernel on an arena to a model.

    Raises NotOnThisMachine, ArenaError, NotModelled, VariantFailed, virtual_machine.QemuFailed.
    """
    model = model_of(policy, arena)
    spec = spec_for(host, image, arena.machine, arena.actions)
    machine = arena.machine.with_cmdline(spec.cmdline)
    real = KernelSide(spec)
    follower = ModelSide(policy, machine, model)
    try:
        toured = await tour(real, follower, arena.actions, depth=depth, progress=progress)
        refuted = [
            await _confirmed(real, follower, arena.actions, parting)
            for parting in sorted(toured.partings, key=lambda parting: len(parting.steps))
        ]
    finally:
        await real.close()
    return Certificate(
        variant=policy.name,
        arena=arena.name,
        kernel=image.banner,
        image=image.digest[:16],
        behaviour=model.digest,
        arena_digest=arena_digest(arena),
        sources=sources_digest(policy),
        qemu=host.qemu_version,
        depth=depth,
        kernel_states=len(toured.maps[0].states),
        kernel_transitions=len(toured.maps[0].moves),
        model_states=len(toured.maps[1].states),
        model_transitions=len(toured.maps[1].moves),
        all_model_transitions=model.states * len(arena.actions),
        by_chance=toured.by_chance,
        hung=len(toured.hung),
        unreached=toured.unreached,
        steps=toured.steps,
        resets=toured.resets,
        refuted=[item for item in refuted if item is not None],
    )


async def _confirmed(
    real: KernelSide, model: ModelSide, actions: Sequence[Step], parting: TourParting
) -> Refuted | None:
    """The parting in the fewest steps that show it, on a boot of its own; None if none does."""
    fewest = await shortest((real, model), actions, parting, MOST_RERUNS)
    real.fresh = True
    try:
        confirmed = await repeated((real, model), actions, fewest.actions)
    finally:
        real.fresh = False
    return None if confirmed is None else _refuted(confirmed)


def _refuted(parting: TourParting) -> Refuted:
    real, model = (result or "ok" for result in parting.results)
    steps = [str(step) for step in parting.steps]
    return Refuted(steps, real, model, [*parting.differences], confirmed=True)


def compared(observation: Observation) -> Hashable:
    """All of an observation that is compared, as one value."""
    zones = tuple(
        (name, zone.start_pfn, zone.spanned, zone.present)
        for name, zone in sorted(observation.zones.items())
        if name.partition("/")[2] in COMPARED_ZONES
    )
    blocks = tuple(
        (number, view.state, view.valid_zones, view.online, view.node)
        for number, view in observation.each()
    )
    nodes, devices = (
        tuple(sorted(texts.items())) for texts in (observation.nodes, observation.devices)
    )
    return (blocks, zones, nodes, observation.auto_online_blocks, devices)
