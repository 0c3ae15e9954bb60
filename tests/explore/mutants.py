"""Policies with one token broken, and the three bugs that people found in the rework of v4.13.

`python -m benchmarks rework` says how long the explorer takes to find each.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Final

from tests.explore.arenas import dimm, machine
from zonediff.engine.policy import Policy
from zonediff.explore.arena import Arena

THREE_BLOCKS: Final = Arena("three", machine(dimm("d1", 3)), alphabet=("state",))

Change = tuple[str, str, str]
"""Where in a module's source, which token of it, and what stands there instead."""


def mutant(base: type[Policy], source: str, token: str, broken: str) -> Policy:
    """A policy whose module has one token replaced, from its source."""
    origin = Path(sys.modules[base.__module__].__file__ or "")
    text = origin.read_text()
    assert text.count(source) == 1, (source, text.count(source))
    assert source.count(token) == 1
    changed = text.replace(source, source.replace(token, broken))
    module = ModuleType(f"mutant_of_{origin.stem}")
    exec(compile(changed, str(origin), "exec"), module.__dict__)
    made: Policy = getattr(module, base.__name__)()
    return made


REWORK: Final[dict[str, tuple[Change, int]]] = {
    # An empty page range: the block at the start of Movable is taken to end there.
    "empty-range": (
        (
            "kernel.pages(block), kernel_zone(kernel, block)\n    movable =",
            "pages(block)",
            "pages(block, 0)",
        ),
        2,
    ),
    # Populated instead of spanned: Normal is allowed above an emptied movable zone.
    "populated": (
        (
            "if not movable or movable.start >= pages.end:",
            "not movable",
            "not kernel.present_pages(node, Zone.MOVABLE)",
        ),
        2,
    ),
    # A range test that is always true.
    "always-true": (
        (
            "rule = MOVABLE_ALLOWED if end <= pages.start else MOVABLE_REFUSED",
            "end <= pages.start",
            "end >= 0",
        ),
        1,
    ),
}
"""Each bug, and how many steps a shortest trace of it has."""
