"""Read a series by its name: a file of mails, or a range of a repository."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from zonediff.compare.series.lineup import line_up, listed
from zonediff.compare.series.mails import read_file
from zonediff.compare.series.patch import SeriesError
from zonediff.compare.series.repository import base_of, read_range
from zonediff.result.series import LineUp
from zonediff.variants.registry import Registry

_RANGE: Final = re.compile(r"(?:(?P<repo>.+)@(?!\{))?(?P<revisions>.+\.\..+)")


def read_series(text: str, variant: str, baseline: str, registry: Registry) -> LineUp:
    """The series that a user names, lined up with the variant that models it.

    text: a file of mails, `A..B` of the current folder's repository, or `PATH@A..B`.
    Raises SeriesError and registry.VariantError.
    """
    if Path(text).is_file():
        return from_mails(Path(text), variant, baseline, registry)
    named = _RANGE.fullmatch(text)
    if named is None:
        raise SeriesError(f"{text}: neither a file of mails nor a range: A..B or PATH@A..B")
    return from_range(Path(named["repo"] or "."), named["revisions"], variant, baseline, registry)


def from_mails(file: Path, variant: str | None, baseline: str, registry: Registry) -> LineUp:
    """The series of a file, lined up with the variant, if there is one."""
    patches = read_file(file)
    series = line_up(patches, variant, baseline, registry) if variant else listed(patches)
    return replace(series, source=file.name)


def from_range(
    path: Path, revisions: str, variant: str | None, baseline: str, registry: Registry
) -> LineUp:
    """The series of a repository, lined up with the variant, if there is one."""
    patches = read_range(path, revisions)
    series = line_up(patches, variant, baseline, registry) if variant else listed(patches)
    source = f"{path.resolve().name} {revisions}"
    return replace(series, source=source, base=base_of(path, revisions))
