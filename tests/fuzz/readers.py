"""Readers of files that commands would work on for hours when they are right: they only read."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from zonediff.compare.sweep import plan
from zonediff.corpus.claim_files import read_claim
from zonediff.corpus.loader import load
from zonediff.corpus.scenario import Scenario
from zonediff.engine.errors import ZonediffError
from zonediff.variants.registry import Registry


@cache
def _corpus() -> list[Scenario]:
    return load()


def _answer(read: Callable[[Path], object]) -> Callable[[str], tuple[int, str]]:
    def reader(file: str) -> tuple[int, str]:
        try:
            read(Path(file))
        except (ZonediffError, OSError) as error:
            return 2, str(error)
        return 0, ""

    return reader


READERS: Final = {
    "read-claim": _answer(lambda file: read_claim(file, _corpus())),
    "read-sweep": _answer(lambda file: plan.load(file, Registry())),
}
"""A reader by its name: it takes a file, and returns an exit code and a message."""
