"""Reading an arena from a YAML file: a machine, the DIMMs to plug, and the alphabet.

    machine: {nodes: [1G], dimms: [{id: dimm1, size: 512M}]}
    plug: [{id: dimm2, size: 128M}]
    alphabet: [state, online, unplug, plug, knob]
    boot_blocks: [7]
    symmetry: [1, 2]

`machine` is as in scenarios. `boot_blocks`: the blocks of boot memory that steps may name, too.
`symmetry`: the nodes that are interchangeable.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zonediff.corpus.checks.scenario import check
from zonediff.corpus.draft import Draft
from zonediff.corpus.positions import read_document
from zonediff.corpus.problems import Mistake, Problem, ScenarioError, as_text
from zonediff.corpus.scenario import ScenarioStep
from zonediff.corpus.schema import Misshapen, read
from zonediff.engine.guest import boot_blocks
from zonediff.engine.machine import Dimm, Machine
from zonediff.engine.steps import Plug
from zonediff.engine.units import SECTION
from zonediff.explore.arena import AlphabetPart, Arena
from zonediff.explore.arena_checks import asymmetry


@dataclass(frozen=True, slots=True)
class ArenaFile:
    """The keys of an arena's file."""

    machine: Machine
    plug: tuple[Dimm, ...] = ()
    alphabet: tuple[AlphabetPart, ...] = ("state", "unplug")
    boot_blocks: tuple[int, ...] = ()
    symmetry: tuple[int, ...] = ()

    def arena(self, name: str) -> Arena:
        """Return the arena."""
        return Arena(
            name,
            self.machine,
            self.plug,
            self.alphabet,
            self.boot_blocks,
            symmetry=self.symmetry,
        )


def load(file: Path) -> Arena:
    """Return the arena of a file. Raises ScenarioError with every problem in the file."""
    document = read_document(file)
    try:
        keys = read(document.value, ArenaFile)
        mistakes = _mistakes(keys)
    except Misshapen as error:
        mistakes = list(error.mistakes)
    problems: list[Problem] = [*document.problems, *document.locate_all(mistakes)]
    if problems:
        raise ScenarioError(problems)
    return keys.arena(as_text(file.stem))


def _mistakes(keys: ArenaFile) -> list[Mistake]:
    """Return the mistakes in a well-formed file; those of the machine as a scenario has them."""
    plugs = [Plug(dimm.id, dimm.size, dimm.node, dimm.addr) for dimm in keys.plug]
    draft = Draft(machine=keys.machine, steps=[ScenarioStep(plug) for plug in plugs])
    mistakes = [
        mistake._replace(path=("plug", mistake.path[1], *mistake.path[3:]))
        if mistake.path[0] == "steps"
        else mistake
        for mistake in check(draft)
    ]
    if known := boot_blocks(keys.machine, SECTION):  # none without nodes, a mistake of its own
        mistakes += [
            Mistake(("boot_blocks", index), f"boot memory is blocks {min(known)} to {max(known)}")
            for index, block in enumerate(keys.boot_blocks)
            if block not in known
        ]
    if not keys.alphabet:
        mistakes.append(Mistake(("alphabet",), "expected at least one part"))
    machine = keys.machine
    if not (machine.dimms or machine.dax or machine.virtio_mem or keys.plug):
        mistakes.append(Mistake((), "expected a DIMM, of the machine or to plug"))
    if keys.symmetry and not mistakes and (mistake := asymmetry(keys.arena(""))):
        mistakes.append(Mistake(("symmetry",), mistake))
    return mistakes
