"""Judge every claim for every variant, from the outcomes of runs alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import Final

from zonediff.compare.claims.cases import Answer, of_run, of_states
from zonediff.corpus.claim import Case, Claim, OfRuns, OfStates
from zonediff.corpus.forms import machine_from_json
from zonediff.corpus.scenario import SURVIVES, Goal, Scenario, ScenarioStep
from zonediff.corpus.schema import read
from zonediff.engine.steps import from_json
from zonediff.engine.words import count_of
from zonediff.result.claims import CaseOutcome, CasePart, ClaimOutcome, ClaimVerdict, Verdict
from zonediff.result.result import Result, ScenarioInfo, VariantInfo
from zonediff.variants.registry import OURS, Registry

_PARTS: Final[tuple[CasePart, ...]] = ("given", "supported_if", "refuted_if", "besides")
_VALUE: Final = re.compile(r"([a-z][a-z0-9_]*)=([^,]*)")
_ELSEWHERE: Final = "the claim is not about this variant"


def judge_claims(claims: Iterable[Claim], result: Result, registry: Registry) -> list[ClaimOutcome]:
    """The verdict on each claim for each variant of a result.

    Claims with scenarios that the result does not have are left out.
    """
    ledger = _Ledger(result, registry)
    available = {scenario.id for scenario in result.scenarios}
    return [ledger.outcome(claim) for claim in claims if available.issuperset(claim.scenarios)]


class _Undecided(Exception):
    """Control flow: a case cannot be decided; the message says why, and the result holds it."""


class _Ledger:
    """Judges claims from one result."""

    def __init__(self, result: Result, registry: Registry) -> None:
        self.variants = [variant.name for variant in result.variants]
        self.known_as = {info.name: _known_as(info) for info in result.variants}
        self.registry = registry
        self.runs = {(run.scenario, run.variant): run for run in result.runs}
        infos = {info.id: info for info in result.scenarios}
        self.scenario = cache(lambda name: _scenario(infos[name]))
        self.searches: dict[tuple[OfStates, str], Answer] = {}

    def outcome(self, claim: Claim) -> ClaimOutcome:
        return ClaimOutcome(
            id=claim.id,
            who=claim.who,
            says=claim.says,
            message=claim.where.message,
            date=claim.where.date,
            undecidable=claim.undecidable,
            verdicts=[self.verdict(claim, variant) for variant in self.variants],
        )

    def verdict(self, claim: Claim, variant: str) -> ClaimVerdict:
        if not claim.supported_if:
            return ClaimVerdict(variant, "undecided", claim.undecidable or "")
        name = self.known_as[variant]
        if not speaks_of(claim, name):
            return ClaimVerdict(variant, "moot", _ELSEWHERE)
        cases: list[CaseOutcome] = []
        undecided: list[str] = []
        for part in _PARTS:
            for case in getattr(claim, part):
                if speaks_of(case, name):
                    try:
                        cases += self.outcomes(part, case, variant)
                    except _Undecided as why:
                        undecided += [] if part == "besides" else [f"{case.says}: {why}"]
        if undecided:
            return ClaimVerdict(variant, "undecided", "; ".join(undecided), cases)
        return ClaimVerdict(variant, *decide(cases), cases)

    def outcomes(self, part: CasePart, case: Case, variant: str) -> Iterator[CaseOutcome]:
        """Yield an outcome of a case for each of its scenarios."""
        for scenario, answer in self.answers(case, variant):
            yield CaseOutcome(
                part=part,
                says=case.says,
                holds=answer.holds is case.met,
                detail=answer.detail,
                scenario=scenario,
                percent=answer.percent,
                unreliable=case.unreliable,
                steps=list(answer.steps),
                reasons=list(answer.reasons),
            )

    def answers(self, case: Case, variant: str) -> Iterator[tuple[str, Answer]]:
        if not isinstance(case.check, OfRuns):
            yield "", self.searched(case.check, variant)
            return
        for name in case.check.scenarios:
            run = self.runs.get((name, variant))
            if run is None or run.status == "not-run":
                raise _Undecided(f"{name} was not run")
            if run.status == "not-modelled":
                raise _Undecided(f"{name} is not modelled on {variant}: {run.error}")
            if run.trace is None:
                raise _Undecided(f"{name} failed to run")
            yield name, of_run(self.scenario(name), run, run.trace, case.check.outcome)

    def searched(self, condition: OfStates, variant: str) -> Answer:
        """The answer of a search; claims may share a search."""
        known = self.searches.get((condition, variant))
        if known is not None:
            return known
        if not self.registry.is_model(variant):
            raise _Undecided("only models can be searched")
        policy = self.registry.model(variant).policy
        try:
            answer = of_states(policy, condition)
        except Exception as error:  # a variant's own code may raise anything
            raise _Undecided(f"the search failed: {error!r}") from None
        if answer is None:
            raise _Undecided(f"the search was given up after {count_of(condition.states, 'state')}")
        self.searches[condition, variant] = answer
        return answer


def _known_as(info: VariantInfo) -> str:
    """The name that claims use for a variant.

    Claims cannot name a variant from outside. So a claim about the kernel that it is built on is
    judged for it, too.
    """
    return next((name for name in (info.name, *info.lineage) if name in OURS), info.name)


def speaks_of(what: Claim | Case, variant: str) -> bool:
    """Whether a claim or a case is about this variant."""
    return not what.on or any(fnmatchcase(variant, pattern) for pattern in what.on)


def decide(cases: Sequence[CaseOutcome]) -> tuple[Verdict, str]:
    """The verdict that follows from the outcomes, and its condition in words."""

    def of(part: CasePart) -> list[CaseOutcome]:
        return [case for case in cases if case.part == part and case.unreliable is None]

    given, support, counter = of("given"), of("supported_if"), of("refuted_if")
    missing = [case for case in given if not case.holds]
    if missing:
        return "moot", "does not apply, as this is not so: " + joined(missing)
    if not support:
        return "moot", _ELSEWHERE
    against = [case for case in counter if case.holds]
    if against:
        return "refuted", joined(against)
    if all(case.holds for case in support):
        return "supported", "; ".join(percents(support))
    if not counter and not any(case.holds for case in support):
        return "refuted", "not so: " + joined(support)
    return "depends", sorted_out(support)


def joined(cases: Iterable[CaseOutcome]) -> str:
    """The sentences of cases, each once, with the computed numbers."""
    groups = _alike(cases)
    return "; ".join(" ".join((says, *_bracketed(group))) for says, group in groups.items())


def percents(cases: Iterable[CaseOutcome]) -> list[str]:
    """The computed numbers, each once."""
    return list(dict.fromkeys(case.percent for case in cases if case.percent is not None))


def sorted_out(cases: Iterable[CaseOutcome]) -> str:
    """The cases that hold and those that do not; for cases that hold in some scenarios, in which.

    `yes: A; B. no: C. D: yes for order=last-to-first, no for order=first-to-last`
    """
    groups = _alike(cases)
    yes = [case for group in groups.values() if all(c.holds for c in group) for case in group]
    no = [case for group in groups.values() if not any(c.holds for c in group) for case in group]
    split = []
    for says, group in groups.items():
        if len({case.holds for case in group}) == 2:
            label = dict(zip([c.scenario for c in group], labels(group), strict=True))
            sides = [
                f"{word} for {_short([label[c.scenario] for c in group if c.holds is holds])}"
                for word, holds in (("yes", True), ("no", False))
            ]
            split.append(f"{says}: {', '.join(sides)}")
    sentences = [f"{word}: {joined(side)}" for word, side in (("yes", yes), ("no", no)) if side]
    return ". ".join([*sentences, *split])


def labels(cases: Sequence[CaseOutcome]) -> list[str]:
    """Labels that distinguish the scenarios of cases: the values of members, else whole ids."""
    parts = [case.scenario.rstrip("]").partition("[") for case in cases]
    if len({family for family, _, _ in parts}) > 1:
        return [case.scenario for case in cases]
    members = [values.split(",") for _, _, values in parts]
    shared = set.intersection(*map(set, members)) if len(members) > 1 else set()
    return [",".join(value for value in values if value not in shared) for values in members]


def _alike(cases: Iterable[CaseOutcome]) -> dict[str, list[CaseOutcome]]:
    """Cases by their sentence, in order of first appearance."""
    groups: dict[str, list[CaseOutcome]] = {}
    for case in cases:
        groups.setdefault(case.says, []).append(case)
    return groups


def _bracketed(cases: Iterable[CaseOutcome]) -> list[str]:
    return [f"({percent})" for percent in percents(cases)]


def _short(labels: Sequence[str]) -> str:
    """Labels of one parameter with its name written once: `size=1G, 2G`."""
    values = [_VALUE.fullmatch(label) for label in labels]
    if len({value[1] if value else None for value in values}) == 1 and values[0]:
        return f"{values[0][1]}=" + ", ".join(value[2] for value in values if value)
    return ", ".join(labels)


def _scenario(info: ScenarioInfo) -> Scenario:
    """A scenario of a result, read from its JSON form."""
    goals = [SURVIVES if "kernel" in goal else read(goal, Goal) for goal in info.goals]
    steps = [ScenarioStep(from_json(step["do"]), step.get("name")) for step in info.steps]
    machine = machine_from_json(info.machine)
    return Scenario(info.id, info.title, info.why, machine, tuple(steps), tuple(goals))
