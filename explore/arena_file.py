"""An arena from a file: a machine, the DIMMs that may be plugged, and the alphabet.

    machine: {nodes: [1G], dimms: [{id: dimm1, size: 512M}]}
    plug: [{id: dimm2, size: 128M}]
    alphabet: [state, online, unplug, plug, knob]
    boot_blocks: [7]
    symmetry: [1, 2]

`machine` is written as in scenarios; `boot_blocks` are blocks of boot memory that steps may name;
`symmetry` has the nodes that are interchangeable.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zonediff.corpus.checks.scenario import check
from zonediff.corpus.draft import Draft
from zonediff.corpus.positions import decode, parse
from zonediff.corpus.problems import Mistake, Problem, ScenarioError
from zonediff.corpus.scenario import ScenarioStep
from zonediff.corpus.schema import Misshapen, read
from zonediff.engine.guest import boot_blocks
from zonediff.engine.machine import Dimm, Machine
from zonediff.engine.steps import Plug
from zonediff.engine.units import SECTION
from zonediff.explore.arena import Arena, Part, unlike


@dataclass(frozen=True, slots=True)
class ArenaFile:
    """The keys of an arena's file."""

    machine: Machine
    plug: tuple[Dimm, ...] = ()
    alphabet: tuple[Part, ...] = ("state", "unplug")
    boot_blocks: tuple[int, ...] = ()
    symmetry: tuple[int, ...] = ()

    def arena(self, name: str) -> Arena:
        """The arena of these keys."""
        return Arena(
            name,
            self.machine,
            self.plug,
            self.alphabet,
            self.boot_blocks,
            symmetry=self.symmetry,
        )


def load(file: Path) -> Arena:
    """The arena of a file. Raises ScenarioError with every problem in it, OSError."""
    document = parse(decode(file.read_bytes(), str(file)), str(file))
    try:
        spec = read(document.value, ArenaFile)
        mistakes = _mistakes(spec)
    except Misshapen as error:
        mistakes = list(error.mistakes)
    problems: list[Problem] = [*document.problems, *document.locate_all(mistakes)]
    if problems:
        raise ScenarioError(problems)
    return spec.arena(file.stem)


def _mistakes(spec: ArenaFile) -> list[Mistake]:
    """What is wrong with a well-formed spec: as of a scenario that plugs every DIMM."""
    plugs = [Plug(dimm.id, dimm.size, dimm.node, dimm.addr) for dimm in spec.plug]
    draft = Draft(machine=spec.machine, steps=[ScenarioStep(plug) for plug in plugs])
    found = [
        mistake._replace(path=("plug", mistake.path[1], *mistake.path[3:]))
        if mistake.path[0] == "steps"
        else mistake
        for mistake in check(draft)
    ]
    known = boot_blocks(spec.machine, SECTION)
    found += [
        Mistake(("boot_blocks", index), f"boot memory is blocks {min(known)} to {max(known)}")
        for index, block in enumerate(spec.boot_blocks)
        if block not in known
    ]
    if not spec.alphabet:
        found.append(Mistake(("alphabet",), "expected at least one part"))
    if not (spec.machine.dimms or spec.plug):
        found.append(Mistake((), "expected a DIMM, of the machine or to plug"))
    if spec.symmetry and not found and (mistake := unlike(spec.arena(""))):
        found.append(Mistake(("symmetry",), mistake))
    return found
