"""The progress bar of every subcommand: on standard error, with rate and time left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tqdm import tqdm

from zonediff.cli.streams import terminal
from zonediff.reports.text.plain import visible

if TYPE_CHECKING:
    from zonediff.work.pool import Progress


@contextmanager
def bar(doing: str, unit: str) -> Iterator[Progress]:
    """A progress bar while standard error is a terminal.

    doing: what is done, `sweeping`. unit: what is counted, in the plural.
    """
    with tqdm(desc=doing, unit=f" {unit}", leave=False, disable=None, file=terminal()) as shown:

        def progress(done: int, total: int) -> None:
            if shown.total is None:
                shown.initial = shown.n = done  # what was there before is not part of the rate
            shown.total = total
            shown.update(done - shown.n)

        yield progress


@contextmanager
def building() -> Iterator[Progress]:
    """A progress bar for a system of unknown size."""
    with tqdm(
        desc="exploring", unit=" states", leave=False, disable=None, file=terminal()
    ) as shown:

        def progress(states: int, transitions: int) -> None:
            shown.n = states
            shown.set_postfix_str(f"{transitions} transitions")

        yield progress


@contextmanager
def touring() -> Iterator[Progress]:
    """A progress bar for a tour of real kernels, whose length is not known ahead."""
    with tqdm(
        desc="touring", unit=" transitions", leave=False, disable=None, file=terminal()
    ) as shown:

        def progress(count: int, known_left: int) -> None:
            shown.n = count
            shown.set_postfix_str(f"{known_left} known to be left")

        yield progress


def note(text: str) -> None:
    """Say something on standard error, above the bar."""
    tqdm.write(visible(text), file=terminal())
