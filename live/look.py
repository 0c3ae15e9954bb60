"""What the agent sees of the guest's memory, read into the terms of an observation."""

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
class Look:
    """One look at the guest, every number that its kernel shows.

    blocks: sysfs files of each memory block, by number; links: the node it is linked to.
    zones: page counts by `node/Zone`. nodes: the masks. knob: the text of auto_online_blocks.
    """

    blocks: dict[int, dict[str, str]] = field(default_factory=dict)
    links: dict[int, int] = field(default_factory=dict)
    zones: dict[str, dict[str, int]] = field(default_factory=dict)
    nodes: dict[str, str] = field(default_factory=dict)
    knob: str | None = None

    def observation(self, *, every_zone: bool = False) -> Observation:
        """The same in the terms in which all subjects are observed.

        every_zone: those that span nothing, too; only some kernels list them.
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


def read_look(lines: Iterable[str]) -> Look:
    """What the agent answered to `observe`."""
    look = Look()
    zone: dict[str, int] = {}
    for line in lines:
        if match := _FILE.fullmatch(line):
            look.blocks.setdefault(int(match[1]), {})[match[2]] = match[3]
        elif match := _COUNT.fullmatch(line):
            zone[match[1]] = int(match[2])
        elif match := _ZONE.fullmatch(line):
            zone = look.zones.setdefault(f"{match[1]}/{match[2]}", {})
        elif line.startswith("Node "):  # a zone that is none of ordinary memory
            zone = {}
        elif match := _MASK.fullmatch(line):
            look.nodes[match[1]] = match[2]
        elif line.startswith(_KNOB):
            look.knob = line.removeprefix(_KNOB)
        elif line.startswith("links "):
            look.links = {int(match[1]): int(match[2]) for match in _LINK.finditer(line)}
    return look
