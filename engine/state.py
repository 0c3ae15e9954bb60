"""KernelState, which a policy reads: the stable interface for variants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from zonediff.engine.devices import Device
from zonediff.engine.machine import Machine
from zonediff.engine.zones import Span, Zone


class KernelState(Protocol):
    """A kernel as its policy sees it: its memory blocks, zones, nodes and devices. Read only.

    Blocks have the numbers of their folders in sysfs (`memory32` is block 32). Nodes have their
    numbers in the kernel, and pages their page frame numbers (pfn; a page is 4096 bytes). zone(),
    node() and is_online() take blocks that exist.
    """

    @property
    def machine(self) -> Machine:
        """The machine: boot memory, boot parameters (`machine.parameter()`), kernel config."""
        ...

    @property
    def knob(self) -> str | None:
        """The text of `auto_online_blocks`; None where there is no such file."""
        ...

    def switch(self, parameter: str, *, default: bool) -> bool:
        """A yes-or-no boot parameter: its last valid value on the command line, or the default."""
        ...

    @property
    def devices(self) -> Mapping[str, Device]:
        """The memory devices that are plugged in, by id."""
        ...

    @property
    def block_pages(self) -> int:
        """Pages in a memory block: 32768 for 128 MiB."""
        ...

    @property
    def nodes(self) -> int:
        """The number of nodes that the machine can have; they are numbered from 0 on."""
        ...

    # --- a block

    def has(self, block: int) -> bool:
        """Whether the block exists; takes any number."""
        ...

    def is_online(self, block: int) -> bool:
        """Whether the block's `state` reads online."""
        ...

    def node(self, block: int) -> int:
        """The node that the block's pages are linked to."""
        ...

    def zone(self, block: int) -> Zone:
        """The zone that the block's first page is linked to, whether it is online or not."""
        ...

    def pages(self, block: int, count: int = 1) -> Span:
        """The pages of the block, or of `count` blocks from it on, whether they exist or not."""
        ...

    # --- a zone of a node

    def span(self, node: int, zone: Zone) -> Span:
        """The pages that the zone spans, holes included; falsy when it spans nothing."""
        ...

    def was_used(self, node: int, zone: Zone) -> bool:
        """Whether the zone ever spanned anything since boot (zone_is_initialized)."""
        ...

    def present_pages(self, node: int, *zones: Zone) -> int:
        """Pages online in these zones together, as the kernel counts them."""
        ...

    # --- a node

    def early_pages(self, node: int) -> int:
        """Pages of boot memory that are online in kernel zones, DMA to Normal, of the node."""
        ...

    def node_is(self, node: int, state: int) -> bool:
        """Whether the node is in this state: NODE_ONLINE, HAS_MEMORY or HAS_NORMAL_MEMORY."""
        ...
