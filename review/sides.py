"""One of two kernels that are explored against each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from zonediff.review.actions import Action
from zonediff.review.look import Look

DEATHS: Final = ("BUG", "panic", "hang")
"""The results of a step that the kernel does not survive."""

REFUSED: Final = "REFUSED"
"""The result of plugging or unplugging a DIMM that QEMU or the kernel refuses."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The result and the view of a kernel after a step.

    result: None for success, the errno's name, REFUSED for a device, or how the kernel died. look:
    None when it died. warnings: what its console printed about faults, without numbers.
    """

    result: str | None
    look: Look | None
    warnings: tuple[str, ...] = ()

    @property
    def died(self) -> bool:
        """Whether the kernel did not survive the step."""
        return self.look is None


class Side(Protocol):
    """A kernel that can be begun anew."""

    async def reset(self, boot: int = 0) -> Shown:
        """Boot anew, with these of the kernel parameters that the machine is booted with."""

    async def do(self, action: Action) -> Shown:
        """Do a step."""

    async def close(self) -> None:
        """End the guest."""


Sides = tuple[Side, Side]
"""The baseline and the candidate."""

MakeSides = Callable[[bool], Sides]
"""Makes a pair of sides; the argument: whether each reset is a boot of its own."""
