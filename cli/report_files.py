"""The files of a result: the options that ask for them, and writing them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import click

from zonediff.cli import completion, outputs
from zonediff.reports import formats
from zonediff.result.result import Result
from zonediff.result.writing import write_files

Command = TypeVar("Command", bound=Callable[..., Any])

SHORT: Final = {
    "-o": ("output", "json"),
    "--html": ("html", "html"),
    "--mail": ("mail", "mail"),
}
"""The options for the most common forms: each option's parameter and form. --report has all."""

PARAMETERS: Final = ("output", "html", "mail", "reports", "full")
"""The parameters of report_options()."""

_file = click.Path(path_type=Path)


class ReportFile(NamedTuple):
    """A file to write: the option that asks for it, the name of its form, and its path."""

    option: str
    form: str
    path: Path


def _form_and_file(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> list[tuple[str, Path]]:
    """Each `FORM=FILE` as the name of a form and the file to write. Raises click.BadParameter."""
    pairs = []
    for value in values:
        form, _, file = value.partition("=")
        if not file or form not in formats.FORMATS:
            forms = ", ".join(formats.FORMATS)
            raise click.BadParameter(f"{value!r} is not FORM=FILE with one of the forms {forms}")
        pairs.append((form, Path(file)))
    return pairs


_SHORT_OPTIONS: Final[Sequence[Callable[[Any], Any]]] = (
    click.option("-o", "--output", type=_file, metavar="FILE", help="Write the result as JSON."),
    click.option("--html", type=_file, metavar="FILE", help="Write the report as HTML."),
    click.option(
        "--mail", type=_file, metavar="FILE", help="Write the report as a plain-text mail."
    ),
    click.option("--full", is_flag=True, help="Write the mail in full; it is short otherwise."),
)

_any_form = click.option(
    "--report",
    "reports",
    shell_complete=completion.forms,
    multiple=True,
    callback=_form_and_file,
    metavar="FORM=FILE",
    help="Write a report in any form (zonediff report --format). Repeatable.",
)


def short_report_options(command: Command) -> Command:
    """Click decorator: the options of the most common forms."""
    for option in reversed(_SHORT_OPTIONS):
        command = option(command)
    return command


def report_options(command: Command) -> Command:
    """Click decorator: the options that ask for files; report_files() reads them."""
    return short_report_options(_any_form(command))


def report_files(given: Mapping[str, Any]) -> list[ReportFile]:
    """The files that the options ask for. given: the values of the parameters."""
    files = [
        ReportFile(option, form, given[parameter])
        for option, (parameter, form) in SHORT.items()
        if given[parameter] is not None
    ]
    for form, path in given["reports"]:
        files.append(ReportFile(f"--report {form}={path}", form, path))
    return files


def write_reports(
    result: Result,
    files: Sequence[ReportFile],
    *,
    full: bool,
    other_texts: Mapping[Path, str] | None = None,
) -> None:
    """Write the files, all of them after the last one is rendered, and print the summary.

    full: of the mail. other_texts: further files to write with them. Raises OSError.
    """
    texts = {path: formats.render(result, form, full=full) for _, form, path in files}
    for _, form, path in files:
        if form == "mail":
            outputs.warn_of_size(texts[path], path)
    texts |= other_texts or {}
    write_files(texts)
    click.echo(formats.render(result, "text"), nl=False)
    if texts:
        click.echo()
    for path in texts:
        click.echo(f"wrote {path}")
