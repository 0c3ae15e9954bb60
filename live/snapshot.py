"""A snapshot of the guest's memory, parsed from the agent's answer to `observe`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from zonediff.engine.observation import BlockView, Observation, ZoneView, run_length

_FILE: Final = re.compile(r"memory([0-9]+)/(state|online|valid_zones|removable):(.*)")
_LINK: Final = re.compile(r"memory([0-9]+)/node([0-9]+)")
_MASK: Final = re.compile(r"\.\./node/(\w+):(.*)")
_ZONE: Final = re.compile(r"Node ([0-9]+), zone +(DMA|DMA32|Normal|Movable)")
_COUNT: Final = re.compile(r" +(spanned|present|managed|start_pfn):? +([0-9]+)")

_KNOB: Final = "auto_online_blocks:"
_UNREAD: Final = {"state": "", "valid_zones": "", "removable": "", "online": ""}
_NO_NODE: Final = -1


@dataclass(slots=True)
class Snapshot:
    """All that the guest's kernel shows of its memory at one moment.

    blocks: the sysfs files of each memory block, by block number. links: the node of each block.
    zones: counts in pages, and start_pfn, by `node/Zone`. nodes: the node masks. knob: the text of
    auto_online_blocks.
    """

    blocks: dict[int, dict[str, str]] = field(default_factory=dict)
    links: dict[int, int] = field(default_factory=dict)
    zones: dict[str, dict[str, int]] = field(default_factory=dict)
    nodes: dict[str, str] = field(default_factory=dict)
    knob: str | None = None

    def observation(self, *, every_zone: bool = False) -> Observation:
        """Return the snapshot as an Observation, which models have too.

        every_zone: also zones that span no pages; only some kernels list them.
        """
        return Observation(
            blocks=run_length(
                (number, BlockView(**{**_UNREAD, **files}, node=self.links.get(number, _NO_NODE)))
                for number, files in sorted(self.blocks.items())
            ),
            zones={
                name: ZoneView(zone.get("start_pfn", -1), zone["spanned"], zone["present"])
                for name, zone in sorted(self.zones.items())
                if zone["spanned"] or every_zone
            },
            nodes=self.nodes,
            auto_online_blocks=self.knob,
        )


def read_snapshot(lines: Iterable[str]) -> Snapshot:
    """Parse the agent's answer to `observe`."""
    snapshot = Snapshot()
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
            snapshot.links = {int(match[1]): int(match[2]) for match in _LINK.finditer(line)}
    return snapshot
