"""Kernel images: told from other files, and what they say of themselves."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from zonediff.live.image import read_image
from zonediff.variants.registry import Registry, VariantError

BANNER = "4.10.17 (me@here) #1 SMP Mon Nov 23 2026"


def bzimage(banner: str | None = BANNER) -> bytes:
    """As much of an image as tells that it is one (Documentation/arch/x86/boot.rst)."""
    image = bytearray(0x1000)
    at = 0 if banner is None else 0x800
    struct.pack_into("<H", image, 0x1FE, 0xAA55)
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", image, 0x20E, at)
    if banner is not None:
        image[0x200 + at : 0x200 + at + len(banner)] = banner.encode()
    return bytes(image)


@pytest.fixture
def vmlinuz(tmp_path: Path) -> Path:
    path = tmp_path / "vmlinuz-4.10.17"
    path.write_bytes(bzimage())
    return path


def test_an_image_tells_its_release(vmlinuz: Path) -> None:
    image = read_image(vmlinuz)
    assert image.release == "4.10.17"
    assert image.banner == BANNER


def test_an_image_may_not_tell(vmlinuz: Path) -> None:
    vmlinuz.write_bytes(bzimage(None))
    assert read_image(vmlinuz).release == "unknown"


def test_an_image_that_changes_is_noticed(vmlinuz: Path) -> None:
    image = read_image(vmlinuz)
    assert image.read() == bzimage()
    vmlinuz.write_bytes(bzimage(BANNER.replace("#1", "#2")))
    assert read_image(vmlinuz).digest != image.digest
    with pytest.raises(VariantError, match=r"vmlinuz-4\.10\.17: changed while it was in use"):
        image.read()


@pytest.mark.parametrize("content", [b"", b"MZ", bytes(0x1000), b"\x7fELF" + bytes(0x1000)])
def test_another_file_is_refused_with_what_would_be_right(vmlinuz: Path, content: bytes) -> None:
    vmlinuz.write_bytes(content)
    with pytest.raises(VariantError, match=r"not a bootable kernel image .* name a bzImage"):
        read_image(vmlinuz)


def test_a_file_without_end_is_refused() -> None:
    with pytest.raises(VariantError, match="/dev/zero: not a bootable kernel image"):
        read_image(Path("/dev/zero"))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VariantError, match="vmlinuz: No such file"):
        read_image(tmp_path / "vmlinuz")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VariantError, match="Is a directory"):
        read_image(tmp_path)


def test_the_name_of_a_variant_is_the_path_of_an_image(tmp_path: Path) -> None:
    with pytest.raises(VariantError, match="no-such-image: No such file"):
        Registry().resolve(f"live:{tmp_path}/no-such-image")


def test_a_live_kernel_is_no_model() -> None:
    with pytest.raises(VariantError, match="there is no variant 'live:/boot/vmlinuz'"):
        Registry().model("live:/boot/vmlinuz")


@pytest.mark.parametrize("name", ["config-4.10.17", "config"])
def test_the_configuration_lies_beside_it(vmlinuz: Path, name: str) -> None:
    text = "CONFIG_MOVABLE_NODE=y\n# CONFIG_NUMA is not set\nCONFIG_NR_CPUS=64\n"
    vmlinuz.with_name(name).write_text(text)
    assert read_image(vmlinuz).config() == {"MOVABLE_NODE": "y", "NR_CPUS": "64"}


def test_the_configuration_of_a_kernel_tree_is_its_own(tmp_path: Path) -> None:
    image = tmp_path / "arch" / "x86" / "boot" / "bzImage"
    image.parent.mkdir(parents=True)
    image.write_bytes(bzimage())
    (tmp_path / ".config").write_text("CONFIG_MOVABLE_NODE=y\n")
    assert read_image(image).config() == {"MOVABLE_NODE": "y"}


def test_the_configuration_may_be_unknown(vmlinuz: Path) -> None:
    assert read_image(vmlinuz).config() is None
