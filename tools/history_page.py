"""Make docs/history.md: what a user of an old kernel meets on newer ones, from the explorer.

Run as `python -m tools.history_page > docs/history.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from zonediff.engine import words
from zonediff.engine.machine import Dimm, Machine
from zonediff.engine.trace import Reason
from zonediff.engine.units import GIB, SECTION, Bytes
from zonediff.explore.all_pairs import explore_all_pairs
from zonediff.explore.arena import ALPHABET_PARTS, Arena
from zonediff.explore.views import Level
from zonediff.reports.text.plain import wrap
from zonediff.result.explorations import DifferenceWitness, Exploration
from zonediff.variants.registry import Registry

WIDTH: Final = 100

OLD: Final = "upstream"
NEW: Final = ("v4.14", "v6.1")

_HEAD: Final = """\
# From one kernel to the next

`zonediff history` runs the corpus on every kernel release that has a date. It shows what each
release gave users, what it took away, and which rule now decides. `zonediff history SCENARIO` shows
one scenario step by step, release by release. The report of the whole corpus has the same in its
section History. A class in a variant file joins the time line when it sets `released`.

The corpus holds the scenarios that people thought of. This page holds what the explorer finds when
it is given two variants and a machine ([explore.md](explore.md)): one shortest sequence for each
kind of difference. `python -m tools.history_page` makes this page.
"""

_LOSS: Final = """\
## Lost in v4.13, given back in v4.14

On v4.10 to v4.12, a block at the boundary of two zones can go offline and then online into the
other zone. v4.13 refuses this; its cover letter says that it is not supported *yet*. v4.14 allows
it again. The variant declares the loss (`intends` in `variants/v4_13.py`, until v4.14), and a test
checks that it ends with v4.14.

The sequence from the mailing list has four operations, and leaves other movable memory where it is:
`online_movable` 39, `online_movable` 38, `offline` 38, `online_kernel` 38
(`zonediff history ordering/change-of-mind`). The shortest sequences have three.
"""


def _dimm(id: str, blocks: int, node: int = 0) -> Dimm:
    return Dimm(id, Bytes(blocks * SECTION), node)


def _machine(*dimms: Dimm, nodes: tuple[int, ...] = (GIB,), cmdline: str = "") -> Machine:
    return Machine(tuple(map(Bytes, nodes)), dimms, cmdline)


BOUNDARY: Final = Arena("a DIMM of four blocks", _machine(_dimm("dimm1", 4)), alphabet=("state",))

ARENAS: Final = (
    Arena("a DIMM and the knob", _machine(), (_dimm("dimm1", 2),), ALPHABET_PARTS),
    Arena(
        "two DIMMs that come and go",
        _machine(),
        (_dimm("dimm1", 2), _dimm("dimm2", 1)),
        ("state", "unplug", "plug"),
    ),
    Arena(
        "a DIMM and boot memory", _machine(_dimm("dimm1", 1)), (), ("state",), boot_blocks=(6, 7)
    ),
    Arena(
        "kernelcore=512M and a DIMM",
        _machine(_dimm("dimm1", 2), cmdline="kernelcore=512M"),
        alphabet=("state", "unplug"),
    ),
    Arena(
        "movable_node and a DIMM",
        _machine(_dimm("dimm1", 2), cmdline="movable_node"),
        alphabet=("state", "unplug"),
    ),
    Arena(
        "a DIMM on a node without memory",
        _machine(nodes=(GIB, 0)),
        (_dimm("dimm1", 2, 1),),
        ("state", "unplug", "plug"),
    ),
)
"""Machines with hot-added memory, small enough to be explored whole."""


def page(registry: Registry) -> str:
    """The page, as Markdown."""
    lines = [_HEAD, _LOSS]
    (boundary,) = explored(registry, "v4.13", [BOUNDARY], "results")
    for witness in boundary.witnesses:
        if _takes(witness):
            lines += _witness(witness, boundary)
    for new in NEW:
        lines += _pair(explored(registry, new, ARENAS, "sysfs"), new)
    return "\n".join(lines) + "\n"


def explored(
    registry: Registry, new: str, arenas: Sequence[Arena], level: Level
) -> list[Exploration]:
    """The old kernel and a newer one, on each of the machines."""
    return explore_all_pairs((OLD, new), registry, arenas, level=level)


def _takes(witness: DifferenceWitness) -> bool:
    """Whether a step that succeeded now fails."""
    last = witness.steps[-1] if witness.steps else None
    return witness.what == "result" and last is not None and last.baseline is None


def _pair(explorations: Sequence[Exploration], new: str) -> Iterator[str]:
    yield f"\n## From v4.10 to {new}\n"
    yield "Every sequence of steps, of any length, on these machines:\n"
    yield "| machine | states of v4.10 | states of " + new + " |\n| --- | --- | --- |"
    for item in explorations:
        yield f"| {item.arena} | {item.states[0]} | {item.states[1]} |"
    kinds: set[tuple[object, ...]] = set()
    results: list[tuple[DifferenceWitness, Exploration]] = []
    texts: list[tuple[DifferenceWitness, Exploration]] = []
    for item in explorations:
        for witness in item.witnesses:
            if (kind := _kind(witness)) not in kinds:
                kinds.add(kind)
                (results if witness.what == "result" else texts).append((witness, item))
    yield f"\n### Steps with another result on {new}\n"
    for witness, item in sorted(results, key=lambda pair: not _takes(pair[0])):
        yield from _witness(witness, item)
    yield f"### Files with another content on {new}\n"
    yield f"| v4.10, then {new} | on | after |\n| --- | --- | --- |"
    for witness, item in texts:
        steps = "; ".join(f"`{step.do}`" for step in witness.steps) or "booting"
        yield f"| {_as_code(_read(witness, new))} | {item.arena} | {steps} |"


def _kind(witness: DifferenceWitness) -> tuple[object, ...]:
    """A key that is equal for witnesses of one kind, whatever the machine and the block."""
    if witness.what != "result":
        return witness.what, re.sub(r"^memory[0-9]+", "", witness.says)
    last = witness.steps[-1]
    return (
        last.baseline,
        last.candidate,
        *map(_rule, (witness.baseline_reasons, witness.candidate_reasons)),
    )


def _rule(reasons: Sequence[Reason]) -> str:
    return reasons[-1].rule if reasons else ""


def _read(witness: DifferenceWitness, new: str) -> str:
    """The difference without the variants' names, which are in the head of the table."""
    return witness.says.replace(f" on {OLD}", "").removesuffix(f" on {new}")


def _as_code(text: str) -> str:
    file, sign, rest = text.partition(" reads ")
    return f"`{file}`{sign}{rest}"


def _witness(witness: DifferenceWitness, item: Exploration) -> Iterator[str]:
    """A sequence as shell lines with their results, and the rules below it."""
    last = witness.steps[-1]
    before, after = words.result(last.baseline), words.result(last.candidate)
    yield f"**`{last.do}`: {before}, since then {after}** (on {item.arena})\n"
    yield "```"
    width = max(len(step.do) for step in witness.steps)
    for step in witness.steps:
        result = words.result(step.baseline)
        if step.baseline != step.candidate:
            result += f" on v4.10, {words.result(step.candidate)} on {item.candidate}"
        yield f"{step.do:{width}}  {result}"
    yield "```\n"
    for name, reasons in (
        ("v4.10", witness.baseline_reasons),
        (item.candidate, witness.candidate_reasons),
    ):
        for reason in reasons[-1:]:
            yield from wrap(str(reason), WIDTH, f"- {name}: ", "  ")
    yield ""


if __name__ == "__main__":
    print(page(Registry()), end="")
