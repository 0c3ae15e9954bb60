"""Check the differences that a variant intends against those that it makes."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from zonediff.engine.policy import Intent
from zonediff.result.judgements import IntentOutcome, Judgement
from zonediff.result.result import VariantInfo


def matches(pattern: str, scenario: str) -> bool:
    """Whether a scenario's id fits a glob pattern (`*` and `?`; brackets mean themselves).

    The id of a family, without its values, stands for all its members.
    """
    family = scenario.partition("[")[0]
    literal = pattern.replace("[", "[[]")
    return fnmatchcase(scenario, literal) or fnmatchcase(family, literal)


def covering(variant: VariantInfo, scenario: str) -> Intent | None:
    """The intent that covers differences in this scenario, unless it has ended."""
    for intent in variant.intends:
        if matches(intent.scenarios, scenario) and not _ended(variant, intent):
            return intent
    return None


def outcomes(
    variant: VariantInfo, judgements: Iterable[Judgement], *, whole: bool
) -> list[IntentOutcome]:
    """Whether each intent happened, is missing or is overdue, by the judgements of this variant.

    whole: the whole corpus was run, so an intent that matches no scenario is missing too. Two
    kinds of intents have no outcome: those that have ended and make no difference any more, and
    those whose scenarios could not be judged.
    """
    judged = [item for item in judgements if item.variant == variant.name]
    results: list[IntentOutcome] = []
    for intent in variant.intends:
        matching = [item for item in judged if matches(intent.scenarios, item.scenario)]
        compared = [item for item in matching if item.kind not in ("error", "not-judged")]
        differing = [item.scenario for item in compared if item.kind != "unchanged"]
        if differing:
            ended = _ended(variant, intent)
            results.append(
                IntentOutcome(variant.name, intent, "overdue" if ended else "happened", differing)
            )
        elif not _ended(variant, intent) and (compared or (whole and not matching)):
            results.append(IntentOutcome(variant.name, intent, "missing"))
    return results


def _ended(variant: VariantInfo, intent: Intent) -> bool:
    """Whether the variant is, or builds on, the one that ends the difference."""
    return intent.until is not None and intent.until in variant.lineage
