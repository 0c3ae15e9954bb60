"""Known outcomes: regressions and failures that a file lists, so that they do not count."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class KnownOutcome:
    """A scenario that is known to regress or to fail on a variant.

    unmet: the goals that the baseline meets and the variant does not. error: the last line of the
    error of a variant that fails, empty for a regression. why: a remark of the author of the entry.
    """

    scenario: str
    variant: str
    unmet: list[str] = field(default_factory=list)
    error: str = ""
    why: str = ""
