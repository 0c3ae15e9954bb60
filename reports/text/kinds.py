"""The kinds of judgement with the words and signs that all reports use."""

from __future__ import annotations

from typing import Final, Literal

from zonediff.result.judgements import Judgement

Class = Literal[
    "error",
    "regression",
    "abi-removal",
    "fix",
    "behaviour-change",
    "intended",
    "unchanged",
    "not-judged",
    "not-run",
]
"""A kind of judgement, an intended difference, or no judgement at all (`not-run`)."""

SYMBOLS: Final[dict[Class, str]] = {
    "error": "!",
    "regression": "✗",
    "abi-removal": "⊘",
    "fix": "✓",
    "behaviour-change": "≠",
    "intended": "○",
    "unchanged": "=",
    "not-judged": "?",
    "not-run": "?",
}
"""The sign beside the name, so that colour is never the only signal; worst first."""

MEANINGS: Final[dict[Class, str]] = {
    "error": "the variant failed, so its outcome is not known",
    "regression": "a goal that the baseline meets is no longer met",
    "abi-removal": "a sysfs file, one of its values, a boot parameter or a config option is gone",
    "fix": "a goal that the baseline does not meet is met",
    "behaviour-change": "the same goals are met, but user space sees a difference",
    "intended": "a difference that the variant declares as intended",
    "unchanged": "user space cannot tell the variant from the baseline",
    "not-judged": "a model has no rules for this scenario, or the baseline failed",
    "not-run": "the run was interrupted before, or it is not possible on this machine",
}

_MANY: Final[dict[Class, str]] = {
    "error": "errors",
    "regression": "regressions",
    "abi-removal": "ABI removals",
    "fix": "fixes",
    "behaviour-change": "behaviour changes",
    "not-judged": "not judged",
    "intended": "intended differences",
}


def noun(kind: Class, number: int = 1) -> str:
    """The noun for a number of them: `regression`, `fixes`, `ABI removals`."""
    if number != 1:
        return _MANY.get(kind, kind.replace("-", " "))
    if kind == "abi-removal":
        return "ABI removal"
    return "intended difference" if kind == "intended" else kind.replace("-", " ")


def short(kind: Class) -> str:
    """The short name, for narrow columns."""
    brief = {"behaviour-change": "change", "abi-removal": "ABI", "unchanged": "same"}
    return brief.get(kind, kind.replace("-", " "))


def css(kind: str) -> str:
    """The name of the class in style sheets."""
    return {"behaviour-change": "change", "abi-removal": "abi"}.get(kind, kind)


def classes(judgement: Judgement | None) -> tuple[Class, ...]:
    """The classes of a judgement, worst first; an intended difference has no other class."""
    if judgement is None:
        return ("not-run",)
    if judgement.intended is not None and judgement.kind != "error":
        return ("intended",)
    return tuple(judgement.kinds)
