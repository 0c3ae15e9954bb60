"""Small arenas, and variants by name."""

from __future__ import annotations

from zonediff.engine.machine import Config, Dimm, Machine
from zonediff.engine.policy import Policy
from zonediff.engine.units import GIB, MIB, SECTION, Bytes
from zonediff.explore.arena import AlphabetPart, Arena
from zonediff.variants.registry import OURS, Registry

VARIANTS = list(OURS)

_ALL: tuple[AlphabetPart, ...] = ("state", "online", "unplug", "plug", "knob")


def dimm(id: str, blocks: int, node: int = 0) -> Dimm:
    return Dimm(id, Bytes(blocks * SECTION), node)


def machine(
    *dimms: Dimm, nodes: tuple[int, ...] = (GIB,), cmdline: str = "", movable_node: bool = True
) -> Machine:
    return Machine(
        tuple(Bytes(size) for size in nodes),
        dimms,
        cmdline,
        Config(MOVABLE_NODE=movable_node),
    )


TINY = {
    arena.name: arena
    for arena in (
        Arena("two-blocks", machine(dimm("d1", 2)), alphabet=("state", "online", "unplug")),
        Arena("two-dimms", machine(dimm("d1", 1), dimm("d2", 1)), alphabet=("state", "unplug")),
        Arena("everything", machine(), (dimm("d1", 1),), _ALL),
        Arena(
            "second-node",
            machine(dimm("d1", 1, 1), nodes=(GIB, 0)),
            alphabet=("state", "unplug", "plug"),
        ),
        Arena(
            "no-movable-node",
            machine(dimm("d1", 2, 1), nodes=(512 * MIB, 512 * MIB), movable_node=False),
        ),
        Arena("no-normal-node", machine(dimm("d1", 2, 1), nodes=(GIB, 0), movable_node=False)),
        Arena("movable-first", machine(dimm("d1", 2), cmdline="movable_node")),
        Arena("kernelcore", machine(dimm("d1", 2), cmdline="kernelcore=512M")),
        Arena(
            "onlined-at-boot",
            machine(dimm("d1", 1), cmdline="memhp_default_state=online"),
            alphabet=("state", "online", "unplug"),
        ),
    )
}


def policy(variant: Policy | str) -> Policy:
    return Registry().model(variant).policy if isinstance(variant, str) else variant
