"""The command `zonediff`."""

from __future__ import annotations

from typing import Final

import click

from zonediff.cli.group import EXIT_CODES, Group
from zonediff.cli.streams import open_standard_streams

MODULES: Final = {
    "run": ("zonediff.cli.run", "Run scenarios on variants and compare the outcomes."),
    "report": ("zonediff.cli.report", "Render a saved result in another form, or compare two."),
    "trend": ("zonediff.cli.trend", "Show how the results of several runs developed."),
    "list": ("zonediff.cli.list", "List variants, scenarios or claims."),
    "show": ("zonediff.cli.show", "Show one scenario on one variant, step by step, with reasons."),
    "new": ("zonediff.cli.new", "Write the smallest variant or scenario that works."),
    "check": ("zonediff.cli.check", "Check scenarios and variant files."),
    "claim": ("zonediff.cli.claim", "Judge one claim of the discussion, and show what decides it."),
    "history": (
        "zonediff.cli.history",
        "Show what each kernel release gave users, and what it took away.",
    ),
    "explore": (
        "zonediff.cli.explore",
        "Explore all sequences of steps on two variants.",
    ),
    "sweep": (
        "zonediff.cli.sweep",
        "Run machines with added memory, and print which survive.",
    ),
    "review": (
        "zonediff.cli.review",
        "Build the kernels of a patch series, run and compare them.",
    ),
    "series": ("zonediff.cli.series", "List a patch series and line it up with a variant."),
    "bisect": ("zonediff.cli.bisect", "Find the stage of a series that changes an outcome."),
    "regress": ("zonediff.cli.regress", "Compare the outcomes of two revisions of a repository."),
    "b4-check": ("zonediff.cli.b4_check", "Check the mail of a patch, as a command for b4."),
    "validate": ("zonediff.cli.validate", "Compare the models with recorded or live kernels."),
    "certify": (
        "zonediff.cli.certify",
        "Hold a model to every transition of a real kernel.",
    ),
    "live": ("zonediff.cli.live", "Run real kernels in QEMU, and record them."),
}


@click.group(
    cls=Group,
    modules=MODULES,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 80,
        "color": True,  # or click would take escapes out of texts, which streams.py shows
    },
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
    open_standard_streams()
    cli(prog_name="zonediff")
