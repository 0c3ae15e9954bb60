"""What reports show, as plain data: each count with what it counts, each cell with its words.

Renderers only lay this out. All that needs thought is thought here and in the modules below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from zonediff.engine.words import several
from zonediff.reports.page.chance_goals import Chance, chances
from zonediff.reports.page.claims import ClaimView, ledger
from zonediff.reports.page.evidence import Unrecorded, unrecorded
from zonediff.reports.page.explorations import ArenaView, arenas
from zonediff.reports.page.findings import Cause, Lost, causes, lost
from zonediff.reports.page.history import HistoryView, history_view
from zonediff.reports.page.index import Index, Link
from zonediff.reports.page.intents import IntentView, intent_view
from zonediff.reports.page.matrix import Shelf, shelves
from zonediff.reports.page.patches import SeriesView, series_view
from zonediff.reports.page.same_behaviour import Alike, groups
from zonediff.reports.page.scenario_view import ScenarioView, scenario_view
from zonediff.reports.page.verdicts import Verdict, verdicts
from zonediff.reports.text.kinds import MEANINGS, Class, noun
from zonediff.result.explorations import Portrait
from zonediff.result.frontiers import Frontier
from zonediff.result.result import Result, Source, VariantInfo

_ANCHORS: Final[dict[Class, str]] = {
    "error": "errors",
    "regression": "regressions",
    "fix": "fixes",
    "behaviour-change": "changes",
    "intended": "intended",
}
"""The classes whose findings are listed, and where in a report."""


@dataclass(frozen=True, slots=True)
class Section:
    """All findings of a class, by cause."""

    kind: Class
    anchor: str
    heading: str
    meaning: str
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class VariantView:
    """A variant, introduced.

    interface: kind of thing -> names with the values they accept. builds_on: the variant that it
    changes, "" if none.
    """

    link: Link
    info: VariantInfo
    baseline: bool
    paragraphs: tuple[str, ...]
    interface: tuple[tuple[str, tuple[str, ...]], ...]
    builds_on: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that any report shows.

    notes: what a reader must know before anything else. chances: each with its scenario's place.
    """

    baseline: str
    title: str
    lead: str
    notes: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    sections: tuple[Section, ...]
    lost: tuple[Lost, ...]
    intents: tuple[IntentView, ...]
    shelves: tuple[Shelf, ...]
    alike: tuple[Alike, ...]
    unrecorded: tuple[Unrecorded, ...]
    claims: tuple[ClaimView, ...]
    history: HistoryView | None
    chances: tuple[tuple[Link, Chance], ...]
    frontiers: tuple[Frontier, ...]
    explorations: tuple[ArenaView, ...]
    portraits: tuple[Portrait, ...]
    scenarios: tuple[ScenarioView, ...]
    variants: tuple[VariantView, ...]
    version: str
    schema: str
    sources: tuple[str, ...]
    series: tuple[SeriesView, ...]
    provenance: tuple[tuple[str, str], ...]

    def column(self, variant: str) -> int:
        """A candidate's column in the matrix; the baseline's is 0."""
        candidates = [item.info.name for item in self.variants if not item.baseline]
        return 1 + candidates.index(variant)

    @property
    def contents(self) -> tuple[Link, ...]:
        """The parts that have something to show, in reading order."""
        found = [(section.heading, section.anchor, True) for section in self.sections]
        worst = sum(section.kind in _WORST for section in self.sections)
        parts = (
            ("Verdict", "verdict", self.scenarios),
            *found[:worst],
            ("ABI removals", "removals", True),
            *found[worst:],
            ("Declared intents", "intents", self.scenarios and self.intents),
            ("Matrix", "matrix", self.scenarios),
            ("Alike", "alike", self.scenarios and self.alike[1:]),
            ("Claims", "claims", self.claims),
            ("History", "history", self.history),
            ("Chances", "chances", self.chances),
            ("Frontiers", "frontiers", self.frontiers),
            ("Explorations", "explorations", self.explorations),
            ("Scenarios", "scenarios", self.scenarios),
            ("Evidence", "evidence", True),
            ("Variants", "variants", True),
            ("Patches", "patches", self.series),
            ("Provenance", "provenance", True),
        )
        return tuple(Link(name, anchor) for name, anchor, shown in parts if shown)


_WORST: Final = ("error", "regression")


def view(result: Result) -> Report:
    """Think a whole report through."""
    index = Index(result)
    shown = verdicts(result) if result.scenarios else ()
    candidates = several(len(index.candidates), "variant")
    return Report(
        baseline=result.baseline,
        title=f"Memory hotplug: {candidates} against {result.baseline}",
        lead=_lead(index),
        notes=tuple(_notes(index)),
        verdicts=shown,
        sections=tuple(
            Section(
                kind=kind,
                anchor=anchor,
                heading=noun(kind, 2).capitalize(),
                meaning=f"{MEANINGS[kind].capitalize()}.",
                causes=found,
            )
            for kind, anchor in _ANCHORS.items()
            if (found := tuple(causes(index, kind)))
        ),
        lost=tuple(lost(index)),
        intents=tuple(intent_view(index, outcome) for outcome in result.intents),
        shelves=tuple(shelves(index)),
        alike=groups(index),
        unrecorded=unrecorded(index),
        claims=ledger(index),
        history=history_view(result.history, index) if result.history else None,
        chances=tuple((index.scenario(item.scenario), item) for item in chances(result)),
        frontiers=tuple(result.frontiers),
        explorations=arenas(index),
        portraits=tuple(result.portraits),
        scenarios=tuple(scenario_view(index, info) for info in result.scenarios),
        variants=tuple(_variant(index, info) for info in result.variants),
        version=result.version,
        schema=result.schema,
        sources=tuple(_source(item) for item in result.sources),
        series=tuple(map(series_view, result.series)),
        provenance=tuple(_provenance(result)),
    )


def _lead(index: Index) -> str:
    """What was compared, in a sentence."""
    result = index.result
    if not result.scenarios:
        return "0 scenarios were run."
    runs = [index.run(scenario.id, result.baseline) for scenario in result.scenarios]
    met = sum(run is not None and bool(run.goals) and all(g.met for g in run.goals) for run in runs)
    return (
        f"{several(len(result.scenarios), 'scenario')}; {result.baseline} itself meets all goals "
        f"in {met} of them."
    )


def _notes(index: Index) -> Iterator[str]:
    result = index.result
    if not result.complete:
        ran, planned = len(result.runs), len(result.scenarios) * len(result.variants)
        yield f"Incomplete: the run was stopped after {ran} of {planned} cells."
    failed = sorted({run.variant for run in result.runs if run.status == "error"})
    if failed:
        number = sum(run.status == "error" for run in result.runs)
        yield f"{several(number, 'run')} failed, on {', '.join(failed)}: see Errors."
    impossible = sorted({run.variant for run in result.runs if run.status == "not-run"})
    if impossible:
        number = sum(run.status == "not-run" for run in result.runs)
        yield f"{several(number, 'run')} could not be done here, on {', '.join(impossible)}."
    unproven = [info.name for info in result.variants if not info.evidence]
    if unproven:
        yield (
            f"No recording of a real kernel speaks for {', '.join(unproven)}: "
            "what is shown there is a model's word."
        )


def _variant(index: Index, info: VariantInfo) -> VariantView:
    parts = (
        ("sysfs files", info.interface.files),
        ("boot parameters", info.interface.parameters),
        ("config options", info.interface.options),
    )
    return VariantView(
        link=index.variant(info.name),
        info=info,
        baseline=info.name == index.result.baseline,
        paragraphs=tuple(
            text
            for text in re.split(r"\n\s*\n", info.description.strip())
            if text.split() != info.summary.split()
        ),
        interface=tuple((what, tuple(_accepts(names))) for what, names in parts if names),
        builds_on=next((name for name in info.lineage if name != info.name), ""),
    )


def _accepts(names: dict[str, tuple[str, ...]]) -> Iterator[str]:
    for name, values in names.items():
        yield f"{name} ({', '.join(values)})" if values else name


def _source(item: Source) -> str:
    revision = item.revision or "no revision"
    dirty = ", with changes that are not committed" if item.dirty else ""
    return f"{item.what} {item.name} at {revision}{dirty}".replace("  ", " ")


def _provenance(result: Result) -> Iterator[tuple[str, str]]:
    """What else the result was made with: the command, the versions it depends on, the seeds."""
    if result.command:
        yield "Command", result.command
    if result.versions:
        yield "With", ", ".join(f"{name} {version}" for name, version in result.versions.items())
    last = result.seed + result.seeds - 1
    yield "Seeds", str(result.seed) if result.seeds == 1 else f"{result.seed} to {last}"
