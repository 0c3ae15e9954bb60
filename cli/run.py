"""`zonediff run`: the main job, from scenarios and variants to a verdict and reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from zonediff.cli import completion, options, outputs
from zonediff.cli.command_line import recorded
from zonediff.cli.group import EXIT_CODES, INTERRUPTED
from zonediff.cli.progress import bar
from zonediff.compare.assemble import Wanted, assemble
from zonediff.reports import formats
from zonediff.result import exit_code
from zonediff.result.known_file import known_text, load_known, outcomes
from zonediff.result.result import Result
from zonediff.result.series import LineUp
from zonediff.result.writing import write_files
from zonediff.variants.places import without_folders
from zonediff.variants.registry import Registry

_OUTPUTS: Final = {
    "-o": ("output", "json"),
    "--html": ("html", "html"),
    "--mail": ("mail", "mail"),
}
"""The options for the most common forms: each option's parameter and form. --report has all."""

_NOT_RECORDED: Final = (
    "output",
    "html",
    "mail",
    "reports",
    "full",
    "known",
    "write_known",
    "store",
    "jobs",
    "scheduler",
)
"""Parameters that do not change the result: where it goes, and who does the work."""

_file = click.Path(path_type=Path)


def _reports(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> list[tuple[str, Path]]:
    """Each `FORM=FILE` as the name of a form and the file to write."""
    wanted = []
    for value in values:
        form, _, file = value.partition("=")
        if not file or form not in formats.FORMATS:
            forms = ", ".join(formats.FORMATS)
            raise click.BadParameter(f"{value!r} is not FORM=FILE with one of the forms {forms}")
        wanted.append((form, Path(file)))
    return wanted


@click.command(epilog=EXIT_CODES)
@options.scenarios
@click.option(
    "--variants",
    shell_complete=completion.variant_list,
    metavar="NAME,...",
    help="Run these variants. Default: the thread's and those of variant files.",
)
@options.variant_files
@options.baseline
@options.corpus
@click.option("-o", "--output", type=_file, metavar="FILE", help="Write the result as JSON.")
@click.option("--html", type=_file, metavar="FILE", help="Write the report as HTML.")
@click.option("--mail", type=_file, metavar="FILE", help="Write the report as a plain-text mail.")
@options.known
@click.option(
    "--write-known",
    type=_file,
    metavar="FILE.yaml",
    help="Write the regressions and failures of this run as known outcomes.",
)
@click.option("--full", is_flag=True, help="Write the mail in full; it is short otherwise.")
@click.option(
    "--report",
    "reports",
    shell_complete=completion.forms,
    multiple=True,
    callback=_reports,
    metavar="FORM=FILE",
    help="Write a report in any form (zonediff report --format). Repeatable.",
)
@click.option(
    "--explore",
    is_flag=True,
    help="Also explore each pair of variants on small machines.",
)
@click.option(
    "--series",
    multiple=True,
    metavar="VARIANT=SERIES",
    help="Show the patches that a variant models. Repeatable.",
)
@options.store
@options.jobs
@options.scheduler
@options.seed
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Run timed scenarios with N seeds, the first of them S.",
)
def command(scenarios: tuple[str, ...], variant_files: tuple[Path, ...], **given: Any) -> int:
    """Run scenarios on variants and compare the outcomes.

    SCENARIO is an id, a folder or a glob pattern of the corpus ('knob/*'), or a file or folder on
    disk. Without any, the whole corpus is run.

    SERIES is a file of mails, A..B of the current folder's git repository, or PATH@A..B.

    All files are written at the end; after an error, no file is changed.
    """
    files = _files(given)
    store: Path | None = given["store"]
    outputs.check(
        [
            ("--store", store),
            ("--write-known", given["write_known"]),
            *((option, path) for option, _, path in files),
        ],
        [
            *variant_files,
            *options.scenario_inputs(scenarios, given["corpus"]),
            *(path for path in [given["known"]] if path not in (None, given["write_known"])),
            *options.image_inputs(given["variants"], given["baseline"]),
            *(Path(text.partition("=")[2]) for text in given["series"]),
        ],
    )
    known = load_known(given["known"]) if given["known"] is not None else []
    wanted = _wanted(scenarios, variant_files, for_report=bool(files), given=given)
    with (
        options.opened(store) as opened,
        options.pool(wanted.registry, given["jobs"], given["scheduler"]) as pool,
    ):
        assembled = assemble(wanted, pool=pool, store=opened, bar=bar)
    result, missing = replace(assembled.result, known=known), assembled.missing
    for warning in assembled.warnings:
        click.echo(warning, err=True)
    _write(result, files, given)
    if missing:
        click.echo(f"Interrupted: without {', '.join(missing)}.", err=True)
    elif store is not None and not result.complete:
        click.echo(f"Interrupted; {options.kept(store)}.", err=True)
    return exit_code.exit_code(result) if result.complete and not missing else INTERRUPTED


_File = tuple[str, str, Path]
"""The option that asks for a file, the name of its form, and the file."""


def _files(given: Mapping[str, Any]) -> list[_File]:
    """The files to write."""
    files = [
        (option, form, given[parameter])
        for option, (parameter, form) in _OUTPUTS.items()
        if given[parameter] is not None
    ]
    return files + [(f"--report {form}={path}", form, path) for form, path in given["reports"]]


def _wanted(
    scenarios: Sequence[str],
    variant_files: Sequence[Path],
    *,
    for_report: bool,
    given: Mapping[str, Any],
) -> Wanted:
    """The result that the options ask for."""
    corpus: Path | None = given["corpus"]
    registry = options.registry(variant_files)
    series = [_series(text, given["baseline"], registry) for text in given["series"]]
    variants = options.variant_names(given["variants"], registry)
    inputs = [("variant file", path) for path in variant_files]
    return Wanted(
        scenarios=options.load_scenarios(scenarios, corpus),
        variants=variants,
        registry=registry,
        baseline=given["baseline"],
        whole_corpus=not scenarios and corpus is None,
        judge_claims=corpus is None,
        for_report=for_report,
        explore=given["explore"],
        seed=given["seed"],
        seeds=given["seeds"],
        series=series,
        inputs=inputs if corpus is None else [*inputs, ("corpus", corpus)],
        command=recorded("run", _NOT_RECORDED, _recorded),
    )


def _write(result: Result, files: Sequence[_File], given: Mapping[str, Any]) -> None:
    """Write the files, all of them after the last one is rendered, and print the summary."""
    texts = {path: formats.render(result, form, full=given["full"]) for _, form, path in files}
    for _, form, path in files:
        if form == "mail":
            outputs.warn_of_size(texts[path], path)
    if given["write_known"] is not None and result.complete:
        texts[given["write_known"]] = known_text(outcomes(result))
    write_files(texts)
    click.echo(formats.render(result, "text"), nl=False)
    if texts:
        click.echo()
    for path in texts:
        click.echo(f"wrote {path}")


def _series(text: str, baseline: str, registry: Registry) -> LineUp:
    """The series of an option. Raises click.BadParameter when it is not `VARIANT=SERIES`."""
    variant, equals, source = text.partition("=")
    if not (variant and equals and source):
        raise click.BadParameter(
            f"{text!r}: expected VARIANT=FILE or VARIANT=PATH@A..B", param_hint="--series"
        )
    # Imported here, as reading patches takes a library that few runs need.
    from zonediff.compare.series.source import read_series

    return read_series(source, variant, baseline, registry)


def _recorded(name: str, value: str) -> str:
    """A value of an option as the result records it."""
    before, path = "", value
    if name == "series":
        variant, equals, path = path.partition("=")
        before = variant + equals
    path, at, revisions = path.partition("@")
    return before + without_folders(path) + at + revisions
