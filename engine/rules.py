"""Rules: each restates the decision of one kernel function as a sentence with numbers.

A decision is a value with the rule that gave it and the rule's numbers; the text is made when it is
needed. Rules stand beside the code that applies them: the engine's in its modules, a patch's in its
variant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from string import Formatter
from typing import Final, Generic, NamedTuple, TypeVar

from zonediff.engine.trace import Number, Reason

T = TypeVar("T", covariant=True)


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A rule of some kernel.

    id: stable, `function.what-it-says`, or just the function.
    function: the kernel function that decides.
    says: the sentence, a str.format template over the rule's numbers. `{blocks:new block}` counts:
        `1 new block`, `2 new blocks`.
    source: the kernel file or document that the rule restates.
    """

    id: str
    function: str
    says: str
    source: str

    def __post_init__(self) -> None:
        """Check a rule at its definition. Raises TypeError, ValueError."""
        for name in ("id", "function", "says", "source"):
            text = getattr(self, name)
            if not isinstance(text, str):
                raise TypeError(f"the {name} of a rule is text, not {text!r:.40}")
            if not text.strip() or not text.isprintable():
                raise ValueError(f"the {name} of a rule is a line of text, not {text!r:.40}")
        _names(self.says)

    def because(self, **numbers: Number) -> Because:
        """Apply this rule to these numbers."""
        return Because(self, numbers)

    def about(self, **numbers: Number) -> Because:
        """Apply this rule to those of these numbers that its sentence uses."""
        return Because(self, {name: numbers[name] for name in _names(self.says)})


@cache
def _names(says: str) -> tuple[str, ...]:
    """The names of the numbers in a rule's sentence.

    Raises ValueError when it is not a template, or has a number without a name.
    """
    names = [name for _, name, _, _ in Formatter().parse(says) if name is not None]
    if not all(map(str.isidentifier, names)):
        raise ValueError(f"{says!r}: each number of a rule's sentence has a name, as in {{block}}")
    return tuple(names)


@cache
def _counted(says: str) -> tuple[str, ...]:
    """The names of the numbers that a rule's sentence counts: their format is a noun."""
    fields = Formatter().parse(says)
    return tuple(
        name for _, name, form, _ in fields if name and form and len(form) > 2 and form[0].isalpha()
    )


class _Count(int):
    """A number to count: its format is the noun."""

    def __format__(self, noun: str) -> str:
        return f"{int(self)} {noun}{'' if self == 1 else 's'}"


NO_NAMES: Final[Mapping[str, str]] = {}


class Because(NamedTuple):
    """A rule and the numbers it was applied to; reason() puts it into words."""

    rule: Rule
    numbers: Mapping[str, Number]

    def reason(self, names: Mapping[str, str] = NO_NAMES) -> Reason:
        """The reason as it stands in reports."""
        numbers = dict(self.numbers)
        if names and isinstance(source := numbers.get("source"), str):  # itself a function
            numbers["source"] = names.get(source, source)
        counts = {name: _Count(numbers[name]) for name in _counted(self.rule.says)}
        return Reason(
            self.rule.id,
            names.get(self.rule.function, self.rule.function),
            self.rule.says.format_map({**numbers, **counts}),
            numbers,
        )


class Decision(NamedTuple, Generic[T]):
    """An answer to one of the policy's questions, with its reason."""

    value: T
    why: Because


MEMORY_HOTPLUG_C: Final = "mm/memory_hotplug.c"
MEMORY_C: Final = "drivers/base/memory.c"
CORE_C: Final = "drivers/base/core.c"
SCAN_C: Final = "drivers/acpi/scan.c"
ACPI_MEMHOTPLUG_C: Final = "drivers/acpi/acpi_memhotplug.c"
