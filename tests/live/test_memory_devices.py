"""Memory devices that a driver manages, as a guest gets them: of QEMU, of the command line."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from zonediff.engine.machine import Dimm, Machine
from zonediff.engine.managed_devices import (
    Dax,
    VirtioMem,
    plugged_size,
    virtio_mem_sizes,
    whole_blocks,
)
from zonediff.engine.steps import Bind, Resize, Step, Unbind, Write
from zonediff.engine.trace import Trace
from zonediff.engine.units import GIB, MIB, Bytes
from zonediff.live.image import Image
from zonediff.live.initramfs import initramfs
from zonediff.live.kernel_modules import modules
from zonediff.live.memory_devices import (
    boot_parameters,
    dax_driver,
    dax_folders,
    drivers_work,
    obstacles,
)
from zonediff.live.qemu_arguments import device, plugged_at_boot, window_for
from zonediff.live.subject import Live
from zonediff.variants.subject import NotOnThisMachine

DAX = Dax("mine", Bytes(256 * MIB), addr=Bytes(GIB))
AROUND = (Bytes(1536 * MIB),)
WITH_DAX = Machine(AROUND, dax=(DAX,))
VIRTIO_MEM = VirtioMem("vmem0", Bytes(GIB))
WITH_VIRTIO_MEM = Machine(virtio_mem=(VIRTIO_MEM,), dimms=(Dimm("dimm1", Bytes(GIB)),))


def test_a_range_of_boot_memory_becomes_soft_reserved() -> None:
    assert boot_parameters(WITH_DAX) == "memmap=256M%0x40000000-1+0xefffffff"
    assert boot_parameters(Machine()) == ""


def test_the_kernel_numbers_dax_devices_by_address() -> None:
    low = Dax("low", Bytes(128 * MIB), addr=Bytes(512 * MIB))
    folders = dax_folders(Machine(AROUND, dax=(DAX, low)))
    assert folders == ("/sys/bus/dax/devices/dax0.0", "/sys/bus/dax/devices/dax1.0")


def test_the_driver_is_where_the_link_leads() -> None:
    link = {"/sys/bus/dax/devices/dax0.0/driver": "../../../../bus/dax/drivers/kmem"}
    assert dax_driver("dax0.0", link) == "kmem"
    assert dax_driver("dax0.0", {}) == "none"


def test_kmem_adds_whole_blocks() -> None:
    block = 128 * MIB
    assert whole_blocks(GIB, 256 * MIB, block) == range(8, 10)
    assert whole_blocks(1088 * MIB, 256 * MIB, block) == range(9, 10)


def test_the_sizes_of_virtio_mem_are_told_as_observations_do() -> None:
    assert virtio_mem_sizes(512 * MIB, 384 * MIB) == "512M requested, 384M plugged"
    assert virtio_mem_sizes(0, 0) == "0 requested, 0 plugged"
    assert plugged_size("512M requested, 384M plugged") == 384 * MIB
    assert plugged_size("0 requested, many plugged") == plugged_size("kmem") == 0


def test_virtio_mem_is_placed_before_dimms() -> None:
    assert [item.id for item in plugged_at_boot(WITH_VIRTIO_MEM)] == ["vmem0", "dimm1"]
    assert device(VIRTIO_MEM)["driver"] == "virtio-mem-pci"
    assert device(VIRTIO_MEM)["block-size"] == 2 * MIB
    assert window_for(WITH_VIRTIO_MEM, ()).size >= 2 * GIB


def test_a_driver_that_works_is_a_worker_of_the_kernel() -> None:
    assert drivers_work(["task 12 (kworker/0:1+events_freezable) D", "memory0/state:online"])
    assert not drivers_work(["task 12 (sh) D", "[<0>] __do_sys+0x1"])


def image(folder: Path, config: str) -> Image:
    (folder / "config").write_text(config)
    return Image(folder / "vmlinuz", "7.2.13", "")


@pytest.mark.parametrize(
    ("machine", "config", "says"),
    [
        (WITH_DAX, "CONFIG_DEV_DAX_HMEM=y\n", "CONFIG_DEV_DAX_KMEM=n"),
        (WITH_VIRTIO_MEM, "CONFIG_VIRTIO_MEM=m\n", "virtio_mem.ko is not in lib/modules/7.2.13"),
        (Machine(dax=(Dax("far", Bytes(GIB)),)), "", "a part of its boot memory"),
        (
            Machine(AROUND, dax=(Dax("last", Bytes(512 * MIB), addr=Bytes(GIB)),)),
            "",
            "QEMU keeps its tables at the end of low memory (0x60000000)",
        ),
    ],
)
def test_a_kernel_without_the_driver_is_refused(
    machine: Machine, config: str, says: str, tmp_path: Path
) -> None:
    assert says in "\n".join(obstacles(machine, image(tmp_path, config)))


def test_drivers_that_are_modules_are_loaded_in_order(tmp_path: Path) -> None:
    boot, drivers = tmp_path / "boot", tmp_path / "lib/modules/7.2.13/kernel/drivers/dax"
    (drivers / "hmem").mkdir(parents=True)
    boot.mkdir()
    (drivers / "hmem" / "dax_hmem.ko.xz").write_bytes(lzma.compress(b"first"))
    (drivers / "kmem.ko").write_bytes(b"second")
    kernel = image(boot, "CONFIG_DEV_DAX_HMEM=m\nCONFIG_DEV_DAX_KMEM=m\n")
    assert [*obstacles(WITH_DAX, kernel)] == []
    loaded = modules(kernel, WITH_DAX)
    assert [*loaded.items()] == [("dax_hmem", b"first"), ("kmem", b"second")]
    (tmp_path / "busybox").write_bytes(b"busybox")
    archive = initramfs(tmp_path / "busybox", modules=loaded)
    assert archive.index(b"modules/0-dax_hmem.ko") < archive.index(b"modules/1-kmem.ko")
    assert modules(kernel, Machine()) == {}


def run(subject: Live, machine: Machine, *steps: Step) -> Trace:
    try:
        return subject.run(machine, steps)
    except NotOnThisMachine as obstacle:
        pytest.skip(str(obstacle))


def results(trace: Trace) -> list[str | None]:
    return [act.result for _, _, act in trace.acts()]


def test_kmem_leaves_online_memory_behind(subject: Live) -> None:
    trace = run(
        subject,
        WITH_DAX,
        Write("memory8/state", "online_movable"),
        Unbind("mine"),
        Write("memory8/state", "offline"),
        Bind("mine"),
    )
    assert results(trace) == [None, None, None, "EBUSY"]
    assert trace.last().devices == {"mine": "none"}
    assert trace.last().block(9) is not None


def test_virtio_mem_plugs_what_is_asked_for(subject: Live) -> None:
    machine = Machine(virtio_mem=(VIRTIO_MEM,), cmdline="memhp_default_state=online_movable")
    trace = run(subject, machine, Resize("vmem0", Bytes(192 * MIB)), Resize("vmem0", Bytes(0)))
    assert results(trace) == [None, None]
    assert trace.last().block(32) is None
