"""Known outcomes: regressions and failures that somebody has written down as they are."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class KnownOutcome:
    """A scenario on a variant that is known to regress or to fail.

    unmet: the goals that the baseline meets and the variant does not. error: the last line of the
    error of a variant that fails, empty for a regression. why: a remark of whoever wrote it down.
    """

    scenario: str
    variant: str
    unmet: list[str] = field(default_factory=list)
    error: str = ""
    why: str = ""
