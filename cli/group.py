"""The group of subcommands: imports them only when they run, and reports every failure."""

from __future__ import annotations

import _thread
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any, Final

import click
from click.exceptions import NoSuchCommand
from click.shell_completion import CompletionItem

from zonediff.cli.deprecations import deprecations_shown
from zonediff.cli.endings import ended_by_signals
from zonediff.cli.streams import drop_output, visible_output

BAD_INPUT: Final = 2
CLUSTER_LOST: Final = 4
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141
BROKEN: Final = 70

_MOMENT: Final = 0.05
"""Seconds."""

EXIT_CODES: Final = """\b
Exit codes:
  0    nothing regressed
  1    something regressed
  2    bad input or usage
  3    a variant failed to run, or no scenario could be judged
  4    the cluster was lost
  130  interrupted; finished work is written
"""


class BadInput(click.ClickException):
    """Input that cannot be used; the message says what would be right."""

    exit_code = BAD_INPUT


class Lost(click.ClickException):
    """A cluster that worked went away."""

    exit_code = CLUSTER_LOST


class Group(click.Group):
    """Subcommands that are imported only when they run.

    modules: for each name the module that has it as `command`, and its help in one line.
    A subcommand's return value is the exit code; None is 0.
    """

    def __init__(self, *args: Any, modules: Mapping[str, tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand, imported now; None when there is no such name."""
        if cmd_name not in self.modules:
            return None
        command: click.Command = import_module(self.modules[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The subcommand of the arguments. Raises NoSuchCommand with the nearest names."""
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand as error:
            # Click suggests commands that are imported already; here are those of the table.
            name = error.command_name
            raise NoSuchCommand(name, possibilities=self.modules, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.modules.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The subcommands from the table alone, and the options of the group."""
        items = [
            CompletionItem(name, help=text)
            for name, (_, text) in self.modules.items()
            if name.startswith(incomplete)
        ]
        return [*items, *click.Command.shell_complete(self, ctx, incomplete)]

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the command line and exit."""
        with visible_output():
            try:
                return super().main(*args, **options)
            except OSError:  # standard error takes no message
                sys.exit(BAD_INPUT)

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Read the arguments; the help is printed here."""
        with _failures():
            return super().make_context(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a subcommand and exit with the code that it returns."""
        with ended_by_signals() as ending:
            try:
                with _failures(), _ctrl_c_is_heard(), deprecations_shown():
                    code = super().invoke(ctx)
                    sys.stdout.flush()
            except click.exceptions.Exit as end:
                code = end.exit_code
        ctx.exit(ending.code or code or 0)


@contextmanager
def _ctrl_c_is_heard() -> Iterator[None]:
    """Obey a Ctrl-C also where Python ignores exceptions: in callbacks of its garbage collector.

    Hypothesis has such a callback.
    """
    before = sys.unraisablehook

    def hook(ignored: sys.UnraisableHookArgs) -> None:
        if issubclass(ignored.exc_type, KeyboardInterrupt):
            # Once more, when the callback is over: raised here, it would be ignored again.
            again = threading.Timer(_MOMENT, _thread.interrupt_main)
            again.daemon = True
            again.start()
        else:
            before(ignored)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before


@contextmanager
def _failures() -> Iterator[None]:
    """Turn every failure into one message and an exit code."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except KeyboardInterrupt as interrupt:
        with suppress(OSError):  # the terminal may be gone
            click.echo(f"Interrupted; {interrupt}." if interrupt.args else "Interrupted.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        # The reader of the output has closed it.
        drop_output()
        raise click.exceptions.Exit(PIPE_CLOSED) from None
    except Exception as error:
        if isinstance(error.__cause__, KeyboardInterrupt):
            # Python wraps whatever is raised while it makes a class: an import was interrupted.
            click.echo("Interrupted.", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None
        message = _message(error)
        if message is not None:
            raise (Lost if _is_lost(error) else BadInput)(message) from None
        traceback.print_exc()
        click.echo(
            "This is a mistake in zonediff; please report it with the lines above.", err=True
        )
        raise click.exceptions.Exit(BROKEN) from None


def _message(error: Exception) -> str | None:
    """The message of an error that bad input causes; None for any other error."""
    # Imported here, as `zonediff --help` imports no other package of ours.
    from zonediff.engine.errors import ZonediffError

    if isinstance(error, ZonediffError):
        return str(error)
    if isinstance(error, OSError):
        if error.filename is None:
            drop_output()
        where = "the output" if error.filename is None else error.filename
        return f"{where}: {error.strerror or error}"
    return None


def _is_lost(error: Exception) -> bool:
    from zonediff.work.pool import ClusterLost

    return isinstance(error, ClusterLost)
