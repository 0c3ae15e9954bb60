"""`zonediff report`: render a saved result in another form, or compare two results."""

from __future__ import annotations

import sys
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import click

from zonediff.cli import completion, options, outputs
from zonediff.cli.outputs import warn_of_size
from zonediff.reports import formats
from zonediff.result import files as result_files
from zonediff.result.known_file import load_known
from zonediff.result.result import Result
from zonediff.result.writing import write_text

_LIST: Final = "?"
"""The value of `--format` when no name follows."""

_EPILOG: Final = "\n".join(
    (
        "\b",
        "Forms (* also with --against):",
        *(
            f"  {item.name:9}{'*' if item.changes else ' '} {item.summary}"
            for item in formats.FORMATS.values()
        ),
        "",
        "\b",
        "Exit codes:",
        "  0    done; with --against: nothing regressed",
        "  1    with --against: something regressed",
        "  2    bad input or usage",
        "  3    with --against: a variant that ran fails now",
        "  130  interrupted",
    )
)

_file = click.Path(path_type=Path)


def _form(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """The name of a form; without one, list all forms and exit."""
    if value == _LIST and not ctx.resilient_parsing:
        for item in formats.FORMATS.values():
            click.echo(f"{item.name:9} {item.summary}")
        ctx.exit()
    if value is not None and value not in formats.FORMATS:
        names = ", ".join(formats.FORMATS)
        raise click.BadParameter(f"there is no form {value!r}; there are {names}")
    return value


@click.command(epilog=_EPILOG)
@click.argument("result", type=_file, metavar="RESULT")
@click.option(
    "--format",
    "form",
    shell_complete=completion.forms,
    is_flag=False,
    flag_value=_LIST,
    is_eager=True,
    callback=_form,
    metavar="FORM",
    help="Render this form; without FORM, list all forms. Default: text or mail.",
)
@click.option("-o", "--output", type=_file, metavar="FILE", help="Write to this file.")
@click.option(
    "--against",
    type=_file,
    metavar="OLD",
    help="Show what changed since this older result.",
)
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    metavar="ID",
    help="Show only this scenario, as a short mail. Repeatable.",
)
@options.known
@click.option("--full", is_flag=True, help="Write the mail in full; it is short otherwise.")
@click.option(
    "--to-thread",
    metavar="MESSAGE-ID",
    help="Write a draft mail (.eml) in reply to this message.",
)
@click.option("--subject", metavar="TEXT", help="Set the subject of the draft, without `Re: `.")
def command(
    result: Path,
    form: str | None,
    output: Path | None,
    against: Path | None,
    scenarios: tuple[str, ...],
    full: bool,
    known: Path | None,
    to_thread: str | None,
    subject: str | None,
) -> int:
    """Render a saved result in another form, or compare two.

    RESULT is a file that `zonediff run -o` wrote. With --against, RESULT is the newer of two; each
    outcome is compared with the older one of the same scenario and variant.

    A draft has neither sender nor recipients, and nothing is sent. Send it with git send-email or
    mutt -H.

    The default form is mail for a draft and for one scenario, text otherwise.
    """
    outputs.check([("-o", output)], [result, *(path for path in (against, known) if path)])
    if full:
        form = _full_form(form, against is not None or bool(scenarios))
    form = _chosen(form, against is not None, bool(scenarios), to_thread is not None)
    if subject is not None and to_thread is None:
        raise click.UsageError("--subject is for a draft: add --to-thread MESSAGE-ID")
    if to_thread is not None:
        _draft("", to_thread, "looked at early" if subject is None else subject)
    new = result_files.load(result)
    if known is not None:
        new = replace(new, known=load_known(known))
    code = 0
    if against is not None:
        from zonediff.compare.regress.changes import compare

        regression = compare(result_files.load(against), new, _called(against, result))
        text, code = formats.render_changes(regression, form), regression.exit_code
    elif scenarios:
        text = "\n\n".join(_excerpt(new, scenario) for scenario in dict.fromkeys(scenarios))
    else:
        text = formats.render(new, form, full=full)
    if to_thread is not None:
        default = (
            f"Memory hotplug: {', '.join(scenarios)}" if scenarios else text.partition("\n")[0]
        )
        text = _draft(text, to_thread, default if subject is None else subject)
    _write(text, form, output)
    return code


def _write(text: str, form: str, output: Path | None) -> None:
    """Write or print the text, with a warning of a mail that lists would refuse."""
    if form == "mail":
        warn_of_size(text, output or Path("the mail"))
    if output is None:
        # On a terminal through the stream that makes all characters visible; else byte by byte.
        click.echo(text if sys.stdout.isatty() else text.encode(), nl=False)
    else:
        write_text(output, text)


def _full_form(form: str | None, part: bool) -> str:
    """The form of --full. Raises click.UsageError for another form, or for a part of a result."""
    if part or form not in (None, "mail"):
        raise click.UsageError("--full is for the mail of a whole result: add --format mail")
    return "mail"


def _called(*results: Path) -> tuple[str, str]:
    """The names of two results for a text that may be mailed: without the user's folders."""
    old, new = (path.name if path.is_absolute() else str(path) for path in results)
    return (old, new) if old != new else (str(results[0]), str(results[1]))


def _chosen(form: str | None, against: bool, scenario: bool, draft: bool) -> str:
    """The form to render. Raises click.UsageError for options that exclude each other."""
    if against and scenario:
        raise click.UsageError("--scenario shows a single result: leave --against out")
    for option, given in (("--to-thread", draft), ("--scenario", scenario)):
        if given and form not in (None, "mail"):
            raise click.UsageError(f"{option} makes a mail, not {form}: leave --format out")
    chosen = form or ("mail" if scenario or draft else "text")
    if against and chosen not in formats.OF_CHANGES:
        names = ", ".join(formats.OF_CHANGES)
        raise click.UsageError(f"changes cannot be shown as {chosen}, but as {names}")
    return chosen


def _draft(text: str, message_id: str, subject: str) -> str:
    """The text as a draft. Raises click.BadParameter for what cannot stand in a header."""
    from zonediff.reports.forms.draft import DraftError, checked_message_id, draft

    try:
        checked_message_id(message_id)
    except DraftError as error:
        raise click.BadParameter(str(error), param_hint="--to-thread") from None
    try:
        return draft(text, message_id, subject)
    except DraftError as error:
        raise click.BadParameter(str(error), param_hint="--subject") from None


def _excerpt(result: Result, scenario: str) -> str:
    """One scenario. Raises click.BadParameter when the result has no such one."""
    from zonediff.reports.forms.excerpt import render

    names = [info.id for info in result.scenarios]
    if scenario not in names:
        close = get_close_matches(scenario, names) or [n for n in names if scenario in n][:3]
        like = f"; there is {', '.join(close)}" if close else ""
        raise click.BadParameter(
            f"the result has no scenario {scenario!r}{like}", param_hint="--scenario"
        )
    return render(result, scenario)
