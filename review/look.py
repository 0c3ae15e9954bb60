"""A look: what a guest shows of itself after a step, as parts that can be compared one by one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from zonediff.live.snapshot import Snapshot
from zonediff.review.actions import MEMORY_FOLDER

IOMEM: Final = "/proc/iomem"
ZONEINFO: Final = "/proc/zoneinfo"
_NODES: Final = "/sys/devices/system/node"

BLOCK_FILE: Final = re.compile(rf"{MEMORY_FOLDER}/memory(\d+)/(\w+)")
KNOB: Final = f"{MEMORY_FOLDER}/auto_online_blocks"

_RANGE: Final = re.compile(r"( *)([0-9a-f]+-[0-9a-f]+) : (.*)")
_OF_THE_BUILD: Final = ("Kernel code", "Kernel rodata", "Kernel data", "Kernel bss")
"""Lines of /proc/iomem whose ranges depend on the size of the image alone."""

_COUNTS: Final = ("start_pfn", "spanned", "present")
_NOT_COMPARED: Final = ("removable",)

UNREADABLE: Final = "(text that is not printable)"


class Part(NamedTuple):
    """A line of a file: source is the file's path, item says which of its lines."""

    source: str
    item: str = ""


@dataclass(frozen=True)
class Look:
    """All parts that a guest shows, with their texts."""

    parts: Mapping[Part, str]

    @cached_property
    def key(self) -> frozenset[tuple[Part, str]]:
        """Equal for looks that show the same."""
        return frozenset(self.parts.items())

    @cached_property
    def blocks(self) -> dict[int, str]:
        """The state of each memory block."""
        matches = ((BLOCK_FILE.fullmatch(part.source), text) for part, text in self.parts.items())
        return {int(match[1]): text for match, text in matches if match and match[2] == "state"}

    @cached_property
    def sources(self) -> set[str]:
        """The files that it holds."""
        return {part.source for part in self.parts}


def differing(baseline: Look, candidate: Look) -> dict[Part, tuple[str | None, str | None]]:
    """Return the parts that two looks show differently, with both texts; None: not there."""
    return {
        part: (baseline.parts.get(part), candidate.parts.get(part))
        for part, _ in sorted(baseline.key ^ candidate.key)
    }


def look_at(snapshot: Snapshot, files: Mapping[str, str]) -> Look:
    """Return what a guest's memory and its watched files show."""
    return Look(dict((*_memory(snapshot), *_zones(snapshot), *_files(files))))


def line_of(part: Part, text: str) -> str:
    """A part as the line of its file that shows it."""
    if part.source == IOMEM:
        return f"{part.item} : {text}"
    if part.source == ZONEINFO:
        return f"{part.item} {text}"
    return text


def _memory(snapshot: Snapshot) -> Iterator[tuple[Part, str]]:
    for number, files in snapshot.blocks.items():
        folder = f"{MEMORY_FOLDER}/memory{number}"
        for file, text in files.items():
            if file not in _NOT_COMPARED:
                yield Part(f"{folder}/{file}"), _printable(text)
    for number, nodes in snapshot.links.items():
        yield Part(f"{MEMORY_FOLDER}/memory{number}/node"), " ".join(map(str, nodes))
    for mask, text in snapshot.nodes.items():
        yield Part(f"{_NODES}/{mask}"), _printable(text)
    if snapshot.knob is not None:
        yield Part(KNOB), _printable(snapshot.knob)


def _zones(snapshot: Snapshot) -> Iterator[tuple[Part, str]]:
    """Yield the zones that span pages; only some kernels list the others."""
    for zone, counts in snapshot.zones.items():
        node, _, name = zone.partition("/")
        for count in _COUNTS if counts.get("spanned") else ():
            yield Part(ZONEINFO, f"Node {node}, zone {name} {count}"), str(counts.get(count, -1))


def _files(files: Mapping[str, str]) -> Iterator[tuple[Part, str]]:
    for path, text in files.items():
        lines = text.split("\n")
        if path == IOMEM:
            yield from _ranges(lines)
        elif len(lines) == 1:
            yield Part(path), _printable(text)
        else:
            for number, line in enumerate(lines, start=1):
                yield Part(path, f"line {number}"), _printable(line)


def _ranges(lines: Iterable[str]) -> Iterator[tuple[Part, str]]:
    """Yield each range with its name; a range in itself has the names of both, outer first."""
    names: dict[str, list[str]] = {}
    for line in lines:
        match = _RANGE.fullmatch(line)
        if match and match[3] not in _OF_THE_BUILD:
            names.setdefault(match[2], []).append(_printable(match[3]))
        elif not match and line.strip():
            names.setdefault("(a line that names no range)", []).append(_printable(line))
    for addresses, inside in names.items():
        yield Part(IOMEM, addresses), " / ".join(inside)


def _printable(text: str) -> str:
    """A text that can be shown; what is in freed memory may be anything."""
    return text if text.isascii() and (text.isprintable() or not text) else UNREADABLE
