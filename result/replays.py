"""Recordings of real kernels compared with a model: plain data."""

from __future__ import annotations

from dataclasses import dataclass, field

from zonediff.engine.trace import Reason


@dataclass(frozen=True, slots=True)
class Disagreement:
    """The first step of a recording at which model and kernel disagree; step -1 is the boot.

    differences: (what, recorded, predicted) for each file or zone that differs. reasons: the rules
    that the model applied. steps: a shortest sequence that leads there, in words; empty where no
    shorter one was searched.
    """

    trace: str
    step: int
    do: str
    recorded: str
    predicted: str
    differences: tuple[tuple[str, str, str], ...]
    reasons: tuple[Reason, ...]
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Replay:
    """One recording, replayed up to the first step that disagrees.

    agreeing: the number of steps before that one. inputs: the facts that the model took from the
    recording and did not predict.
    """

    trace: str
    steps: int
    agreeing: int
    disagreement: Disagreement | None = None
    inputs: tuple[str, ...] = field(default=())

    @property
    def chance_steps(self) -> int:
        """The number of steps with an input."""
        return len({text.partition(":")[0] for text in self.inputs})

    @property
    def agrees(self) -> bool:
        return self.disagreement is None


@dataclass(frozen=True, slots=True)
class FileReplay:
    """The recordings in one file from one kernel and for one variant.

    model: the variant through which they were replayed.
    """

    file: str
    kernel: str
    variant: str
    model: str
    replays: tuple[Replay, ...]

    @property
    def traces(self) -> int:
        return len(self.replays)

    @property
    def steps(self) -> int:
        return sum(replay.steps for replay in self.replays)

    @property
    def chance_steps(self) -> int:
        return sum(replay.chance_steps for replay in self.replays)

    @property
    def agreeing_traces(self) -> int:
        return sum(replay.agrees for replay in self.replays)

    @property
    def agreeing_steps(self) -> int:
        return sum(replay.agreeing for replay in self.replays)
