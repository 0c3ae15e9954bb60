"""Igor Mammedov's workaround of Red Hat bug 1314306: removable memory starts movable."""

from __future__ import annotations

from typing import Final

from zonediff.engine.devices import Source
from zonediff.engine.rules import MEMORY_HOTPLUG_C, Decision, Rule
from zonediff.engine.state import KernelState
from zonediff.engine.zones import Zone
from zonediff.variants.upstream import Upstream

REMOVABLE: Final = Rule(
    "zone_for_memory.removable",
    "zone_for_memory",
    "block {first} on belongs to a removable device (an ACPI DIMM): it goes to zone Movable of "
    "node {node}",
    MEMORY_HOTPLUG_C,
)


class IgorMovable(Upstream):
    """Removable memory starts in zone Movable, so that it can be onlined movable in any order.

    On v4.10 new memory starts in Normal and only a block at the zone's edge can change to
    Movable, so user space has to online the blocks of a DIMM from the last to the first. The
    patch puts memory of a removable resource, an ACPI DIMM, into Movable when it is added. It
    does not look at where Normal is. Memory from the probe file and from balloon drivers is not
    removable and stays as upstream has it.
    """

    name = "igor-movable"
    origin = "the patch in Red Hat bug 1314306, on Linux v4.10"

    def zone_of_new_memory(
        self, kernel: KernelState, node: int, first: int, source: Source
    ) -> Decision[Zone | None]:
        if source is Source.ACPI:
            return Decision(Zone.MOVABLE, REMOVABLE.because(node=node, first=first))
        return super().zone_of_new_memory(kernel, node, first, source)
