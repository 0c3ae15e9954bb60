"""The text that sysfs files take and give."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import BootLab, Lab
from zonediff.engine.machine import Config, Machine
from zonediff.engine.steps import Probe, Read, Write
from zonediff.engine.units import Bytes
from zonediff.variants.registry import Registry

ONLINED = ("online", "1")
LEFT = ("offline", "0")


@pytest.fixture
def lab(boot: BootLab) -> Any:
    made = boot()
    made.plug("dimm0", "128M")
    return made


def read(lab: Lab, file: str) -> tuple[str | None, str | None]:
    result = lab.do(Read(file))
    return result, lab.acts[0].output


@pytest.mark.parametrize(
    "value",
    ["online", "online_kernel", "online_movable", "online\n"],
)
def test_state_takes_its_words_with_at_most_one_newline(lab: Lab, value: str) -> None:
    assert lab.write(32, value) is None
    assert lab.state(32) == ONLINED


@pytest.mark.parametrize(
    "value",
    [
        *("Online", "ONLINE", " online", "online ", "online\n\n", "\nonline", "onlin", "onlinee"),
        *("1", "online_none", "movable", "\n", "offline_", "online\0"),
    ],
)
def test_state_takes_nothing_else(lab: Lab, value: str) -> None:
    before = lab.observation
    assert lab.write(32, value) == "EINVAL"
    assert lab.rules == ["store_mem_state"]
    assert lab.observation == before


@pytest.mark.parametrize("value", ["offline", "offline\n"])
def test_offline_is_a_word_of_state(lab: Lab, value: str) -> None:
    lab.write(32, "online")
    assert lab.write(32, value) is None
    assert lab.state(32) == LEFT


@pytest.mark.parametrize("file", ["state", "online"])
def test_a_write_of_no_bytes_succeeds_and_does_nothing(lab: Lab, file: str) -> None:
    before = lab.guest.kernel.key()
    assert lab.do(Write(f"memory32/{file}", "")) is None
    assert lab.rules == ["vfs_write"]
    assert lab.guest.kernel.key() == before


@pytest.mark.parametrize(
    "value", ["1", "y", "Y", "yes", "1\n", "10", "on", "ON", "oN", "On!", "online", "y?"]
)
def test_online_is_switched_on_by_its_first_letters(lab: Lab, value: str) -> None:
    assert lab.switch(32, value) is None
    assert lab.state(32) == ONLINED


@pytest.mark.parametrize("value", ["0", "n", "N", "no", "00", "of", "off", "OFF", "offline", "0\n"])
def test_online_is_switched_off_by_its_first_letters(lab: Lab, value: str) -> None:
    lab.write(32, "online")
    assert lab.switch(32, value) is None
    assert lab.state(32) == LEFT


@pytest.mark.parametrize("value", ["o", "O", "2", "x", " 1", "true", "-1", "\n", "o1"])
def test_online_takes_nothing_else(lab: Lab, value: str) -> None:
    assert lab.switch(32, value) == "EINVAL"
    assert lab.rules == ["strtobool"]
    assert lab.state(32) == LEFT


@pytest.mark.parametrize("value", ["online", "offline", "online\n"])
def test_the_knob_takes_its_words(lab: Lab, value: str) -> None:
    assert lab.knob(value) is None
    assert lab.observation.auto_online_blocks == value.strip()
    assert lab.rules == ["store_auto_online_blocks.set"]


@pytest.mark.parametrize(
    "value", ["online_movable", "online_kernel", "1", "Online", " online", "online\n\n", "\n"]
)
def test_the_knob_takes_nothing_else(lab: Lab, value: str) -> None:
    lab.knob("online")
    assert lab.knob(value) == "EINVAL"
    assert lab.rules == ["store_auto_online_blocks"]
    assert lab.observation.auto_online_blocks == "online"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("block_size_bytes", "8000000"),
        ("auto_online_blocks", "offline"),
        ("memory32/state", "offline"),
        ("memory32/online", "0"),
        ("memory32/valid_zones", "Normal Movable"),
        ("memory32/removable", "1"),
        ("memory32/phys_index", "00000020"),
        ("memory32/phys_device", "0"),
        ("memory0/valid_zones", "none"),
        ("memory7/removable", "0"),
    ],
)
def test_files_read_as_sysfs_has_them(lab: Lab, file: str, text: str) -> None:
    assert read(lab, file) == (None, text)


def test_block_size_is_hexadecimal_without_a_prefix(boot: BootLab) -> None:
    assert read(boot("63G"), "block_size_bytes") == (None, "80000000")


@pytest.mark.parametrize(
    "file",
    [
        *("memory33/state", "memory31/online", "memory32/stat", "memory32", "memory/state"),
        *("memory32/", "nothing", "memoryN/state", "memory32/uevents", "sub/probe", ""),
        *("memory999999/state", "memory032/state", "memory" + "1" * 5000 + "/state"),
    ],
)
def test_files_that_are_missing(lab: Lab, file: str) -> None:
    assert lab.do(Write(file, "online")) == "ENOENT"
    assert lab.rules == ["kernfs_iop_lookup"]
    assert read(lab, file) == ("ENOENT", None)
    assert lab.rules == ["kernfs_iop_lookup"]


@pytest.mark.parametrize("name", ["removable", "valid_zones", "phys_index", "phys_device"])
def test_files_that_cannot_be_written(lab: Lab, name: str) -> None:
    assert lab.do(Write(f"memory32/{name}", "1")) == "EACCES"
    assert lab.rules == ["kernfs_fop_open"]


def test_the_block_size_cannot_be_written_and_probe_not_be_read(lab: Lab) -> None:
    assert lab.do(Write("block_size_bytes", "1")) == "EACCES"
    assert read(lab, "probe") == ("EACCES", None)
    assert lab.rules == ["kernfs_fop_open"]


@pytest.mark.parametrize("value", ["0x108000000", "0X108000000", "4429185024", "041000000000\n"])
def test_probe_takes_hexadecimal_decimal_and_octal(lab: Lab, value: str) -> None:
    assert lab.do(Write("probe", value)) is None
    assert lab.hot == ["32 offline [Normal]", "33 offline [Normal Movable]"]


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("junk", "EINVAL"),
        (" 0x108000000", "EINVAL"),
        ("-1", "EINVAL"),
        ("", None),
        ("\n", "EINVAL"),
        ("0x", "EINVAL"),
        ("09", "EINVAL"),
        ("4_429_185_024", "EINVAL"),
        ("0x108000000\n\n", "EINVAL"),
        ("0x108001000", "EINVAL"),  # not the address of a block
        ("18446744073709551616", "ERANGE"),
        ("18446744073709551616?", "ERANGE"),
        ("9" * 5000, "ERANGE"),
        ("0x10000000000000000 ", "ERANGE"),
        ("+0x108000000", None),
        ("++0x108000000", "EINVAL"),
        ("+", "EINVAL"),
        ("4429185024 ", "EINVAL"),
        ("0xffffffffffffffff", "EINVAL"),
        ("0", "EEXIST"),  # boot memory
        ("0x38000000", "EEXIST"),
        ("0x40000000", "EEXIST"),  # the hole for PCI devices
        ("0xf8000000", "EEXIST"),
        ("0x100000000", "EEXIST"),  # a DIMM
        ("0x10000000000", "EEXIST"),  # beyond 40 bits
        ("0xfff8000000", None),
    ],
)
def test_what_probe_makes_of_an_address(boot: BootLab, value: str, result: str | None) -> None:
    lab = boot()
    lab.plug("dimm0", "128M")
    # So far up the numbers of blocks are large, but none is made that is not asked for.
    assert lab.do(Write("probe", value)) == result


def test_probed_blocks_cannot_be_probed_again(lab: Lab) -> None:
    assert lab.probe(40) is None
    assert lab.probe(40) == "EEXIST"
    assert lab.rules == ["register_memory_resource"]


def test_probe_adds_one_block_without_a_device(lab: Lab) -> None:
    lab.knob("online")
    assert lab.probe(33) is None
    assert lab.hot == ["32 offline [Normal]", "33 online [Normal Movable]"]
    assert lab.events == ["add memory33"]
    assert lab.guest.places == {"dimm0": (32, 32)}


@pytest.mark.parametrize(("nodes", "node"), [("1G", 0), ("512M+512M", 0), ("0+1G", 1), ("1G+0", 0)])
def test_probed_memory_goes_to_the_node_of_the_first_boot_memory(
    boot: BootLab, nodes: str, node: int
) -> None:
    lab = boot(nodes)
    lab.probe(40)
    assert lab.view(40).node == node


@pytest.mark.parametrize("name", ["upstream", "v4.14", "v6.1"])
def test_the_build_decides_whether_there_is_a_probe_file(name: str) -> None:
    """CONFIG_ARCH_MEMORY_PROBE makes it, in every release."""
    results = {}
    for option in (True, False):
        policy = Registry().model(name).policy
        lab = Lab(Machine(config=Config(ARCH_MEMORY_PROBE=option)), policy)
        steps = (Write("probe", "0x100000000"), Probe(Bytes(5 << 30)), Read("probe"))
        results[option] = [lab.do(step) for step in steps]
    assert results == {True: [None, None, "EACCES"], False: ["ENOENT"] * 3}
