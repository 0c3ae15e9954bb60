"""`zonediff run`: the main job, from scenarios and variants to a verdict and reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from tqdm import tqdm

from zonediff.cli import options, outputs
from zonediff.cli.group import EXIT_CODES, INTERRUPTED
from zonediff.cli.summary import summary
from zonediff.compare import verdict
from zonediff.compare.result import Evidence
from zonediff.compare.run import Progress, run
from zonediff.compare.store import write_text
from zonediff.compare.validate import evidence, validate
from zonediff.corpus.recording import SHIPPED, files_of, read
from zonediff.reports import formats
from zonediff.variants.registry import Registry

_OUTPUTS = {"-o": "json", "--html": "html", "--mail": "mail"}

_file = click.Path(path_type=Path)


@click.command(epilog=EXIT_CODES)
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@click.option(
    "--variants",
    metavar="NAME,...",
    help="The variants to run. Default: those of the thread and of the variant files.",
)
@options.variant_files
@click.option(
    "--baseline",
    default="upstream",
    show_default=True,
    metavar="NAME",
    help="The variant that the others are judged against; it is always run.",
)
@options.corpus
@click.option("-o", "--output", type=_file, metavar="FILE", help="Write the result as JSON.")
@click.option("--html", type=_file, metavar="FILE", help="Write the report as HTML.")
@click.option("--mail", type=_file, metavar="FILE", help="Write the report as a plain-text mail.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Run in so many processes.",
)
def command(
    scenarios: tuple[str, ...],
    variants: str | None,
    variant_files: tuple[Path, ...],
    baseline: str,
    corpus: Path | None,
    output: Path | None,
    html: Path | None,
    mail: Path | None,
    jobs: int,
) -> int:
    """Run scenarios on variants and compare what comes out.

    SCENARIO is an id, a folder or a glob pattern of the corpus ('knob/*'), or a file or folder on
    disk. Without any the whole corpus is run.

    The files are written when everything is done; after a mistake none is touched.
    """
    wanted = dict(zip(_OUTPUTS, (output, html, mail), strict=True))
    outputs.check(wanted, [*variant_files, *map(Path, scenarios)])
    registry = Registry(variant_files)
    names = _names(variants) if variants is not None else registry.default_names()
    found = options.load_scenarios(scenarios, corpus)
    with _bar() as progress:
        result = run(
            found,
            names,
            baseline=baseline,
            registry=registry,
            jobs=jobs,
            whole=not scenarios and corpus is None,
            evidence=_evidence([baseline, *names], registry) if any(wanted.values()) else {},
            progress=progress,
        )
    texts = {
        path: formats.render(result, _OUTPUTS[option])
        for option, path in wanted.items()
        if path is not None
    }
    for path, text in texts.items():
        write_text(path, text)
    click.echo(summary(result), nl=False)
    if texts:
        click.echo()
    for path in texts:
        click.echo(f"wrote {path}")
    return verdict.exit_code(result) if result.complete else INTERRUPTED


def _names(text: str) -> list[str]:
    """The names of a list with commas. Raises click.BadParameter when there is none in it."""
    names = [name for part in text.split(",") if (name := part.strip())]
    if not names:
        raise click.BadParameter("name at least one variant", param_hint="--variants")
    return names


def _evidence(names: Sequence[str], registry: Registry) -> dict[str, list[Evidence]]:
    """What the recordings that come with zonediff say about these variants."""
    files = [file for file in files_of([SHIPPED]) if next(read(file)).variant in names]
    replays = validate(files, lambda name: registry.resolve(name).policy)
    return {name: evidence(name, replays) for name in names}


@contextmanager
def _bar() -> Iterator[Progress]:
    """A progress bar on standard error while it is a terminal."""
    with tqdm(desc="running", unit=" runs", leave=False, disable=None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress
