"""Checks of single values that several parts of a scenario have."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Final

from zonediff.corpus.problems import Mistake, unknown
from zonediff.engine.machine import Machine
from zonediff.engine.pressure import NEVER_KILLED
from zonediff.engine.steps import is_ranges
from zonediff.engine.units import PAGE, format_size

MISSPELT: Final = 0.8
"""A word this similar to a known one is a spelling mistake, though other words are allowed."""


def is_one_line(text: str) -> bool:
    """Whether it is a line of text that a report can show."""
    return text.isprintable() and bool(text.strip())


def selection_mistakes(blocks: str, devices: Set[str]) -> Iterator[Mistake]:
    """Check that blocks are numbers, `added` or a device's id."""
    if not is_ranges(blocks) and blocks != "added" and blocks not in devices:
        yield Mistake(("blocks",), unknown("device", blocks, [*sorted(devices), "added"]))


def node_mistakes(node: int, machine: Machine) -> Iterator[Mistake]:
    """Check that the machine has this node."""
    if not 0 <= node < len(machine.nodes):
        yield Mistake(("node",), f"no node {node}: nodes are 0..{len(machine.nodes) - 1}")


def page_mistakes(key: str, size: int) -> Iterator[Mistake]:
    """Check that a process can hold so many bytes: one whole page or more."""
    if size <= 0 or size % PAGE:
        yield Mistake((key,), f"{format_size(size)}: a process holds whole pages of 4K")


def score_mistakes(score: int) -> Iterator[Mistake]:
    """Check that the kernel takes this value in /proc/PID/oom_score_adj."""
    if not NEVER_KILLED <= score <= -NEVER_KILLED:
        yield Mistake(("oom_score_adj",), f"{score}: expected -1000 to 1000")
