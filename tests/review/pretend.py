"""A pretend kernel tree that builds at once, mails of patches to it, and a pretend kernel image."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from difflib import unified_diff
from pathlib import Path

CODE = "mm/memory_hotplug.c"

HEADER = "include/linux/memory_hotplug.h"

SOURCES = {
    "Kconfig": "",
    "Kbuild": "",
    "Makefile": """\
VERSION = 6
PATCHLEVEL = 1
SUBLEVEL = 7
EXTRAVERSION = -pretend
.PHONY: all tinyconfig olddefconfig
all: bzImage
tinyconfig:
\t@echo '# CONFIG_TINY is not set' > $(O)/.config
olddefconfig:
\t@true
bzImage: $(O)/vmlinux
\t@mkdir -p $(O)/arch/x86/boot
\t@cat image mm/memory_hotplug.c > $(O)/arch/x86/boot/bzImage
$(O)/vmlinux: mm/memory_hotplug.c include/linux/memory_hotplug.h
\t@echo '  CC      mm/memory_hotplug.o'
\t@if grep '^#error' mm/memory_hotplug.c; then \\
\t  echo "../source/mm/memory_hotplug.c:1:2: error: #error it says so"; exit 1; fi
\t@cp mm/memory_hotplug.c $(O)/vmlinux
""",
    "scripts/kconfig/merge_config.sh": """\
#!/bin/sh
# merge_config.sh -m -O FOLDER CONFIG FRAGMENT...
rm "$(mktemp ./.tmp.config.XXXXXXXXXX)" || exit
out=$3
shift 3
cat "$@" > "$out/.config.new"
mv "$out/.config.new" "$out/.config"
""",
    CODE: "int one;\nint two;\nint three;\n",
    HEADER: "int one;\n",
}


def pretend_image(release: str = "6.1.7-pretend") -> bytes:
    """Bytes with the header of a bzImage."""
    banner = release.encode() + b" (nobody@nowhere) #1\0"
    header = bytearray(0x1FE)
    header += struct.pack("<H2x4s8xH", 0xAA55, b"HdrS", 0x100)
    header += bytes(0x300 - len(header)) + banner
    return bytes(header)


def make_tree(folder: Path, changes: Mapping[str, str] | None = None) -> Path:
    """Write the pretend tree to a folder, with other texts for some of its files."""
    for path, text in {**SOURCES, **(changes or {})}.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    (folder / "scripts/kconfig/merge_config.sh").chmod(0o755)
    (folder / "image").write_bytes(pretend_image())
    return folder


def diff(path: str, before: str, after: str) -> str:
    """The diff of one file, as git prints it."""
    lines = unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"a/{path}" if before else "/dev/null",
        f"b/{path}" if after else "/dev/null",
    )
    mode = "" if before else "new file mode 100644\n"
    mode += "" if after else "deleted file mode 100644\n"
    return f"diff --git a/{path} b/{path}\n{mode}{''.join(lines)}"


def mail(
    subject: str,
    text: str = "",
    *,
    id: str = "1@x",
    answers: Sequence[str] = (),
    day: int = 1,
) -> str:
    """A mail of an mbox."""
    references = "".join(f" <{answer}>" for answer in answers)
    head = f"References:{references}\nIn-Reply-To: <{answers[-1]}>\n" if answers else ""
    return (
        "From nobody@nowhere Mon Nov 30 00:00:00 2026\n"
        "From: A Writer <writer@example.org>\n"
        f"Date: Mon, {day:02} Nov 2026 10:00:00 +0000\n"
        f"Subject: {subject}\nMessage-ID: <{id}>\n{head}\n"
        f"It changes something.\n---\n{text}\n-- \n2.39.5\n\n"
    )


def write_mbox(path: Path, *mails: str) -> Path:
    path.write_text("".join(mails))
    return path
