"""The progress bar of every subcommand: on standard error, with rate and time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

Progress = Callable[[int, int], None]
"""Called with how much is done, and of how much."""


@contextmanager
def bar(doing: str, unit: str) -> Iterator[Progress]:
    """A progress bar while standard error is a terminal.

    doing: what is done, `sweeping`. unit: what is counted, in the plural.
    """
    with tqdm(desc=doing, unit=f" {unit}", leave=False, disable=None) as shown:

        def progress(done: int, total: int) -> None:
            if shown.total is None:
                shown.initial = shown.n = done  # what was there before is not part of the rate
            shown.total = total
            shown.update(done - shown.n)

        yield progress
