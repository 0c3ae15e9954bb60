"""Kernel images: told from other files, and what they say of themselves."""

from __future__ import annotations

import gzip
import io
import lzma
import struct
import tarfile
from pathlib import Path

import pytest

from zonediff.engine.machine import Config, Machine
from zonediff.engine.managed_devices import VirtioMem
from zonediff.engine.units import GIB, Bytes
from zonediff.live.doctor import NEEDED_OPTIONS, examine
from zonediff.live.image import read_image
from zonediff.live.kernel_modules import modules as modules_of
from zonediff.live.subject import own_parameters
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


def test_the_configuration_may_be_in_the_image(vmlinuz: Path) -> None:
    text = b"CONFIG_MOVABLE_NODE=y\n"
    kernel = b"\x7fELF" + b"IKCFG_ST" + gzip.compress(text) + b"IKCFG_ED"
    for compress in (gzip.compress, lzma.compress):
        vmlinuz.write_bytes(bzimage() + compress(kernel) + bytes(8))
        assert read_image(vmlinuz).config() == {"MOVABLE_NODE": "y"}


@pytest.mark.parametrize(
    ("option", "online_type"),
    [
        ("# CONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE is not set", "offline"),
        ("CONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE=y", "online"),
        ("CONFIG_MHP_DEFAULT_ONLINE_TYPE_OFFLINE=y", "offline"),
        ("CONFIG_MHP_DEFAULT_ONLINE_TYPE_ONLINE_AUTO=y", "online"),
        ("CONFIG_MHP_DEFAULT_ONLINE_TYPE_ONLINE_MOVABLE=y", "online_movable"),
    ],
)
def test_what_added_memory_becomes_has_two_names(
    vmlinuz: Path, option: str, online_type: str
) -> None:
    vmlinuz.with_name("config-4.10.17").write_text(f"{option}\n")
    image = read_image(vmlinuz)
    assert image.default_online_type() == online_type
    assert image.option("MEMORY_HOTPLUG_DEFAULT_ONLINE") is (online_type == "online")
    stays = "" if online_type == "offline" else "memhp_default_state=offline"
    assert own_parameters(image, Config()) == stays
    assert own_parameters(image, Config(MEMORY_HOTPLUG_DEFAULT_ONLINE=True)) == ""


def test_what_added_memory_becomes_may_be_unknown(vmlinuz: Path) -> None:
    image = read_image(vmlinuz)
    assert image.option("MEMORY_HOTPLUG_DEFAULT_ONLINE") is None
    assert own_parameters(image, Config()) == "memhp_default_state=offline"


def package(path: Path, files: dict[str, bytes], compression: str = "xz") -> Path:
    """A Debian package of these files."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    plain = data.getvalue()
    packed = lzma.compress(plain) if compression == "xz" else gzip.compress(plain)
    with path.open("wb") as deb:
        deb.write(b"!<arch>\n")
        for name, content in (
            ("debian-binary", b"2.0\n"),
            ("control.tar.xz", b"odd"),
            (f"data.tar.{compression}", packed),
        ):
            deb.write(f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode())
            deb.write(content + b"\n" * (len(content) % 2))
    return path


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "zonediff"


@pytest.mark.parametrize("compression", ["xz", "gz"])
def test_a_package_is_unpacked_to_the_cache(tmp_path: Path, cache: Path, compression: str) -> None:
    deb = package(
        tmp_path / "linux-image-4.10.17.deb",
        {
            "boot/vmlinuz-4.10.17": bzimage(),
            "boot/config-4.10.17": b"CONFIG_MOVABLE_NODE=y\n",
            "boot/System.map-4.10.17": b"",
        },
        compression,
    )
    for path in (deb, tmp_path / "linux-*.deb"):
        image = read_image(path)
        assert image.release == "4.10.17"
        assert image.config() == {"MOVABLE_NODE": "y"}
        assert cache in image.path.parents
    assert sorted(path.name for path in image.path.parent.iterdir()) == [
        *("config-4.10.17", "vmlinuz-4.10.17"),
    ]


def test_the_drivers_of_a_package_are_unpacked_beside_the_image(
    tmp_path: Path, cache: Path
) -> None:
    modules = "usr/lib/modules/7.2.13/kernel"
    deb = package(
        tmp_path / "b.deb",
        {
            "boot/vmlinuz-7.2.13": bzimage(),
            "boot/config-7.2.13": b"CONFIG_VIRTIO_MEM=m\n",
            f"{modules}/drivers/virtio/virtio_mem.ko.xz": lzma.compress(b"module"),
            f"{modules}/fs/ext4/ext4.ko.xz": b"",
        },
    )
    machine = Machine(virtio_mem=(VirtioMem("vmem0", Bytes(GIB)),))
    assert modules_of(read_image(deb), machine) == {"virtio_mem": b"module"}


def test_a_package_may_hold_the_image_with_the_modules(tmp_path: Path, cache: Path) -> None:
    deb = package(tmp_path / "b.deb", {"usr/lib/modules/4.10.17/vmlinuz": bzimage()})
    assert read_image(deb).release == "4.10.17"
    assert cache.is_dir()


@pytest.mark.usefixtures("cache")
def test_packages_without_an_image_are_refused(tmp_path: Path) -> None:
    deb = package(tmp_path / "linux-image.deb", {"usr/share/doc": b""})
    with pytest.raises(VariantError, match=r"no kernel image .* linux-binary-\*\.deb"):
        read_image(deb)
    deb.write_bytes(b"!<arch>\n")
    with pytest.raises(VariantError, match=r"damaged Debian package: it has no data\.tar"):
        read_image(deb)
    deb.write_bytes(b"odd")
    with pytest.raises(VariantError, match="not a Debian package"):
        read_image(deb)
    (tmp_path / "linux-other.deb").touch()
    with pytest.raises(VariantError, match="2 files match, name one"):
        read_image(tmp_path / "linux-*.deb")


def test_the_options_of_an_image_are_examined(vmlinuz: Path) -> None:
    def findings() -> dict[str, bool]:
        about = [item for item in examine([vmlinuz]) if item.what.startswith(str(vmlinuz))]
        return {item.what.removeprefix(f"{vmlinuz}: "): item.ok for item in about}

    assert findings() == {
        "Linux 4.10.17": True,
        "no config beside it: what it was built with is not known": True,
    }
    options = [f"CONFIG_{option}=y" for option in NEEDED_OPTIONS[1:]]
    options.append("CONFIG_MHP_DEFAULT_ONLINE_TYPE_ONLINE_AUTO=y")
    vmlinuz.with_name("config-4.10.17").write_text("\n".join(options))
    assert findings() == {
        "Linux 4.10.17": True,
        "built without ACPI_HOTPLUG_MEMORY": False,
        "built without NET: its uevents cannot be heard": True,
        "makes added memory online by itself; guests are told not to": True,
        "has no probe file (ARCH_MEMORY_PROBE)": True,
    }
