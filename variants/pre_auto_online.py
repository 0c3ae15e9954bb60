"""Linux before the kernel could online memory by itself."""

from __future__ import annotations

from typing import ClassVar, Final

from zonediff.engine.devices import Source
from zonediff.engine.rules import MEMORY_HOTPLUG_C, Decision, Rule
from zonediff.engine.state import KernelState
from zonediff.engine.zones import OnlineType
from zonediff.variants.upstream import Upstream

USER_SPACE_ALONE: Final = Rule(
    "add_memory.no-auto-online",
    "add_memory",
    "this kernel never onlines memory: what {source} adds waits for user space",
    MEMORY_HOTPLUG_C,
)


class PreAutoOnline(Upstream):
    """Before commit 31bc3858ea3e (v4.6): only user space onlines memory.

    No knob, no boot parameter, no config option. Everything else is as in v4.10, so that the
    comparison shows what auto-onlining changed and nothing besides.
    """

    name = "pre-auto-online"
    origin = "Linux v4.10 less commits 31bc3858ea3e and 8604d9e534a3"
    released: ClassVar[str | None] = "2016-03-13"  # v4.5, the last release without the two
    knob = None
    default_state = None
    default_online_option = False

    def kernel_onlines(self, kernel: KernelState, source: Source) -> Decision[OnlineType | None]:
        return Decision(None, USER_SPACE_ALONE.because(source=source.value))
