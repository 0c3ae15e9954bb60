"""`zonediff validate`: compare models with recordings of real kernels, or with a live one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from zonediff.cli import completion, guests, options
from zonediff.cli.progress import bar
from zonediff.compare.comparable import NOT_COMPARED
from zonediff.compare.validate import validate
from zonediff.corpus.recording import SHIPPED, files_of
from zonediff.engine.policy import Policy
from zonediff.live.host import find_host
from zonediff.live.image import read_image
from zonediff.reports.forms.validation import replays_json, replays_text
from zonediff.result.certificates import SHIPPED as CERTIFICATES
from zonediff.result.certificates import Standing, read_certificates
from zonediff.result.replays import FileReplay
from zonediff.variants.registry import LIVE, Registry


@click.command(
    epilog="""\b
Exit codes:
  0    model and kernel agree in every step
  1    they disagree somewhere
  2    bad input or usage, or a variant failed
  130  interrupted
"""
)
@click.argument(
    "paths", nargs=-1, metavar="[PATH|SCENARIO]...", shell_complete=completion.scenarios
)
@click.option(
    "--variant",
    shell_complete=completion.variants,
    metavar="NAME",
    help="Replay through this variant, not the one that a recording names.",
)
@options.variant_files
@click.option(
    "--live",
    type=click.Path(path_type=Path),
    metavar="IMAGE",
    help="Compare with this kernel image in QEMU, not with recordings.",
)
@guests.work_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    paths: tuple[str, ...],
    variant: str | None,
    variant_files: tuple[Path, ...],
    live: Path | None,
    as_json: bool,
    **work: Any,
) -> int:
    """Compare the models with recorded or live kernels.

    Each recording is replayed through the variant that it names: the same machine and steps must
    give the same result and the same observation after each step. PATH is a file or folder of
    recordings. Default: the shipped recordings.

    With --live, the kernel in IMAGE boots for each SCENARIO (an id, a folder or a glob pattern of
    the corpus, or a file) and for each random sequence, and its steps are replayed through
    --variant. A disagreement is shortened to the fewest steps that show it; this boots the kernel
    many times.
    """
    registry = options.registry(variant_files)
    certificates: list[Standing] = []
    if live is None:
        replays = _replay([Path(path) for path in paths], variant, registry, work)
        certificates = _standings(replays, registry)
    elif variant is None:
        raise click.UsageError("--live compares with a model: give its --variant")
    else:
        replays = _confront(live, registry.model(variant).policy, paths, guests.Work(**work))
    form = replays_json if as_json else replays_text
    click.echo(form(replays, NOT_COMPARED, certificates), nl=False)
    return 0 if all(item.agreeing_traces == item.traces for item in replays) else 1


def _replay(
    paths: Sequence[Path], variant: str | None, registry: Registry, work: Mapping[str, Any]
) -> list[FileReplay]:
    """Recordings through the models that they speak for, or through the one variant."""
    if work["random"] or work["machines"]:
        raise click.UsageError("--random and --machine need a kernel to run: give --live IMAGE")
    policies: dict[str, Policy] = {}

    def policy_of(name: str) -> Policy:
        name = variant or name
        if name not in policies:
            policies[name] = registry.model(name).policy
        return policies[name]

    with bar("replaying", "files") as progress:
        return validate(files_of(paths or (SHIPPED,)), policy_of, progress)


def _standings(replays: Sequence[FileReplay], registry: Registry) -> list[Standing]:
    """The certificates that come with zonediff, of the models that were replayed."""
    models = {item.model for item in replays}
    certificates = [item for item in read_certificates(CERTIFICATES) if item.variant in models]
    if not certificates:
        return []
    # Only now: it explores, and loads NumPy for that.
    from zonediff.compare.certified import standings

    policies = [registry.model(name).policy for name in {item.variant for item in certificates}]
    return standings(policies, certificates)


def _confront(
    kernel: Path, policy: Policy, scenarios: Sequence[str], work: guests.Work
) -> list[FileReplay]:
    """A kernel at work through the model. Raises KeyboardInterrupt when not all was done."""
    image, host = read_image(kernel), find_host()
    jobs = work.jobs(scenarios, host, image)
    # Only now: qemu.qmp may be missing where live kernels are not run.
    from zonediff.compare.confront import confront

    replayed = work.do(jobs, lambda job: confront(f"{LIVE}{kernel}", job, policy))
    if len(replayed) < len(jobs):
        raise KeyboardInterrupt
    replays = tuple(item for _, item in sorted(replayed.items()) if item is not None)
    return [FileReplay(kernel.name, image.kernel, policy.name, policy.name, replays)]
