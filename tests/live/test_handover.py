"""Dax devices that another driver has before a scenario begins."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from zonediff.engine.machine import Machine
from zonediff.engine.managed_devices import Dax
from zonediff.engine.units import GIB, MIB, Bytes
from zonediff.live.handover import hand_over
from zonediff.live.image import Image
from zonediff.live.memory_devices import last_parameters, obstacles
from zonediff.variants.subject import NotOnThisMachine

SIZE = Bytes(256 * MIB)
FIRST, SECOND = Bytes(GIB), Bytes(GIB + SIZE)
ONLINE = "CONFIG_MHP_DEFAULT_ONLINE_TYPE_ONLINE_AUTO=y\n"
DRIVERS = "/sys/bus/dax/drivers"


class Guest:
    """Stands in for a guest: notes what is written. refused: the file whose writes fail.

    free: the devices that kmem did not take at boot.
    """

    def __init__(self, refused: str = "", free: tuple[str, ...] = ()) -> None:
        self.refused = refused
        self.files = {
            f"/sys/bus/dax/devices/{name}/driver": f"{DRIVERS}/kmem"
            for name in ("dax0.0", "dax1.0")
            if name not in free
        }
        self.written: list[tuple[str, str]] = []
        self.events = [("add", 8)]

    async def write(self, file: str, value: str) -> str | None:
        self.written.append((file.removeprefix(f"{DRIVERS}/"), value))
        return "EINVAL" if self.refused and file.endswith(self.refused) else None


class Spec:
    """Stands in for a GuestSpec."""

    def __init__(self, machine: Machine, cmdline: str, image: Image) -> None:
        self.machine, self.cmdline, self.image = machine, cmdline, image


def written(
    dax: tuple[Dax, ...],
    cmdline: str,
    folder: Path,
    refused: str = "",
    free: tuple[str, ...] = (),
) -> Any:
    (folder / "config").write_text(ONLINE)
    image = Image(folder / "vmlinuz", "7.2.13", "")
    guest: Any = Guest(refused, free)
    spec: Any = Spec(Machine((Bytes(2 * GIB),), dax=dax), cmdline, image)
    asyncio.run(hand_over(guest, spec))
    return guest


def test_devices_of_kmem_stay_as_the_kernel_gave_them(tmp_path: Path) -> None:
    kmem = Dax("mine", SIZE, addr=FIRST)
    assert last_parameters(Machine(dax=(kmem,))) == ""
    assert written((kmem,), "", tmp_path).written == []


def test_the_knob_is_set_between_taking_and_giving(tmp_path: Path) -> None:
    other = Dax("other", SIZE, addr=SECOND, driver="device_dax")
    free = Dax("free", SIZE, addr=FIRST, driver="none")
    guest = written((other, free), "memhp_default_state=online_kernel x=y", tmp_path)
    assert last_parameters(Machine(dax=(free,))) == "memhp_default_state=offline"
    assert sorted(guest.written[:2]) == [("kmem/unbind", "dax0.0"), ("kmem/unbind", "dax1.0")]
    assert guest.written[2:] == [
        ("auto_online_blocks", "online_kernel"),
        ("device_dax/new_id", "dax1.0"),
    ]
    assert guest.events == []


def test_a_device_that_kmem_refused_is_not_taken_from_it(tmp_path: Path) -> None:
    other = Dax("other", SIZE, addr=FIRST, driver="device_dax")
    guest = written((other,), "", tmp_path, free=("dax0.0",))
    assert [file for file, _ in guest.written] == ["auto_online_blocks", "device_dax/new_id"]


@pytest.mark.parametrize(
    ("cmdline", "knob"),
    [
        ("", "online"),
        ("memhp_default_state=online memhp_default_state=offline", "offline"),
        ("memhp_default_state=online_movable memhp_default_state=wrong", "online_movable"),
    ],
)
def test_the_knob_is_what_the_boot_would_have_made_it(
    cmdline: str, knob: str, tmp_path: Path
) -> None:
    guest = written((Dax("mine", SIZE, addr=FIRST, driver="none"),), cmdline, tmp_path)
    assert ("auto_online_blocks", knob) in guest.written


def test_kmem_gets_a_device_with_its_own_memmap_back(tmp_path: Path) -> None:
    own = Dax("mine", SIZE, addr=FIRST, memmap_on_memory=True)
    assert written((own,), "", tmp_path).written[2:] == [
        ("/sys/bus/dax/devices/dax0.0/memmap_on_memory", "1"),
        ("kmem/bind", "dax0.0"),
    ]
    with pytest.raises(NotOnThisMachine, match=r"to write 1 to .*/memmap_on_memory: EINVAL"):
        written((own,), "", tmp_path, refused="memmap_on_memory")


def test_without_its_configuration_a_kernel_has_no_known_knob(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "config", lambda self: None)
    machine = Machine((Bytes(2 * GIB),), dax=(Dax("mine", SIZE, addr=FIRST, driver="none"),))
    image = Image(tmp_path / "vmlinuz", "7.2.13", "")
    assert "is not known without its configuration" in "\n".join(obstacles(machine, image))
