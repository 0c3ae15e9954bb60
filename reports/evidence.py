"""What recordings of real kernels cannot speak for, whichever variant they agree with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from zonediff.engine.steps import Step
from zonediff.reports.index import Index, Link

RECORDED: Final = ("write", "read", "plug", "unplug", "probe")
"""The verbs of what recordings contain; reads are part of every look. Others are never checked."""


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """A kind of act of which there is no recording, an example, and the scenarios with it."""

    example: str
    scenarios: tuple[Link, ...]


def unrecorded(index: Index) -> tuple[Unrecorded, ...]:
    """Every such kind of act, in the order in which they occur."""
    examples: dict[str, Step] = {}
    where: dict[str, dict[str, None]] = {}
    for run in index.result.runs:
        for _, _, act in run.trace.acts() if run.trace else ():
            if act.do.verb not in RECORDED:
                examples.setdefault(act.do.verb, act.do)
                where.setdefault(act.do.verb, {})[run.scenario] = None
    return tuple(
        Unrecorded(str(examples[verb]), tuple(index.scenario(name) for name in names))
        for verb, names in where.items()
    )
