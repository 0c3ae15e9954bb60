"""`zonediff regress`: compare the outcomes of two revisions of a repository."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from zonediff.cli import completion, options, outputs
from zonediff.compare.regress.outcomes import CannotCompare, Request
from zonediff.compare.regress.revisions import compare_revisions
from zonediff.reports.formats import render_changes
from zonediff.result.changes import Regression
from zonediff.result.known_file import load_known
from zonediff.result.writing import write_files

_file = click.Path(path_type=Path)


@click.command(
    epilog="""\b
Exit codes:
  0    nothing regressed, or only known outcomes (--known)
  1    something regressed
  2    bad input or usage, a revision that cannot be run, or a variant file
       that it has not
  3    a variant that ran before now fails
  130  interrupted
"""
)
@options.scenarios
@click.option("--base", required=True, metavar="REV", help="Compare with this revision.")
@click.option(
    "--head", default="HEAD", show_default=True, metavar="REV", help="Judge this revision."
)
@click.option(
    "--repo",
    type=_file,
    default=Path(),
    metavar="PATH",
    help="Use this git repository. Default: the current folder's.",
)
@click.option(
    "--variants",
    shell_complete=completion.variant_list,
    metavar="NAME,...",
    help="Run these variants, as zonediff run does.",
)
@click.option(
    "--variant-file",
    "variant_files",
    type=_file,
    multiple=True,
    metavar="PATH.py",
    help="Load variants from this file of the repository. Repeatable.",
)
@click.option(
    "--removed",
    type=_file,
    multiple=True,
    metavar="PATH.py",
    help="Accept that --head has lost this variant file. Repeatable.",
)
@click.option(
    "--corpus", type=_file, metavar="DIR", help="Load scenarios from this folder of the repository."
)
@options.baseline
@options.known
@click.option("--markdown", type=_file, metavar="FILE", help="Write a summary as Markdown.")
@click.option("--junit", type=_file, metavar="FILE", help="Write a JUnit file, for a CI server.")
@click.option("--github", type=_file, metavar="FILE", help="Write annotations of GitHub Actions.")
def command(
    scenarios: tuple[str, ...],
    base: str,
    head: str,
    repo: Path,
    variants: str | None,
    variant_files: tuple[Path, ...],
    removed: tuple[Path, ...],
    corpus: Path | None,
    baseline: str,
    known: Path | None,
    markdown: Path | None,
    junit: Path | None,
    github: Path | None,
) -> int:
    """Compare the outcomes of two revisions of a repository.

    The repository holds zonediff's own sources, or variant files and scenarios; name those by
    their paths from its root. Both revisions are checked out into git worktrees and run there, so
    uncommitted changes do not count. The code of both is run: use only revisions that you trust.

    SCENARIO is an id, a folder or a glob pattern of the corpus.
    """
    for path in (*variant_files, *([corpus] if corpus else [])):
        if path.is_absolute() or ".." in path.parts:
            raise click.UsageError(f"{path}: give the path from the repository's root")
    reports = {"markdown": markdown, "junit": junit, "github": github}
    outputs.check(
        [(f"--{form}", path) for form, path in reports.items()],
        [_root(repo), *([known] if known else [])],
    )
    outcomes = () if known is None else tuple(load_known(known))
    request = Request(scenarios, variants, variant_files, corpus, baseline, removed, outcomes)
    try:
        regression = compare_revisions(repo, base, head, request)
    except CannotCompare as error:
        # A server that shows a report of an earlier job would hide the failure.
        _write(reports, Regression(base, head, (), (), (), (), failure=str(error)))
        raise
    _write(reports, regression)
    click.echo(render_changes(regression, "text"), nl=False)
    return regression.exit_code


def _write(reports: Mapping[str, Path | None], regression: Regression) -> None:
    """Write each form that is asked for to its file."""
    write_files(
        {
            path: render_changes(regression, form)
            for form, path in reports.items()
            if path is not None
        }
    )


def _root(repo: Path) -> Path:
    """The root of the repository at a path or around it; the path itself without one."""
    path = repo.absolute()
    return next((folder for folder in (path, *path.parents) if (folder / ".git").exists()), path)
