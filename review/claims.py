"""Claims about a series that sequences of steps decide, settled on each stage by running them.

A claim file is one of the corpus in its form: `who`, `says`, `where`, and cases under
`supported_if` and `refuted_if`. A case has steps for the guest, and what they lead to.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from zonediff.corpus.claim import Mail
from zonediff.corpus.positions import read_document
from zonediff.corpus.problems import Mistake, ScenarioError
from zonediff.corpus.problems import Path as Way
from zonediff.corpus.schema import Misshapen, read
from zonediff.live.host import Host
from zonediff.result.reviews import ReviewClaim, SettledClaim
from zonediff.review.actions import parse_action
from zonediff.review.guest_side import GuestSide
from zonediff.review.look import Part
from zonediff.review.machines import ReviewMachine
from zonediff.review.repeating import repeated
from zonediff.review.sides import Shown, Side
from zonediff.review.stage_image import StageImage

SUCCESS: Final = "ok"
"""The result of a step that succeeds, in a claim file."""

_OUTCOMES: Final = ("result", "reads", "absent", "warns")


@dataclass(frozen=True, slots=True)
class SequenceCase:
    """Steps from boot on, and what the last one leads to: one of the four outcomes.

    result: `ok`, the errno's name, or how the kernel dies. reads: what `file`, of one line, reads.
    absent: a file or block that is not there. warns: whether the console reports a fault.
    """

    says: str
    steps: tuple[str, ...]
    result: str | None = None
    file: str | None = None
    reads: str | None = None
    absent: str | None = None
    warns: bool | None = None


@dataclass(frozen=True, slots=True)
class SequenceClaim:
    """A claim: confirmed if all of supported_if hold.

    It is refuted if any of refuted_if holds; if there are none, if all of supported_if fail.
    """

    who: str
    says: str
    where: Mail
    supported_if: tuple[SequenceCase, ...]
    refuted_if: tuple[SequenceCase, ...] = ()


def read_claim(path: Path) -> SequenceClaim:
    """Read a claim file. Raises ScenarioError with every mistake in it."""
    document = read_document(path, str(path))
    try:
        claim: SequenceClaim = read(document.value, SequenceClaim)
        mistakes = [
            mistake
            for part in ("supported_if", "refuted_if")
            for number, case in enumerate(getattr(claim, part))
            for mistake in _mistakes((part, number), case)
        ]
        if not claim.supported_if:
            mistakes.append(Mistake(("supported_if",), "has no case: say what decides the claim"))
        if mistakes:
            raise Misshapen(*mistakes)
    except Misshapen as error:
        raise ScenarioError([*document.problems, *document.locate_all(error.mistakes)]) from None
    if document.problems:
        raise ScenarioError(document.problems)
    return claim


def _mistakes(path: Way, case: SequenceCase) -> Iterator[Mistake]:
    if not case.steps:
        yield Mistake((*path, "steps"), "has no step")
    for number, step in enumerate(case.steps):
        if parse_action(step) is None:
            yield Mistake(
                (*path, "steps", number),
                "is no step: write `echo VALUE > PATH` with a PATH below /sys or /proc, "
                "`plug DIMM` or `unplug DIMM`",
            )
    outcomes = [name for name in _OUTCOMES if getattr(case, name) is not None]
    if len(outcomes) != 1:
        yield Mistake(path, f"needs exactly one of {', '.join(_OUTCOMES)}")
    if (case.file is None) != (case.reads is None):
        yield Mistake(path, "`file` and `reads` belong together")


def settle_claims(
    files: Sequence[Path],
    stages: Sequence[StageImage],
    machine: ReviewMachine,
    host: Host,
    *,
    boots: int = 3,
) -> list[ReviewClaim]:
    """Settle the claims in these files on each stage, on so many fresh boots each.

    The id of a claim is the name of its file. Raises ScenarioError before anything is run, and
    virtual_machine.QemuFailed, agent.AgentFailed.
    """
    claims = {path.stem: read_claim(path) for path in files}
    return asyncio.run(_settled(claims, stages, machine, host, boots))


async def _settled(
    claims: Mapping[str, SequenceClaim],
    stages: Sequence[StageImage],
    machine: ReviewMachine,
    host: Host,
    boots: int,
) -> list[ReviewClaim]:
    settled = []
    for id, claim in claims.items():
        outcomes = {
            stage.stage.name: await outcome_of(
                claim, partial(GuestSide, host, stage.image, machine, True), boots
            )
            for stage in stages
        }
        settled.append(ReviewClaim(id, claim.says.strip(), claim.where.message, outcomes))
    return settled


async def outcome_of(
    claim: SequenceClaim, make_side: Callable[[], Side], boots: int
) -> SettledClaim:
    """Settle a claim on one kernel, on so many fresh boots each."""
    support = [await holds(case, make_side, boots) for case in claim.supported_if]
    counter = [await holds(case, make_side, boots) for case in claim.refuted_if]
    if True in counter or (not counter and not any(held is not False for held in support)):
        return "refuted"
    return "confirmed" if all(support) else "not settled"


async def holds(case: SequenceCase, make_side: Callable[[], Side], boots: int) -> bool | None:
    """Whether a case holds on each of so many fresh boots; None when only some of them show it."""

    async def once() -> bool | None:
        return await _held_once(case, make_side())

    held = {*await repeated(once, boots, max(2, os.cpu_count() or 1))}
    return held.pop() if len(held) == 1 else None


async def _held_once(case: SequenceCase, side: Side) -> bool | None:
    """Whether a case holds; None when the kernel does not survive until the last step."""
    try:
        shown = await side.reset()
        for action in filter(None, map(parse_action, case.steps)):
            if shown.died:
                return None
            shown = await side.do(action)
    finally:
        await side.close()
    return _outcome_holds(case, shown)


def _outcome_holds(case: SequenceCase, shown: Shown) -> bool:
    if case.result is not None:
        return (shown.result or SUCCESS) == case.result
    if case.warns is not None:
        return bool(shown.warnings) is case.warns
    if shown.look is None:
        return False
    if case.absent is not None:
        folder = f"{case.absent.rstrip('/')}/"
        return not any(
            source == case.absent or source.startswith(folder) for source in shown.look.sources
        )
    return shown.look.parts.get(Part(case.file or "")) == case.reads
