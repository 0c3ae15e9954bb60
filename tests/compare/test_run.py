from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from zonediff.compare.run import run
from zonediff.corpus.scenario import SURVIVES, BlocksGoal, Goal, Scenario, ScenarioStep
from zonediff.engine.machine import Dimm, Machine
from zonediff.engine.steps import Blocks, HypervAdd, Online, Step, Unplug, Write
from zonediff.engine.units import GIB, Bytes
from zonediff.result import files as result_files
from zonediff.result.judgements import Run
from zonediff.result.result import Result
from zonediff.variants.registry import COMPARED, Registry, VariantError
from zonediff.work.open_pool import open_pool

MACHINE = Machine(dimms=(Dimm("dimm1", Bytes(GIB)),))
BLOCK = BlocksGoal(Blocks("32"), state="online", zone="Movable")


def scenario(name: str, *steps: Step) -> Scenario:
    goals = (Goal("block 32 is movable", BLOCK), SURVIVES)
    return Scenario(
        name, name, "", MACHINE, tuple(map(ScenarioStep, steps)), goals, hash=name.ljust(64, "0")
    )


FIRST = scenario("order/first", Write("memory32/state", "online_movable"))
LAST = scenario("order/last", Online(Blocks("dimm1"), "online_movable", "last-to-first"))
BALLOON = scenario("drivers/hyperv", HypervAdd("hv", Bytes(GIB)))
UNPLUG = scenario("order/unplug", Unplug("dimm1"))
ALL = [FIRST, LAST, BALLOON, UNPLUG]

BAD = '''
"""Variants that do not do what they should."""

import os
import signal
import sys

from zonediff.variants.upstream import Upstream


class Raises(Upstream):
    """Raises an exception of its own when a block is onlined."""

    name = "raises"
    origin = "a test"

    def zone_to_online(self, kernel, block, online_type):
        raise LookupError("no idea which zone")


class Leaves(Upstream):
    """Asks Python to end when a block is onlined."""

    name = "leaves"
    origin = "a test"

    def zone_to_online(self, kernel, block, online_type):
        sys.exit("enough")


class Dies(Upstream):
    """Takes its process with it when a block is onlined."""

    name = "dies"
    origin = "a test"

    def zone_to_online(self, kernel, block, online_type):
        os.kill(os.getpid(), signal.SIGKILL)


class Exits(Upstream):
    """Ends its process without Python's knowledge when a block is onlined."""

    name = "exits"
    origin = "a test"

    def zone_to_online(self, kernel, block, online_type):
        os._exit(0)


class Stops(Upstream):
    """Is interrupted when a block is onlined."""

    name = "stops"
    origin = "a test"

    def zone_to_online(self, kernel, block, online_type):
        raise KeyboardInterrupt


class Hangs(Upstream):
    """Never comes back when a block is onlined; says so once in a file."""

    name = "hangs"
    origin = "a test"

    def zone_to_online(self, kernel, block, online_type):
        open(os.environ["HANGING"], "w").close()
        while True:
            pass
'''


@pytest.fixture
def bad(tmp_path: Path) -> Registry:
    file = tmp_path / "bad.py"
    file.write_text(BAD)
    return Registry([file])


def by_cell(result: Result) -> dict[tuple[str, str], Run]:
    return {(item.scenario, item.variant): item for item in result.runs}


def run_by(
    jobs: int, scenarios: list[Scenario], variants: Sequence[str], registry: Registry | None = None
) -> Result:
    registry = registry or Registry()
    with open_pool(registry, jobs) as pool:
        return run(scenarios, variants, registry=registry, pool=pool)


def test_the_main_case() -> None:
    result = run(ALL, ["igor-movable", "michal-split/3"])
    assert [info.name for info in result.variants] == ["upstream", "igor-movable", "michal-split/3"]
    assert [item.id for item in result.scenarios] == [item.id for item in ALL]
    assert [(item.scenario, item.variant) for item in result.runs] == [
        (item.id, info.name) for item in ALL for info in result.variants
    ]
    kinds = {(item.scenario, item.variant): item.kind for item in result.judgements}
    assert kinds["order/first", "igor-movable"] == "fix"
    assert kinds["order/first", "michal-split/3"] == "unchanged"
    assert len(kinds) == 2 * len(ALL)
    assert {item.variant for item in result.removals} == {"michal-split/3"}
    assert result.complete
    assert result.version


def test_results_carry_the_hash_of_what_was_run() -> None:
    result = run([FIRST], ["igor-movable"])
    assert {item.hash for item in result.runs} == {FIRST.hash} == {result.scenarios[0].hash}


def test_a_result_survives_being_stored() -> None:
    result = run(ALL, COMPARED)
    assert result_files.loads(result_files.dumps(result), "memory") == result


def test_the_baseline_is_always_run_and_first() -> None:
    result = run([FIRST], ["upstream", "hyperv-xen-only"], baseline="igor-movable")
    assert [info.name for info in result.variants] == [
        "igor-movable",
        "upstream",
        "hyperv-xen-only",
    ]
    assert [item.variant for item in result.judgements] == ["upstream", "hyperv-xen-only"]


def test_a_variant_named_twice_is_one_column() -> None:
    result = run([FIRST], ["igor-movable", "igor-movable", "upstream"])
    assert [info.name for info in result.variants] == ["upstream", "igor-movable"]


def test_workers_change_nothing(bad: Registry) -> None:
    variants = [*COMPARED, "raises", "leaves"]
    alone = run(ALL, variants, registry=bad)
    assert run_by(3, ALL, variants, bad) == alone
    assert run_by(8, ALL, variants, bad) == alone


def test_no_scenarios_make_an_empty_result() -> None:
    result = run_by(4, [], COMPARED)
    assert (result.runs, result.judgements, result.complete) == ([], [], True)


def test_an_unknown_variant_is_refused_before_anything_runs() -> None:
    with pytest.raises(VariantError, match="did you mean"):
        run(ALL, ["igor-moveable"], progress=lambda done, total: pytest.fail("ran"))


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(("variant", "says"), [("raises", "no idea"), ("leaves", "enough")])
def test_a_failing_subject_spoils_only_its_own_cells(
    bad: Registry, variant: str, says: str, jobs: int
) -> None:
    result = run_by(jobs, ALL, [variant, "igor-movable"], bad)
    assert result.complete
    failed = {cell for cell, item in by_cell(result).items() if item.status == "error"}
    assert failed == {("order/first", variant), ("order/last", variant)}
    error = by_cell(result)["order/first", variant].error
    assert error is not None
    assert error.startswith("Traceback (most recent call last):\n")
    assert error.endswith(f"{says}\n") or says in error.splitlines()[-1]
    assert "bad.py" in error
    assert "compare/run.py" not in error
    kinds = {(item.scenario, item.variant): item.kind for item in result.judgements}
    assert {cell for cell, kind in kinds.items() if kind == "error"} == failed


def test_a_dead_worker_is_found_and_the_rest_completed(bad: Registry) -> None:
    result = run_by(2, ALL, ["igor-movable", "dies", "hyperv-xen-only"], bad)
    assert result.complete
    runs = by_cell(result)
    failed = {cell for cell, item in runs.items() if item.status == "error"}
    assert failed == {("order/first", "dies"), ("order/last", "dies")}
    assert runs["order/first", "dies"].error == (
        "the worker process died: it was killed, or left with os._exit()\n"
    )
    others = run(ALL, ["igor-movable", "hyperv-xen-only"])
    assert {cell: runs[cell] for cell in by_cell(others)} == by_cell(others)


def test_a_variant_that_ends_its_process_behind_pythons_back_has_failed(bad: Registry) -> None:
    result = run([FIRST], ["exits"], registry=bad)
    error = by_cell(result)["order/first", "exits"].error
    assert error is not None
    assert error.endswith("SystemExit: it called os._exit(), which ends the process\n")


def test_nothing_is_judged_by_a_baseline_that_fails(bad: Registry) -> None:
    result = run([FIRST], ["igor-movable"], baseline="raises", registry=bad)
    assert [item.kind for item in result.judgements] == ["not-judged"]


def test_a_trace_of_something_else_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from zonediff.engine.trace import Trace
    from zonediff.variants.model import Model

    original = Model.run

    def lazy(self: Model, machine: Machine, steps: list[Step]) -> Trace:
        return original(self, machine, steps[:-1])

    monkeypatch.setattr(Model, "run", lazy)
    (first,) = run([FIRST], []).runs
    assert first.status == "error"
    assert first.error is not None
    assert "ValueError: the trace has 0 steps, the scenario 1" in first.error


def test_an_interrupted_run_is_judged_as_far_as_it_came(bad: Registry) -> None:
    result = run([BALLOON, UNPLUG, FIRST, LAST], ["igor-movable", "stops"], registry=bad)
    assert not result.complete
    assert len(result.runs) == 8
    assert len(result.scenarios) == 4
    assert {item.scenario for item in result.judgements} == {
        "drivers/hyperv",
        "order/unplug",
        "order/first",
    }
    assert result_files.loads(result_files.dumps(result), "memory") == result


def test_an_interrupted_run_misses_no_scenario_of_an_intent(bad: Registry) -> None:
    whole = run([FIRST], ["michal-split/1"], whole=True)
    assert {item.status for item in whole.intents} == {"missing"}
    cut = run([FIRST, LAST], ["michal-split/1", "stops"], registry=bad, whole=True)
    assert cut.intents == []


def test_progress_counts_every_cell() -> None:
    seen: list[tuple[int, int]] = []
    run(ALL, ["igor-movable"], progress=lambda done, total: seen.append((done, total)))
    assert seen == [(number, 8) for number in range(1, 9)]
    seen.clear()
    with open_pool(Registry(), 2) as pool:
        run(
            ALL,
            ["igor-movable"],
            pool=pool,
            progress=lambda done, total: seen.append((done, total)),
        )
    assert seen == [(number, 8) for number in range(1, 9)]


SCRIPT = """
import sys
from pathlib import Path

from zonediff.compare.run import run
from zonediff.work.open_pool import open_pool
from zonediff.corpus.loader import load
from zonediff.variants.registry import Registry

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    registry = Registry([folder / "bad.py"])
    with open_pool(registry, 2) as pool:
        result = run(load([folder / "one.yaml"]), ["hangs"], registry=registry, pool=pool)
    print(result.complete, [item.variant for item in result.runs])
"""


def test_ctrl_c_ends_workers_that_hang(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(BAD)
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "one.yaml").write_text(
        textwrap.dedent(
            """\
            title: one block
            why: to hang on
            machine: {nodes: [1G], dimms: [{id: dimm1, size: 1G}]}
            steps: [write: {file: memory32/state, value: online}]
            goals: [{want: success, steps: ok}]
            """
        )
    )
    flag = tmp_path / "hanging"
    process = subprocess.Popen(
        [sys.executable, tmp_path / "script.py", tmp_path],
        env={**os.environ, "HANGING": str(flag)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not flag.exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers as well
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert err == ""
    assert out in ("False []\n", "False ['upstream']\n")
    assert process.returncode == 0
