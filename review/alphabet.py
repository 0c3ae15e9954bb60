"""The steps that a comparison tries, derived from what the guests themselves show.

Every file that root may write is looked at: of the memory blocks that the machine's devices bring,
of these devices, and of the drivers that own them. The values come from what the file reads, and
from the words that the kernel's memory files accept. New files of a patch are in it that way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

from zonediff.review.actions import MEMORY_FOLDER, Action
from zonediff.review.look import BLOCK_FILE, IOMEM, KNOB, Look, Part
from zonediff.review.machines import ReviewMachine
from zonediff.review.sides import Shown

ONLINE_TYPES: Final = ("offline", "online", "online_kernel", "online_movable")
"""The words of mhp_online_type_from_str() (mm/memory_hotplug.c)."""

_UNPLUGGED: Final = "unplugged"
"""A word of device files: its memory blocks are not present."""

_PATH: Final = re.compile(r"/[!-~]+")
_MOST_FILES: Final = 4096
"""A guest may be hostile: names that cannot be printed, and further files, are ignored."""

_SWITCH: Final = ("0", "1")
_CHOICE: Final = re.compile(r"(?:[\w-]+ )*\[[\w-]+\](?: [\w-]+)*")
_MEMBER: Final = re.compile(r".*/memory(\d+)")

_BINDING: Final = ("bind", "unbind")
_NEVER: Final = ("uevent",)
"""Files that have no effect on memory: an event is sent to user space again."""


class WritableSide(Protocol):
    """A side that can be asked for its writable files.

    block_size: of its memory blocks, in bytes, once it has booted.
    """

    @property
    def block_size(self) -> int: ...

    async def reset(self, boot: int = 0) -> Shown:
        """Boot anew."""

    async def do(self, action: Action) -> Shown:
        """Do a step."""

    async def writable(self, folder: str) -> list[str]:
        """Return the files of a folder that root may write."""


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The steps of one or more kernels.

    blocks: the memory blocks that the steps change. left_out: writable files that no step writes,
    as their values cannot be known from what they read.
    """

    actions: tuple[Action, ...]
    blocks: frozenset[int] = frozenset()
    left_out: frozenset[str] = field(default_factory=frozenset)

    @property
    def commands(self) -> list[str]:
        """The steps as commands of the guest."""
        return [action.command for action in self.actions]


async def alphabet_of(side: WritableSide, machine: ReviewMachine) -> Alphabet:
    """Derive the steps that a kernel allows on a machine: at boot, and after each such step.

    Raises what the side raises. Empty when the kernel does not boot.
    """
    alphabet = await _alphabet_here(side, machine, await side.reset())
    for action in alphabet.actions:
        if action.verb == "write" and action.target.rpartition("/")[2] not in _BINDING:
            continue
        await side.reset()  # a device that comes or goes may bring files
        alphabet = _joined(alphabet, await _alphabet_here(side, machine, await side.do(action)))
    return alphabet


async def _alphabet_here(side: WritableSide, machine: ReviewMachine, shown: Shown) -> Alphabet:
    look = shown.look
    if look is None:
        return Alphabet(())
    blocks = blocks_in_play(look, machine, side.block_size)
    files = [*await side.writable(MEMORY_FOLDER)]
    for folder in (*machine.devices, *machine.drivers):
        files += await side.writable(folder)
    files = [file for file in files if _PATH.fullmatch(file)][:_MOST_FILES]
    values = {
        file: _values(file, look, machine)
        for file in files
        if _matters(file, look, blocks, machine)
    }
    writes = [Action("write", file, value) for file, some in values.items() for value in some]
    dimms = [Action(verb, dimm.id) for dimm in machine.dimms for verb in ("unplug", "plug")]
    left_out = frozenset(file for file, some in values.items() if not some)
    return Alphabet((*sorted(writes, key=_order), *dimms), blocks, left_out)


def blocks_in_play(look: Look, machine: ReviewMachine, block_size: int) -> frozenset[int]:
    """Return the blocks that a machine's devices bring: as their folders and /proc/iomem say."""
    blocks = set()
    names = {*_names(machine)}
    for part, text in look.parts.items():
        if part.source.startswith(machine.devices) and (match := _MEMBER.fullmatch(text)):
            blocks.add(int(match[1]))
        elif part.source == IOMEM and names & {*text.split(" / ")} and block_size:
            first, last = (int(end, 16) for end in part.item.split("-"))
            within = range(first // block_size, (last + 1) // block_size)
            blocks |= {block for block in look.blocks if block in within}
    return frozenset(blocks & look.blocks.keys())


def intersection(baseline: Alphabet, candidate: Alphabet) -> tuple[Alphabet, list[Action]]:
    """Return the steps that both kernels know, and those that only the second one has files for."""
    files = {action.target for action in baseline.actions}
    both = tuple(
        action
        for action in dict.fromkeys((*baseline.actions, *candidate.actions))
        if action.target in files and action.target in {other.target for other in candidate.actions}
    )
    only = [action for action in candidate.actions if action.target not in files]
    return Alphabet(
        both, baseline.blocks | candidate.blocks, baseline.left_out | candidate.left_out
    ), only


def _joined(first: Alphabet, second: Alphabet) -> Alphabet:
    actions = dict.fromkeys((*first.actions, *second.actions))
    return Alphabet(tuple(actions), first.blocks | second.blocks, first.left_out | second.left_out)


def _order(action: Action) -> tuple[bool, str, str]:
    """Binding comes last: it has the largest effects."""
    return action.target.rpartition("/")[2] in _BINDING, action.target, action.value


def _matters(file: str, look: Look, blocks: frozenset[int], machine: ReviewMachine) -> bool:
    """Whether a file may change the memory that the machine's devices bring."""
    folder, _, name = file.rpartition("/")
    if name in _NEVER:
        return False
    if file.startswith(machine.drivers) and machine.drivers:
        return any(Part(f"{folder}/{device}") in look.parts for device in _names(machine))
    block = BLOCK_FILE.fullmatch(file)
    return block is None or int(block[1]) in blocks


def _names(machine: ReviewMachine) -> tuple[str, ...]:
    return tuple(folder.rpartition("/")[2] for folder in machine.devices)


def _values(file: str, look: Look, machine: ReviewMachine) -> tuple[str, ...]:
    """Return the values to write to a file; none where they cannot be known."""
    name = file.rpartition("/")[2]
    block = BLOCK_FILE.fullmatch(file)
    if file == KNOB or (block and name == "state"):
        return ONLINE_TYPES
    if file.startswith(machine.drivers) and name in _BINDING:
        return _names(machine)
    return _values_from(text for part, text in look.parts.items() if part.source == file)


def _values_from(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the values that a file's own text names."""
    texts = [*texts]
    if len(texts) != 1:
        return ()
    [text] = texts
    if text in _SWITCH:
        return _SWITCH
    if text in (*ONLINE_TYPES, _UNPLUGGED):
        return (_UNPLUGGED, *ONLINE_TYPES)
    if _CHOICE.fullmatch(text):
        return tuple(re.sub(r"[\[\]]", "", text).split())
    return ()
