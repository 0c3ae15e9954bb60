"""`zonediff validate`: models held against recordings of real kernels, or against one at work."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from tabulate import tabulate

from zonediff.cli import guests, options
from zonediff.cli.progress import bar
from zonediff.compare.comparable import NOT_COMPARED
from zonediff.compare.validate import Disagreement, FileReplay, validate
from zonediff.corpus.recording import SHIPPED, files_of
from zonediff.engine.policy import Policy
from zonediff.live.host import find_host
from zonediff.live.image import read_image
from zonediff.reports.text.plain import wrap
from zonediff.variants.registry import LIVE, Registry

WIDTH = 80


@click.command(
    epilog="""\b
Exit codes:
  0    model and kernel agree in every step
  1    they disagree somewhere
  2    bad input or usage, or a variant failed
  130  interrupted
"""
)
@click.argument("paths", nargs=-1, metavar="[PATH|SCENARIO]...")
@click.option(
    "--variant",
    metavar="NAME",
    help="Replay through this variant, whichever each recording names.",
)
@options.variant_files
@click.option(
    "--live",
    type=click.Path(path_type=Path),
    metavar="IMAGE",
    help="Boot this kernel and compare with what it does, instead of with recordings.",
)
@guests.work_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    paths: tuple[str, ...],
    variant: str | None,
    variant_files: tuple[Path, ...],
    live: Path | None,
    as_json: bool,
    **work: Any,
) -> int:
    """Hold the models against recorded or live kernels.

    Every recording is replayed through the variant it speaks for: the same machine, the same
    steps, and after each step the same result and the same observation. PATH is a file of
    recordings or a folder of them; without any, the recordings that come with zonediff.

    With --live, the kernel in IMAGE is booted for each SCENARIO (an id, a folder or a glob pattern
    of the corpus, or a file) and random sequence, and what it does is replayed through --variant.
    A disagreement is brought to the fewest steps that show it, with the kernel run again and again.
    """
    registry = Registry(variant_files)
    if live is None:
        replays = _replay([Path(path) for path in paths], variant, registry, work)
    elif variant is None:
        raise click.UsageError("--live compares with a model: give its --variant")
    else:
        replays = _confront(live, registry.model(variant).policy, paths, guests.Work(**work))
    if as_json:
        click.echo(json.dumps(_json(replays), indent=2))
    else:
        click.echo(_text(replays), nl=False)
    return 0 if all(item.agreeing_traces == item.traces for item in replays) else 1


def _replay(
    paths: Sequence[Path], variant: str | None, registry: Registry, work: Mapping[str, Any]
) -> list[FileReplay]:
    """Recordings through the models that they speak for, or through the one variant."""
    if work["random"] or work["machines"]:
        raise click.UsageError("--random and --machine need a kernel to run: give --live IMAGE")
    policies: dict[str, Policy] = {}

    def policy_of(name: str) -> Policy:
        name = variant or name
        if name not in policies:
            policies[name] = registry.model(name).policy
        return policies[name]

    with bar("replaying", "files") as progress:
        return validate(files_of(paths or (SHIPPED,)), policy_of, progress)


def _confront(
    kernel: Path, policy: Policy, scenarios: Sequence[str], work: guests.Work
) -> list[FileReplay]:
    """A kernel at work through the model. Raises KeyboardInterrupt when not all was done."""
    image, host = read_image(kernel), find_host()
    jobs = work.jobs(scenarios, host, image)
    # Only now: qemu.qmp may be missing where live kernels are not run.
    from zonediff.compare.confront import confront

    found = work.do(jobs, lambda job: confront(f"{LIVE}{kernel}", job, policy))
    if len(found) < len(jobs):
        raise KeyboardInterrupt
    replays = tuple(found[index] for index in range(len(jobs)))
    return [FileReplay(kernel.name, image.release, policy.name, replays)]


def _text(replays: list[FileReplay]) -> str:
    rows = [
        [
            item.file.removesuffix(".jsonl"),
            item.kernel.partition("-")[0],
            item.variant,
            f"{item.agreeing_traces}/{item.traces}",
            f"{item.agreeing_steps}/{item.steps}",
            f"{_share(item.agreeing_steps, item.steps)} %",
        ]
        for item in replays
    ]
    headers = ["recording", "kernel", "variant", "traces", "steps", "agree"]
    lines = tabulate(
        rows,
        headers,
        disable_numparse=True,
        colalign=["left"] * 3 + ["right"] * 3,
        maxcolwidths=[None, 16, None, None, None, None],
    ).splitlines()
    for item in replays:
        for replay in item.replays:
            if replay.disagreement is not None:
                lines += ["", *_disagreement(replay.disagreement)]
    lines += ["", "Not compared:", *(f"- {what}" for what in NOT_COMPARED), ""]
    steps, agreeing = sum(i.steps for i in replays), sum(i.agreeing_steps for i in replays)
    traces, good = sum(i.traces for i in replays), sum(i.agreeing_traces for i in replays)
    lines.append(f"agree: {agreeing}/{steps} steps in {good}/{traces} traces")
    return "\n".join(lines) + "\n"


def _share(part: int, whole: int) -> str:
    """Per cent, rounded down, so that 100.0 means all."""
    return f"{part * 1000 // whole / 10 if whole else 100.0:.1f}"


def _disagreement(parting: Disagreement) -> list[str]:
    where = "boot" if parting.step < 0 else f"step {parting.step + 1}: {parting.do}"
    lines = wrap(f"{parting.trace}, {where}", WIDTH, rest="  ")
    rows = [["result", parting.recorded, parting.predicted], *map(list, parting.differences)]
    lines += tabulate(
        rows, ["", "kernel", "model"], maxcolwidths=[20, 27, 27], disable_numparse=True
    ).splitlines()
    for reason in parting.reasons:
        lines += wrap(f"why: {reason}", WIDTH, rest="     ")
    if parting.steps:
        lines += ["The fewest steps that show it:", *(f"  {step}" for step in parting.steps)]
    return lines


def _json(replays: list[FileReplay]) -> dict[str, Any]:
    return {
        "files": [
            {
                "file": item.file,
                "kernel": item.kernel,
                "variant": item.variant,
                "traces": item.traces,
                "steps": item.steps,
                "agreeing_traces": item.agreeing_traces,
                "agreeing_steps": item.agreeing_steps,
                "disagreements": [
                    dataclasses.asdict(replay.disagreement)
                    for replay in item.replays
                    if replay.disagreement is not None
                ],
                "inputs": {
                    replay.trace: list(replay.inputs) for replay in item.replays if replay.inputs
                },
            }
            for item in replays
        ],
        "not_compared": list(NOT_COMPARED),
    }
