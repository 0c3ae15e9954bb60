"""What a candidate's outcome can be called, with the words and signs that all reports use."""

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
    "not-run",
]
"""A kind of judgement; or a difference that was intended; or no judgement at all."""

SYMBOLS: Final[dict[Class, str]] = {
    "error": "!",
    "regression": "✗",
    "abi-removal": "⊘",
    "fix": "✓",
    "behaviour-change": "≠",
    "intended": "○",
    "unchanged": "=",
    "not-run": "?",
}
"""The sign beside the name, so that colour is never the only one; worst first."""

MEANINGS: Final[dict[Class, str]] = {
    "error": "a variant could not be run here, so nothing is known about it",
    "regression": "a goal that the baseline meets is no longer met",
    "abi-removal": "a file, a value, a boot parameter or a config option is gone",
    "fix": "a goal that the baseline fails is met",
    "behaviour-change": "the same goals are met, but user space sees something else",
    "intended": "a difference that the variant says it means to make",
    "unchanged": "user space cannot tell the variant from the baseline",
    "not-run": "the run was stopped before this, or this machine cannot do it",
}

_MANY: Final[dict[Class, str]] = {
    "error": "errors",
    "regression": "regressions",
    "abi-removal": "ABI removals",
    "fix": "fixes",
    "behaviour-change": "behaviour changes",
    "intended": "intended differences",
}


def noun(kind: Class, number: int = 1) -> str:
    """What so many of them are called: `regression`, `fixes`, `ABI removals`."""
    if number != 1:
        return _MANY.get(kind, kind.replace("-", " "))
    if kind == "abi-removal":
        return "ABI removal"
    return "intended difference" if kind == "intended" else kind.replace("-", " ")


def short(kind: Class) -> str:
    """The name where there is little room."""
    brief = {"behaviour-change": "change", "abi-removal": "ABI", "unchanged": "same"}
    return brief.get(kind, kind.replace("-", " "))


def css(kind: str) -> str:
    """The name of a class in style sheets: that of the short name."""
    return {"behaviour-change": "change", "abi-removal": "abi"}.get(kind, kind)


def classes(judgement: Judgement | None) -> tuple[Class, ...]:
    """All that a judgement says, worst first. What is intended is that and nothing worse."""
    if judgement is None:
        return ("not-run",)
    if judgement.intended is not None and judgement.kind != "error":
        return ("intended",)
    return tuple(judgement.kinds)
