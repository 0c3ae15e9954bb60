"""`zonediff review`: build a patch series, run it, compare its kernels step by step."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from zonediff.cli import outputs
from zonediff.cli.command_line import recorded
from zonediff.cli.group import INTERRUPTED
from zonediff.cli.progress import bar, note
from zonediff.cli.report_files import SHORT, ReportFile, short_report_options, write_reports
from zonediff.engine.units import GIB
from zonediff.result import exit_code
from zonediff.result.result import Result
from zonediff.result.reviews import WITH_KERNEL
from zonediff.review.build_cache import BuildCache, default_cache
from zonediff.review.machines import MACHINES

_FORMS: Final = {**SHORT, "--kcidb": ("kcidb", "kcidb")}
"""The options that ask for files: each one's parameter and form of report."""

_PARAMETERS: Final = tuple(parameter for parameter, _ in _FORMS.values())

_NOT_RECORDED: Final = (*_PARAMETERS, "full", "cache", "cache_size", "jobs", "clear")
"""Parameters that do not change the result."""

_CACHE: Final = "cache"
"""The word in place of a series that shows the cache of builds."""

_WRITTEN_BEFORE: Final = (".json", ".html", ".txt")
"""Suffixes of files at the top of a tree that an earlier review may have written there."""

_file = click.Path(path_type=Path)


@click.command(
    epilog="""\b
Exit codes:
  0    nothing regressed
  1    something regressed
  2    bad input or usage
  3    a patch does not apply, or a stage does not build
  130  interrupted; what was built and compared until then is written

\b
zonediff review cache          shows the cache of builds
zonediff review cache --clear  empties it
"""
)
@click.argument("series", nargs=-1, type=_file, metavar="[SERIES]...")
@click.option("--tree", type=_file, metavar="DIR", help="Build these kernel sources.")
@click.option(
    "--range", "revisions", metavar="A..B", help="Review the commits of the tree after A, up to B."
)
@click.option(
    "--since",
    type=_file,
    multiple=True,
    metavar="MBOX",
    help="Compare with this earlier revision of the series, not with the base.",
)
@click.option("--base", type=_file, metavar="IMAGE", help="Compare with this kernel image.")
@click.option("--patched", type=_file, metavar="IMAGE", help="Compare this kernel image.")
@click.option(
    "--machine",
    type=click.Choice([*MACHINES]),
    default="dimm",
    show_default=True,
    help="Run the kernels on this machine.",
)
@short_report_options
@click.option("--kcidb", type=_file, metavar="FILE", help="Write the result for KCIDB.")
@click.option(
    "--every", is_flag=True, help="Build each patch, and compare it with the one before, too."
)
@click.option(
    "--keep-going",
    is_flag=True,
    help="Leave out patches that do not apply, and stages that do not build.",
)
@click.option(
    "--config",
    "fragments",
    type=_file,
    multiple=True,
    metavar="FILE",
    help="Add the options of this fragment to the configuration. Repeatable.",
)
@click.option(
    "--alphabet", type=_file, metavar="FILE", help="Try the steps in this file, one a line."
)
@click.option(
    "--claim",
    "claims",
    type=_file,
    multiple=True,
    metavar="FILE.yaml",
    help="Settle this claim on each stage by running its steps. Repeatable.",
)
@click.option(
    "--steps", type=click.IntRange(min=1), metavar="N", help="Explore sequences of up to N steps."
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    metavar="S",
    help="Explore two kernels for so long. Default: 60; a slow machine needs more.",
)
@click.option(
    "--unsafe-build",
    "unsafe",
    is_flag=True,
    help="Build without a sandbox: the Makefiles of the series can do what you can.",
)
@click.option("--cache", type=_file, metavar="DIR", help="Keep builds in this folder.")
@click.option(
    "--cache-size",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="GIB",
    help="Remove the oldest builds when the cache is larger.",
)
@click.option("--clear", is_flag=True, help="Empty the cache (zonediff review cache).")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Run N compilers at once. Default: one for each core.",
)
def command(series: tuple[Path, ...], **given: Any) -> int:
    """Build the kernels of a patch series, run and compare them.

    SERIES is an mbox with one patch, a thread or several revisions of a series (the newest is
    taken), a maildir, or files of git format-patch. The last patch is compared with the base:
    every sequence of steps is tried on both kernels in QEMU, and each difference is shown again on
    fresh boots.

    The tree is only read. Builds run in a sandbox without network and home folder. Builds need the
    extra 'review' and what `zonediff live doctor` lists.
    """
    if series == (Path(_CACHE),) or given["clear"]:
        return _show_cache(series, given)
    images = _images(series, given)
    reports = [
        ReportFile(option, form, given[parameter])
        for option, (parameter, form) in _FORMS.items()
        if given[parameter] is not None
    ]
    outputs.check([(file.option, file.path) for file in reports], _inputs(series, given))
    _check_tree(given["tree"], [file.path for file in reports], given["cache"])
    # Imported here, as building takes packages that no other command needs.
    from zonediff.review.assemble import Wanted, assemble_review

    wanted = Wanted(
        machine=MACHINES[given["machine"]],
        series=series,
        since=given["since"],
        tree=given["tree"],
        revisions=given["revisions"],
        images=images,
        fragments=given["fragments"],
        alphabet=given["alphabet"],
        claims=given["claims"],
        steps=given["steps"],
        seconds=given["seconds"],
        jobs=given["jobs"],
        every=given["every"],
        keep_going=given["keep_going"],
        unsafe=given["unsafe"],
        cache=given["cache"],
        cache_bytes=given["cache_size"] * GIB,
        command=recorded("review", _NOT_RECORDED),
    )
    result = assemble_review(wanted, bar=bar, note=note)
    write_reports(result, reports, full=given["full"])
    if not result.complete:
        return _interrupted(result)
    return exit_code.exit_code(result)


def _interrupted(result: Result) -> int:
    """Say which stages were built before an interrupt."""
    [review] = result.reviews
    built = [stage.name for stage in review.stages if stage.outcome in WITH_KERNEL]
    click.echo(f"Interrupted. Built: {', '.join(built) or 'nothing'}.", err=True)
    return INTERRUPTED


def _images(series: Sequence[Path], given: Mapping[str, Any]) -> tuple[Path, Path] | None:
    """Return the images to compare, if the options name two. Raises click.UsageError."""
    base, patched = given["base"], given["patched"]
    if (base is None) != (patched is None):
        raise click.UsageError("--base and --patched belong together")
    sources = [bool(series), given["revisions"] is not None, base is not None]
    if sum(sources) != 1:
        raise click.UsageError(
            "name one series: files of mails, --range A..B, or --base and --patched"
        )
    if base is None and given["tree"] is None:
        raise click.UsageError("name the kernel sources with --tree DIR")
    if given["since"] and not series:
        raise click.UsageError("--since goes with the mails of a series")
    if base is None:
        return None
    for option in ("tree", "fragments", "every", "keep_going", "unsafe"):
        if given[option]:
            raise click.UsageError("--base and --patched are images: nothing is built of a tree")
    return base, patched


def _inputs(series: Sequence[Path], given: Mapping[str, Any]) -> list[Path]:
    """The files that the command reads; those of the tree are looked at by _check_tree()."""
    single = [given[name] for name in ("base", "patched", "alphabet")]
    many = [*series, *given["since"], *given["fragments"], *given["claims"]]
    return [*many, *(path for path in single if path is not None)]


def _check_tree(tree: Path | None, written: Sequence[Path], cache: Path | None) -> None:
    """Refuse to write to files of the tree. Raises click.BadParameter."""
    if tree is None:
        return
    root = Path(os.path.realpath(tree))
    kept = Path(os.path.realpath(cache or default_cache()))
    if kept.is_relative_to(root) or root.is_relative_to(kept):
        raise click.BadParameter(
            f"{kept} and the tree lie in each other: name another folder", param_hint="--cache"
        )
    for path in written:
        place = Path(os.path.realpath(path))
        ours = place.parent == root and place.suffix in _WRITTEN_BEFORE
        if place.is_relative_to(root) and place.exists() and not ours:
            raise click.BadParameter(f"{path} is a file of the tree, which is only read")


def _show_cache(series: Sequence[Path], given: Mapping[str, Any]) -> int:
    """Print the entries of the cache, or empty it."""
    if series != (Path(_CACHE),):
        raise click.UsageError("--clear goes with `zonediff review cache`")
    cache = BuildCache(given["cache"] or default_cache(), given["cache_size"] * GIB)
    if given["clear"]:
        click.echo(f"{cache.folder}: removed {_size(cache.clear())}")
        return 0
    entries = cache.entries()
    for entry in entries:
        click.echo(f"{_size(entry.bytes):>10}  {entry.path.relative_to(cache.folder)}")
    total = sum(entry.bytes for entry in entries)
    click.echo(f"{cache.folder}: {_size(total)} of at most {_size(cache.limit)}")
    return 0


def _size(number: int) -> str:
    return f"{number / GIB:.2f} GiB"
