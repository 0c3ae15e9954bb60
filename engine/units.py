"""Sizes, counts and times (bytes, pages, sections, microseconds), written and parsed.

One page is 4 KiB, one section 128 MiB (32,768 pages), as on x86-64
(include/asm/sparsemem.h, SECTION_SIZE_BITS = 27).
"""

from __future__ import annotations

import re
from typing import Final, NewType

Bytes = NewType("Bytes", int)
"""A size or a physical address in bytes; written in scenarios as `128M`, `1G`, `0x100000000`."""

Duration = NewType("Duration", int)
"""A time in microseconds; written in scenarios as `500us`, `10ms`, `5s`, `2min`."""

PAGE: Final = 4096
"""Bytes in a page."""

SECTION: Final = 128 << 20
"""Bytes in a memory section, the unit that is hot-added."""

SECTION_PAGES: Final = SECTION // PAGE
"""Pages in a memory section."""

MEMMAP_BYTES_PER_PAGE: Final = 64
"""sizeof(struct page) on x86-64: each page costs this much memory that is already online."""

KIB: Final = 1 << 10
MIB: Final = 1 << 20
GIB: Final = 1 << 30

HYPERV_UNIT: Final = 2 * MIB
"""Bytes of the smallest amount of memory that a Hyper-V host adds."""

MINUTE: Final = 60_000_000
"""Microseconds in a minute."""

_SUFFIX = {"": 1, "B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40, "P": 1 << 50}
_SIZE = re.compile(r"(?i)(0x[0-9a-f]+|[0-9]+)\s*([KMGTP]?)(?:i?B)?")

_UNITS = {"us": 1, "ms": 1_000, "s": 1_000_000, "min": MINUTE}
_TIME = re.compile(r"([0-9]{1,12}) ?(us|ms|s|min)|0")


def parse_size(text: str) -> Bytes:
    """Read a size or address such as `256M`, `1GiB`, `0x100000000` or `4096`.

    Raises ValueError when the text is none of these.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a size: write bytes, or a number with K, M, G or T")
    number, suffix = match.groups()
    return Bytes(
        int(number, 0 if number.lower().startswith("0x") else 10) * _SUFFIX[suffix.upper()]
    )


def format_size(size: int) -> str:
    """Write a size with the largest suffix that divides it: 134217728 -> `128M`, 0 -> `0`."""
    for suffix in "TGMK":
        unit = _SUFFIX[suffix]
        if size and size % unit == 0:
            return f"{size // unit}{suffix}"
    return str(size)


def format_address(address: int) -> str:
    """Write a physical address as the recordings do: `0x100000000`."""
    return f"{address:#x}"


def parse_duration(text: str) -> Duration:
    """Read a time such as `10ms`, `5s` or `0`.

    Raises ValueError when the text is none.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a time: write a whole number with us, ms, s or min")
    number, unit = match.groups()
    return Duration(int(number) * _UNITS[unit] if unit else 0)


def format_duration(time: int) -> str:
    """Write a time with the largest unit that divides it: 1500000 -> `1500ms`, 0 -> `0`."""
    for unit, length in reversed(_UNITS.items()):
        if time and time % length == 0:
            return f"{time // length}{unit}"
    return str(time)
