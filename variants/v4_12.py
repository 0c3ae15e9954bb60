"""Linux v4.12."""

from __future__ import annotations

from typing import ClassVar

from zonediff.variants.upstream import Upstream


class V4_12(Upstream):
    """Linux v4.12: zones as in v4.10, but kernel onlining goes through the driver core.

    Since v4.11 blocks that the kernel onlines itself are onlined like those that user space
    onlines: dev->offline is cleared and an `online` event is sent, so that they can be offlined
    and ejected. An eject runs in a workqueue worker since then, where pages on per-cpu lists are
    not drained: the last block of a movable DIMM that has a zone to itself is refused, though it
    holds nothing unmovable.
    """

    name = "v4.12"
    origin = "Linux v4.12"
    released: ClassVar[str | None] = "2017-07-02"
    auto_online_tells_driver_core = True
    auto_online_hangs_boot = False
    ejects_drain = False
