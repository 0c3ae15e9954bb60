"""How many kernel mutants `zonediff review` finds, with how many steps, and in what time.

    python -m benchmarks.review --tree linux-source-7.2 --seeds 1-20 -o outcomes.jsonl

Each mutant changes one token of Linux (benchmarks/kernel_mutants.py). It is built from the objects
of the base, and its kernel is compared with the base's as a review does. The output has a line of
JSON for each seed; a second run goes on where the first ended. docs/review-mutants.md has the
figures.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.kernel_mutants import FILES, Mutant, mutant
from benchmarks.measure import table
from zonediff.live.agent import AgentFailed
from zonediff.live.host import Host, find_host
from zonediff.live.virtual_machine import QemuFailed
from zonediff.result.reviews import BOOT, Stage, StageComparison
from zonediff.review.build_cache import BuildCache, default_cache
from zonediff.review.builder import Builder, Built, open_builder
from zonediff.review.configuration import configuration
from zonediff.review.explore import compare_stages
from zonediff.review.limits import Limits
from zonediff.review.machines import MACHINES, ReviewMachine
from zonediff.review.sandbox import choose_sandbox
from zonediff.review.sources import SourceFile, Tree, open_tree
from zonediff.review.stage_image import StageImage

FATES: Final = ("found", "sometimes", "not found", "same code", "does not build", "failed")
"""What can become of a mutant. same code: its machine code is that of the base."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mutant. steps: of the shortest sequence, 0 for a kernel that does not boot.

    harm, verdict: of the worst cause. build, review: seconds.
    """

    seed: int
    file: str
    function: str
    line: int
    change: str
    fate: str
    verdict: str = ""
    harm: str = ""
    steps: int | None = None
    closed: bool | None = None
    build: float = 0.0
    review: float = 0.0
    says: str = ""


class Trial:
    """Builds mutants and compares them with the base."""

    def __init__(
        self, tree: Tree, builder: Builder, machine: ReviewMachine, host: Host, limits: Limits
    ) -> None:
        self.builder = builder
        self.machine = machine
        self.host = host
        self.limits = limits
        self.sources = {file: _text(tree, file) for file in FILES}
        self.base = builder.build({}, _shown("building the base"))
        if self.base.image is None:
            raise SystemExit(f"the base does not build: {self.base.problem}")

    def outcome(self, seed: int) -> Outcome:
        """Build the mutant of a seed and compare it."""
        item = mutant(seed, self.sources)
        started = time.monotonic()
        changes = {item.file: SourceFile(item.content.encode())}
        built = self.builder.build(changes, _shown(f"building {seed}"))
        took = time.monotonic() - started
        if built.image is None:
            return _outcome(item, "does not build", build=took, says=built.problem)
        if built.code and built.code == self.base.code:
            return _outcome(item, "same code", build=took)
        started = time.monotonic()
        try:
            comparison = self._compare(built)
        except (QemuFailed, AgentFailed) as error:
            return _outcome(item, "failed", build=took, says=str(error))
        return _judged(item, comparison, took, time.monotonic() - started)

    def _compare(self, built: Built) -> StageComparison:
        base, changed = (_stage(*item) for item in (("base", self.base), ("mutant", built)))
        return compare_stages(base, changed, self.machine, self.host, limits=self.limits)


def _stage(name: str, built: Built) -> StageImage:
    assert built.image is not None
    return StageImage(Stage(name, "ready"), built.image)


def _judged(item: Mutant, comparison: StageComparison, build: float, review: float) -> Outcome:
    """The outcome of a comparison: the worst cause that fresh boots always show.

    steps: the fewest steps to any of them.
    """
    sure = [cause for cause in comparison.causes if cause.verdict != "sometimes"]
    causes = sorted(sure or comparison.causes, key=lambda cause: cause.rank)
    if not causes:
        return _outcome(item, "not found", closed=comparison.closed, build=build, review=review)
    steps = min(sum(step.command != BOOT for step in cause.steps) for cause in causes)
    return _outcome(
        item,
        "found" if sure else "sometimes",
        verdict=causes[0].verdict,
        harm=causes[0].harm,
        steps=steps,
        closed=comparison.closed,
        build=build,
        review=review,
        says=causes[0].says,
    )


def _outcome(item: Mutant, fate: str, **more: Any) -> Outcome:
    return Outcome(item.seed, item.file, item.function, item.line, item.change, fate, **more)


def _text(tree: Tree, file: str) -> str:
    source = tree.read(file)
    if source is None:
        raise SystemExit(f"the tree has no {file}")
    return source.content.decode()


def _shown(what: str) -> Callable[[int, int], None]:
    """Progress on a terminal."""

    def show(done: int, total: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{what}: {done} of {total} files ", end="", file=sys.stderr)

    return show


def _seeds(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def _done(path: Path) -> Iterator[Outcome]:
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            yield Outcome(**json.loads(line))


def summary(outcomes: Sequence[Outcome]) -> None:
    """Print a row for each mutant, and the share that was found."""
    rows = [
        [o.seed, o.file, o.function, o.change, o.fate, o.harm, o.steps, o.build, o.review]
        for o in outcomes
    ]
    heads = ("seed", "file", "function", "change", "fate", "harm", "steps", "s build", "s review")
    table("review", f"{len(outcomes)} mutants", heads, rows)
    numbers = {fate: sum(o.fate == fate for o in outcomes) for fate in FATES}
    print(", ".join(f"{number} {fate}" for fate, number in numbers.items() if number))
    compared = numbers["found"] + numbers["sometimes"] + numbers["not found"]
    if compared:
        print(f"found: {numbers['found']} of {compared} that differ in code and were compared")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.review", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--tree", type=Path, required=True, help="kernel sources")
    parser.add_argument("--seeds", type=_seeds, default=range(1, 21), help="A-B (1-20)")
    parser.add_argument("--machine", choices=[*MACHINES], default="dax")
    parser.add_argument("--seconds", type=float, default=60.0, help="of exploring, each (60)")
    parser.add_argument("--boots", type=int, default=3, help="fresh boots for each difference (3)")
    parser.add_argument("--cache", type=Path, default=None, help="folder of builds")
    parser.add_argument("--jobs", type=int, default=None, help="compilers at once")
    parser.add_argument("-o", "--output", type=Path, required=True, help="a line for each mutant")
    given = parser.parse_args()
    outcomes = {outcome.seed: outcome for outcome in _done(given.output)}
    cache = BuildCache((given.cache or default_cache()).absolute())
    machine = MACHINES[given.machine]
    tree = open_tree(given.tree, cache.sources)
    with open_builder(
        tree,
        configuration(("hotplug", "dax")),
        sandbox=choose_sandbox(unsafe=False),
        cache=cache,
        line="mutants",
        jobs=given.jobs,
    ) as builder:
        limits = Limits(seconds=given.seconds, boots=given.boots)
        trial = Trial(tree, builder, machine, find_host(), limits)
        for seed in given.seeds:
            if seed not in outcomes:
                outcomes[seed] = trial.outcome(seed)
                with given.output.open("a", encoding="utf-8") as file:
                    print(json.dumps(asdict(outcomes[seed])), file=file)
    summary([outcomes[seed] for seed in given.seeds])


if __name__ == "__main__":
    main()
