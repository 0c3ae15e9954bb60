"""The steps that show a cause of a review, as lines that a shell of the guest takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from zonediff.reports.page.reviews import CauseView
from zonediff.reports.text.plain import command, wrap
from zonediff.result.reviews import BOOT, ReviewStep

_PIECE: Final = re.compile(r"""(?:[^\s'"]|'[^']*'|"[^"]*")+""")


def transcript(item: CauseView, width: int, margin: str = "") -> Iterator[str]:
    """The steps as lines that a shell takes, the expected results of both sides as comments."""
    for step in item.cause.steps:
        if not step.in_shell:
            where = "" if step.command == BOOT else "in QEMU, "
            text = f"# {where}{step.command}: {results(step, item)}"
            yield from wrap(text, width, margin, f"{margin}# ")
            continue
        parts = _command(step.command, width - len(margin))
        # Within a word, an indented line would begin another word.
        within = [False, *(not part.endswith(" \\") for part in parts[:-1])]
        lines = [
            part if inner else margin + part for part, inner in zip(parts, within, strict=True)
        ]
        comment = f"# {results(step, item)}"
        if step.baseline == step.candidate and len(lines[-1]) + 2 + len(comment) <= width:
            lines[-1] = f"{lines[-1]}  {comment}"
        else:
            lines += wrap(comment, width, margin, f"{margin}# ")
        yield from lines


def results(step: ReviewStep, item: CauseView) -> str:
    """The results of a step: `ok` for both sides, or `base: ok, v6: EBUSY`."""
    before, after = step.baseline or "ok", step.candidate or "ok"
    return before if before == after else f"{item.baseline}: {before}, {item.candidate}: {after}"


def _command(text: str, width: int) -> list[str]:
    """A command in lines of at most so many columns that a shell joins again."""
    if len(text) <= width:
        return [text]
    pieces = _PIECE.findall(text)
    return command(pieces if " ".join(pieces) == text else [text], width)
