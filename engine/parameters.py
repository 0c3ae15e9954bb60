"""Boot parameters that decide which memory a kernel uses, and those that the models know at all.

Restates next_arg() and parse_args() of kernel/params.c, and parse_memopt() and parse_memmap_one()
of arch/x86/kernel/e820.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from zonediff.engine.units import PAGE, parse_size

MODULE: Final = "memory_hotplug."
"""The prefix of the parameters of the module memory_hotplug, which is always built in."""

MODULE_PARAMETERS: Final = (
    "memory_hotplug.auto_movable_numa_aware",
    "memory_hotplug.auto_movable_ratio",
    "memory_hotplug.memmap_on_memory",
    "memory_hotplug.online_policy",
)

FOLLOWED: Final = (
    *MODULE_PARAMETERS,
    *("acpi_no_memhotplug", "kernelcore", "mem", "memhp_default_state", "memmap"),
    *("movable_node", "movablecore"),
)
"""The parameters that decide what a model does."""

NOT_FOLLOWED: Final = (
    *("acpi", "cma", "crashkernel", "efi_fake_mem", "hugepages", "hugetlb_cma", "numa", "reserve"),
)
"""Parameters that change boot memory or hot-adding in ways that no model follows."""

MemoryRange = tuple[int, int, int]
"""Boot memory as (node, start, end), in bytes."""

_REGION: Final = re.compile(r"(?P<size>[^@#$!]+)(?:(?P<sign>[@#$!])(?P<start>.+))?")


class UnknownEffect(Exception):
    """Control flow: a parameter changes memory in a way that is not restated.

    The message says which.
    """


def words(cmdline: str) -> Iterator[tuple[str, str | None]]:
    """Yield (name, value) of each word in order, the value None for a bare word.

    A `-` in a name is the same as a `_`, and quotes around a value are dropped.
    """
    for word in cmdline.split():
        name, sign, value = word.partition("=")
        yield name.replace("-", "_"), value.strip('"') if sign else None


def highest_address(parameters: Iterable[tuple[str, str | None]]) -> int | None:
    """Return where the last `mem=` ends memory, in bytes; None where none does."""
    limits = [_size(value) for name, value in parameters if name == "mem" and value]
    return next((limit for limit in reversed(limits) if limit), None)


def used_memory(
    ranges: Iterable[MemoryRange], parameters: Iterable[tuple[str, str | None]]
) -> tuple[MemoryRange, ...]:
    """Return the parts of boot memory that `mem=` and `memmap=` leave, whole pages, ascending.

    Raises UnknownEffect for what is not restated.
    """
    left = tuple(ranges)
    for name, value in parameters:
        if name == "mem" and value and (limit := _size(value)):
            left = without(left, limit, 1 << 64)
        elif name == "memmap" and value:
            for region in value.split(","):
                left = _apply(left, region)
        elif name in NOT_FOLLOWED:
            text = name if value is None else f"{name}={value}"
            raise UnknownEffect(
                f"the parameter {text} changes memory in a way that the models do not follow"
            )
    return left


def _apply(ranges: tuple[MemoryRange, ...], region: str) -> tuple[MemoryRange, ...]:
    """One region of `memmap=`: SIZE ends memory, SIZE$START, # and ! take a range from it."""
    match = _REGION.fullmatch(region)
    size = _size(match["size"]) if match else None
    start = _size(match["start"]) if match and match["start"] else 0
    if match is None or size is None or start is None or region == "exactmap":
        raise UnknownEffect(f"memmap={region} is not modelled: SIZE, SIZE$START and SIZE!START are")
    if match["sign"] is None:
        return without(ranges, size, 1 << 64) if size else ranges
    if match["sign"] == "@":
        if any(low <= start and start + size <= high for _, low, high in ranges):
            return ranges
        raise UnknownEffect(f"memmap={region} adds memory of no node, which is not modelled")
    return without(ranges, start, start + size)


def without(ranges: tuple[MemoryRange, ...], start: int, end: int) -> tuple[MemoryRange, ...]:
    """Return the ranges without the pages that [start, end) touches."""
    start, end = start // PAGE * PAGE, -(-end // PAGE) * PAGE
    return tuple(
        (node, first, last)
        for node, low, high in ranges
        for first, last in ((low, min(high, start)), (max(low, end), high))
        if first < last
    )


def _size(text: str) -> int | None:
    try:
        return parse_size(text)
    except ValueError:
        return None
