"""The smallest scenario that works, to start a new one from."""

from __future__ import annotations

from typing import Final

_TEXT: Final = """\
# A scenario for zonediff: a machine, steps, and the goals of its user.
#
# zonediff check {file}                          does it load, and do variants differ in it?
# zonediff show {file} --variant upstream        the story, with the kernel's reasons
# zonediff run {file}                            the outcome on each variant

title: a DIMM is onlined as movable, block by block   # one line: the situation
why: >
  Who is in this situation, and why it should matter to a reviewer. Here: a plain udev rule onlines
  each block as it appears, from the first to the last.

machine:
  nodes: [1G]            # boot memory of each NUMA node: hot-added memory begins at block 32

steps:                   # in this order: writes to sysfs, DIMMs plugged, ...
  - plug: {{id: dimm1, size: 512M}}
  - online: {{blocks: dimm1, value: online_movable, order: first-to-last}}

goals:                   # the user's wishes, even if no kernel meets them yet
  - want: no write is refused
    steps: ok
  - want: all of the DIMM is movable memory
    blocks: dimm1
    state: online
    zone: Movable
"""


def scenario_text(file: str) -> str:
    """Return the text of a new scenario file with this name."""
    return _TEXT.format(file=file)
