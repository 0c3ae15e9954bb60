"""The command `zonediff`."""

from __future__ import annotations

import io
import sys
from typing import Final

import click

from zonediff.cli.group import EXIT_CODES, Group

MODULES: Final = {
    "run": ("zonediff.cli.run", "Run scenarios on variants and compare what comes out."),
    "report": ("zonediff.cli.report", "Render a saved result in another format."),
    "list": ("zonediff.cli.list", "List the variants or the scenarios that there are."),
    "show": ("zonediff.cli.show", "Tell the story of one scenario on one variant."),
    "validate": ("zonediff.cli.validate", "Hold the models against recordings of real kernels."),
}


@click.group(
    cls=Group,
    modules=MODULES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog=EXIT_CODES,
)
@click.version_option(package_name="zonediff", message="zonediff %(version)s")
def cli() -> None:
    """Compare how Linux kernel memory-hotplug patches behave.

    Scenarios (a machine, steps, and what its user wants) are run on variants (kernels with
    different patches), and every difference from the baseline is judged: regression, ABI
    removal, fix or behaviour change.
    """


def main() -> None:
    """The entry point of the console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a character is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    cli(prog_name="zonediff")
