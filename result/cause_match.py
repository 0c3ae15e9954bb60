"""Tells which causes of two comparisons are the same, whatever the numbers of their blocks."""

from __future__ import annotations

import re
from typing import Final

from zonediff.result.reviews import Cause

_BLOCK: Final = re.compile(r"\bmemory[0-9]+\b")
_STAMP: Final = re.compile(r"^\[ *[0-9]+\.[0-9]+\] *")
_NUMBER: Final = re.compile(r"\b(?:0x)?[0-9a-f]{6,}\b")

Signature = tuple[object, ...]
"""Equal for causes with the same deciding step, results and changed lines."""


def signature(cause: Cause) -> Signature:
    """Return what identifies a cause: its verdict, its deciding step and the lines it changes.

    Block numbers, addresses and time stamps are left out: they differ between equal blocks, kernels
    and boots.
    """
    last = cause.steps[-1]
    readings = frozenset(
        (_general(item.source), _line(item.baseline), _line(item.candidate))
        for item in cause.readings
    )
    step = (_general(last.command), last.baseline, last.candidate)
    return (cause.verdict, cause.harm, step, readings)


def kinship(cause: Cause) -> Signature:
    """Return what two causes share if one is a variety of the other: step and changed files."""
    sources = frozenset(_general(item.source) for item in cause.readings)
    return (_general(cause.steps[-1].command), sources)


def _line(text: str | None) -> str | None:
    return None if text is None else _NUMBER.sub("N", _general(_STAMP.sub("", text)))


def _general(text: str) -> str:
    return _BLOCK.sub("memoryN", text)
