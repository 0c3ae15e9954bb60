"""What pages speak of and do not make themselves: git repositories, results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from click.testing import CliRunner

from tests.series.trees import BALLOON, HOTPLUG, MEMORY, Tree
from zonediff.cli.main import cli

_STATE = """\
static ssize_t
store_mem_state(struct device *dev)
{
	return 0;
}
"""


def _kernel(folder: Path) -> None:
    """`linux`, with a series that does a little more than michal-split models."""
    tree = Tree(folder / "linux")
    tree.commit(
        "Linux 4.10",
        {
            "mm/memory_hotplug.c": HOTPLUG,
            "drivers/hv/hv_balloon.c": BALLOON,
            "drivers/base/memory.c": MEMORY + _STATE,
        },
    )
    tree.git("tag", "v4.10")
    tree.git("checkout", "-q", "-b", "topic")
    balloon = BALLOON.replace("memhp_auto_online", "true")
    tree.commit("hv: online what is added", {"drivers/hv/hv_balloon.c": balloon})
    tree.commit(
        "mm: drop memhp_default_state",
        {
            "mm/memory_hotplug.c": HOTPLUG[HOTPLUG.index("int add") :],
            "drivers/base/memory.c": MEMORY + _STATE.replace("return 0", "return 1"),
        },
    )
    tree.commit(
        "mm: drop auto_online_blocks",
        {"drivers/base/memory.c": _STATE.replace("return 0", "return 1")},
    )


_SCENARIO = """\
title: a DIMM is wanted movable
why: it is to be unplugged again
machine: {nodes: [1G]}
steps:
  - plug: {id: dimm1, size: 512M}
  - online: {blocks: dimm1, value: online_movable, order: first-to-last}
goals:
  - {want: all of it is movable memory, blocks: dimm1, state: online, zone: Movable}
"""

_VARIANT = '''\
from zonediff.engine.memory import Zone
from zonediff.engine.rules import Decision, Rule
from zonediff.variants.upstream import Upstream

RULE = Rule("mine", "zone_for_memory", "block {first} starts where the patch says", "mm/mine.c")


class Mine(Upstream):
    """All added memory starts in one zone."""

    name = "mine"
    origin = "my tree"

    def zone_of_new_memory(self, kernel, node, first, source):
        return Decision(Zone.MOVABLE, RULE.because(first=first))
'''


def _variants(folder: Path) -> None:
    """The folder itself: the variant `mine` is there on main, and broken on the branch `topic`."""
    tree = Tree(folder)
    tree.commit("mine", {"variants/mine.py": _VARIANT, "scenarios/wanted-movable.yaml": _SCENARIO})
    tree.git("checkout", "-q", "-b", "topic")
    tree.commit("broken", {"variants/mine.py": _VARIANT.replace("Zone.MOVABLE", "Zone.NORMAL")})


def _results(folder: Path) -> None:
    """`yesterday.json` and `today.json`, between which the variant `mine` was rewritten."""
    for day, zone in (("yesterday", "NORMAL"), ("today", "MOVABLE")):
        file = folder / f"{day}.py"
        file.write_text(_VARIANT.replace("Zone.MOVABLE", f"Zone.{zone}"), encoding="utf-8")
        arguments = ["run", "ordering", "--variants", "mine", "--variant-file", str(file)]
        CliRunner().invoke(cli, [*arguments, "-o", str(folder / f"{day}.json")])


TREES: Final[dict[str, Callable[[Path], None]]] = {
    "series.md": _kernel,
    "ci.md": _variants,
    "reports.md": _results,
}
"""By page: what makes it in a folder."""
