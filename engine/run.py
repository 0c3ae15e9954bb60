"""Run a policy through a scenario's steps and write its trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from zonediff.engine import userspace
from zonediff.engine.file_rules import file_reasons
from zonediff.engine.guest import Guest
from zonediff.engine.kernel import KernelDied, NotModelled
from zonediff.engine.machine import Machine
from zonediff.engine.observation import NOTHING, Observation, difference
from zonediff.engine.observe import observe, ranges
from zonediff.engine.policy import Policy
from zonediff.engine.rules import NO_NAMES, Because
from zonediff.engine.steps import Elapse, Step
from zonediff.engine.trace import Act, End, Reason, StepTrace, Trace

PassTime = Callable[[Elapse, "Runner"], Iterable[Act]]
"""A simulation of time: carries out an `elapse` step on the runner, as primitive steps."""


def no_time(step: Elapse, runner: Runner) -> Iterable[Act]:
    """Refuse: the engine knows no time. Raises NotModelled."""
    raise NotModelled(f"{step}: time passes only in a simulation (zonediff.compare.simulate)")


def run(
    policy: Policy,
    machine: Machine,
    steps: Sequence[Step],
    pass_time: PassTime = no_time,
    *,
    brief: bool = False,
) -> Trace:
    """Boot the machine with the policy's kernel and do the steps, until the kernel dies.

    brief: acts have no reasons, and only the last act of a step has the step's change.
    """
    runner = Runner(Guest(machine, policy), pass_time)
    end = runner.boot()
    boot, boot_accounts = runner.observation, runner.accounts()
    step_traces: list[StepTrace] = []
    for step in steps:
        if end != "ran":
            break
        acts = tuple(runner.brief_acts(step) if brief else runner.acts(step))
        step_traces.append(StepTrace(step, acts))
        end = runner.end
    return Trace(
        subject=policy.name,
        boot=boot,
        steps=tuple(step_traces),
        end=end,
        devices=dict(runner.guest.places),
        boot_reasons=boot_accounts[0],
        boot_uevents=boot_accounts[1],
        file_reasons=() if brief else file_reasons(policy, machine),
    )


class Runner:
    """Runs a guest and observes it; it is also user space's view of the guest (userspace.View)."""

    def __init__(self, guest: Guest, pass_time: PassTime = no_time) -> None:
        self.guest = guest
        self.pass_time = pass_time
        self.brief = False
        self.observation = Observation()
        self.state: tuple[object, ...] = ()
        self.end: End = "ran"

    def boot(self) -> End:
        """Power the guest on; returns how that ended."""
        try:
            self.guest.power_on()
        except KernelDied as death:
            self.end = death.how
        else:
            self.observation = self._observe()
        return self.end

    def acts(self, step: Step) -> Iterable[Act]:
        """Carry out a step as its primitive steps, until the kernel dies."""
        if isinstance(step, Elapse):
            yield from self.pass_time(step, self)
            return
        for do in userspace.acts(step, self) if step.composite else (step,):
            yield self.act(do)
            if self.end != "ran":
                return

    def brief_acts(self, step: Step) -> Iterable[Act]:
        """The same acts without reasons; the last one has the change of all."""
        before, self.brief = self.observation, True
        acts = list(self.acts(step))
        self.brief = False
        if acts and self.end == "ran":
            self.observation = self._observe()
            acts[-1] = replace(acts[-1], changed=difference(before, self.observation))
        return acts

    def act(self, do: Step, at: int | None = None, by: str | None = None) -> Act:
        """Carry out one primitive step; the kernel's death is its result.

        at, by: the time and the actor, in a step in which time passes.
        """
        output: str | None = None
        result: str | None
        now = self.observation
        try:
            result, output = self.guest.do(do)
        except KernelDied as death:
            result = self.end = death.how
        else:
            if not self.brief:
                now = self._observe()
        changed = NOTHING if now is self.observation else difference(self.observation, now)
        self.observation = now
        kernel = self.guest.kernel  # read only now: a reboot starts another kernel
        killed = tuple(kernel.killed)
        kernel.killed.clear()
        reasons, uevents = self.accounts()
        return Act(do, result, output, changed, uevents, reasons, killed, at, by)

    def _observe(self) -> Observation:
        """The observation; the same object as before when no state has changed."""
        state = self.guest.kernel.sight()
        if state != self.state:
            self.state = state
            return observe(self.guest.kernel)
        return self.observation

    def accounts(self) -> tuple[tuple[Reason, ...], tuple[str, ...]]:
        """The reasons and uevents since the last call, runs of blocks joined."""
        kernel = self.guest.kernel
        because = [] if self.brief else kernel.because
        reasons = joined_reasons(because, kernel.policy.function_names)
        reasons_and_events = reasons, joined_events(kernel.uevents)
        kernel.because.clear()
        kernel.uevents.clear()
        return reasons_and_events

    # --- userspace.View

    @property
    def pending(self) -> list[int]:
        return self.guest.kernel.pending

    def blocks(self, selection: str) -> list[int]:
        return self.guest.blocks(selection)

    def look(self) -> Observation:
        return observe(self.guest.kernel) if self.brief else self.observation


def joined_reasons(
    because: Sequence[Because], names: Mapping[str, str] = NO_NAMES
) -> tuple[Reason, ...]:
    """Reasons in order; one that is equal for consecutive blocks is given once, `32-39`."""
    runs: list[tuple[Because, list[int]]] = []
    for why in because:
        block = why.numbers.get("block")
        if runs and isinstance(block, int):
            last, blocks = runs[-1]
            if (
                last.rule is why.rule
                and blocks
                and blocks[-1] + 1 == block
                and {**last.numbers, "block": block} == why.numbers
            ):
                blocks.append(block)
                continue
        runs.append((why, [block] if isinstance(block, int) else []))
    return tuple(
        Because(
            why.rule, {**why.numbers, "block": ranges(blocks)} if len(blocks) > 1 else why.numbers
        ).reason(names)
        for why, blocks in runs
    )


def joined_events(events: Sequence[tuple[str, int | range]]) -> tuple[str, ...]:
    """Uevents in order, `add memory32`; a run over ascending blocks is one, `add memory32-39`."""
    runs: list[tuple[str, int, int]] = []
    for action, of in events:
        first, stop = (of.start, of.stop) if isinstance(of, range) else (of, of + 1)
        if runs and runs[-1][0] == action and runs[-1][2] == first:
            first = runs.pop()[1]
        runs.append((action, first, stop))
    return tuple(event for run in runs for event in _events(*run))


def _events(action: str, first: int, stop: int) -> Iterator[str]:
    """A run of uevents in words; nodes one by one."""
    if action.endswith(" node"):
        yield from (f"{action}{node}" for node in range(first, stop))
    else:
        yield f"{action} memory{first}" + (f"-{stop - 1}" if stop > first + 1 else "")
