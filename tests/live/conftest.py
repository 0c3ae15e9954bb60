"""Real kernels for tests, where this computer can run one; else tests say what is missing.

The kernel is the image that ZONEDIFF_KERNEL names, else one that .ci/live has unpacked, else the
newest that is installed.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from zonediff.engine.guest import Guest
from zonediff.engine.machine import Machine
from zonediff.engine.observation import Observation
from zonediff.engine.run import Runner
from zonediff.engine.steps import Step
from zonediff.engine.trace import StepTrace, Trace
from zonediff.live.guest_spec import Script, fixed_script
from zonediff.live.host import Host, look_for_host
from zonediff.live.image import read_image
from zonediff.live.run import LiveRun, run
from zonediff.live.snapshot import Snapshot
from zonediff.live.subject import Live, spec_for
from zonediff.variants.registry import LIVE, Registry

ROOT = Path(__file__).resolve().parents[2]

OnKernel = Callable[[Machine, Sequence[Step]], Trace]


def images() -> list[Path]:
    """The kernel images that there are, the one to be used last."""
    if named := os.environ.get("ZONEDIFF_KERNEL"):
        return [Path(named)]
    folders = (Path("/boot"), ROOT / ".cache" / "live" / "boot")
    images = [path for folder in folders for path in sorted(folder.glob("vmlinuz-*"))]
    return [path for path in images if os.access(path, os.R_OK)]


@pytest.fixture(scope="session")
def host() -> Host:
    host = look_for_host()
    if not isinstance(host, Host):
        lacks = "; ".join(f"{item.what} {item.why} ({item.debian})" for item in host)
        pytest.skip(f"no live kernels here: {lacks}")
    return host


@pytest.fixture(scope="session")
def kernel(host: Host) -> Path:
    """The image of the kernel to run."""
    if not (readable := images()):
        pytest.skip("no kernel image to run: see .ci/live, or name one in ZONEDIFF_KERNEL")
    return readable[-1]


@pytest.fixture(scope="session")
def subject(kernel: Path) -> Live:
    return Live(f"{LIVE}{kernel}")


@pytest.fixture
def on_kernel(subject: Live) -> OnKernel:
    """Run a machine through steps on the real kernel."""
    return subject.run


@pytest.fixture(params=["C", "shell"])
def on_each_agent(request: pytest.FixtureRequest, host: Host, kernel: Path) -> OnKernel:
    """The same with each of the agents that a guest may have."""
    if request.param == "C" and host.agent is None:
        pytest.skip("no C compiler made agent.c")
    with_agent = host if request.param == "C" else replace(host, agent=None)
    image = read_image(kernel)

    def run_steps(machine: Machine, steps: Sequence[Step]) -> Trace:
        spec = spec_for(with_agent, image, machine, steps)
        return asyncio.run(run("live", spec, fixed_script(steps))).trace

    return run_steps


@pytest.fixture
def modelled() -> Callable[[str, Machine, Script], LiveRun]:
    """A run as if on a real kernel, of a model: quick, and its outcome is known."""

    def run(variant: str, machine: Machine, script: Script) -> LiveRun:
        runner = Runner(Guest(machine, Registry().model(variant).policy))
        end = runner.boot()
        boot, steps, snapshots = runner.observation, [], [snapshot_of(runner.observation)]
        for step in script(runner) if end == "ran" else ():
            acts = []
            for act in runner.acts(step):
                acts.append(act)
                snapshots.append(snapshot_of(runner.observation))
            steps.append(StepTrace(step, tuple(acts)))
            if runner.end != "ran":
                break
        if end != "ran":
            snapshots.clear()
        trace = Trace(variant, boot, tuple(steps), runner.end, runner.guest.places)
        return LiveRun(machine, trace, "6.1.0", tuple(snapshots))

    return run


def snapshot_of(observation: Observation) -> Snapshot:
    """The look that would be observed like this."""
    return Snapshot(
        blocks={
            number: {
                "state": view.state,
                "valid_zones": view.valid_zones,
                "removable": view.removable,
                "online": view.online,
            }
            for number, view in observation.each()
        },
        links={number: (view.node,) for number, view in observation.each() if view.node >= 0},
        zones={
            name: {"start_pfn": zone.start_pfn, "spanned": zone.spanned, "present": zone.present}
            for name, zone in observation.zones.items()
        },
        nodes=dict(observation.nodes),
        knob=observation.auto_online_blocks,
        devices=dict(observation.devices),
    )
