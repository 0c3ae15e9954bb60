"""`zonediff validate`: recordings of real kernels replayed through the models."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import click
from tabulate import tabulate

from zonediff.cli import options
from zonediff.compare.fairness import NOT_COMPARED
from zonediff.compare.validate import Disagreement, FileReplay, validate
from zonediff.corpus.recording import SHIPPED, files_of
from zonediff.engine.policy import Policy
from zonediff.reports.plain import wrap
from zonediff.variants.registry import Registry

WIDTH = 80


@click.command(
    epilog="""\b
Exit codes:
  0  model and kernel agree in every step
  1  they disagree somewhere
  2  bad input or usage
"""
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--variant", help="Replay through this variant, whichever each recording names.")
@options.variant_files
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    paths: tuple[Path, ...], variant: str | None, variant_files: tuple[Path, ...], as_json: bool
) -> int:
    """Hold the models against recordings of real kernels.

    Every recording is replayed through the variant it speaks for: the same machine, the same
    steps, and after each step the same result and the same observation. PATH is a file of
    recordings or a folder of them; without any, the recordings that come with zonediff.
    """
    registry = Registry(variant_files)
    policies: dict[str, Policy] = {}

    def policy_of(name: str) -> Policy:
        name = variant or name
        if name not in policies:
            policies[name] = registry.resolve(name).policy
        return policies[name]

    replays = validate(files_of(paths or (SHIPPED,)), policy_of)
    if as_json:
        click.echo(json.dumps(_json(replays), indent=2))
    else:
        click.echo(_text(replays), nl=False)
    return 0 if all(item.agreeing_traces == item.traces for item in replays) else 1


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
