"""Find mistakes in variants, from their declarations and their runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from zonediff.compare.difference import first_difference
from zonediff.compare.invariants import PlainOnline, plain_onlines
from zonediff.corpus.problems import Problem, closest
from zonediff.corpus.scenario import Scenario
from zonediff.engine.policy import Policy
from zonediff.engine.trace import Trace
from zonediff.result.judgements import Run
from zonediff.variants.registry import Registry, VariantError, variant_file
from zonediff.variants.source_lines import Place, misnamed, place_in

Attempt = Callable[[Scenario, str], Run]
"""Runs one scenario on one variant."""

_SHOWS_NOTHING: Final = (
    "scenarios: override what the patch changes, or write a scenario that shows it"
)


def lint_variant(
    policy: type[Policy],
    file: str,
    scenarios: Sequence[Scenario],
    attempt: Attempt,
    registry: Registry,
) -> list[Problem]:
    """Return the problems of a variant of a file, each at its own line.

    file: where it is defined. scenarios: those that it is tried on.
    """
    text = variant_file(policy) or b""
    ids = [scenario.id for scenario in scenarios]
    slips = [_Slip(str(slip), slip.place) for slip in misnamed(policy, text)]
    mistakes = [*_declared(policy, text, ids, registry), *slips]
    failure = [
        *_behaviour(policy, scenarios, attempt, file),
        *_broken_invariant(policy, scenarios, attempt),
    ]
    mistakes += [
        _Slip(message, place or place_in(text, policy.__name__)) for message, place in failure
    ]
    return [
        Problem(file, slip.place.line, slip.place.column, policy.name, slip.message)
        for slip in mistakes
    ]


class _Slip(NamedTuple):
    """A problem and its place in the file."""

    message: str
    place: Place


def _declared(
    policy: type[Policy], text: bytes, ids: Sequence[str], registry: Registry
) -> Iterator[_Slip]:
    def slip(message: str, name: str = "", value: str | None = None) -> _Slip:
        return _Slip(message, place_in(text, policy.__name__, name, value))

    if not (policy.__doc__ or "").strip():
        yield slip("has no docstring: say in its first line what the patch changes, then why")
    if "origin" not in vars(policy):
        yield slip("has no origin of its own: name the mail, tree or release that it comes from")
    for intent in policy.intends:
        if not any(fnmatchcase(id, intent.scenarios) for id in ids):
            similar = closest(intent.scenarios, ids)
            meant = f": did you mean {similar!r}?" if similar else ""
            yield slip(
                f"intends a difference in {intent.scenarios!r}, which matches no scenario{meant}",
                "intends",
                intent.scenarios,
            )
    ends = [intent.until for intent in policy.intends if intent.until is not None]
    stages = [stage.variant for stage in policy.stages]
    for attribute, what, names in (("intends", "intent", ends), ("stages", "stage", stages)):
        for name in names:
            try:
                registry.model(name)
            except VariantError as error:
                says = f"names a variant in its {what}s that is not there: {error}"
                yield slip(says, attribute, name)


def _behaviour(
    policy: type[Policy], scenarios: Sequence[Scenario], attempt: Attempt, file: str
) -> Iterator[tuple[str, Place | None]]:
    """Yield a slip if the variant fails, or does the same as the variant that it is built on."""
    below = next((name for cls in policy.__mro__[1:] if (name := vars(cls).get("name"))), None)
    differs = below is None
    for scenario in scenarios:
        own = attempt(scenario, policy.name)
        if own.status == "not-modelled":
            continue
        if own.trace is None:
            error = own.error or "no reason is given"
            yield f"fails in {scenario.id}: {error.strip().splitlines()[-1]}", _raised(error, file)
            return
        if not differs and below is not None:
            other = attempt(scenario, below).trace
            differs = other is None or first_difference(other, own.trace) is not None
    if not differs:
        number = len(scenarios)
        yield (
            f"does the same as {below}, on which it is built, in all {number} {_SHOWS_NOTHING}",
            None,
        )


def _broken_invariant(
    policy: type[Policy], scenarios: Sequence[Scenario], attempt: Attempt
) -> Iterator[tuple[str, Place | None]]:
    """Yield a slip if the first name in `valid_zones` is not where a plain `online` goes.

    The variant that it is built on answers for the scenarios in which it already does so.
    """
    below = next((name for cls in policy.__mro__[1:] if (name := vars(cls).get("name"))), None)
    for scenario in scenarios:
        stray = _stray(attempt(scenario, policy.name).trace)
        if stray and not (below and _stray(attempt(scenario, below).trace)):
            yield (
                f"offers other zones than it uses, in {scenario.id}: {stray}; answer "
                "zone_to_online and valid_zones alike, as the first name is where a plain online "
                "goes",
                None,
            )
            return


def _stray(trace: Trace | None) -> PlainOnline | None:
    """The first block that a plain `online` put elsewhere than its `valid_zones` said first."""
    taken = plain_onlines(trace) if trace else ()
    return next((item for item in taken if not item.as_offered), None)


def _raised(error: str, file: str) -> Place | None:
    """The last line of the file in a traceback."""
    lines = re.findall(rf'^ *File "{re.escape(file)}", line (\d+)', error, re.MULTILINE)
    return Place(int(lines[-1]), 1) if lines else None
