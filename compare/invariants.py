"""Rules that hold on every kernel, whatever it decides: claims and lint test traces for them.

The first name in `valid_zones` of an offline block is the zone that a plain `online` leads to
(Documentation/memory-hotplug.txt; 20170714121233.16861-1-mhocko@kernel.org).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from zonediff.engine.observation import Observation, apply
from zonediff.engine.steps import Write
from zonediff.engine.sysfs import block_of
from zonediff.engine.trace import Act, Trace


@dataclass(frozen=True, slots=True)
class PlainOnline:
    """A block that a plain `online` took, the names it offered before, and its zone since."""

    block: int
    offered: str
    zone: str

    @property
    def as_offered(self) -> bool:
        """Whether it went where the first name said."""
        return self.offered.partition(" ")[0] == self.zone

    def __str__(self) -> str:
        return (
            f"valid_zones of memory{self.block} read {self.offered}, and a plain online put it "
            f"into zone {self.zone}"
        )


def plain_onlines(trace: Trace, step: int | None = None) -> Iterator[PlainOnline]:
    """Yield the blocks that a plain `online` took, in all steps or in the step with this index."""
    before = trace.boot
    for index, _, act in trace.acts():
        after = apply(before, act.changed)
        if step is None or index == step:
            yield from _plain_online(act, before, after)
        before = after


def _plain_online(act: Act, before: Observation, after: Observation) -> Iterator[PlainOnline]:
    match act.do:
        case Write(file, "online") if (
            act.result is None and file.endswith("/state") and (block := block_of(file)) is not None
        ):
            old, new = before.block(block), after.block(block)
            if old and new and old.state == "offline" and new.state == "online":
                yield PlainOnline(block, old.valid_zones, new.zone)
