"""Describe scenarios and variants as plain data, for results."""

from __future__ import annotations

from collections.abc import Sequence

from zonediff.corpus.forms import goal_to_json, machine_to_json, step_to_json
from zonediff.corpus.problems import as_text
from zonediff.corpus.scenario import Scenario
from zonediff.result.result import Evidence, ScenarioInfo, VariantInfo
from zonediff.variants.places import without_folders
from zonediff.variants.subject import Subject


def variant_info(subject: Subject, evidence: Sequence[Evidence] = ()) -> VariantInfo:
    """A subject for reports. evidence: from recordings of real kernels."""
    return VariantInfo(
        name=subject.name,
        summary=subject.summary,
        description=subject.description,
        origin=subject.origin,
        where=as_text(without_folders(subject.where)),
        interface=subject.interface,
        lineage=list(subject.lineage),
        intends=list(subject.intends),
        evidence=list(evidence),
    )


def scenario_info(scenario: Scenario) -> ScenarioInfo:
    """A scenario for reports."""
    return ScenarioInfo(
        id=scenario.id,
        title=scenario.title,
        why=scenario.why,
        claims=list(scenario.claims),
        file=scenario.file,
        hash=scenario.hash,
        machine=machine_to_json(scenario.machine),
        steps=[step_to_json(step) for step in scenario.steps],
        goals=[goal_to_json(goal) for goal in scenario.goals],
    )
