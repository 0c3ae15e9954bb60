"""Describe scenarios and variants as plain data, for results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final, get_args

from zonediff.corpus.forms import goal_to_json, machine_from_json, machine_to_json, step_to_json
from zonediff.corpus.problems import as_text
from zonediff.corpus.scenario import Goal, Predicate, Scenario, ScenarioStep
from zonediff.engine.steps import Step
from zonediff.result.converter import from_json
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


def scenario_of(info: ScenarioInfo) -> Scenario:
    """The scenario of a description: its machine, steps and goals.

    Raises KeyError, TypeError, ValueError or cattrs.BaseValidationError if there is none: machine,
    steps and goals of a result may be any JSON.
    """
    return Scenario(
        id=info.id,
        title=info.title,
        why=info.why,
        machine=machine_from_json(info.machine),
        steps=tuple(
            ScenarioStep(from_json(step["do"], Step), step.get("name")) for step in info.steps
        ),
        goals=tuple(_goal(goal) for goal in info.goals),
        claims=tuple(info.claims),
        file=info.file,
        hash=info.hash,
    )


_CHECKS: Final = {fields(cls)[0].name: cls for cls in get_args(Predicate)}
"""The class of each predicate by its first field, which no other predicate has."""


def _goal(body: Mapping[str, Any]) -> Goal:
    """The goal of its JSON form."""
    check = {key: value for key, value in body.items() if key not in ("want", "given")}
    given = _check(body["given"]) if "given" in body else None
    return Goal(body["want"], _check(check), given=given)


def _check(body: Mapping[str, Any]) -> Predicate:
    first = next((key for key in body if key in _CHECKS), "")
    check: Predicate = _CHECKS[first](**body)
    return check
