"""Interning: equal values get equal numbers."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any


class Numbering:
    """Numbers values in the order in which they appear; values[n] is the value of number n."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[Hashable, int] = {}

    def number(self, value: Hashable) -> int:
        """Return the number of a value; a new value gets the next number."""
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self.values)
            self.values.append(value)
        return number

    def __len__(self) -> int:
        return len(self.values)
