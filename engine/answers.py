"""Checks of a policy's answers: a wrong type would lead the engine to wrong results."""

from __future__ import annotations

from zonediff.engine.policy import Policy
from zonediff.engine.rules import Decision
from zonediff.engine.zones import OnlineType, Zone


def checked_zone(policy: Policy, decision: Decision[Zone | None]) -> Decision[Zone | None]:
    """Check the answer to zone_of_new_memory(). Raises TypeError."""
    zone = _value(policy, "zone_of_new_memory", decision, "Zone")
    if isinstance(zone, Zone) or (zone is None and policy.zones_chosen_when_onlined):
        return decision
    expected = "a Zone; None needs zones_chosen_when_onlined" if zone is None else "a Zone or None"
    raise _wrong(policy, "zone_of_new_memory", f"decides {zone!r:.40}", expected)


def checked_zone_to_online(
    policy: Policy, decision: Decision[Zone | None]
) -> Decision[Zone | None]:
    """Check the answer to zone_to_online(). Raises TypeError."""
    zone = _value(policy, "zone_to_online", decision, "Zone")
    if zone is None or isinstance(zone, Zone):
        return decision
    raise _wrong(policy, "zone_to_online", f"decides {zone!r:.40}", "a Zone or None")


def checked_online_type(
    policy: Policy, decision: Decision[OnlineType | None]
) -> Decision[OnlineType | None]:
    """Check the answer to kernel_onlines(). Raises TypeError."""
    online_type = _value(policy, "kernel_onlines", decision, "OnlineType")
    if online_type is None or isinstance(online_type, OnlineType):
        return decision
    raise _wrong(policy, "kernel_onlines", f"decides {online_type!r:.40}", "an OnlineType or None")


def _value(policy: Policy, question: str, decision: object, kind: str) -> object:
    """Return the value of a decision. Raises TypeError if it is none."""
    if isinstance(decision, Decision):
        return decision.value
    expected = f"Decision({kind}, RULE.because(...))"
    raise _wrong(policy, question, f"returns {decision!r:.40}", expected)


def _wrong(policy: Policy, question: str, answer: str, expected: str) -> TypeError:
    code = getattr(policy, question).__func__.__code__
    where = f"{code.co_filename}:{code.co_firstlineno}"
    return TypeError(f"{where}: {question}() {answer}; expected {expected}")
