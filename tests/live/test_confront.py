"""A model held against a kernel, and a disagreement made short; the kernel is another model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from zonediff.compare import confront
from zonediff.engine.machine import Dimm, Machine
from zonediff.engine.steps import Blocks, Offline, Online, Plug, Step, Unplug, Write
from zonediff.engine.trace import StepTrace
from zonediff.engine.units import MIB, Bytes
from zonediff.live.guest import KNOWN_HANG_LIMIT
from zonediff.live.guest_spec import GuestSpec, Script, fixed_script
from zonediff.live.host import Host
from zonediff.live.image import Image
from zonediff.live.jobs import Job
from zonediff.live.random_steps import WINDOW
from zonediff.live.run import LiveRun
from zonediff.result.replays import Replay
from zonediff.variants.registry import Registry

MACHINE = Machine(dimms=(Dimm("dimm1", Bytes(512 * MIB)),))
SPEC = GuestSpec(Host("", "", Path(), "", ""), Image(Path("vmlinuz"), "6.1", ""), MACHINE, WINDOW)

Confront = Callable[..., tuple[Replay, int]]


@pytest.fixture
def held(
    modelled: Callable[[str, Machine, Script], LiveRun], monkeypatch: pytest.MonkeyPatch
) -> Confront:
    """Hold a model against a kernel that behaves like another; how often it was booted."""

    def hold(
        variant: str, kernel: str, *steps: Step, machine: Machine = MACHINE
    ) -> tuple[Replay, int]:
        boots = 0

        async def run(
            name: str, spec: GuestSpec, script: Script, step_limit: float | None = None
        ) -> LiveRun:
            nonlocal boots
            boots += 1
            return modelled(kernel, spec.machine, script)

        monkeypatch.setattr(confront, "run", run)
        job = Job("job", replace(SPEC, machine=machine), fixed_script(steps), "")
        policy = Registry().model(variant).policy
        return asyncio.run(confront.confront("live:vmlinuz", job, policy)), boots

    return hold


def test_a_model_that_is_right_is_asked_once(held: Confront) -> None:
    replay, boots = held(
        "v6.1", "v6.1", Online(Blocks("dimm1"), "online_movable"), Offline(Blocks("dimm1"))
    )
    assert (replay.agrees, replay.steps, replay.agreeing, boots) == (True, 8, 8, 1)


def test_a_disagreement_is_told_with_the_fewest_steps(held: Confront) -> None:
    replay, boots = held(
        "v4.14",
        "v6.1",
        Write("auto_online_blocks", "online"),
        Write("memory35/state", "online_movable"),
        Write("memory33/state", "online_kernel"),
        Write("memory34/state", "online_kernel"),
        Write("auto_online_blocks", "offline"),
        Write("memory33/state", "offline"),  # only in 6.1 does the zone shrink
        Write("memory32/state", "online"),
    )
    parting = replay.disagreement
    assert parting is not None
    assert replay.agreeing == 5
    assert parting.do == "echo offline > memory33/state"
    assert (parting.recorded, parting.predicted) == ("ok", "ok")
    assert parting.steps == (
        "boot with 1G",
        "  DIMM dimm1 512M node 0",
        "echo online_kernel > memory33/state",
        "echo online_kernel > memory34/state",
        "echo offline > memory33/state",
    )
    assert boots < 12


def test_a_hang_is_shortened_with_a_shorter_limit(
    modelled: Callable[[str, Machine, Script], LiveRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = []

    async def run(
        name: str, spec: GuestSpec, script: Script, step_limit: float | None = None
    ) -> LiveRun:
        limits.append(step_limit)
        return hanging(modelled("v6.1", spec.machine, script))

    monkeypatch.setattr(confront, "run", run)
    steps = [Write("memory33/state", "online_movable"), Unplug("dimm1")]
    job = Job("job", SPEC, fixed_script(steps), "")
    policy = Registry().model("v6.1").policy
    parting = asyncio.run(confront.confront("live:vmlinuz", job, policy)).disagreement
    assert parting is not None
    assert (parting.recorded, parting.steps[-1]) == ("hang", "unplug dimm1")
    assert len(parting.steps) == 3
    assert limits == [None, KNOWN_HANG_LIMIT]


def hanging(done: LiveRun) -> LiveRun:
    """The same run, as if its last step did not come back."""
    *steps, last = done.trace.steps
    act = replace(last.acts[-1], result="hang")
    trace = replace(done.trace, steps=(*steps, StepTrace(last.do, (act,))), end="hang")
    return replace(done, trace=trace, snapshots=(*done.snapshots[:-1], done.snapshots[-2]))


def test_a_disagreement_at_boot_needs_no_steps(held: Confront) -> None:
    replay, boots = held("upstream", "v4.13", Plug("dimm2", Bytes(512 * MIB)))
    parting = replay.disagreement
    assert parting is not None
    assert (parting.step, parting.do) == (-1, "boot")
    assert parting.steps == ("boot with 1G", "  DIMM dimm1 512M node 0")
    assert boots == 1


def test_a_kernel_that_dies_booting_is_compared_by_that(held: Confront) -> None:
    machine = MACHINE.with_cmdline("memhp_default_state=online")
    replay, _ = held("upstream", "upstream", machine=machine)
    assert replay.agrees
    replay, _ = held("v4.13", "upstream", machine=machine)
    assert replay.disagreement is not None
    assert (replay.disagreement.recorded, replay.disagreement.predicted) == ("hang", "booted")
    assert replay.disagreement.steps[-1] == "  kernel parameters memhp_default_state=online"
