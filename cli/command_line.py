"""The command line as a result records it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection

import click
from click.core import ParameterSource

from zonediff.corpus.problems import as_text
from zonediff.variants.places import without_folders


def recorded(
    subcommand: str,
    left_out: Collection[str],
    text: Callable[[str, str], str] = lambda name, value: without_folders(value),
) -> str:
    """Return the command line in its long form: what was given and decides the outcome.

    left_out: parameters that do not decide it. text: the form of a value, given the parameter's
    name; files elsewhere are recorded by their names, so that a result is the same wherever it is
    made.
    """
    context = click.get_current_context()
    words = ["zonediff", subcommand]
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if not given or name in left_out:
            continue
        value = context.params[name]
        values = value if isinstance(value, tuple) else (value,)
        option = [] if isinstance(parameter, click.Argument) else [parameter.opts[-1]]
        for item in values:
            words += option if item is True else [*option, text(name, str(item))]
    return as_text(shlex.join(words))
