"""Rules of a kernel's files: no step applies them, as they hold from boot on.

Two kernels with the same memory can show it in other words. `removable` reads 1 for every block
on v5.8, and `valid_zones` of an online block lists other zones on v4.13. Such a rule belongs to a
file and not to an act, so a trace has them apart from the reasons of its acts.
"""

from __future__ import annotations

from typing import Final

from zonediff.engine.machine import Machine
from zonediff.engine.policy import Policy
from zonediff.engine.rules import MEMORY_C, Because, Rule
from zonediff.engine.trace import Reason
from zonediff.engine.units import GIB

REMOVABLE_BY_PAGES: Final = Rule(
    "show_mem_removable.pages",
    "show_mem_removable",
    "removable reads 0 for an online block with pages that cannot be moved",
    MEMORY_C,
)
REMOVABLE_ALWAYS: Final = Rule(
    "removable_show.always", "removable_show", "removable reads 1 for every block", MEMORY_C
)
ONE_MASK: Final = Rule(
    "node_states.one-mask",
    "node_states",
    "CONFIG_MOVABLE_NODE is off: has_normal_memory lists the nodes with memory of any zone, and "
    "there is no has_memory",
    "include/linux/nodemask.h",
)
TWO_MASKS: Final = Rule(
    "node_states.two-masks",
    "node_states",
    "has_memory lists the nodes with memory of any zone, has_normal_memory those with kernel "
    "memory",
    "include/linux/nodemask.h",
)
SIZE_ALONE: Final = Rule(
    "cmdline_parse_core.size",
    "cmdline_parse_core",
    "kernelcore= and movablecore= take a size, and no share in per cent",
    "mm/page_alloc.c",
)
SIZE_OR_SHARE: Final = Rule(
    "cmdline_parse_core.per-cent",
    "cmdline_parse_core",
    "kernelcore= and movablecore= take a size, or a share of all memory in per cent",
    "mm/page_alloc.c",
)
LARGEST_BLOCKS: Final = Rule(
    "probe_memory_block_size.largest",
    "probe_memory_block_size",
    "memory blocks have 2 GiB on a machine whose boot memory ends at 64 GiB or above",
    "arch/x86/mm/init_64.c",
)
ALIGNED_BLOCKS: Final = Rule(
    "probe_memory_block_size.aligned",
    "probe_memory_block_size",
    "memory blocks of a virtual machine whose boot memory ends at 64 GiB or above have the "
    "largest size up to 2 GiB that divides that end",
    "arch/x86/mm/init_64.c",
)


def file_reasons(policy: Policy, machine: Machine) -> tuple[Reason, ...]:
    """The rules by which files read on this kernel and machine.

    The number `file` of each is what it decides: `removable`, `valid_zones`, `nodes` (the masks),
    `zones` (what boot memory is) or `blocks` (their size).
    """
    return tuple(because.reason() for because in _rules(policy, machine))


def _rules(policy: Policy, machine: Machine) -> list[Because]:
    always, masks = policy.removable_always, policy.movable_node_option
    rules = [
        (REMOVABLE_ALWAYS if always else REMOVABLE_BY_PAGES).because(file="removable"),
        _valid_zones(policy).because(file="valid_zones"),
        (ONE_MASK if masks and not machine.config.MOVABLE_NODE else TWO_MASKS).because(
            file="nodes"
        ),
    ]
    if any(value and value.endswith("%") for _, value in machine.parameters):
        share = SIZE_OR_SHARE if policy.percent_of_memory else SIZE_ALONE
        rules.append(share.because(file="zones"))
    if machine.ram >= 60 * GIB:
        size = ALIGNED_BLOCKS if policy.blocks_align_to_memory else LARGEST_BLOCKS
        rules.append(size.because(file="blocks"))
    return rules


def _valid_zones(policy: Policy) -> Rule:
    """The policy's own rule for `valid_zones`; one made for it if it overrides only the answer."""
    rule = policy.valid_zones_rule
    for cls in type(policy).__mro__:
        if "valid_zones_rule" in vars(cls) and rule is not None:
            return rule
        if "valid_zones" in vars(cls):
            break
    return Rule(
        f"show_valid_zones.{policy.name}",
        "show_valid_zones",
        f"valid_zones reads as {policy.name} lists it",
        MEMORY_C,
    )
