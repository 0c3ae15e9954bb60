"""The steps that are derived from a guest, and those that a file names."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.review.kernels import ACTIONS, BIND, DEVICE, DRIVER, UNBIND, Kernel
from zonediff.review.actions import MEMORY_FOLDER, Action, AlphabetError, read_alphabet
from zonediff.review.alphabet import Alphabet, alphabet_of, intersection
from zonediff.review.look import IOMEM, KNOB, Look, Part
from zonediff.review.machines import MACHINES
from zonediff.review.sides import Shown

DAX = MACHINES["dax"]


class Asked(Kernel):
    """A kernel whose files can be listed."""

    block_size = 128 << 20

    def look(self) -> Look:
        link = {Part(f"{DRIVER}/dax0.0"): "../devices/dax0.0"} if self.bound else {}
        return Look({**super().look().parts, **link})

    async def writable(self, folder: str) -> list[str]:
        if folder == MEMORY_FOLDER:
            blocks = [f"{folder}/memory{block}/{name}" for block in (0, 8, 9) for name in FILES]
            return [KNOB, f"{folder}/hard_offline_page", *blocks]
        if folder in DAX.drivers:
            other = f"{folder}/device_dax/bind"
            return [f"{DRIVER}/bind", f"{DRIVER}/unbind", f"{DRIVER}/new_id", other]
        return []


FILES = ("state", "uevent")


class WithState(Asked):
    """A patch gives the device a file, which is there while its driver is."""

    def look(self) -> Look:
        file = {Part(f"{DEVICE}/state"): "offline"} if self.bound else {}
        return Look({**super().look().parts, **file})

    async def writable(self, folder: str) -> list[str]:
        files = await super().writable(folder)
        return [*files, f"{DEVICE}/state"] if folder in DAX.devices and self.bound else files


class Unbound(WithState):
    """Its device has no driver at boot."""

    async def reset(self, boot: int = 0) -> Shown:
        await super().reset(boot)
        self.unbind()
        return self.shown(None)


def derived(kind: type[Asked]) -> Alphabet:
    return asyncio.run(alphabet_of(kind(), DAX))


def test_blocks_knob_and_drivers_of_a_device_are_written() -> None:
    alphabet = derived(Asked)
    words = ("offline", "online", "online_kernel", "online_movable")
    assert set(alphabet.actions) >= set(ACTIONS)
    assert {action.value for action in alphabet.actions if action.target == KNOB} == {*words}
    assert alphabet.blocks == {8, 9}
    assert alphabet.left_out == {f"{MEMORY_FOLDER}/hard_offline_page", f"{DRIVER}/new_id"}
    assert alphabet.actions[-2:] == (BIND, UNBIND)


def test_boot_memory_and_other_drivers_are_left_alone() -> None:
    files = {action.target for action in derived(Asked).actions}
    assert not [file for file in files if "memory0/" in file or "device_dax" in file]


def test_a_new_file_of_a_device_joins_with_the_words_of_its_kind() -> None:
    alphabet = derived(WithState)
    values = [action.value for action in alphabet.actions if action.target == f"{DEVICE}/state"]
    assert values == ["offline", "online", "online_kernel", "online_movable", "unplugged"]
    both, new = intersection(derived(Asked), alphabet)
    assert {action.target for action in new} == {f"{DEVICE}/state"}
    assert set(both.actions) == set(derived(Asked).actions)
    assert intersection(alphabet, alphabet) == (alphabet, [])


def test_steps_are_read_as_they_are_printed(tmp_path: Path) -> None:
    file = tmp_path / "steps"
    actions = (*ACTIONS, Action("plug", "dimm0"), Action("write", "/sys/odd", "two words $x"))
    file.write_text("# ours\n\n" + "".join(f"{action.command}  # why\n" for action in actions))
    assert read_alphabet(file) == actions


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no step"),
        ("# only\n", "has no step"),
        ("plug dimm0\nrm -rf /\n", ":2: not a step"),
        ("echo 1 > /etc/passwd\n", ":1: not a step"),
        ("echo 1 > /sys/../etc/passwd\n", ":1: not a step"),
        ("echo 'a > /sys/x\n", ":1: not a step"),
        ("echo \u00e9 > /sys/x\n", ":1: not a step"),
        (f"echo {'x' * 5000} > /sys/x\n", ":1: longer"),
        ("plug a\n" * 5000, "has 5000 lines"),
    ],
)
def test_a_line_that_is_no_step_is_named(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "steps"
    file.write_text(text)
    with pytest.raises(AlphabetError, match=message):
        read_alphabet(file)
    with pytest.raises(AlphabetError, match="none: No such file"):
        read_alphabet(tmp_path / "none")


class Lying(WithState):
    """Its files have odd names, and there are many; its range is all that there is."""

    block_size = 1

    def look(self) -> Look:
        return Look({**super().look().parts, Part(IOMEM, f"0-{'f' * 16}"): "dax0.0"})

    async def writable(self, folder: str) -> list[str]:
        many = (f"{folder}/{number}" for number in range(9999))
        return [f"{folder}/a file", f"{folder}/\x1b[2J", *await super().writable(folder), *many]


def test_what_a_guest_says_of_files_and_memory_is_taken_within_bounds() -> None:
    alphabet = derived(Lying)
    assert alphabet.blocks == {8, 9}
    assert len(alphabet.left_out) < 5000
    assert all(file.isprintable() and " " not in file for file in alphabet.left_out)
    assert all(command.isprintable() for command in alphabet.commands)
