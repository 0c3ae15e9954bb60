"""Judges a difference by general rules: how it harms whom, and so whether it is a regression.

The rules know no policy. Each harm is looked for on both sides: what only the candidate suffers is
a regression, what only the baseline suffers is a fix.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator
from typing import Final, NamedTuple

from zonediff.result.reviews import HARMS, Harm, ReviewVerdict
from zonediff.review.lockstep import Edges
from zonediff.review.look import BLOCK_FILE, IOMEM, UNREADABLE, Look
from zonediff.review.parting import Parting
from zonediff.review.sides import DEATHS

BASELINE: Final = 0
CANDIDATE: Final = 1


class Judgement(NamedTuple):
    """The judgement on a difference.

    harms: all that the baseline and that the candidate suffer alone.
    """

    harm: Harm
    verdict: ReviewVerdict
    harms: tuple[frozenset[Harm], frozenset[Harm]]


def judge(
    parting: Parting, edges: tuple[Edges, Edges], sources: tuple[Collection[str], Collection[str]]
) -> Judgement:
    """Judge a difference by the worst harm.

    edges: where the explored steps led each side. sources: the files that each side ever showed.
    The harm of a fix is what the baseline suffers.
    """
    harms = (
        frozenset(_harms(parting, BASELINE, edges[BASELINE], sources)),
        frozenset(_harms(parting, CANDIDATE, edges[CANDIDATE], sources)),
    )
    return Judgement(*_worst(*harms), harms)


def _worst(theirs: Collection[Harm], mine: Collection[Harm]) -> tuple[Harm, ReviewVerdict]:
    for harm in HARMS:
        if harm in mine:
            return harm, "abi-removal" if harm == "removed" else "regression"
        if harm in theirs and harm == "refused":
            return "allowed", "behaviour-change"
        if harm in theirs and harm != "removed":
            return harm, "fix"
    return "text", "behaviour-change"


def _harms(
    parting: Parting,
    side: int,
    edges: Edges,
    sources: tuple[Collection[str], Collection[str]],
) -> Iterator[Harm]:
    """Yield what one side suffers, and the other does not."""
    mine, theirs = parting.results[side], parting.results[1 - side]
    if mine in DEATHS and theirs not in DEATHS:
        yield "died"
    if set(parting.warnings[side]) - set(parting.warnings[1 - side]):
        yield "warned"
    if leaked(parting, side, edges):
        yield "leaked"
    if mine is not None and theirs is None and mine not in DEATHS:
        yield "refused"
    if lost(parting, side):
        yield "lost-memory"
    if removed(parting, side, sources):
        yield "removed"
    if _unreadable(parting, side):
        yield "text"


def leaked(parting: Parting, side: int, edges: Edges) -> list[str]:
    """Return what a side keeps for good: memory blocks and address ranges.

    Both sides had it, the other one has given it up at this step, and no explored sequence from
    here on gives it up on this side. As long as a block of it is online, it is in use.
    """
    look, other = parting.after[side], parting.after[1 - side]
    if look is None or other is None or parting.before is None:
        return []
    kept = {block: state for block, state in look.blocks.items() if block not in other.blocks}
    if "online" in kept.values():
        return []
    blocks = {*kept}
    ranges = _ranges(look) - _ranges(other)
    if not blocks and not ranges:
        return []
    for known in (*parting.before, *_reachable(look, edges)):
        blocks &= known.blocks.keys()
        ranges &= _ranges(known)
    return [*(f"memory{block}" for block in sorted(blocks)), *sorted(ranges)]


def lost(parting: Parting, side: int) -> list[str]:
    """Return the blocks that are online on the other side, and not on this one."""
    look, other = parting.after[side], parting.after[1 - side]
    if look is None or other is None:
        return []
    mine, changed = look.blocks, {part.source for part in parting.changed}
    return [
        f"memory{block}"
        for block, state in sorted(other.blocks.items())
        if state == "online"
        and mine.get(block) != "online"
        and any(_is_file_of(source, block) for source in changed)
    ]


def removed(
    parting: Parting, side: int, sources: tuple[Collection[str], Collection[str]]
) -> list[str]:
    """Return the files that the other side has, and this side never shows."""
    return sorted(
        {
            part.source
            for part, texts in parting.changed.items()
            if texts[side] is None and part.source not in sources[side]
        }
    )


def _is_file_of(source: str, block: int) -> bool:
    match = BLOCK_FILE.fullmatch(source)
    return match is not None and int(match[1]) == block


def _ranges(look: Look) -> set[str]:
    return {part.item for part in look.parts if part.source == IOMEM}


def _unreadable(parting: Parting, side: int) -> bool:
    """Whether a side alone shows text that nobody can have meant: of memory that was freed."""
    return any(
        UNREADABLE in (texts[side] or "") and UNREADABLE not in (texts[1 - side] or "")
        for texts in parting.changed.values()
    )


def _reachable(look: Look, edges: Edges) -> Iterator[Look]:
    """Yield the looks that explored steps lead to from here."""
    known: set[Hashable] = {look.key}
    waiting: list[Hashable] = [look.key]
    while waiting:
        for key, later in edges.get(waiting.pop(), {}).items():
            if key not in known:
                known.add(key)
                waiting.append(key)
                yield later
