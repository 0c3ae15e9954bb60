"""The progress bar of every subcommand: on standard error, with rate and time left."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tqdm import tqdm

if TYPE_CHECKING:
    from zonediff.work.pool import Progress


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


def note(text: str) -> None:
    """Say something on standard error, above the bar."""
    tqdm.write(text, file=sys.stderr)
