"""The options of commands that run real kernels, and the work on guests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from zonediff.cli import options
from zonediff.cli.group import BadInput
from zonediff.cli.progress import bar
from zonediff.engine.units import Bytes, parse_size
from zonediff.live.host import Host
from zonediff.live.image import Image
from zonediff.live.jobs import Job, random_jobs, run_jobs, scenario_jobs
from zonediff.live.limiter import GuestLimiter
from zonediff.live.random_steps import MACHINE_KINDS
from zonediff.variants.subject import NotOnThisMachine
from zonediff.work.outcome_table import OutcomeTable, rounds

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Work:
    """The work to do on guests, by the options of work_options()."""

    random: int
    steps: int
    seed: int
    machines: tuple[str, ...]
    corpus: Path | None
    max_guests: int | None
    memory: Bytes | None

    def jobs(self, scenarios: Sequence[str], host: Host, image: Image) -> list[Job]:
        """A job for each scenario named and each random sequence.

        Prints the scenarios that no guest can run on standard error. Raises ScenarioError, and
        click.UsageError when there is nothing to do.
        """
        if not scenarios and not self.random:
            raise click.UsageError("name a SCENARIO (such as 'knob/*'), or give --random N")
        loaded = options.load_scenarios(scenarios, self.corpus) if scenarios else []
        jobs, skipped = scenario_jobs(loaded, host, image)
        for item in skipped:
            _say_skipped(item.id, item.why)
        drawn = random_jobs(self.random, self.steps, self.seed, self.machines, host, image)
        try:
            return [*jobs, *drawn]
        except NotOnThisMachine as obstacle:
            raise BadInput(str(obstacle)) from None

    def do(
        self,
        jobs: Sequence[Job],
        do: Callable[[Job], Awaitable[T]],
        table: OutcomeTable[tuple[int, Job], T] | None = None,
    ) -> dict[int, T | None]:
        """Do all jobs, with a progress bar on a terminal; return the outcomes by the jobs' numbers.

        The outcome is None where a guest turns out not to be able to run a scenario; standard error
        says why. table: stores outcomes; stored jobs are not done again. A Ctrl-C
        (KeyboardInterrupt) ends the work early: then some are missing. Raises StoreError.
        """

        async def do_if_possible(job: Job) -> T | None:
            try:
                return await do(job)
            except NotOnThisMachine as obstacle:
                _say_skipped(job.id, str(obstacle))
                return None

        def work(note: Callable[[int, T | None], None]) -> None:
            def done(number: int, outcome: T | None) -> None:
                if table is not None and outcome is not None:
                    table.save([((number, jobs[number]), outcome)])
                note(number, outcome)

            for known, supply in rounds(enumerate(jobs), table):
                for (number, _), outcome in known:
                    note(number, outcome)
                limiter = GuestLimiter(self.max_guests, self.memory)
                asyncio.run(run_jobs(supply, limiter, do_if_possible, done))

        return self.noting(jobs, work)

    def noting(
        self, jobs: Sequence[Job], work: Callable[[Callable[[int, T], None]], None]
    ) -> dict[int, T]:
        """Do any work that reports the outcome of each job by its number, with a progress bar."""
        outcomes: dict[int, T] = {}
        with bar("running", "guests") as progress:
            progress(0, len(jobs))

            def note(number: int, outcome: T) -> None:
                outcomes[number] = outcome
                progress(len(outcomes), len(jobs))

            with suppress(KeyboardInterrupt):
                work(note)
        return outcomes


def _say_skipped(id: str, why: str) -> None:
    click.echo(f"not on this machine: {id}: {why}", err=True)


class _Size(click.ParamType[Bytes, Any]):
    name = "size"

    def convert(self, value: Any, param: Any, ctx: Any) -> Bytes:
        try:
            return parse_size(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


_WORK_OPTIONS: Final = (
    click.option(
        "--random",
        type=click.IntRange(min=0),
        default=0,
        metavar="N",
        help="Add N random sequences of steps.",
    ),
    click.option(
        "--steps",
        type=click.IntRange(min=1),
        default=14,
        show_default=True,
        metavar="K",
        help="Set the length of a random sequence.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        metavar="S",
        help="Seed the random sequences.",
    ),
    click.option(
        "--machine",
        "machines",
        type=click.Choice(list(MACHINE_KINDS)),
        multiple=True,
        metavar="KIND",
        help=f"Draw for this kind: {', '.join(MACHINE_KINDS)}. Default: each kind in turn.",
    ),
    options.corpus,
    click.option(
        "--jobs",
        "max_guests",
        type=click.IntRange(min=1),
        metavar="N",
        help="Run at most N guests at once. Default: one per CPU.",
    ),
    click.option(
        "--memory",
        type=_Size(),
        help="Limit the memory of all guests together. Default: half of the free memory.",
    ),
)


def work_options(command: Command) -> Command:
    """Click decorator: the options that make a Work."""
    for decorate in reversed(_WORK_OPTIONS):  # click lists the last one first
        command = decorate(command)
    return command
