"""A snapshot of the guest's memory, parsed from the agent's answer to `observe`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from zonediff.engine.observation import BlockView, Observation, ZoneView, run_length

_FILE: Final = re.compile(r"memory([0-9]+)/(state|online|valid_zones|removable):(.*)")
_LINK: Final = re.compile(r"memory([0-9]+)/node([0-9]+)")
_MASK: Final = re.compile(r"\.\./node/(\w+):(.*)")
_ZONE: Final = re.compile(r"Node ([0-9]+), zone +(DMA|DMA32|Normal|Movable)")
_COUNT: Final = re.compile(r" +(spanned|present|managed|start_pfn):? +([0-9]+)")

_NODES: Final = re.compile(r"memory([0-9]+)/nodes:([0-9 ]+)")
_PAGES: Final = re.compile(r"zone ([0-9]+/(?:DMA|DMA32|Normal|Movable)):([0-9 -]+)")
_GONE: Final = re.compile(
    r"(?:memory([0-9]+)/(\w+)|zone ([0-9]+/\w+)|auto_online_blocks|\.\./node/\w+) gone"
)
_COUNTS: Final = ("spanned", "present", "managed", "start_pfn")

CHANGES: Final = "changes"
"""The line before a look that holds only what differs from the one before."""

_WATCHED: Final = "file "
_LINE: Final = "line "
_LOST: Final = "lost "
_KNOB: Final = "auto_online_blocks:"
_UNREAD: Final = {"state": "", "valid_zones": "", "removable": "", "online": ""}
_NO_NODE: Final = -1


@dataclass(slots=True)
class Snapshot:
    """All that the guest's kernel shows of its memory at one moment.

    blocks: sysfs files of each memory block, by number; links: the nodes it is linked to.
    zones: page counts by `node/Zone`. nodes: the masks. knob: the text of auto_online_blocks.
    devices: the state of each device with an owner, by id (memory_devices.py).
    """

    blocks: dict[int, dict[str, str]] = field(default_factory=dict)
    links: dict[int, tuple[int, ...]] = field(default_factory=dict)
    zones: dict[str, dict[str, int]] = field(default_factory=dict)
    nodes: dict[str, str] = field(default_factory=dict)
    knob: str | None = None
    devices: dict[str, str] = field(default_factory=dict)

    def copy(self) -> Snapshot:
        """One that can be changed without changing this one."""
        blocks = {number: dict(files) for number, files in self.blocks.items()}
        zones = {name: dict(counts) for name, counts in self.zones.items()}
        nodes, devices = dict(self.nodes), dict(self.devices)
        return Snapshot(blocks, dict(self.links), zones, nodes, self.knob, devices)

    def node_of(self, block: int) -> int:
        """The node that a block is linked to, the first one where it lies in several."""
        return min(self.links.get(block, ()), default=_NO_NODE)

    def _view(self, block: int, files: dict[str, str]) -> BlockView:
        others = self.links.get(block, ())[1:]
        return BlockView(**{**_UNREAD, **files}, node=self.node_of(block), other_nodes=others)

    def observation(self, *, every_zone: bool = False) -> Observation:
        """Return the snapshot as an Observation, which models have too.

        every_zone: also zones that span no pages; only some kernels list them.
        """
        return Observation(
            blocks=run_length(
                (number, self._view(number, files)) for number, files in sorted(self.blocks.items())
            ),
            zones={
                name: ZoneView(zone.get("start_pfn", -1), zone["spanned"], zone["present"])
                for name, zone in sorted(self.zones.items())
                if zone["spanned"] or every_zone
            },
            nodes=self.nodes,
            auto_online_blocks=self.knob,
            devices=self.devices,
        )


def read_snapshot(lines: Sequence[str], before: Snapshot) -> Snapshot:
    """Parse the agent's answer. before: the previous snapshot, for an answer with changes only."""
    changes = CHANGES in lines
    if changes and lines[-1] == CHANGES:
        return before
    snapshot = before.copy() if changes else Snapshot()
    zone: dict[str, int] = {}
    for line in lines:
        if match := _FILE.fullmatch(line):
            snapshot.blocks.setdefault(int(match[1]), {})[match[2]] = match[3]
        elif match := _COUNT.fullmatch(line):
            zone[match[1]] = int(match[2])
        elif match := _ZONE.fullmatch(line):
            zone = snapshot.zones.setdefault(f"{match[1]}/{match[2]}", {})
        elif line.startswith("Node "):  # a zone other than those above, such as Device
            zone = {}
        elif match := _MASK.fullmatch(line):
            snapshot.nodes[match[1]] = match[2]
        elif line.startswith(_KNOB):
            snapshot.knob = line.removeprefix(_KNOB)
        elif line.startswith("links "):
            for match in _LINK.finditer(line):
                block, node = int(match[1]), int(match[2])
                snapshot.links[block] = tuple(sorted({*snapshot.links.get(block, ()), node}))
        else:
            _read_change(line, snapshot)
    return snapshot


def read_files(lines: Sequence[str], before: Mapping[str, str]) -> dict[str, str]:
    """Return the text of each watched file in what the agent answered as its look, by its path.

    before: those of the look before, which hold as far as a look of changes does not say otherwise.
    """
    texts: dict[str, list[str]] = {}
    files = dict(before) if CHANGES in lines else {}
    path = ""
    for line in lines:
        if line.startswith(_WATCHED):
            path = line.removeprefix(_WATCHED)
            texts[path] = []
        elif line.startswith(_LINE) and path:
            texts[path].append(line.removeprefix(_LINE))
        elif line.startswith(_LOST):
            files.pop(line.removeprefix(_LOST), None)
    return files | {path: "\n".join(text).rstrip("\n") for path, text in texts.items()}


def _read_change(line: str, snapshot: Snapshot) -> None:
    """A line of agent.c that differs from what a shell can print."""
    if match := _NODES.fullmatch(line):
        snapshot.links[int(match[1])] = tuple(map(int, match[2].split()))
    elif match := _PAGES.fullmatch(line):
        counts = zip(_COUNTS, map(int, match[2].split()), strict=True)
        snapshot.zones[match[1]] = {name: count for name, count in counts if count >= 0}
    elif match := _GONE.fullmatch(line):
        block, file, zone = match.groups()
        if zone is not None:
            snapshot.zones.pop(zone, None)
        elif block is None:
            snapshot.knob = None
        elif file == "nodes":
            snapshot.links.pop(int(block), None)
        elif (files := snapshot.blocks.get(int(block))) is not None:
            files.pop(file, None)
            if not files:
                del snapshot.blocks[int(block)]
