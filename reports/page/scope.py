"""The scope of a report: the comparison, its limits, and the tool that made the report."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final

from zonediff.corpus.forms import machine_from_json
from zonediff.engine.machine import Config
from zonediff.engine.units import SECTION, format_size
from zonediff.engine.words import count_of
from zonediff.reports.page.report import Report
from zonediff.reports.text.kinds import Class
from zonediff.reports.text.scenario_names import families
from zonediff.result.result import Result
from zonediff.variants.registry import LIVE

_UNKNOWN: Final[frozenset[Class]] = frozenset({"error", "not-judged", "not-run"})
"""The classes of cells whose outcome is not known."""


def compared(result: Result) -> Iterator[str]:
    """The origin of each variant, and the configuration of the kernels."""
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
        except_in = f" ({other} in {', '.join(families(others))})" if others else ""
        yield f"CONFIG_{option.name}={usual}{except_in}"


def not_tested(result: Result, report: Report) -> Iterator[str]:
    """The limits of the result."""
    models = [info for info in result.variants if not info.name.startswith(LIVE)]
    if len(models) == len(result.variants):
        yield "Running kernels: none was started for this."
    bare = [info.name for info in models if not info.evidence]
    if bare:
        yield f"Not checked against recordings of any real kernel: {', '.join(bare)}."
    missing: dict[str, list[str]] = {}
    for row in (row for shelf in report.shelves for row in shelf.rows):
        cells = [cell for cell in row.cells if _UNKNOWN & set(cell.classes)]
        if cells:
            on = ", ".join(cell.link.name for cell in cells)
            missing.setdefault(on, []).append(row.link.name)
    for variants, scenarios in missing.items():
        yield f"Failed, not modelled or not run in {variants}: {', '.join(families(scenarios))}."
    by_hand = [
        scenario.info.id
        for scenario in report.scenarios
        if any(part.where == "by hand" for part in scenario.reproduction)
    ]
    if by_hand:
        yield f"Not reproducible by commands alone: {', '.join(families(by_hand))}."
    yield f"Anything outside the {count_of(len(report.scenarios), 'scenario')} of this run."


def made_by(result: Result, report: Report) -> Iterator[str]:
    """The tool that made the report, its inputs, and the seeds."""
    if not result.variants:
        yield (
            f"Made by a tool, zonediff {result.version}, that ran these kernels in virtual "
            "machines. It carries nobody's sign-off."
        )
        yield from (f"{source}." for source in report.sources)
        return
    run = [info.name for info in result.variants if info.name.startswith(LIVE)]
    kernels = "no kernel was run for it"
    if run:
        kernels = f"except {', '.join(run)}, which {'was' if len(run) == 1 else 'were'} run"
    yield (
        f"Made by a tool, zonediff {result.version}, from models of these kernels; {kernels}. "
        "It is not a review and carries nobody's sign-off."
    )
    yield from (f"{source}." for source in report.sources)
    if any("elapse" in step["do"] for info in result.scenarios for step in info.steps):
        more = f" and the {result.seeds - 1} after it" if result.seeds > 1 else ""
        yield f"Chance in timed scenarios: seed {result.seed}{more}."


def made_from(result: Result) -> str:
    """The tool that made the report, and the evidence from real kernels, in one sentence."""
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
        says += f", no recording covers {', '.join(bare)}" if bare else ""
    real = [info.name for info in result.variants if info.name.startswith(LIVE)]
    sources = f"models ({', '.join(real)}: a real kernel)" if real else "models"
    return f"By a tool, zonediff {result.version}, from {sources}; {says}."
