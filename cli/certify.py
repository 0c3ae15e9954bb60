"""`zonediff certify`: a real kernel toured on an arena, every transition held to a model."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from pathlib import Path

import click

from zonediff.cli import completion, options, outputs
from zonediff.cli.group import BadInput
from zonediff.cli.machines import machine_option, named_arena
from zonediff.cli.progress import touring
from zonediff.engine.kernel import NotModelled
from zonediff.explore.arena import ArenaError
from zonediff.live.host import find_host
from zonediff.live.image import read_image
from zonediff.reports.text.plain import wrap
from zonediff.result.certificates import Certificate, Refuted, certificate_text
from zonediff.result.writing import write_text
from zonediff.variants.registry import Registry
from zonediff.variants.subject import NotOnThisMachine

WIDTH = 80


@click.command(
    epilog="""\b
Exit codes:
  0    every transition agrees
  1    the kernel does something else, or a state could not be reached again
  2    bad input or usage, or a variant failed
  130  interrupted
"""
)
@click.argument("variant", shell_complete=completion.variants)
@click.option(
    "--live",
    "image",
    type=click.Path(path_type=Path),
    required=True,
    metavar="IMAGE",
    help="Tour this kernel: an image, or a Debian package with one.",
)
@machine_option
@click.option(
    "--depth",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Try each step after each sequence of N last steps.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE.json",
    help="Write the certificate here.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@options.variant_files
def command(
    variant: str,
    image: Path,
    machine: str,
    depth: int,
    output: Path | None,
    as_json: bool,
    variant_files: tuple[Path, ...],
) -> int:
    """Hold a model to every transition of a real kernel.

    Every step of the machine is done on the kernel in every state that it shows, and in every state
    of the model; after each, result and observation have to be the same. What the kernel does
    otherwise is shortened to the fewest steps and confirmed on a boot of its own.
    """
    outputs.check([("-o", output)], [*variant_files, image, Path(machine)])
    policy = Registry(variant_files).model(variant).policy
    arena, kernel, host = named_arena(machine), read_image(image), find_host()
    # Imported here because qemu.qmp may be missing where live kernels are not run.
    from zonediff.compare.certify import certify

    with touring() as progress:
        try:
            certificate = asyncio.run(
                certify(policy, kernel, host, arena, depth=depth, progress=progress)
            )
        except (ArenaError, NotModelled, NotOnThisMachine) as error:
            raise BadInput(f"{arena.name}: {error}") from None
    as_text = json.dumps(dataclasses.asdict(certificate), indent=2) + "\n"
    click.echo(as_text if as_json else _text(certificate), nl=False)
    if output is not None:
        write_text(output, certificate_text(certificate))
    return 0 if certificate.holds else 1


def _text(certificate: Certificate) -> str:
    lines = [
        f"{certificate.variant} on {certificate.arena}, Linux {certificate.release}:",
        *wrap(str(certificate), WIDTH, "  "),
        f"  {certificate.steps} steps in {certificate.resets} guests",
    ]
    for item in certificate.refuted:
        lines += ["", *_refuted(item)]
    return "\n".join(lines) + "\n"


def _refuted(item: Refuted) -> list[str]:
    lines = [f"refuted: the kernel gives {item.kernel}, the model {item.model}"]
    lines += [f"  {step}" for step in item.steps or ["boot"]]
    for what, real, modelled in item.differences:
        lines += wrap(f"{what}: {real}, the model: {modelled}", WIDTH, "  ")
    return lines
