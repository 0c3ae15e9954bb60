"""What live runs need of a computer, and what is said where it is missing."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from zonediff.cli.main import cli
from zonediff.live import host
from zonediff.live.host import find_host, is_static, kvm_problem, look_for_host
from zonediff.live.initramfs import APPLETS
from zonediff.variants.registry import VariantError

ALL_APPLETS = "\n".join(APPLETS)


def program(path: Path, says: str = "") -> None:
    path.write_text(f"#!/bin/sh\ncat << 'EOF'\n{says}\nEOF\n")
    path.chmod(0o755)


def elf(*segments: int) -> bytes:
    """The headers of a 64-bit program with segments of these types."""
    header = bytearray(64)
    header[:5] = b"\x7fELF\x02"
    struct.pack_into("<Q", header, 32, 64)
    struct.pack_into("<HH", header, 54, 56, len(segments))
    return bytes(header) + b"".join(struct.pack("<I52x", kind) for kind in segments)


@pytest.fixture
def bin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The only folder in which programs are looked for."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(host, "_SYSTEM_FOLDERS", str(folder))
    look_for_host.cache_clear()
    kvm_problem.cache_clear()
    yield folder
    look_for_host.cache_clear()
    kvm_problem.cache_clear()


@pytest.fixture
def doctor() -> Callable[..., Result]:
    return lambda *arguments: CliRunner().invoke(cli, ["live", "doctor", *arguments])


def test_everything_may_be_missing(bin: Path, doctor: Callable[..., Result]) -> None:
    said = doctor(str(bin / "vmlinuz"))
    assert said.exit_code == 1
    assert "MISSING  qemu-system-x86_64 was not found\n" in said.output
    assert "on Debian, Ubuntu: apt-get install qemu-system-x86\n" in said.output
    assert "on Fedora: dnf install qemu-system-x86-core\n" in said.output
    assert "MISSING  busybox was not found\n" in said.output
    assert "apt-get install busybox-static" in said.output
    assert "MISSING  setpriv was not found\n" in said.output
    assert f"MISSING  {bin / 'vmlinuz'}: No such file" in said.output


def test_a_run_says_what_is_missing_and_where_to_look(bin: Path) -> None:
    program(bin / "setpriv")
    with pytest.raises(VariantError) as error:
        find_host()
    text = str(error.value)
    assert "qemu-system-x86_64 was not found (apt-get install qemu-system-x86)" in text
    assert "setpriv" not in text
    assert text.endswith("run `zonediff live doctor`")


@pytest.mark.parametrize(
    ("says", "fine"),
    [
        ("QEMU emulator version 5.2.0 (Debian 1:5.2+dfsg-11)", False),
        ("QEMU emulator version 6.2.0 (Debian 1:6.2+dfsg-2ubuntu6)", True),
        ("QEMU emulator version 10.0.2", True),
        ("something else", False),
    ],
)
def test_qemu_must_not_be_too_old(
    bin: Path, monkeypatch: pytest.MonkeyPatch, says: str, fine: bool
) -> None:
    monkeypatch.setenv("PATH", f"{bin}:/usr/bin:/bin")  # cat
    program(bin / "qemu-system-x86_64", says)
    installed = look_for_host()
    lacks = () if isinstance(installed, host.Host) else installed
    assert ("qemu-system-x86_64" not in {item.what for item in lacks}) is fine


def test_busybox_must_be_static(bin: Path) -> None:
    (bin / "busybox").write_bytes(elf(1, 3))
    (bin / "busybox").chmod(0o755)
    installed = look_for_host()
    assert not isinstance(installed, host.Host)
    (item,) = [item for item in installed if item.what == "busybox"]
    assert item.why == f"at {bin / 'busybox'} needs shared libraries, which the guest lacks"
    assert item.debian == "apt-get install busybox-static"


def test_a_static_program_names_no_loader(tmp_path: Path) -> None:
    path = tmp_path / "program"
    for content, static in ((elf(1, 1), True), (elf(6, 3, 1), False), (b"#!/bin/sh\n", False)):
        path.write_bytes(content)
        assert is_static(path) is static


def test_busybox_must_have_what_the_agent_uses(bin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{bin}:/usr/bin:/bin")  # cat
    monkeypatch.setattr(host, "is_static", lambda path: True)
    program(bin / "busybox", ALL_APPLETS.replace("uevent\n", ""))
    installed = look_for_host()
    assert not isinstance(installed, host.Host)
    assert f"at {bin / 'busybox'} was built without uevent" in {item.why for item in installed}


def test_kvm_that_is_no_use_is_no_failure(
    bin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, doctor: Callable[..., Result]
) -> None:
    monkeypatch.setattr(host, "_KVM", tmp_path / "kvm")
    assert kvm_problem() == f"{tmp_path / 'kvm'} does not exist"
    assert (
        f"TCG, several times slower than KVM: {tmp_path / 'kvm'} does not exist" in doctor().output
    )


def test_a_device_that_is_no_kvm_is_noticed(
    bin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kvm").touch()
    monkeypatch.setattr(host, "_KVM", tmp_path / "kvm")
    assert kvm_problem() is not None
