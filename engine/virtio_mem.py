"""The driver of virtio-mem devices, which plugs and unplugs parts of them.

Restates drivers/virtio/virtio_mem.c. The driver works in one of two modes:

- sub-block mode, if a sub-block (the device's block, or 2 MiB if that is more) is smaller than a
  memory block: memory blocks are added one by one, and may be plugged in part;
- big-block mode else: one or several memory blocks are plugged and added together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from zonediff.engine.adding import add_memory
from zonediff.engine.devices import VirtioMemDevice
from zonediff.engine.ejecting import remove_blocks
from zonediff.engine.kernel import Kernel
from zonediff.engine.memory import PINNED
from zonediff.engine.onlining import ALREADY, device_offline
from zonediff.engine.rules import Rule
from zonediff.engine.units import GIB, KIB, PAGE, format_size
from zonediff.engine.zones import Zone

VIRTIO_MEM_C: Final = "drivers/virtio/virtio_mem.c"

OFFLINE_THRESHOLD: Final = GIB
"""Bytes of offline memory above which the driver adds none, or two blocks if they are more."""

PLUGGED_MORE: Final = Rule(
    "virtio_mem_sbm_plug_any_sb",
    "virtio_mem_sbm_plug_any_sb",
    "{device}: {size} more of block {block} are plugged",
    VIRTIO_MEM_C,
)
ADDED: Final = Rule(
    "virtio_mem_sbm_plug_and_add_mb",
    "virtio_mem_sbm_plug_and_add_mb",
    "{device}: block {block} is added, with {size} of it plugged",
    VIRTIO_MEM_C,
)
BIG_ADDED: Final = Rule(
    "virtio_mem_bbm_plug_and_add_bb",
    "virtio_mem_bbm_plug_and_add_bb",
    "{device}: blocks {first}..{last} are plugged and added",
    VIRTIO_MEM_C,
)
TOO_MUCH_OFFLINE: Final = Rule(
    "virtio_mem_could_add_memory",
    "virtio_mem_could_add_memory",
    "{device}: {offline} of its memory are offline, and {size} more would exceed {threshold}: the "
    "driver waits until memory goes online",
    VIRTIO_MEM_C,
)
NOT_ADDED: Final = Rule(
    "virtio_mem_add_memory",
    "virtio_mem_add_memory",
    "{device}: add_memory_driver_managed() returned {result} at {start:#x}: it is unplugged again",
    VIRTIO_MEM_C,
)
UNPLUGGED: Final = Rule(
    "virtio_mem_sbm_unplug_any_sb",
    "virtio_mem_sbm_unplug_any_sb",
    "{device}: {size} of block {block} are unplugged; it is {state}",
    VIRTIO_MEM_C,
)
REMOVED_ALL: Final = Rule(
    "virtio_mem_sbm_try_remove_unplugged_mb",
    "virtio_mem_sbm_try_remove_unplugged_mb",
    "{device}: all of block {block} is unplugged: it is taken offline and removed",
    VIRTIO_MEM_C,
)
BIG_REMOVED: Final = Rule(
    "virtio_mem_bbm_offline_remove_and_unplug_bb",
    "virtio_mem_bbm_offline_remove_and_unplug_bb",
    "{device}: blocks {first}..{last} are taken offline, removed and unplugged",
    VIRTIO_MEM_C,
)
BUSY: Final = Rule(
    "virtio_mem_fake_offline",
    "virtio_mem_fake_offline",
    "{device}: block {block} in zone {zone} holds pages that cannot be migrated: {size} of it stay "
    "plugged",
    VIRTIO_MEM_C,
)
SHORT: Final = Rule(
    "virtio_mem_run_wq",
    "virtio_mem_run_wq",
    "{device}: {plugged} are plugged, {requested} are requested, and the driver can do no more now",
    VIRTIO_MEM_C,
)


def offline_threshold(kernel: Kernel, device: VirtioMemDevice) -> int:
    """Bytes of offline memory that the device may have after more is added."""
    return max(2 * device.unit, 2 * kernel.block_pages * PAGE, OFFLINE_THRESHOLD)


def offline_size(kernel: Kernel, device: VirtioMemDevice) -> int:
    """Bytes of the device's memory that is there and not online."""
    size = kernel.block_pages * PAGE
    return size * sum(
        1 for block in device.blocks(size) if kernel.has(block) and not kernel.is_online(block)
    )


def work(kernel: Kernel, id: str) -> None:
    """Plug or unplug until the requested size is plugged, or nothing more can be done.

    Removing memory has the driver try again at once (virtio_mem_retry).
    """
    while _Driver(kernel, id).run():
        pass
    device = device_of(kernel, id)
    if device.plugged_size != device.requested:
        kernel.explain(
            SHORT.because(
                device=id,
                plugged=format_size(device.plugged_size),
                requested=format_size(device.requested),
            )
        )


def after_onlining(kernel: Kernel, id: str) -> None:
    """Have the driver work again, if less than half of what may be offline is (MEM_ONLINE)."""
    device = device_of(kernel, id)
    waits = device.plugged_size != device.requested
    if waits and offline_size(kernel, device) <= offline_threshold(kernel, device) // 2:
        work(kernel, id)


def device_of(kernel: Kernel, id: str) -> VirtioMemDevice:
    """Return a virtio-mem device of the kernel as it is now."""
    device = kernel.devices[id]
    assert isinstance(device, VirtioMemDevice)
    return device


class _Driver:
    """One run of the driver's work queue (virtio_mem_run_wq)."""

    def __init__(self, kernel: Kernel, id: str) -> None:
        self.kernel = kernel
        self.id = id
        self.removed = False

    @property
    def device(self) -> VirtioMemDevice:
        return device_of(self.kernel, self.id)

    def run(self) -> bool:
        """Work on the difference of sizes; whether memory was removed."""
        device = self.device
        missing = (device.requested - device.plugged_size) // device.granule
        excess = (device.plugged_size - device.requested) // device.granule
        if missing > 0:
            self._plug(missing)
        elif excess > 0:
            for is_next in self._unplug_order():
                excess = self._unplug_all(excess, is_next)
        return self.removed

    # --- plugging

    def _plug(self, missing: int) -> None:
        """Fill up blocks that are there, kernel memory first, then add others, lowest first."""
        for online, movable in ((True, False), (True, True), (False, None)):
            for index in range(len(self.device.plugged)):
                if missing and self._is_partial(index) and self._is(index, online, movable):
                    missing -= self._plug_more(index, missing)
        for index, plugged in enumerate(self.device.plugged):
            if not missing or (not plugged and not self._can_add()):
                return
            if not plugged:
                added = self._add(index, missing)
                if not added:
                    return
                missing -= added

    def _plug_more(self, index: int, most: int) -> int:
        """Plug the lowest sub-blocks of a block that is there; return how many."""
        device = self.device
        free = [bit for bit in range(device.parts) if not device.plugged[index] >> bit & 1]
        bits = sum(1 << bit for bit in free[:most])
        count = bits.bit_count()
        self._set_plugged(index, device.plugged[index] | bits)
        size = count * device.granule
        self._count_free(index, size)
        self.kernel.explain(
            PLUGGED_MORE.because(
                device=self.id, block=self._blocks(index)[0], size=format_size(size)
            )
        )
        return count

    def _can_add(self) -> bool:
        device = self.device
        offline = offline_size(self.kernel, device)
        threshold = offline_threshold(self.kernel, device)
        if offline + device.unit <= threshold:
            return True
        self.kernel.explain(
            TOO_MUCH_OFFLINE.because(
                device=self.id,
                offline=format_size(offline),
                size=format_size(device.unit),
                threshold=format_size(threshold),
            )
        )
        return False

    def _add(self, index: int, most: int) -> int:
        """Plug a block and add it; return how many parts of it, 0 if it could not be added."""
        kernel, device, blocks = self.kernel, self.device, self._blocks(index)
        count = min(most, device.parts)
        self._set_plugged(index, (1 << count) - 1)
        if device.parts > 1:
            size = format_size(count * device.granule)
            kernel.explain(ADDED.because(device=self.id, block=blocks[0], size=size))
        else:
            kernel.explain(BIG_ADDED.because(device=self.id, first=blocks[0], last=blocks[-1]))
        start = device.unit_start(index)
        source = device.source
        failed = add_memory(
            kernel, device.kernel_node, start, device.unit, source, own_memmap=False
        )
        if failed is None:
            return count
        self._set_plugged(index, 0)
        kernel.explain(NOT_ADDED.because(device=self.id, result=failed, start=start))
        return 0

    # --- unplugging

    def _unplug_order(self) -> Iterator[Callable[[int], bool]]:
        """Whether a block's turn has come, for each turn.

        Offline blocks come first, then blocks plugged in part, then Movable before kernel memory.
        """
        if self.device.parts == 1:
            yield lambda index: self._is(index, False, None)
            yield lambda index: self._is(index, True, True)
            yield lambda index: True
            return
        yield lambda index: self._is_partial(index) and self._is(index, False, None)
        yield lambda index: self._is(index, False, None)
        yield lambda index: self._is_partial(index) and self._is(index, True, True)
        yield lambda index: self._is_partial(index) and self._is(index, True, False)
        yield lambda index: self._is(index, True, True)
        yield lambda index: self._is(index, True, False)

    def _unplug_all(self, excess: int, is_next: Callable[[int], bool]) -> int:
        """Unplug from each block whose turn it is, highest first; return what is still too much."""
        for index in reversed(range(len(self.device.plugged))):
            if excess and self.device.plugged[index] and is_next(index):
                excess -= self._unplug(index, excess)
        return excess

    def _unplug(self, index: int, most: int) -> int:
        """Unplug the highest sub-blocks of a block, and remove it if all are; return how many."""
        kernel, device, blocks = self.kernel, self.device, self._blocks(index)
        bits = [bit for bit in range(device.parts) if device.plugged[index] >> bit & 1]
        pinned = [block for block in blocks if kernel.tables.status[block] & PINNED]
        busy = len(bits) if pinned else min(device.busy[index], len(bits))
        gone = bits[busy:][-most:]
        if busy and len(gone) < min(most, len(bits)):
            block = pinned[0] if pinned else blocks[0]
            kernel.explain(
                BUSY.because(
                    device=self.id,
                    block=block,
                    zone=kernel.zone(block).label,
                    size=format_size(busy * device.granule),
                )
            )
        if not gone:
            return 0
        size = len(gone) * device.granule
        if device.parts > 1:
            state = "online" if kernel.is_online(blocks[0]) else "offline"
            kernel.explain(
                UNPLUGGED.because(
                    device=self.id, block=blocks[0], size=format_size(size), state=state
                )
            )
            self._count_free(index, -size)
            self._set_plugged(index, device.plugged[index] & ~sum(1 << bit for bit in gone))
        if len(gone) < len(bits):
            return len(gone)
        removed = self._remove(index)
        return len(gone) if removed or device.parts > 1 else 0

    def _remove(self, index: int) -> bool:
        """Take all memory blocks of a block offline and remove them; whether that was possible."""
        kernel, blocks = self.kernel, self._blocks(index)
        if self.device.parts > 1:
            kernel.explain(REMOVED_ALL.because(device=self.id, block=blocks[0]))
        else:
            kernel.explain(BIG_REMOVED.because(device=self.id, first=blocks[0], last=blocks[-1]))
        for block in blocks:
            if device_offline(kernel, block) not in (None, ALREADY):
                return False
        remove_blocks(kernel, blocks)
        self._set_plugged(index, 0)
        self.removed = True
        return True

    # --- a block

    def _blocks(self, index: int) -> range:
        """The memory blocks of a block of the driver."""
        size = self.kernel.block_pages * PAGE
        start = self.device.unit_start(index)
        return range(start // size, (start + self.device.unit) // size)

    def _is(self, index: int, online: bool, movable: bool | None) -> bool:
        """Whether a block that is there has these properties; None: whatever zone it is in.

        Of several memory blocks, those that are online count, and all of them must be movable.
        """
        kernel = self.kernel
        present = [block for block in self._blocks(index) if kernel.has(block)]
        zones = [kernel.zone(block) for block in present if kernel.is_online(block)]
        if not present or bool(zones) is not online:
            return False
        return movable is None or all(zone is Zone.MOVABLE for zone in zones) is movable

    def _is_partial(self, index: int) -> bool:
        device = self.device
        return 0 < device.plugged[index].bit_count() < device.parts

    def _set_plugged(self, index: int, bits: int) -> None:
        device = self.device
        plugged = (*device.plugged[:index], bits, *device.plugged[index + 1 :])
        self.kernel.devices[self.id] = replace(device, plugged=plugged)

    def _count_free(self, index: int, size: int) -> None:
        """Count bytes of a block that is online in a kernel zone as free memory, or take them."""
        if self._is(index, True, False):
            self.kernel.free_kib += size // KIB
