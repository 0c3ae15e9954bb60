"""Make the manual page zonediff(1) from the help texts of the command and its subcommands.

Run as `python -m tools.man_page > out/zonediff.1`; read it with `man -l out/zonediff.1`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Final

import click

from zonediff.cli.main import cli

_NO_FILL: Final = "\b"
"""The line of a help text before a paragraph that keeps its lines."""


def page() -> str:
    """The page in the language of roff, with the macros of man(7)."""
    context = click.Context(cli, info_name="zonediff", **cli.context_settings)
    summary = (cli.help or "").partition("\n")[0].rstrip(".")
    lines = [
        f'.TH ZONEDIFF 1 "" "zonediff {version("zonediff")}" "User Commands"',
        *(".SH NAME", f"zonediff \\- {_text(summary[0].lower() + summary[1:])}"),
        *(".SH SYNOPSIS", *_usage(context)),
        *(".SH DESCRIPTION", *_paragraphs(_body(cli))),
        *(".SH OPTIONS", *_options(context)),
        ".SH COMMANDS",
        *_commands(context),
        *_exit_codes(cli, ".SH EXIT STATUS"),
    ]
    return "\n".join(lines) + "\n"


def _commands(context: click.Context) -> Iterator[str]:
    """A section for each subcommand; those of a group follow it."""
    group = context.command
    assert isinstance(group, click.Group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, parent=context, info_name=name)
        yield f'.SS "{_text(inner.command_path)}"'
        yield from _usage(inner)
        yield ".PP"
        yield from _paragraphs(command.help or "")
        yield from _options(inner)
        yield from _exit_codes(command, ".PP")
        if isinstance(command, click.Group):
            yield from _commands(inner)


def _usage(context: click.Context) -> Iterator[str]:
    words = " ".join(context.command.collect_usage_pieces(context))
    yield f"\\fB{_text(context.command_path)}\\fR {_text(words)}".rstrip()


def _options(context: click.Context) -> Iterator[str]:
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and record[1]:  # arguments have no text of their own
            yield from (".TP", f"\\fB{_text(record[0])}\\fR", _text(" ".join(record[1].split())))


def _exit_codes(command: click.Command, heading: str) -> Iterator[str]:
    """The epilog: exit codes, and whatever else has lines of its own."""
    for text in (command.epilog or "").split("\n\n"):
        lines = [line for line in inspect.cleandoc(text).splitlines() if line != _NO_FILL]
        if lines:
            yield from (heading, ".nf", *map(_text, lines), ".fi")


def _body(command: click.Command) -> str:
    """A help text without its first line, which is the summary."""
    return (command.help or "").partition("\n\n")[2]


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(inspect.cleandoc(text).split("\n\n")):
        if number:
            yield ".PP"
        keeps = paragraph.startswith(_NO_FILL)
        lines = [line for line in paragraph.splitlines() if line != _NO_FILL]
        yield from ((".nf", *map(_text, lines), ".fi") if keeps else map(_text, lines))


def _text(text: str) -> str:
    """Text that roff prints as it is: a line is never taken for a request."""
    shown = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", shown, flags=re.MULTILINE)


if __name__ == "__main__":
    print(page(), end="")
