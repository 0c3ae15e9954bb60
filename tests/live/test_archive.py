"""The archive of the guest's files: what the kernel unpacks, told by a reader of its own."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from zonediff.live.initramfs import (
    APPLETS,
    CHARACTER_DEVICE,
    DIRECTORY,
    LINK,
    PROGRAM,
    Entry,
    cpio,
    initramfs,
)


class File(NamedTuple):
    name: str
    mode: int
    content: bytes
    device: tuple[int, int]


def unpacked(archive: bytes) -> Iterator[File]:
    """Read newc as Documentation/driver-api/early-userspace/buffer-format.rst tells it."""
    at = 0
    while True:
        assert at % 4 == 0
        assert archive[at : at + 6] == b"070701"
        fields = [int(archive[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        name_at, name_size = at + 110, fields[11]
        assert archive[name_at + name_size - 1] == 0
        name = archive[name_at : name_at + name_size - 1].decode()
        content_at = -(-(name_at + name_size) // 4) * 4
        content = archive[content_at : content_at + fields[6]]
        at = -(-(content_at + fields[6]) // 4) * 4
        if name == "TRAILER!!!":
            assert archive[at:] == b""
            return
        yield File(name, fields[1], content, (fields[9], fields[10]))


def test_what_goes_in_comes_out() -> None:
    entries = [
        Entry("bin", DIRECTORY),
        Entry("bin/tool", PROGRAM, b"abc"),
        Entry("bin/other", LINK, b"tool"),
        Entry("dev/console", CHARACTER_DEVICE, device=(5, 1)),
    ]
    assert list(unpacked(cpio(iter(entries)))) == [File(*entry) for entry in entries]


def test_a_guest_has_a_program_to_start_and_what_that_uses(tmp_path: Path) -> None:
    busybox = tmp_path / "busybox"
    busybox.write_bytes(b"\x7fELF...")
    files = {file.name: file for file in unpacked(initramfs(busybox))}
    assert files["bin/busybox"].content == b"\x7fELF..."
    assert files["init"].content.startswith(b"#!/bin/busybox sh\n")
    assert files["init"].mode & stat.S_IXUSR
    for name in APPLETS:
        assert files[f"bin/{name}"].content == b"busybox"
    assert files["dev/ttyS1"].device == (4, 65)
