"""`zonediff run`: the main job, from scenarios and variants to a verdict and reports."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import click
from click.core import ParameterSource

from zonediff.cli import options, outputs
from zonediff.cli.group import EXIT_CODES, INTERRUPTED
from zonediff.cli.progress import bar
from zonediff.compare.claims.ledger import judge_claims
from zonediff.compare.history import history
from zonediff.compare.provenance import sources, versions
from zonediff.compare.run import run
from zonediff.compare.sweep import plan
from zonediff.compare.sweep.frontier import frontiers
from zonediff.compare.sweep.work import SweepError
from zonediff.compare.validate import evidence
from zonediff.corpus.claim_files import load_claims
from zonediff.corpus.recording import SHIPPED, files_of
from zonediff.corpus.scenario import Scenario
from zonediff.reports import formats
from zonediff.result import exit_code as verdict
from zonediff.result.files import write_text
from zonediff.result.result import Evidence, Result
from zonediff.result.series import LineUp
from zonediff.variants.registry import LIVE, Registry
from zonediff.work.pool import WorkerPool
from zonediff.work.store import Store

_OUTPUTS: Final = {"-o": "json", "--html": "html", "--mail": "mail"}
"""The options for the forms that everyone wants; --report is for all of them."""

_HOW: Final = ("output", "html", "mail", "reports", "store", "jobs", "scheduler")
"""Parameters that decide where the outcome goes and who works for it, but not what it is."""

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
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@click.option(
    "--variants",
    metavar="NAME,...",
    help="The variants to run. Default: those of the thread and of the variant files.",
)
@options.variant_files
@options.baseline
@options.corpus
@click.option("-o", "--output", type=_file, metavar="FILE", help="Write the result as JSON.")
@click.option("--html", type=_file, metavar="FILE", help="Write the report as HTML.")
@click.option("--mail", type=_file, metavar="FILE", help="Write the report as a plain-text mail.")
@click.option(
    "--report",
    "reports",
    multiple=True,
    callback=_reports,
    metavar="FORM=FILE",
    help="Write the report in any form: junit=out.xml, markdown=out.md, ktap=..., csv=... "
    "(zonediff report --format lists them). Can be given several times.",
)
@click.option(
    "--explore",
    is_flag=True,
    help="Also compare each two variants over all sequences of steps on small machines.",
)
@click.option(
    "--series",
    multiple=True,
    metavar="VARIANT=SERIES",
    help="Show in the reports which patches a variant models: SERIES is a file of mails, or A..B "
    "or PATH@A..B of a git repository. Can be given several times.",
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
    help="Run timed scenarios with N seeds, from S on, and say how often each goal is met.",
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
    reports: Sequence[tuple[str, Path]],
    explore: bool,
    series: tuple[str, ...],
    store: Path | None,
    jobs: int,
    scheduler: str | None,
    seed: int,
    seeds: int,
) -> int:
    """Run scenarios on variants and compare what comes out.

    SCENARIO is an id, a folder or a glob pattern of the corpus ('knob/*'), or a file or folder on
    disk. Without any the whole corpus is run.

    The files are written when everything is done; after a mistake none is touched.
    """
    short = dict(zip(_OUTPUTS, (output, html, mail), strict=True))
    wanted = [(option, _OUTPUTS[option], path) for option, path in short.items() if path]
    wanted += [(f"--report {form}={path}", form, path) for form, path in reports]
    outputs.check(
        {"--store": store, **{option: path for option, _, path in wanted}},
        [*variant_files, *map(Path, scenarios)],
    )
    registry = Registry(variant_files)
    patches = [_series(text, baseline, registry) for text in series]
    names = options.variant_names(variants, registry)
    found = options.load_scenarios(scenarios, corpus)
    whole = not scenarios and corpus is None
    with options.opened(store) as keeper, options.pool(registry, jobs, scheduler) as pool:
        with bar("running", "runs") as progress:
            result = run(
                found,
                names,
                baseline=baseline,
                registry=registry,
                pool=pool,
                store=keeper,
                whole=whole,
                evidence=_evidence([baseline, *names], registry) if wanted else {},
                seed=seed,
                seeds=seeds,
                progress=progress,
            )
        beside: dict[str, Callable[[Result], Result]] = {}
        if wanted:
            result = dataclasses.replace(
                result,
                sources=sources(_given(variant_files, corpus)),
                command=_command(),
                versions=versions(),
                series=patches,
            )
            if corpus is None:
                beside["claims"] = lambda done: _judged(done, registry)
            if whole and result.complete:
                beside["frontiers"] = lambda done: _bounded(done, registry, pool)
                beside["history"] = lambda done: _told(done, found, registry, pool, keeper)
        if explore and result.complete:
            beside["explorations"] = lambda done: _explored(done, [baseline, *names], registry)
        result, missing = _completed(result, beside)
    texts = {path: formats.render(result, form) for _, form, path in wanted}
    for path, text in texts.items():
        write_text(path, text)
    click.echo(formats.render(result, "text"), nl=False)
    if texts:
        click.echo()
    for path in texts:
        click.echo(f"wrote {path}")
    if missing:
        click.echo(f"Interrupted: without {', '.join(missing)}.", err=True)
    elif store is not None and not result.complete:
        click.echo(f"Interrupted; {options.kept(store)}.", err=True)
    return verdict.exit_code(result) if result.complete and not missing else INTERRUPTED


def _completed(
    result: Result, beside: Mapping[str, Callable[[Result], Result]]
) -> tuple[Result, list[str]]:
    """The result with what is computed beside the runs, and what a Ctrl-C has kept from it."""
    names = list(beside)
    for number, add in enumerate(beside.values()):
        try:
            result = add(result)
        except KeyboardInterrupt:
            return result, names[number:]
    return result, []


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


def _command() -> str:
    """The command line in its long form: what was given and decides the outcome.

    Files elsewhere are told by their names, so that a result is the same wherever it is made.
    """
    context = click.get_current_context()
    words = ["zonediff", "run"]
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if not given or name in _HOW:
            continue
        value = context.params[name]
        values = value if isinstance(value, tuple) else (value,)
        option = [] if isinstance(parameter, click.Argument) else [parameter.opts[-1]]
        for item in values:
            text = Path(item).name if Path(str(item)).is_absolute() else str(item)
            words += option if item is True else [*option, text]
    return shlex.join(words)


def _given(variant_files: Sequence[Path], corpus: Path | None) -> list[tuple[str, Path]]:
    """The user's own files and folders that the result was made from."""
    given = [("variant file", path) for path in variant_files]
    return given if corpus is None else [*given, ("corpus", corpus)]


def _evidence(names: Sequence[str], registry: Registry) -> dict[str, list[Evidence]]:
    """What the recordings that come with zonediff say about these variants."""
    files = files_of([SHIPPED])
    models = [name for name in dict.fromkeys(names) if not name.startswith(LIVE)]
    return {name: evidence(registry.model(name).policy, files) for name in models}


def _judged(result: Result, registry: Registry) -> Result:
    """With the claims of the discussion."""
    return dataclasses.replace(result, claims=judge_claims(load_claims(), result, registry))


def _explored(result: Result, names: Sequence[str], registry: Registry) -> Result:
    """With each two models on the standard small machines; a real kernel cannot be explored."""
    # Imported here, as numpy takes its time.
    from zonediff.explore.matrix import matrix
    from zonediff.explore.portrait import portraits

    models = [name for name in dict.fromkeys(names) if not name.startswith(LIVE)]
    policies = [registry.model(name).policy for name in models]
    with bar("exploring", "systems") as progress:
        explorations = matrix(policies, progress=progress)
    return dataclasses.replace(result, explorations=explorations, portraits=portraits(policies))


def _bounded(result: Result, registry: Registry, pool: WorkerPool) -> Result:
    """With what machines survive, on every variant that is a model and did not fail anyway."""
    failed = {run.variant for run in result.runs if run.status == "error"}
    names = [info.name for info in result.variants if info.name not in failed]
    models = tuple(name for name in names if not name.startswith(LIVE))
    sweep = dataclasses.replace(plan.load(plan.find("glance"), registry), variants=models)
    try:
        with bar("sweeping", "points") as progress:
            found = frontiers(sweep, registry, pool=pool, progress=progress)
        return dataclasses.replace(result, frontiers=found)
    except SweepError as error:
        click.echo(f"No frontiers in the report: {error}", err=True)
        return result


def _told(
    result: Result,
    scenarios: Sequence[Scenario],
    registry: Registry,
    pool: WorkerPool,
    store: Store | None,
) -> Result:
    """With how the scenarios fare on one kernel release after the other."""
    with bar("running releases", "runs") as progress:
        told = history(
            scenarios,
            load_claims(),
            registry,
            known=result,
            pool=pool,
            store=store,
            progress=progress,
        )
    return dataclasses.replace(result, history=told)
