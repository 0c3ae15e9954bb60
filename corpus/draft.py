"""A scenario read part by part, so that a mistake in one part hides none in another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from zonediff.corpus.positions import Plain
from zonediff.corpus.problems import Mistake, Path, unknown
from zonediff.corpus.scenario import Goal, ScenarioStep
from zonediff.corpus.schema import Misshapen, read
from zonediff.engine.bounds import GOALS, STEPS
from zonediff.engine.machine import Machine

Shape = TypeVar("Shape")

KEYS: Final = ("title", "why", "claims", "with", "machine", "steps", "goals")
"""The keys of a scenario file, in the usual order."""

_MOST: Final = {"steps": STEPS, "goals": GOALS}

_REQUIRED: Final = ("title", "why", "machine", "goals")


@dataclass(slots=True)
class Draft:
    """The parts of a scenario; None stands for one that could not be read."""

    title: str | None = None
    why: str | None = None
    machine: Machine | None = None
    steps: list[ScenarioStep | None] = field(default_factory=list)
    goals: list[Goal | None] = field(default_factory=list)
    claims: list[str | None] = field(default_factory=list)

    @property
    def read_steps(self) -> list[ScenarioStep]:
        """The steps that could be read."""
        return [step for step in self.steps if step is not None]


def draft(data: dict[str, Plain]) -> tuple[Draft, list[Mistake]]:
    """Return the parts of a file's data that can be read, and the mistakes in the others."""
    mistakes = [
        Mistake((key,), unknown("key", key, KEYS), on_key=True) for key in data if key not in KEYS
    ]
    mistakes += [Mistake((key,), "is missing") for key in _REQUIRED if key not in data]
    if data.get("goals") == []:
        mistakes.append(Mistake(("goals",), "expected at least one goal"))

    def part(path: Path, value: Plain, shape: type[Shape]) -> Shape | None:
        try:
            return read(value, shape, path)
        except Misshapen as error:
            mistakes.extend(error.mistakes)
            return None

    def value(key: str, shape: type[Shape]) -> Shape | None:
        return part((key,), data[key], shape) if key in data else None

    def items(key: str, shape: type[Shape]) -> list[Shape | None]:
        values: Any = data.get(key, [])
        if isinstance(values, list) and len(values) > (most := _MOST.get(key, len(values))):
            mistakes.append(Mistake((key,), f"{len(values)} {key}; expected at most {most}", True))
            return []
        if isinstance(values, list):
            return [part((key, index), item, shape) for index, item in enumerate(values)]
        part((key,), values, tuple[shape, ...])  # type: ignore[valid-type]
        return []

    parts = Draft(
        title=value("title", str),
        why=value("why", str),
        machine=value("machine", Machine),
        steps=items("steps", ScenarioStep),
        goals=items("goals", Goal),
        claims=items("claims", str),
    )
    return parts, mistakes
