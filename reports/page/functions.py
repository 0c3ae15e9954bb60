"""The index by kernel function: the places on the page that show a function's decisions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from zonediff.reports.page.findings import Cause
from zonediff.reports.page.web_links import function_url
from zonediff.reports.text.kinds import Class

_SAFE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Use:
    """A cause: its class, its number in the section of that class, and its findings."""

    kind: Class
    number: int
    findings: int


@dataclass(frozen=True, slots=True)
class FunctionView:
    """A kernel function; url: its source; uses: the causes that it is."""

    name: str
    url: str
    uses: tuple[Use, ...]


class CauseSection(Protocol):
    """A section of the report: causes of a class."""

    @property
    def kind(self) -> Class: ...
    @property
    def causes(self) -> tuple[Cause, ...]: ...


def function_index(sections: Iterable[CauseSection], release: str) -> tuple[FunctionView, ...]:
    """Every kernel function that decided a difference, by name.

    release: the source of this release is linked.
    """
    uses: dict[str, list[Use]] = {}
    for section in sections:
        for number, cause in enumerate(section.causes, 1):
            if cause.removal is None and cause.shortest.decisive is not None:
                use = Use(section.kind, number, len(cause.findings))
                uses.setdefault(cause.function, []).append(use)
    return tuple(
        FunctionView(name, function_url(name, release), tuple(uses[name]))
        for name in sorted(uses)
        if _SAFE.fullmatch(name)
    )
