"""Michal Hocko's promised series that takes auto_online_blocks away in three patches."""

from __future__ import annotations

from typing import ClassVar, Final

from zonediff.engine.devices import Source
from zonediff.engine.policy import Intent, Stage
from zonediff.engine.rules import MEMORY_HOTPLUG_C, Decision, Rule
from zonediff.engine.state import KernelState
from zonediff.engine.zones import OnlineType
from zonediff.variants.upstream import Upstream

DRIVER_ONLINES: Final = Rule(
    "add_memory.driver-onlines",
    "add_memory",
    "{source} asks for what it adds to be onlined, whatever the knob says",
    MEMORY_HOTPLUG_C,
)
USER_SPACE_ONLINES: Final = Rule(
    "add_memory.user-space-onlines",
    "add_memory",
    "the generic path ({source}) never onlines: what it adds waits for user space",
    MEMORY_HOTPLUG_C,
)


DRIVERS_ONLINE: Final = (
    Intent("drivers/hyperv-default", "hv_balloon onlines what it adds (patch 1 of 3)"),
    Intent("drivers/hyperv-grows", "hv_balloon onlines what it adds (patch 1 of 3)"),
    Intent("drivers/xen-default", "the Xen balloon onlines what it adds (patch 1 of 3)"),
)
"""The purpose of patch 1. Their memory can no longer be made movable, which is no purpose."""


class MichalSplit1(Upstream):
    """Patch 1 of 3: the Hyper-V and Xen balloon drivers online what they add themselves.

    They do so whatever `auto_online_blocks` says, since their memory is of no use offline. The
    knob goes on working for ACPI and probe.
    """

    name = "michal-split/1"
    origin = "the announced three-patch series, after patch 1, on Linux v4.10"
    intends: ClassVar[tuple[Intent, ...]] = (
        *DRIVERS_ONLINE,
        Intent(
            "drivers/*-knob", "the balloon drivers online by themselves, whatever the knob says"
        ),
    )

    def kernel_onlines(self, kernel: KernelState, source: Source) -> Decision[OnlineType | None]:
        if source in (Source.HYPERV, Source.XEN):
            return Decision(OnlineType.KEEP, DRIVER_ONLINES.because(source=source.value))
        return super().kernel_onlines(kernel, source)


class MichalSplit2(MichalSplit1):
    """Patch 2 of 3: the config default and `memhp_default_state=` go.

    After boot the knob always reads offline, so DIMMs that are there at power-on can no longer
    be onlined by the kernel. The patch must be able to stand alone, should the third be refused.
    """

    name = "michal-split/2"
    origin = "the announced three-patch series, after patch 2, on Linux v4.10"
    default_state = None
    default_online_option = False


class MichalSplit3(MichalSplit2):
    """Patch 3 of 3: the sysfs knob `auto_online_blocks` goes.

    Memory added through ACPI or probe is onlined by user space or not at all.
    """

    name = "michal-split/3"
    origin = "the announced three-patch series, after patch 3, on Linux v4.10"
    intends: ClassVar[tuple[Intent, ...]] = DRIVERS_ONLINE
    knob = None

    def kernel_onlines(self, kernel: KernelState, source: Source) -> Decision[OnlineType | None]:
        if source in (Source.ACPI, Source.PROBE):
            return Decision(None, USER_SPACE_ONLINES.because(source=source.value))
        return super().kernel_onlines(kernel, source)


class MichalSplit(MichalSplit3):
    """The whole series: drivers online by themselves, the default and the knob are gone.

    The same behaviour as its last stage, michal-split/3.
    """

    name = "michal-split"
    origin = "the announced three-patch series, on Linux v4.10"
    recorded_as = ("michal-split/3",)
    stages: ClassVar[tuple[Stage, ...]] = (
        Stage("michal-split/1", functions=("hv_mem_hot_add", "reserve_additional_memory")),
        Stage("michal-split/2", functions=("setup_memhp_default_state",)),
        Stage(
            "michal-split/3",
            functions=(
                "show_auto_online_blocks",
                "store_auto_online_blocks",
                "acpi_memory_enable_device",
                "memory_probe_store",
            ),
        ),
    )
