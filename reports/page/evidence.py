"""What recordings of real kernels say about variants, and what they cannot speak for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from zonediff.engine.steps import Step
from zonediff.reports.page.index import Index, Link
from zonediff.result.result import VariantInfo

RECORDED: Final = ("write", "read", "plug", "unplug", "probe")
"""The verbs of what recordings contain; reads are part of every look. Others are never checked."""


class Recorded(NamedTuple):
    """A row of the evidence in words; the fields' names are its heads."""

    variant: str
    kernel: str
    recording: str
    traces: str
    steps: str


def recorded(variants: Iterable[VariantInfo]) -> list[Recorded]:
    """How much of each recording comes out on a variant as on the real kernel."""
    return [
        Recorded(
            info.name,
            item.kernel,
            item.recording,
            f"{item.agreeing_traces} of {item.traces}",
            f"{item.agreeing_steps} of {item.steps}",
        )
        for info in variants
        for item in info.evidence
    ]


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
