"""Deprecated words in variants, shown to the user: one line on stderr for each word of a file."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import click


@contextmanager
def deprecations_shown() -> Iterator[None]:
    """Show each deprecated word once; other warnings are shown as ever."""
    from zonediff.engine.deprecated import DeprecatedName  # only now: --help needs no engine

    shown: set[tuple[str, str]] = set()
    with warnings.catch_warnings():
        warnings.filterwarnings("module", category=DeprecatedName)
        show_others = warnings.showwarning

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if not issubclass(category, DeprecatedName):
                show_others(message, category, filename, lineno, file, line)
            elif (filename, str(message)) not in shown:
                shown.add((filename, str(message)))
                click.echo(f"Deprecated: {message} ({filename}:{lineno})", err=True)

        warnings.showwarning = show
        yield
