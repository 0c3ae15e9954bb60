"""Checks of a policy's answers: a wrong type would lead the engine to wrong results."""

from __future__ import annotations

from zonediff.engine.policy import Policy
from zonediff.engine.zones import OnlineType, Zone


def check_zone(policy: Policy, zone: Zone | None) -> Zone | None:
    """Check the answer to zone_of_new_memory(). Raises TypeError."""
    if isinstance(zone, Zone) or (zone is None and policy.zones_chosen_when_onlined):
        return zone
    expected = "a Zone; None needs zones_chosen_when_onlined" if zone is None else "a Zone or None"
    raise _wrong(policy, "zone_of_new_memory", zone, expected)


def check_zone_to_online(policy: Policy, zone: Zone | None) -> Zone | None:
    """Check the answer to zone_to_online(). Raises TypeError."""
    if zone is None or isinstance(zone, Zone):
        return zone
    raise _wrong(policy, "zone_to_online", zone, "a Zone or None")


def check_online_type(policy: Policy, online_type: OnlineType | None) -> OnlineType | None:
    """Check the answer to kernel_onlines(). Raises TypeError."""
    if online_type is None or isinstance(online_type, OnlineType):
        return online_type
    raise _wrong(policy, "kernel_onlines", online_type, "an OnlineType or None")


def _wrong(policy: Policy, question: str, answer: object, expected: str) -> TypeError:
    code = getattr(policy, question).__func__.__code__
    where = f"{code.co_filename}:{code.co_firstlineno}"
    return TypeError(f"{where}: {question}() decides {answer!r:.40}; expected {expected}")
