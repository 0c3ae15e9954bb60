"""A step after which two kernels part: what they show differs in something that did not before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from zonediff.review.actions import Action
from zonediff.review.look import BLOCK_FILE, IOMEM, KNOB, ZONEINFO, Look, Part, differing
from zonediff.review.sides import Shown

Texts = tuple[str | None, str | None]
"""The texts of a part on both sides; None where it does not exist."""

_BUSY: Final = frozenset({"EBUSY", "EAGAIN", "EINTR", "REFUSED"})
"""Results that depend on where the kernel's own pages happen to lie."""

_MASKS: Final = "/sys/devices/system/node/"
_DRIVER: Final = "/driver"
_SAYS_ONLY: Final = ("valid_zones",)


@dataclass(frozen=True, slots=True)
class Parting:
    """Two kernels part at the last of these steps.

    steps: a shortest sequence known to lead here, from boot number `boot` on. walked: the steps
    that were really done, from boot number `walked_from` on. before, after: the looks of both
    sides, those after are None where a kernel died. results, warnings: of the last step. changed:
    the parts that differ only now.
    """

    steps: tuple[Action, ...]
    walked: tuple[Action, ...]
    before: tuple[Look, Look] | None
    after: tuple[Look | None, Look | None]
    results: tuple[str | None, str | None]
    warnings: tuple[tuple[str, ...], tuple[str, ...]]
    changed: Mapping[Part, Texts]
    boot: int = 0
    walked_from: int = 0

    @property
    def results_differ(self) -> bool:
        """Whether the last step itself ends otherwise, or warns of something else."""
        return self.results[0] != self.results[1] or self.warnings[0] != self.warnings[1]


def parting_of(
    steps: Sequence[Action],
    walked: Sequence[Action],
    before: tuple[Look, Look] | None,
    shown: tuple[Shown, Shown],
) -> Parting | None:
    """Return how two sides part at the last step; None where they do not. before: None at boot."""
    known = differing(*before) if before else {}
    baseline, candidate = shown
    changed: dict[Part, Texts] = {}
    if baseline.look and candidate.look:
        now = differing(baseline.look, candidate.look)
        changed = {part: texts for part, texts in now.items() if part not in known}
    parting = Parting(
        tuple(steps),
        tuple(walked),
        before,
        (baseline.look, candidate.look),
        (baseline.result, candidate.result),
        (baseline.warnings, candidate.warnings),
        changed,
    )
    part_here = changed or parting.results_differ or baseline.died != candidate.died
    return parting if part_here else None


def by_chance(
    action: Action,
    before: tuple[Look, Look],
    shown: tuple[Shown, Shown],
    blocks: frozenset[int],
) -> bool:
    """Whether one side only could not offline memory in which the kernel may have pages.

    blocks: those that steps change. Pages of the kernel cannot be moved away, and lie where they
    happened to be allocated; only a block of ZONE_MOVABLE has none (mm/memory_hotplug.c,
    offline_pages()).
    """
    baseline, candidate = shown
    if baseline.died or candidate.died or baseline.result == candidate.result:
        return False
    results = {baseline.result, candidate.result}
    if results <= _BUSY:
        return True
    if None not in results or not results & _BUSY:
        return False
    target = BLOCK_FILE.fullmatch(action.target)
    offlined = {int(target[1])} if target else blocks
    return any(_hold_kernel_pages(look, offlined) for look in before)


def _hold_kernel_pages(look: Look, blocks: Collection[int]) -> bool:
    """Whether one of these blocks is online outside of ZONE_MOVABLE."""
    zones = {
        int(match[1]): text
        for part, text in look.parts.items()
        if (match := BLOCK_FILE.fullmatch(part.source)) and match[2] == "valid_zones"
    }
    return any(
        state == "online" and zones.get(block) != "Movable"
        for block, state in look.blocks.items()
        if block in blocks
    )


def estranged(baseline: Look, candidate: Look, from_boot: Mapping[Part, Texts]) -> bool:
    """Whether two sides differ so that what they do next follows from it, and is no new cause.

    from_boot: what differed at boot. Zones, nodes and address ranges that still read as they did
    then hide nothing: no step may ever bring them together.
    """
    return any(
        _decides_what_follows(part, texts) and not (_of_boot(part) and from_boot.get(part) == texts)
        for part, texts in differing(baseline, candidate).items()
    )


def _decides_what_follows(part: Part, texts: Texts) -> bool:
    """Whether a difference is one of what the memory is, not only of what a file calls it."""
    if match := BLOCK_FILE.fullmatch(part.source):
        return match[2] not in _SAYS_ONLY
    if part.source == IOMEM:
        return None in texts
    return part.source == KNOB or part.source.endswith(_DRIVER) or _of_boot(part)


def _of_boot(part: Part) -> bool:
    """Whether boot memory alone may make a part different."""
    return part.source in (ZONEINFO, IOMEM) or part.source.startswith(_MASKS)
