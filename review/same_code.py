"""Whether two kernels have the same machine code and data, whatever their sources say."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

_OF_LINES: Final = (".notes", "__bug_table", ".orc_", ".debug", "__ex_table")
"""Sections that hold a hash of the file, or numbers of source lines: no code of the kernel's."""


def code_digest(vmlinux: Path) -> str:
    """Return a hash of the names, addresses and contents of all that a kernel loads.

    Build ids and the line numbers of BUG() and WARN() do not count. Empty for a file that is no
    ELF file, of which nothing is known.
    """
    digest = hashlib.sha256()
    try:
        with vmlinux.open("rb") as file:
            for section in ELFFile(file).iter_sections():
                if not section["sh_flags"] & SH_FLAGS.SHF_ALLOC:
                    continue
                if section.name.startswith(_OF_LINES):
                    continue
                head = f"{section.name} {section['sh_addr']} {section['sh_size']}\n"
                digest.update(head.encode(errors="replace"))
                if section["sh_type"] != "SHT_NOBITS":
                    digest.update(section.data())
    except (ELFError, OSError, ValueError, OverflowError):
        return ""
    return digest.hexdigest()
