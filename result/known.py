"""Known outcomes: regressions and failures that a file lists, so that they do not count."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class KnownOutcome:
    """A scenario that is known to regress or to fail on a variant, or a known removal.

    unmet: the goals that the baseline meets and the variant does not. error: the last line of the
    error of a variant that fails, empty for a regression. why: a remark of the author of the entry.
    removes: the interface that the variant removes since an older result; then scenario is empty.
    """

    scenario: str
    variant: str
    unmet: list[str] = field(default_factory=list)
    error: str = ""
    why: str = ""
    removes: str = ""


class Stale(NamedTuple):
    """An entry that is no longer true, with the present outcome."""

    entry: KnownOutcome
    now: str

    def __str__(self) -> str:
        where = self.entry.scenario or self.entry.removes
        return f"{where} on {self.entry.variant}: {self.now}"
