"""The text and JSON of `zonediff validate`: agreements and disagreements with real kernels."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

from tabulate import tabulate

from zonediff.engine.words import count_of
from zonediff.reports.text.plain import WIDTH, wrap
from zonediff.result.certificates import Standing
from zonediff.result.replays import Disagreement, FileReplay


def replays_text(
    replays: Sequence[FileReplay],
    not_compared: Sequence[str],
    standings: Sequence[Standing] = (),
) -> str:
    """A table of the files, every disagreement, the certificates of the models, and the totals.

    not_compared: the facts that the comparison leaves out, one line each.
    """
    rows = [
        [
            item.file.removesuffix(".jsonl"),
            item.kernel,
            item.model if item.model == item.variant else f"{item.model}, not {item.variant}",
            f"{item.agreeing_traces}/{item.traces}",
            f"{item.agreeing_steps}/{item.steps}",
            item.chance_steps,
            f"{_share(item.agreeing_steps, item.steps)} %",
        ]
        for item in replays
    ]
    headers = ["recording", "kernel", "model", "traces", "steps", "chance", "agree"]
    lines = tabulate(
        rows,
        headers,
        disable_numparse=True,
        colalign=["left"] * 3 + ["right"] * 4,
        maxcolwidths=[None, 16, *[None] * 5],
    ).splitlines()
    for item in replays:
        for replay in item.replays:
            if replay.disagreement is not None:
                lines += ["", *_disagreement(replay.disagreement)]
    lines += _certificates(standings)
    lines += ["", "Not compared:", *(f"- {what}" for what in not_compared), ""]
    steps, agreeing = sum(i.steps for i in replays), sum(i.agreeing_steps for i in replays)
    traces, good = sum(i.traces for i in replays), sum(i.agreeing_traces for i in replays)
    chance = sum(i.chance_steps for i in replays)
    lines.append(
        f"agree: {agreeing}/{steps} steps in {good}/{traces} traces; "
        f"{count_of(chance, 'step')} had an input of chance"
    )
    return "\n".join(lines) + "\n"


def _certificates(standings: Sequence[Standing]) -> list[str]:
    """A line for each kernel that certifies a model, and one for each stale certificate."""
    arenas: dict[tuple[str, str], list[str]] = {}
    stale = []
    for certificate, current in standings:
        if current and certificate.holds:
            key = certificate.variant, certificate.release
            arenas.setdefault(key, []).append(certificate.arena)
        else:
            why = "the model or the machine has changed since" if not current else str(certificate)
            stale.append(f"- {certificate.variant} is not certified on {certificate.arena}: {why}")
    lines = [
        f"- {variant} on {', '.join(names)} by Linux {kernel}"
        for (variant, kernel), names in arenas.items()
    ]
    if not lines and not stale:
        return []
    text = [row for line in [*lines, *stale] for row in wrap(line, WIDTH, rest="  ")]
    return ["", "Certified in every transition (zonediff certify):", *text]


def replays_json(
    replays: Sequence[FileReplay],
    not_compared: Sequence[str],
    standings: Sequence[Standing] = (),
) -> str:
    """The same as a JSON object."""
    body = {
        "files": [
            {
                "file": item.file,
                "kernel": item.kernel,
                "variant": item.variant,
                "model": item.model,
                "traces": item.traces,
                "steps": item.steps,
                "agreeing_traces": item.agreeing_traces,
                "agreeing_steps": item.agreeing_steps,
                "chance_steps": item.chance_steps,
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
        "certificates": [
            {
                "variant": certificate.variant,
                "arena": certificate.arena,
                "kernel": certificate.release,
                "transitions": certificate.kernel_transitions,
                "by_chance": certificate.by_chance,
                "holds": certificate.holds,
                "current": current,
            }
            for certificate, current in standings
        ],
        "not_compared": list(not_compared),
    }
    return json.dumps(body, indent=2) + "\n"


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
