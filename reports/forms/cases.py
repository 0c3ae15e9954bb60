"""Test cases and suites, as KTAP, JUnit and annotations show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["passed", "failed", "error", "skipped", "known"]
"""The outcome of a test. known: it fails as the file of known outcomes lists."""


@dataclass(frozen=True, slots=True)
class Case:
    """A test case.

    what: the kind of finding, empty for none. says: sentences, the most important first.
    microseconds: the time that the run took, None if it was not measured.
    """

    name: str
    state: State
    what: str = ""
    says: tuple[str, ...] = ()
    microseconds: int | None = None


@dataclass(frozen=True, slots=True)
class Suite:
    """The test cases of a variant."""

    name: str
    cases: tuple[Case, ...]

    def number(self, state: State) -> int:
        """The number of cases in this state."""
        return sum(case.state == state for case in self.cases)
