"""What a report covers, what it does not, and who says so: the same sentences in every form."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from zonediff.corpus.forms import machine_from_json
from zonediff.engine.machine import Config
from zonediff.engine.units import SECTION, format_size
from zonediff.reports.page.report import Report
from zonediff.reports.text.scenario_names import families
from zonediff.result.result import Result
from zonediff.variants.registry import LIVE


def compared(result: Result) -> Iterator[str]:
    """What the names of variants stand for, and how the kernels are configured."""
    origins: dict[str, list[str]] = {}
    for info in result.variants:
        name = f"{info.name} (the baseline)" if info.name == result.baseline else info.name
        origins.setdefault(info.origin, []).append(name)
    yield from (f"{', '.join(names)}: {origin}" for origin, names in origins.items())
    yield f"x86-64, memory blocks of {format_size(SECTION)}"
    if not result.scenarios:
        return
    configs = {info.id: machine_from_json(info.machine).config for info in result.scenarios}
    for option in dataclasses.fields(Config):
        on = [name for name, config in configs.items() if getattr(config, option.name)]
        off = [name for name in configs if name not in set(on)]
        usual, other, others = ("y", "n", off) if len(on) >= len(off) else ("n", "y", on)
        but = f" ({other} in {', '.join(families(others))})" if others else ""
        yield f"CONFIG_{option.name}={usual}{but}"


def untested(result: Result, report: Report) -> Iterator[str]:
    """What nobody should take for tested."""
    models = [info for info in result.variants if not info.name.startswith(LIVE)]
    if len(models) == len(result.variants):
        yield "On a running kernel: none was started for this."
    bare = [info.name for info in models if not info.evidence]
    if bare:
        yield f"Against recordings of any real kernel: {', '.join(bare)}."
    missing: dict[str, list[str]] = {}
    for row in (row for shelf in report.shelves for row in shelf.rows):
        cells = [cell for cell in row.cells if {"error", "not-run"} & set(cell.classes)]
        if cells:
            on = ", ".join(cell.link.name for cell in cells)
            missing.setdefault(on, []).append(row.link.name)
    for variants, scenarios in missing.items():
        yield f"Failed or not run in {variants}: {', '.join(families(scenarios))}."
    by_hand = [
        scenario.info.id
        for scenario in report.scenarios
        if any(part.where == "by hand" for part in scenario.reproduction)
    ]
    if by_hand:
        yield f"By commands alone these cannot be reproduced: {', '.join(families(by_hand))}."
    yield f"Anything but these {len(report.scenarios)} scenarios."


def made_by(result: Result, report: Report) -> Iterator[str]:
    """Who says all this, a tool, and what it was made from."""
    run = [info.name for info in result.variants if info.name.startswith(LIVE)]
    what = "no kernel was run for it"
    if run:
        what = f"but for {', '.join(run)}, which {'was' if len(run) == 1 else 'were'} run"
    yield (
        f"Made by a tool, zonediff {result.version}, from models of these kernels; {what}. "
        "It is nobody's review and carries no one's sign-off."
    )
    yield from (f"{source}." for source in report.sources)
    if any("elapse" in step["do"] for info in result.scenarios for step in info.steps):
        more = f" and the {result.seeds - 1} after it" if result.seeds > 1 else ""
        yield f"Chance in timed scenarios: seed {result.seed}{more}."


def made_from(result: Result) -> str:
    """The same in short, with how much of it real kernels confirm."""
    models = [info for info in result.variants if not info.name.startswith(LIVE)]
    odd = [
        f"all but {item.steps - item.agreeing_steps} of {item.steps} for {info.name}"
        for info in models
        for item in info.evidence
        if item.agreeing_steps < item.steps
    ]
    bare = [info.name for info in models if not info.evidence]
    says = "nothing is checked against recordings of real kernels"
    if len(bare) < len(models):
        says = "all steps recorded on real kernels agree"
        if odd:
            says = f"the steps recorded on real kernels agree ({', '.join(odd)})"
        says += f", none are recorded for {', '.join(bare)}" if bare else ""
    real = [info.name for info in result.variants if info.name.startswith(LIVE)]
    what = f"models ({', '.join(real)}: a real kernel)" if real else "models"
    return f"By a tool, zonediff {result.version}, from {what}; {says}."
