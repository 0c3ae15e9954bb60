"""Evidence: the recordings of real kernels that confirm each variant, and acts without any."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from zonediff.engine.steps import Step
from zonediff.reports.page.index import Index, Link
from zonediff.result.result import VariantInfo
from zonediff.variants.registry import LIVE

RECORDED: Final = ("write", "read", "plug", "unplug", "probe")
"""The verbs of the acts in recordings. No recording checks any other verb."""


REAL_KERNEL: Final = "A real kernel was run: these results come from no model."
"""The remark about a live variant instead of recordings."""


def is_live(info: VariantInfo) -> bool:
    """Whether a variant is a real kernel that was run, and not a model."""
    return info.name.startswith(LIVE)


def live_kernels(variants: Iterable[VariantInfo]) -> list[str]:
    """A sentence for each real kernel that was run."""
    return [f"{info.name}: {REAL_KERNEL}" for info in variants if is_live(info)]


class EvidenceRow(NamedTuple):
    """A recording and the variant that it checks, in words; the fields are the column heads."""

    variant: str
    kernel: str
    recording: str
    traces: str
    steps: str


def evidence_rows(variants: Iterable[VariantInfo]) -> list[EvidenceRow]:
    """For each variant and recording: the traces and steps that agree with the real kernel."""
    return [
        EvidenceRow(
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
class UnrecordedAct:
    """A kind of act that no recording has: an example, and the scenarios that need it."""

    example: str
    scenarios: tuple[Link, ...]


def unrecorded_acts(index: Index) -> tuple[UnrecordedAct, ...]:
    """Every kind of act of models that no recording has, in the order in which they occur."""
    examples: dict[str, Step] = {}
    scenarios: dict[str, dict[str, None]] = {}
    for run in index.result.runs:
        if run.variant.startswith(LIVE):
            continue
        for _, _, act in run.trace.acts() if run.trace else ():
            if act.do.verb not in RECORDED:
                examples.setdefault(act.do.verb, act.do)
                scenarios.setdefault(act.do.verb, {})[run.scenario] = None
    return tuple(
        UnrecordedAct(str(examples[verb]), tuple(index.scenario(name) for name in names))
        for verb, names in scenarios.items()
    )
