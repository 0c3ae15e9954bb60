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
from zonediff.cli.report_files import PARAMETERS, report_files, report_options, write_reports
from zonediff.compare.assemble import Wanted, assemble
from zonediff.result import exit_code
from zonediff.result.known_file import known_text, load_known, outcomes
from zonediff.result.result import Result
from zonediff.result.series import LineUp
from zonediff.variants.places import without_folders
from zonediff.variants.registry import Registry

_NOT_RECORDED: Final = (*PARAMETERS, "known", "write_known", "store", "jobs", "scheduler")
"""Parameters that do not change the result: where it goes, and who does the work."""


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
@report_options
@options.known
@click.option(
    "--write-known",
    type=click.Path(path_type=Path),
    metavar="FILE.yaml",
    help="Write the regressions and failures of this run as known outcomes.",
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
@click.option(
    "--times",
    is_flag=True,
    help="Measure the time of each run, for JUnit; results then differ each time.",
)
def command(scenarios: tuple[str, ...], variant_files: tuple[Path, ...], **given: Any) -> int:
    """Run scenarios on variants and compare the outcomes.

    SCENARIO is an id, a folder or a glob pattern of the corpus ('knob/*'), or a file or folder on
    disk. Without any, the whole corpus is run.

    SERIES is a file of mails, A..B of the current folder's git repository, or PATH@A..B.

    All files are written at the end; after an error, no file is changed.
    """
    files = report_files(given)
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
    known_outcomes = _known_outcomes(result, given["write_known"])
    write_reports(result, files, full=given["full"], other_texts=known_outcomes)
    if missing:
        click.echo(f"Interrupted: without {', '.join(missing)}.", err=True)
    elif store is not None and not result.complete:
        click.echo(f"Interrupted; {options.kept(store)}.", err=True)
    return exit_code.exit_code(result) if result.complete and not missing else INTERRUPTED


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
        measured=given["times"],
        command=recorded("run", _NOT_RECORDED, _recorded),
    )


def _known_outcomes(result: Result, path: Path | None) -> dict[Path, str]:
    """The text of the file of known outcomes; none for a run that was interrupted."""
    if path is None or not result.complete:
        return {}
    return {path: known_text(outcomes(result))}


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
    path, separator, revisions = path.partition("@")
    return before + without_folders(path) + separator + revisions
