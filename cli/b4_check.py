"""`zonediff b4-check`: a check command for b4's review flow."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import click

from zonediff.cli import completion, options
from zonediff.compare.series.lineup import line_up, listed
from zonediff.compare.series.mails import NoPatchError, read_mails
from zonediff.compare.series.patch import SeriesError
from zonediff.engine.bounds import MAIL_BYTES
from zonediff.engine.words import count_of
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
    answers = []
    with suppress(NoPatchError):
        status, summary, details = _check(
            sys.stdin.buffer.read(MAIL_BYTES + 1), variant, baseline, registry
        )
        answers.append(
            {"tool": _TOOL, "status": status, "summary": summary, "details": "\n".join(details)}
        )
    click.echo(json.dumps(answers, indent=2))


def _check(
    mail: bytes, variant: str | None, baseline: str, registry: Registry
) -> tuple[str, str, list[str]]:
    """Status, summary and details about a mail. Raises NoPatchError when it holds no patch."""
    try:
        patches = read_mails(mail, "mail")
    except NoPatchError:
        raise
    except SeriesError as error:
        return "fail", str(error), []
    if variant is None:
        series = listed(patches)
        left = [name for line in series.patches for name in line.restated]
        advice = "compare it with a variant that models it: zonediff run"
    else:
        series = line_up(patches, variant, baseline, registry)
        # One patch of several does not have to reach every stage, or any.
        left = [
            name for line in series.patches for name in (line.left if line.stage else line.restated)
        ]
        advice = f"{variant} does not model these"
    restated = [name for line in series.patches for name in line.restated]
    if not restated:
        return "pass", "changes no function that the models restate", []
    if not left:
        return "pass", f"{variant} models what it changes", [f"{name}()" for name in restated]
    count = count_of(len(left), "function")
    return "warn", f"changes {count} that the models restate", [*(f"{n}()" for n in left), advice]
