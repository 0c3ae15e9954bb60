"""The RFC as first posted: only the Hyper-V and Xen drivers online the memory that they add."""

from __future__ import annotations

from typing import ClassVar, Final

from zonediff.engine.devices import Source
from zonediff.engine.policy import Intent, Stage
from zonediff.engine.rules import MEMORY_HOTPLUG_C, Decision, Rule
from zonediff.engine.state import KernelState
from zonediff.engine.zones import OnlineType
from zonediff.variants.upstream import Upstream

CALLER_DECIDES: Final = Rule(
    "add_memory_resource.online-argument",
    "add_memory_resource",
    "the caller decides: {source} passes online={online}",
    MEMORY_HOTPLUG_C,
)


class HypervXenOnly(Upstream):
    """One patch that removes the knob at once; the caller of add_memory() decides about onlining.

    Hyper-V and Xen pass online=true, ACPI, probe and s390 pass false. `auto_online_blocks`,
    `memhp_default_state=` and the config option go in the same patch. KVM, VMware and bare
    metal, which share the ACPI path, need user space.
    """

    name = "hyperv-xen-only"
    origin = "the RFC patch of 2017-02-27, on Linux v4.10"
    intends: ClassVar[tuple[Intent, ...]] = (
        Intent("drivers/hyperv-default", "hv_balloon onlines what it adds"),
        Intent("drivers/hyperv-grows", "hv_balloon onlines what it adds"),
        Intent("drivers/xen-default", "the Xen balloon onlines what it adds"),
    )
    # On a machine without these drivers the end state of the split is the same; their own paths
    # cannot be recorded in QEMU.
    recorded_as = ("michal-split/3",)
    stages: ClassVar[tuple[Stage, ...]] = (
        Stage(
            "hyperv-xen-only",
            subjects=("mm, hotplug: get rid of auto_online_blocks",),
            functions=(
                "acpi_memory_enable_device",
                "add_memory",
                "hv_mem_hot_add",
                "memory_probe_store",
                "reserve_additional_memory",
                "setup_memhp_default_state",
                "show_auto_online_blocks",
                "store_auto_online_blocks",
            ),
        ),
    )
    knob = None
    default_state = None
    default_online_option = False

    def kernel_onlines(self, kernel: KernelState, source: Source) -> Decision[OnlineType | None]:
        online = source in (Source.HYPERV, Source.XEN)
        return Decision(
            OnlineType.KEEP if online else None,
            CALLER_DECIDES.because(source=source.value, online=str(online).lower()),
        )
