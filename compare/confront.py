"""Compare a model with a running kernel, and shorten a disagreement to the fewest steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from zonediff.compare.validate import replay
from zonediff.engine.guest import Guest
from zonediff.engine.kernel import NotModelled
from zonediff.engine.machine import Machine
from zonediff.engine.policy import Policy
from zonediff.engine.run import Runner
from zonediff.engine.steps import Step
from zonediff.engine.units import format_address, format_size
from zonediff.live.guest import KNOWN_HANG_LIMIT
from zonediff.live.guest_spec import fixed_script
from zonediff.live.jobs import Job
from zonediff.live.recording import to_recording
from zonediff.live.run import LiveRun, run
from zonediff.live.shrink import shrink
from zonediff.result.replays import Disagreement, Replay

MOST_RERUNS: Final = 60
"""The most boots of the kernel to shorten one disagreement."""


async def confront(name: str, job: Job, policy: Policy) -> Replay:
    """Do a job on the kernel, and replay it through the model. name: the kernel's, as a subject.

    If they disagree, the kernel is run again to find the fewest steps that show a disagreement. The
    shortened disagreement is returned, with its steps.

    Raises virtual_machine.QemuFailed.
    """
    live = await run(name, job.spec, job.script)
    replayed = _replayed(job.id, live, policy)
    parting = replayed.disagreement
    if parting is None:
        return replayed
    fewest: Sequence[Step] = ()
    if parting.step >= 0:
        steps_done = [act.do for _, _, act in live.trace.acts()]
        # Later steps show nothing, and without the step that differs no disagreement remains.
        before, last = steps_done[: parting.step], steps_done[parting.step]
        limit = KNOWN_HANG_LIMIT if parting.recorded == "hang" else None

        async def shows(fewer: Sequence[Step]) -> bool:
            nonlocal parting
            script = fixed_script((*fewer, last))
            again = await run(name, job.spec, script, step_limit=limit)
            replay = _replayed(job.id, again, policy)
            parting = replay.disagreement or parting
            return not replay.agrees

        fewest = (*await shrink(before, shows, MOST_RERUNS), last)
    steps = (*_in_words(live.machine), *map(str, fewest))
    return replace(replayed, disagreement=replace(parting, steps=steps))


def _replayed(id: str, live: LiveRun, policy: Policy) -> Replay:
    if live.snapshots:
        made = to_recording(id, policy.name, live)
        try:
            return replay(made, policy)
        except NotModelled as gap:
            unknown = Disagreement(id, -1, "boot", "booted", f"not modelled: {gap}", (), ())
            return Replay(id, len(made.steps), 0, unknown)
    runner = Runner(Guest(live.machine, policy))
    predicted = runner.boot()
    if predicted == live.trace.end:
        return Replay(id, 0, 0)
    outcome = "booted" if predicted == "ran" else predicted
    reasons, _ = runner.accounts()
    printed = tuple(("it printed", reason.text, "") for reason in live.trace.boot_reasons)
    return Replay(id, 0, 0, Disagreement(id, -1, "boot", live.trace.end, outcome, printed, reasons))


def _in_words(machine: Machine) -> Iterator[str]:
    """The machine, as the first of the steps that lead to a disagreement."""
    yield f"boot with {', '.join(map(format_size, machine.nodes))}"
    for dimm in machine.dimms:
        address = "" if dimm.addr is None else f" at {format_address(dimm.addr)}"
        yield f"  DIMM {dimm.id} {format_size(dimm.size)} node {dimm.node}{address}"
    if machine.cmdline:
        yield f"  kernel parameters {machine.cmdline}"
