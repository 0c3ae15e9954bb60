"""The smallest variant that works, to start a new one from."""

from __future__ import annotations

import re
from typing import Final

from zonediff.variants.registry import OURS, VariantError

_TEXT: Final = '''\
"""A variant for zonediff: what a patch changes, and nothing else.

zonediff check --variant-file {file}        does it load, and does it change anything?
zonediff run --variant-file {file}          its results, beside the other variants
"""

from zonediff.engine.rules import MEMORY_HOTPLUG_C, Decision, Rule
from zonediff.engine.zones import Zone
from zonediff.variants.upstream import Upstream

# Every decision names the rule that made it, and reports print the sentence: write it for someone
# who has the kernel open. because() fills in what stands in braces.
STARTS_MOVABLE = Rule(
    "zone_for_memory.{id}",  # the rule's id, kept for good
    "zone_for_memory",  # the kernel function that decides
    "node {{node}}: memory from block {{first}} on starts in zone Movable",
    MEMORY_HOTPLUG_C,  # the kernel file: mm/memory_hotplug.c
)


class {cls}(Upstream):
    """All added memory starts in zone Movable.

    `zonediff list variants` shows the first line. Say here why the patch does it, and what
    it leaves alone.
    """

    name = "{name}"
    origin = "the mail, tree or release that the patch is in"

    # Override the questions that the patch answers differently, and no others: all of them are in
    # zonediff.engine.policy.Policy, and Upstream answers them as v4.10 does. What a patch
    # removes is an attribute: `knob = None` removes auto_online_blocks.
    def zone_of_new_memory(self, kernel, node, first, source):
        return Decision(Zone.MOVABLE, STARTS_MOVABLE.because(node=node, first=first))
'''


def variant_text(name: str, file: str) -> str:
    """The text of a variant file; name: a valid one. Raises VariantError when it is one of ours."""
    if name in OURS:
        raise VariantError(f"there is already a variant {name!r}: choose another name")
    words = [word for word in re.split(r"[^A-Za-z0-9]+", name) if word]
    cls = "".join(word[0].upper() + word[1:] for word in words)
    cls = cls if cls[:1].isalpha() else f"Variant{cls}"
    return _TEXT.format(name=name, file=file, cls=cls, id="-".join(words).lower())
