"""The content of a report as plain data; the forms only lay it out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from zonediff.engine.words import count_of
from zonediff.reports.page.chance_goals import ChanceGoal, chance_goals
from zonediff.reports.page.claims import ClaimView, claim_views
from zonediff.reports.page.evidence import UnrecordedAct, is_live, unrecorded_acts
from zonediff.reports.page.explorations import ArenaView, arenas
from zonediff.reports.page.findings import Cause, RemovalView, causes, removal_views
from zonediff.reports.page.functions import FunctionView, function_index
from zonediff.reports.page.history import HistoryView, history_view
from zonediff.reports.page.index import Index, Link
from zonediff.reports.page.intents import IntentView, intent_view
from zonediff.reports.page.matrix import Shelf, shelves
from zonediff.reports.page.patches import SeriesView, series_view
from zonediff.reports.page.reviews import INTERRUPTED, ReviewView, review_title, review_views
from zonediff.reports.page.same_behaviour import VariantGroup, variant_groups
from zonediff.reports.page.scenario_view import ScenarioView, scenario_view
from zonediff.reports.page.verdicts import Verdict, verdicts
from zonediff.reports.page.web_links import release_in
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
    "not-judged": "not-judged",
}
"""The classes whose findings are listed, with the anchors of their sections."""


@dataclass(frozen=True, slots=True)
class Section:
    """The findings of a class, by cause."""

    kind: Class
    anchor: str
    heading: str
    meaning: str
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class VariantView:
    """The description of a variant.

    live: whether a real kernel was run. interface: (kind of interface, names with the accepted
    values). builds_on: the variant that it changes, "" if none.
    """

    link: Link
    info: VariantInfo
    baseline: bool
    live: bool
    paragraphs: tuple[str, ...]
    interface: tuple[tuple[str, tuple[str, ...]], ...]
    builds_on: str


@dataclass(frozen=True, slots=True)
class Report:
    """The content of every form of report.

    subject: what was compared with what, for the title of the window. notes: warnings that come
    before anything else. variant_groups: variants that behave alike.
    chance_goals: each with the link to its scenario.
    """

    baseline: str
    subject: str
    title: str
    lead: str
    notes: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    sections: tuple[Section, ...]
    functions: tuple[FunctionView, ...]
    removals: tuple[RemovalView, ...]
    intents: tuple[IntentView, ...]
    shelves: tuple[Shelf, ...]
    variant_groups: tuple[VariantGroup, ...]
    unrecorded_acts: tuple[UnrecordedAct, ...]
    claims: tuple[ClaimView, ...]
    history: HistoryView | None
    chance_goals: tuple[tuple[Link, ChanceGoal], ...]
    frontiers: tuple[Frontier, ...]
    explorations: tuple[ArenaView, ...]
    portraits: tuple[Portrait, ...]
    scenarios: tuple[ScenarioView, ...]
    variants: tuple[VariantView, ...]
    reviews: tuple[ReviewView, ...]
    version: str
    schema: str
    sources: tuple[str, ...]
    series: tuple[SeriesView, ...]
    provenance: tuple[tuple[str, str], ...]

    def column(self, variant: str) -> int:
        """The column of a candidate in the matrix; the baseline's is 0."""
        candidates = [item.info.name for item in self.variants if not item.baseline]
        return [self.baseline, *candidates].index(variant)

    @property
    def contents(self) -> tuple[Link, ...]:
        """Links to the parts that the report has, in reading order."""
        findings = [(section.heading, section.anchor, True) for section in self.sections]
        worst = sum(section.kind in _WORST for section in self.sections)
        parts = (
            ("Review" if len(self.reviews) == 1 else "Reviews", "reviews", self.reviews),
            ("Verdict", "verdict", self.scenarios),
            *findings[:worst],
            ("Matrix", "matrix", self.scenarios),
            ("ABI removals", "removals", self.variants),
            *findings[worst:],
            ("Declared intents", "intents", self.scenarios and self.intents),
            ("Same behaviour", "alike", self.scenarios and self.variant_groups[1:]),
            ("Claims", "claims", self.claims),
            ("History", "history", self.history),
            ("Decided by chance", "chances", self.chance_goals),
            ("Frontiers", "frontiers", self.frontiers),
            ("Explorations", "explorations", self.explorations),
            ("Scenarios", "scenarios", self.scenarios),
            ("Kernel functions", "functions", self.functions),
            ("Evidence", "evidence", self.variants),
            ("Variants", "variants", self.variants),
            ("Patches", "patches", self.series),
            ("Provenance", "provenance", True),
        )
        return tuple(Link(name, anchor) for name, anchor, shown in parts if shown)


_WORST: Final = ("error", "regression")


def build_report(result: Result) -> Report:
    """The content of the report on a result."""
    index = Index(result)
    shown = verdicts(result) if result.scenarios else ()
    candidates = count_of(len(index.candidates), "variant")
    sections = _sections(index)
    reviews = review_views(result)
    return Report(
        baseline=result.baseline,
        subject=review_title(reviews) if reviews else _subject(index),
        title=(
            review_title(reviews)
            if reviews
            else f"Memory hotplug: {candidates} against {result.baseline}"
        ),
        lead=_lead(index),
        notes=tuple(_notes(index)),
        verdicts=shown,
        sections=sections,
        functions=function_index(sections, release_in(_origin(result))),
        removals=tuple(removal_views(index)),
        intents=tuple(intent_view(index, outcome) for outcome in result.intents),
        shelves=tuple(shelves(index)),
        variant_groups=variant_groups(index) if result.variants else (),
        unrecorded_acts=unrecorded_acts(index),
        claims=claim_views(index),
        history=history_view(result.history, index) if result.history else None,
        chance_goals=tuple((index.scenario(item.scenario), item) for item in chance_goals(result)),
        frontiers=tuple(result.frontiers),
        explorations=arenas(index),
        portraits=tuple(result.portraits),
        scenarios=tuple(scenario_view(index, info) for info in result.scenarios),
        variants=tuple(_variant(index, info) for info in result.variants),
        reviews=reviews,
        version=result.version,
        schema=result.schema,
        sources=tuple(_source(item) for item in result.sources),
        series=tuple(map(series_view, result.series)),
        provenance=tuple(_provenance(result)),
    )


def _sections(index: Index) -> tuple[Section, ...]:
    """The classes that have findings."""
    return tuple(
        Section(
            kind=kind,
            anchor=anchor,
            heading=noun(kind, 2).capitalize(),
            meaning=f"{MEANINGS[kind].capitalize()}.",
            causes=found_causes,
        )
        for kind, anchor in _ANCHORS.items()
        if (found_causes := tuple(causes(index, kind)))
    )


_NAMED: Final = 3
"""The most variants that the title of the window names."""


def _subject(index: Index) -> str:
    """`a, b, c and 2 more against upstream, 202 scenarios`."""
    names = index.candidates
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    scenarios = count_of(len(index.result.scenarios), "scenario")
    return f"{', '.join(names[:_NAMED])}{more} against {index.result.baseline}, {scenarios}"


def _origin(result: Result) -> str:
    return next((v.origin for v in result.variants if v.name == result.baseline), "")


def _lead(index: Index) -> str:
    """The sentence under the title."""
    result = index.result
    if result.reviews and not result.scenarios:
        return f"{' '.join(view.lead for view in review_views(result))}"
    if not result.scenarios:
        return "0 scenarios were run."
    runs = [index.run(scenario.id, result.baseline) for scenario in result.scenarios]
    runs_met = sum(
        run is not None and bool(run.goals) and all(g.met for g in run.goals) for run in runs
    )
    return (
        f"{count_of(len(result.scenarios), 'scenario')}; {result.baseline} itself meets all goals "
        f"in {runs_met}."
    )


def _notes(index: Index) -> Iterator[str]:
    result = index.result
    if not result.complete and result.reviews:
        yield INTERRUPTED
    elif not result.complete:
        ran, planned = len(result.runs), len(result.scenarios) * len(result.variants)
        yield f"Incomplete: the run was interrupted after {ran} of {count_of(planned, 'cell')}."
    failed = sorted({run.variant for run in result.runs if run.status == "error"})
    if failed:
        number = sum(run.status == "error" for run in result.runs)
        yield f"{count_of(number, 'run')} failed, on {', '.join(failed)}: see Errors."
    gaps: dict[str, dict[str, None]] = {}
    for run in result.runs:
        if run.status == "not-modelled":
            gaps.setdefault(run.error or "", {})[run.variant] = None
    for why, variants in gaps.items():
        yield f"Not modelled on {', '.join(variants)} in some scenarios: {why}."
    impossible = sorted({run.variant for run in result.runs if run.status == "not-run"})
    if impossible:
        number = sum(run.status == "not-run" for run in result.runs)
        yield f"{count_of(number, 'run')} could not be done here: {', '.join(impossible)}."
    unproven = [info.name for info in result.variants if not info.evidence and not is_live(info)]
    if unproven:
        yield (
            f"No recording of a real kernel checks {', '.join(unproven)}: "
            "these results come from a model alone."
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
        live=is_live(info),
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
    """The command, the versions of dependencies, and the seeds of the result."""
    if result.command:
        yield "Command", result.command
    if result.versions:
        yield "With", ", ".join(f"{name} {version}" for name, version in result.versions.items())
    if not result.scenarios and result.reviews:
        return
    last = result.seed + result.seeds - 1
    yield "Seeds", str(result.seed) if result.seeds == 1 else f"{result.seed} to {last}"
