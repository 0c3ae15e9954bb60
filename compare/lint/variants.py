"""What is wrong with a variant, told from what it declares and from how it runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase

from zonediff.compare.difference import first_difference
from zonediff.corpus.problems import Problem
from zonediff.corpus.scenario import Scenario
from zonediff.engine.policy import Policy
from zonediff.result.judgements import Run
from zonediff.variants.registry import Registry, VariantError

Attempt = Callable[[Scenario, str], Run]
"""Runs one scenario on one variant."""


def lint_variant(
    policy: type[Policy],
    file: str,
    scenarios: Sequence[Scenario],
    attempt: Attempt,
    registry: Registry,
) -> list[Problem]:
    """What is wrong with a variant of a file, at the line of its class.

    file: where it is defined. scenarios: those that it is tried on.
    """
    line = 1
    with suppress(OSError):  # its text may be gone
        line = inspect.getsourcelines(policy)[1]
    declared = [*_declared(policy, [scenario.id for scenario in scenarios], registry)]
    return [
        Problem(file, line, 1, policy.name, message)
        for message in (*declared, *_behaviour(policy, scenarios, attempt))
    ]


def _declared(policy: type[Policy], ids: Sequence[str], registry: Registry) -> Iterator[str]:
    if not (policy.__doc__ or "").strip():
        yield "has no docstring: say in its first line what the patch changes, then why"
    if "origin" not in vars(policy):
        yield "has no origin of its own: name the mail, tree or release that it comes from"
    for intent in policy.intends:
        if not any(fnmatchcase(id, intent.scenarios) for id in ids):
            yield f"intends a difference in {intent.scenarios!r}, which matches no scenario"
    ends = (intent.until for intent in policy.intends if intent.until is not None)
    yield from _unknown("intent", ends, registry)
    yield from _unknown("stage", (stage.variant for stage in policy.stages), registry)


def _unknown(what: str, names: Iterable[str], registry: Registry) -> Iterator[str]:
    """Variants that a declaration names, and that there are not."""
    for name in names:
        try:
            registry.model(name)
        except VariantError as error:
            yield f"names a variant in its {what}s that is not there: {error}"


def _behaviour(
    policy: type[Policy], scenarios: Sequence[Scenario], attempt: Attempt
) -> Iterator[str]:
    """Whether it runs, and does anything otherwise than the variant it is built on."""
    below = next((name for cls in policy.__mro__[1:] if (name := vars(cls).get("name"))), None)
    apart = below is None
    for scenario in scenarios:
        own = attempt(scenario, policy.name)
        if own.trace is None:
            last = (own.error or "no reason is given").strip().splitlines()[-1]
            yield f"fails in {scenario.id}: {last}"
            return
        if not apart and below is not None:
            other = attempt(scenario, below).trace
            apart = other is None or first_difference(other, own.trace) is not None
    if not apart:
        yield (
            f"does the same as {below}, on which it is built, in all {len(scenarios)} scenarios: "
            "override what the patch changes, or write a scenario that shows it"
        )
