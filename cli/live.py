"""`zonediff live`: check whether real kernels can run here, and record them."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from zonediff.cli import completion, guests, options, outputs
from zonediff.live.doctor import commands, examine
from zonediff.live.host import find_host
from zonediff.live.image import read_image
from zonediff.result.writing import write_text
from zonediff.variants.registry import Registry

LACKING: Final = 1
NOT_BOOTED: Final = 1


@click.group()
def command() -> None:
    """Run real kernels in QEMU, and record them.

    `zonediff run --variants live:IMAGE` adds a kernel to a report; `zonediff validate --live IMAGE`
    compares a model with it.
    """


# --- doctor ---------------------------------------------------------------------------------------


@command.command(
    short_help="Check the requirements of live runs, and show the missing ones.",
    epilog="""\b
Exit codes:
  0  everything is there
  1  something is missing
""",
)
@click.argument("images", nargs=-1, type=click.Path(path_type=Path), metavar="[IMAGE]...")
def doctor(images: tuple[Path, ...]) -> int:
    """Check the requirements of live runs, and show the missing ones.

    For each missing thing, prints the command that installs it. IMAGE is a kernel image to run.
    Default: the images in /boot.
    """
    findings = examine(images)
    for finding in findings:
        click.echo(f"{'ok     ' if finding.ok else 'MISSING'}  {finding.what}")
        for system, remedy in finding.remedies:
            click.echo(f"         on {system}: {remedy}")
    for system, together in commands(findings).items():
        click.echo(f"All of it on {system}: {together}")
    return 0 if all(finding.ok for finding in findings if finding.needed) else LACKING


# --- record ---------------------------------------------------------------------------------------


@command.command(
    short_help="Record a real kernel.",
    epilog="""\b
Exit codes:
  0    everything is recorded
  1    a kernel died while booting; nothing is recorded of it
  2    bad input or usage
  4    the cluster was lost; finished work is in the store 130  interrupted; finished work is
  written, and in the store
""",
)
@options.scenarios
@click.option(
    "--kernel",
    type=click.Path(path_type=Path),
    required=True,
    metavar="IMAGE",
    help="Record this kernel image.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE.jsonl",
    help="Write the recordings to this file, one trace per line.",
)
@click.option(
    "--variant",
    shell_complete=completion.variants,
    metavar="NAME",
    help="Record for this variant. Default: the kernel's release, such as v6.1.",
)
@guests.work_options
@options.store
@options.scheduler
def record(
    scenarios: tuple[str, ...],
    kernel: Path,
    output: Path,
    variant: str | None,
    store: Path | None,
    scheduler: str | None,
    **work: Any,
) -> int:
    """Record a real kernel in scenarios and in random sequences of steps.

    SCENARIO is an id, a folder or a glob pattern of the corpus ('knob/*'), or a file or folder on
    disk. With --scheduler, every worker's machine needs the image and QEMU; each worker runs one
    guest at a time.
    """
    todo = guests.Work(**work)
    inputs = [kernel, *options.scenario_inputs(scenarios, todo.corpus)]
    outputs.check([("--store", store), ("-o", output)], inputs)
    image, host = read_image(kernel), find_host()
    jobs = todo.jobs(scenarios, host, image)
    # Only now: qemu.qmp may be missing where live kernels are not run.
    from zonediff.live.recorder import Records, record_locally, record_with_pool
    from zonediff.live.recording import with_id

    with options.opened(store) as keeper:
        table = Records(keeper) if keeper else None
        if scheduler is None:
            records = todo.do(jobs, partial(record_locally, kernel), table)
        else:
            with options.pool(Registry(), todo.max_guests, scheduler) as pool:
                records = todo.noting(
                    jobs, lambda note: record_with_pool(kernel, jobs, pool, note, table)
                )
    speaks_for = variant or _variant_of(image.release)
    lines, dead = [], []
    for number, record in sorted(records.items()):
        id = jobs[number].id
        if record is not None and record.body is not None:
            body = with_id(record.body, f"{speaks_for}.{id}", speaks_for)
            lines.append(json.dumps(body, separators=(",", ":")) + "\n")
        elif record is not None:
            dead.append(id)
            click.echo(f"{id}: {record.death} while booting: {record.last}", err=True)
    if lines:
        write_text(output, "".join(lines))
        click.echo(f"wrote {output}: {len(lines)} traces of Linux {image.kernel}")
    if len(records) < len(jobs):
        raise KeyboardInterrupt(options.kept(store)) if store else KeyboardInterrupt
    return NOT_BOOTED if dead else 0


def _variant_of(release: str) -> str:
    """The name that a variant of this release has: `v6.1` for 6.1.0-56-cloud-amd64."""
    return "v" + ".".join(release.split(".")[:2])
