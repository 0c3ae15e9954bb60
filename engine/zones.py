"""The words for zones: their names, the pages that they span, and how a block asks for one."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple


class Zone(IntEnum):
    """Zones of a node in the kernel's order (include/linux/mmzone.h, enum zone_type)."""

    DMA = 0
    DMA32 = 1
    NORMAL = 2
    MOVABLE = 3

    __hash__ = int.__hash__  # Enum's own takes four times as long

    @property
    def label(self) -> str:
        """The name as the kernel prints it."""
        return ZONE_LABELS[self]


ZONES: Final = tuple(Zone)

KERNEL_ZONES: Final = ZONES[: Zone.MOVABLE]
"""The zones that kernel memory can come from (ZONE_NORMAL and below)."""

ZONE_LABELS: Final = ("DMA", "DMA32", "Normal", "Movable")


class OnlineType(IntEnum):
    """The online type of a request (MMOP_*); NONE is the kernel's MMOP_OFFLINE, -1."""

    KEEP = 0
    KERNEL = 1
    MOVABLE = 2
    NONE = 3

    @property
    def label(self) -> str:
        """The word that user space writes to ask for it."""
        return ("online", "online_kernel", "online_movable", "nothing")[self]


class Span(NamedTuple):
    """The pages [start, end) that a zone spans, holes included; an empty span is (0, 0).

    Moves between zones that are out of order can leave a span that ends before it starts. The
    kernel takes such a span for a very long one, so it is not empty.
    """

    start: int
    end: int

    def __bool__(self) -> bool:
        return self.end != self.start

    def __contains__(self, pfn: object) -> bool:
        return isinstance(pfn, int) and self.start <= pfn < self.end

    def grown(self, pages: Span) -> Span:
        """The span that holds these pages, too, and any hole between."""
        return Span(min(self.start, pages.start), max(self.end, pages.end)) if self else pages


EMPTY: Final = Span(0, 0)
