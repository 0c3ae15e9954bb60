"""Outcomes and states in few words, as goals, differences and stories quote them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from zonediff.engine.observation import BlockRange, BlockView, ZoneView
from zonediff.engine.trace import Act, Trace
from zonediff.engine.units import PAGE, format_size

DEATHS: Final = ("BUG", "panic", "hang")
"""Results that mean that the kernel is dead."""

_FEW: Final = 3


def result(value: str | None) -> str:
    """An act's result: `ok`, the errno's name, or that the kernel died."""
    if value is None:
        return "ok"
    return f"the kernel died ({value})" if value in DEATHS else value


def death(trace: Trace) -> str | None:
    """How and where the kernel died, None when it lived: `... (BUG) in step 3: unplug dimm1`."""
    if trace.end == "ran":
        return None
    where = "while booting"
    if trace.steps:
        step = trace.steps[-1]
        # Of a step in which time passes, the act and its time say more than the step does.
        timed = bool(step.acts) and step.acts[-1].at is not None
        what = f"{after(step.acts[-1])}: {step.acts[-1].do}" if timed else f": {step.do}"
        where = f"in step {len(trace.steps)}{what}"
    return f"the kernel died ({trace.end}) {where}"


def killing(process: str, step: int, act: Act) -> str:
    """During which act, of the step with this index, the OOM killer took a process, and when."""
    return f"{process} was killed in step {step + 1}{after(act)}: {act.do}"


def after(act: Act) -> str:
    """` after 0.4 s` of a step in which time passes; nothing for any other act."""
    return "" if act.at is None else f" after {act.at / 1_000_000:g} s"


def few(items: Sequence[str], most: int = _FEW) -> str:
    """The first items joined by commas, and how many more there are."""
    shown = ", ".join(items[:most])
    return f"{shown} and {len(items) - most} more" if len(items) > most else shown


def several(number: int, noun: str, plural: str = "") -> str:
    """`1 scenario`, `2 scenarios`; plural: where an `s` does not make it."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def blocks(ranges: Iterable[BlockRange], extra: Callable[[BlockView], str] = lambda _: "") -> str:
    """Ranges in words: `memory32-38 offline [Normal]`; neighbours that read alike are joined.

    extra: words to add for a view, for what its state and zones do not tell.
    """
    joined: list[tuple[int, int, str]] = []
    for item in ranges:
        text = "not there" if item.view is None else f"{item.view}{extra(item.view)}"
        if joined and joined[-1][1] + 1 == item.first and joined[-1][2] == text:
            joined[-1] = (joined[-1][0], item.last, text)
        else:
            joined.append((item.first, item.last, text))
    return few([f"{BlockRange(first, last, None).name} {text}" for first, last, text in joined])


def zone(view: ZoneView | None) -> str:
    """A zone in words: `pfn 1048576..1310720 (1G), present 512M`."""
    if view is None:
        return "not there"
    end = view.start_pfn + view.spanned
    spanned, present = format_size(view.spanned * PAGE), format_size(view.present * PAGE)
    return f"pfn {view.start_pfn}..{end} ({spanned}), present {present}"
