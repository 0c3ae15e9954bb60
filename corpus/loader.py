"""Finds and reads scenario files, and reports all mistakes in all of them at once."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zonediff.corpus.checks.amount import amounts
from zonediff.corpus.checks.scenario import check
from zonediff.corpus.draft import draft
from zonediff.corpus.families import Member, members
from zonediff.corpus.forms import content_hash
from zonediff.corpus.positions import read_document
from zonediff.corpus.problems import Mistake, Problem, ScenarioError, as_text, closest
from zonediff.corpus.scenario import SURVIVES, Scenario
from zonediff.corpus.schema import Misshapen
from zonediff.engine.bounds import ACTS

SHIPPED: Final = Path(__file__).parent / "scenarios"
"""The folder of the corpus that comes with the package."""

_SUFFIXES: Final = (".yaml", ".yml")

_GLOB: Final = frozenset("*?")
"""Characters that make a name a pattern. Brackets hold the values of a family's member."""


@dataclass(slots=True)
class _Source:
    """A file to read.

    id: of its scenarios, without the values of a member. file: the name of the file in results.
    members: the ids of the members to load; None for all.
    """

    path: Path
    id: str
    file: str
    members: set[str] | None = None


def load(paths: Iterable[str | Path] = (), root: Path = SHIPPED) -> list[Scenario]:
    """Load the scenarios that these paths name, or all below `root` without paths, sorted by id.

    A path is a file or folder on disk, or names scenarios below `root`: an id (`numa/two-nodes` for
    all members of a family, or `knob/kvm[knob=online]`), a folder (`ordering`) or a glob pattern
    (`*/hyperv-*`). A file of a family may be followed by the values of one member
    (`mine.yaml[size=1G]`). The id of a file below `root` is its path from there; of another file,
    its path below the given folder, or its bare name.

    Raises ScenarioError with every problem of every file.
    """
    problems: list[Problem] = []
    sources: dict[Path, _Source] = {}
    for path in list(paths) or [root]:
        try:
            for source in _find(path, root):
                known = sources.setdefault(source.path, source)
                if known.members is None or source.members is None:
                    known.members = None
                else:
                    known.members |= source.members
        except (OSError, ValueError) as error:
            problems.append(Problem(str(path), 0, 0, "", _reason(error)))
        except ScenarioError as error:
            problems += error.problems
    scenarios: dict[str, Scenario] = {}
    for source in sources.values():
        try:
            loaded = read(source.path, source.id, source.file)
        except ScenarioError as error:
            problems += error.problems
            continue
        ids = [scenario.id for scenario in loaded]
        for missing in sorted((source.members or set()) - set(ids)):
            message = f"no such member{_suggestion(missing, ids)}"
            problems.append(Problem(missing, 0, 0, "", message))
        for scenario in loaded:
            if source.members is not None and scenario.id not in source.members:
                continue
            if scenario.id in scenarios:
                message = f"the id {scenario.id!r} already belongs to {scenarios[scenario.id].file}"
                problems.append(Problem(_shown(source.path), 1, 1, "", message))
            scenarios[scenario.id] = scenario
    if problems:
        raise ScenarioError(problems)
    return [scenarios[key] for key in sorted(scenarios)]


def files(paths: Iterable[str | Path] = (), root: Path = SHIPPED) -> list[Path]:
    """Return the files that load() reads for these paths; none for paths that it refuses."""
    paths_read: list[Path] = []
    for path in list(paths) or [root]:
        with suppress(OSError, ValueError, ScenarioError):
            paths_read += [source.path for source in _find(path, root)]
    return paths_read


def read(path: Path, name: str, file: str = "") -> list[Scenario]:
    """Read the scenario in a file, or all members of a family.

    name: their id without values. file: the name of the file in results; by default its path.
    Raises ScenarioError with every problem of the file.
    """
    shown = _shown(path)
    document = read_document(path, shown)
    data = document.value
    if not isinstance(data, dict):
        message = "expected a mapping with title, why, machine, steps and goals"
        raise ScenarioError([*document.problems, document.locate(Mistake((), message))])
    family, mistakes = members(data)
    scenarios: list[Scenario] = []
    suffixes: dict[Mistake, list[str]] = {}
    for member in family:
        try:
            scenarios.append(_build(member, name, file or shown, path))
        except Misshapen as error:
            for mistake in dict.fromkeys(error.mistakes):
                suffixes.setdefault(mistake, []).append(member.suffix)
    total = sum(sum(amounts(item.machine, item.steps)) for item in scenarios)
    if len(scenarios) > 1 and total > ACTS and not suffixes:
        message = f"all scenarios together concern {total} memory blocks, each counted once a step"
        mistakes.append(Mistake(("with",), f"{message}; expected at most {ACTS}", True))
    for mistake, affected in suffixes.items():
        # A mistake in only some members is reported with the first of them.
        where = "" if len(affected) == len(family) else f", in {affected[0]}"
        mistakes.append(mistake._replace(message=mistake.message + where))
    if document.problems or mistakes:
        raise ScenarioError([*document.problems, *document.locate_all(mistakes)])
    return scenarios


def locate(scenario: Scenario, mistakes: Iterable[Mistake]) -> list[Problem]:
    """Find the places in its file of mistakes that only a run of the scenario shows.

    Raises ScenarioError if the file can no longer be read.
    """
    path = Path(scenario.path)
    shown = _shown(path)
    return [*read_document(path, shown).locate_all(mistakes)]


def _build(member: Member, name: str, file: str, path: Path) -> Scenario:
    """Build the scenario of one member. Raises Misshapen with every mistake in it."""
    parts, mistakes = draft(member.data)
    mistakes += check(parts)
    if mistakes or parts.machine is None:
        raise Misshapen(*mistakes)
    steps = tuple(step for step in parts.steps if step is not None)
    goals = (*(goal for goal in parts.goals if goal is not None), SURVIVES)
    return Scenario(
        id=name + member.suffix,
        title=(parts.title or "").strip(),
        why=(parts.why or "").strip(),
        machine=parts.machine,
        steps=steps,
        goals=goals,
        claims=tuple(claim for claim in parts.claims if claim is not None),
        file=file,
        path=str(path),
        hash=content_hash(parts.machine, steps, goals),
        parameters=member.parameters,
    )


def _find(path: str | Path, root: Path) -> list[_Source]:
    """Return the files that a path names. Raises ScenarioError if there are none."""
    place = Path(path).resolve()
    root = root.resolve()
    if place.is_dir():
        if sources := _sources_below(place, root):
            return sources
        raise _error(path, f"no scenario files (*{_SUFFIXES[0]}) in this folder")
    if place.suffix == ".py":
        raise _error(
            path, f"not a scenario: give a Python file of variants as --variant-file {path}"
        )
    if place.exists():
        return [_file(path, root)]
    file, values = split_member(str(path))
    if file.endswith(_SUFFIXES):
        if not Path(file).is_file():
            raise _error(path, "no such file")
        source = _file(file, root)
        source.members = {source.id + values}
        return [source]
    return _named(str(path).rstrip("/"), _sources_below(root, root))


def split_member(name: str) -> tuple[str, str]:
    """Split the values of a family's member from a name: `("mine.yaml", "[size=1G]")`."""
    stem, bracket, values = name.partition("[")
    return (stem, bracket + values) if values.endswith("]") else (name, "")


def ids_below(root: Path = SHIPPED) -> list[str]:
    """Return the id of each file below a folder, without reading it: families without values."""
    return [source.id for source in _sources_below(root.resolve(), root.resolve())]


def _named(name: str, corpus: list[_Source]) -> list[_Source]:
    """Return the files of the corpus that an id, a folder or a pattern names."""
    family = split_member(name)[0]
    if sources := [source for source in corpus if source.id == family]:
        for source in sources:
            source.members = None if family == name else {name}
        return sources
    patterns = (name, f"{name}/*")
    sources = [item for item in corpus if any(fnmatch.fnmatchcase(item.id, p) for p in patterns)]
    if not sources:
        close = _nearest(name, [item.id for item in corpus])
        raise _error(name, f"no such file, folder or scenario{close}")
    return sources


def _nearest(name: str, ids: list[str]) -> str:
    """Suggest what a name of no scenario may stand for; for a pattern, a pattern that matches."""
    folders = sorted({folder for id in ids if (folder := id.rpartition("/")[0])})
    if not _GLOB & {*name}:
        return _suggestion(name, [*ids, *folders])
    last = name.rpartition("/")[2]
    patterns = [f"{folder}/{last}" for folder in folders]
    matching = [pattern for pattern in patterns if fnmatch.filter(ids, pattern)]
    return _suggestion(name, matching) or _suggestion(name.replace("*", ""), [*ids, *folders])


def _sources_below(folder: Path, root: Path) -> list[_Source]:
    """Return the scenario files below a folder, without hidden ones."""
    return [
        _source(file, root if file.is_relative_to(root) else folder)
        for file in sorted(folder.rglob("*"))
        if file.suffix in _SUFFIXES
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    ]


def _file(path: str | Path, root: Path) -> _Source:
    """Return the source of a file on disk."""
    place = Path(path).resolve()
    if place.is_relative_to(root):
        return _source(place, root)
    # A result names a file as the user does, but no folder outside the current one.
    named = not Path(path).is_absolute() and place.is_relative_to(Path.cwd())
    return _Source(place, as_text(place.stem), _shown(place) if named else as_text(place.name))


def _source(file: Path, base: Path) -> _Source:
    place = file.relative_to(base)
    return _Source(file, as_text(place.with_suffix("").as_posix()), as_text(place.as_posix()))


def _error(path: str | Path, message: str) -> ScenarioError:
    return ScenarioError([Problem(str(path), 0, 0, "", message)])


def _reason(error: OSError | ValueError) -> str:
    return str(getattr(error, "strerror", None) or error).lower()


def _suggestion(word: str, known: Iterable[str]) -> str:
    close = closest(word, known)
    return f"; did you mean {close!r}?" if close else ""


def _shown(path: Path) -> str:
    """Return the path, relative to the current folder if it is below it."""
    current_folder = Path.cwd()
    return as_text(
        str(path.relative_to(current_folder) if path.is_relative_to(current_folder) else path)
    )
