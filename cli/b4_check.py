"""`zonediff b4-check`: a check command for b4's review flow."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

import click

from zonediff.cli import completion, options
from zonediff.compare.series.mail_check import check_mail
from zonediff.engine.bounds import MAIL_BYTES
from zonediff.variants.registry import Registry

_TOOL: Final = "zonediff"


@click.command(
    name="b4-check",
    epilog="""\b
Exit codes:
  0    the answer has the status
  2    bad usage, such as an unknown variant
  130  interrupted
""",
)
@click.option(
    "--variant",
    shell_complete=completion.variants,
    metavar="NAME",
    help="Check against the variant that models the patch.",
)
@options.variant_files
@options.baseline
def command(variant: str | None, variant_files: tuple[Path, ...], baseline: str) -> None:
    """Check the mail of a patch, as a command for b4.

    Reads the mail from standard input and prints a JSON list with one answer. For a mail without a
    patch, such as a cover letter, the list is empty.

    The status is `pass` when the patch changes nothing that the models restate, or only what the
    variant models; `warn` when it changes other functions that the models restate; and `fail` when
    the mail cannot be read.
    """
    registry = Registry(variant_files)
    if variant is not None:
        registry.model(variant)
    answer = check_mail(sys.stdin.buffer.read(MAIL_BYTES + 1), variant, baseline, registry)
    answers = [] if answer is None else [{"tool": _TOOL, **answer._asdict()}]
    click.echo(json.dumps(answers, indent=2))
