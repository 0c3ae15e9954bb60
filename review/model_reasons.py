"""The reasons that a model of the baseline gives for the last of some steps."""

from __future__ import annotations

import re
from collections.abc import Sequence

from zonediff.engine.guest import Guest
from zonediff.engine.run import Runner
from zonediff.engine.steps import Plug, Step, Unplug, Write
from zonediff.live.image import Image
from zonediff.review.actions import MEMORY_FOLDER, Action
from zonediff.review.machines import ReviewMachine
from zonediff.variants.registry import Registry


def model_reasons(
    image: Image, machine: ReviewMachine, parameter: str, actions: Sequence[Action]
) -> list[str]:
    """Return a sentence for each rule of the kernel that decides the last step, with its numbers.

    Empty where no variant models the image's release or the machine's devices, or the steps write
    a file that is not modelled.
    """
    release = re.match(r"\d+\.\d+", image.release)
    registry = Registry()
    name = f"v{release[0]}" if release else ""
    steps = [_step(machine, action) for action in actions]
    modelled = bool(machine.dimms) and name in registry.names() and bool(steps)
    if not modelled or None in steps:
        return []
    as_configured = f"memhp_default_state={image.default_online_type() or 'offline'}"
    booted = machine.machine.with_cmdline(parameter or as_configured)
    runner = Runner(Guest(booted, registry.model(name).policy))
    end = runner.boot()
    for step in filter(None, steps):
        if end != "ran":
            return []
        reasons = runner.act(step).reasons
        end = runner.end
    return [f"{name}: {reason}" for reason in reasons]


def _step(machine: ReviewMachine, action: Action) -> Step | None:
    """Return a step as the models know it."""
    if action.verb == "unplug":
        return Unplug(action.target)
    if action.verb == "plug":
        dimms = {dimm.id: dimm for dimm in machine.dimms}
        dimm = dimms.get(action.target)
        return None if dimm is None else Plug(dimm.id, dimm.size, dimm.node, dimm.addr)
    folder, _, file = action.target.partition(f"{MEMORY_FOLDER}/")
    return None if folder or not file else Write(file, action.value)
