"""Linux v6.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from zonediff.engine.kernel import Kernel
from zonediff.engine.memory import OnlineType
from zonediff.engine.policy import Shrink, Source
from zonediff.engine.rules import MEMORY_C, Decision, Rule
from zonediff.engine.sysfs import STATES
from zonediff.variants.v4_14 import V4_14

KNOB_TYPE: Final = Rule(
    "add_memory_resource.default-online-type",
    "add_memory_resource",
    "auto_online_blocks reads {knob}: what {source} adds is {done}",
    MEMORY_C,
)


class V6_1(V4_14):
    """Linux v6.1: the knob takes a zone, spans follow what is online, `removable` is always 1.

    `auto_online_blocks` and `memhp_default_state=` take online, online_kernel, online_movable
    and offline. Offlining a block shrinks its zone at once, so the block forgets where it was.
    """

    name = "v6.1"
    origin = "Linux v6.1"
    knob: ClassVar[tuple[str, ...] | None] = (
        "offline",
        "online",
        "online_kernel",
        "online_movable",
    )
    default_state: ClassVar[tuple[str, ...] | None] = knob
    spans_shrink = Shrink.OFFLINED
    has_probe = False
    removable_always = True
    needs_whole_blocks = True
    links_missing_pages = True
    boot_overhead_kib: ClassVar[Mapping[int, int]] = {256: 62908, 512: 64456}

    def kernel_onlines(self, kernel: Kernel, source: Source) -> Decision[OnlineType | None]:
        knob = kernel.knob or "offline"
        online_type = STATES[knob]
        wanted = None if online_type is OnlineType.NONE else online_type
        done = "left offline" if wanted is None else f"onlined with {knob}"
        return Decision(wanted, KNOB_TYPE.because(knob=knob, source=source.value, done=done))
