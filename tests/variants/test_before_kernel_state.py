"""Variants written before KernelState: the same outcomes, and a warning for each old word."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from click.testing import CliRunner

from zonediff.cli.main import cli
from zonediff.engine.kernel import Kernel
from zonediff.engine.machine import Machine
from zonediff.engine.policy import Policy
from zonediff.engine.state import KernelState
from zonediff.engine.steps import Plug, Write
from zonediff.engine.units import GIB, SECTION, Bytes
from zonediff.engine.zones import Zone
from zonediff.variants.registry import Registry
from zonediff.variants.upstream import Upstream, zone_between

DATA = Path(__file__).parent / "data"
BEFORE, WITH = DATA / "before_kernel_state.py", DATA / "with_kernel_state.py"

SAME_WORDS = (
    *("block_pages", "has", "is_online", "node", "node_is", "pages", "present_pages", "span"),
    "zone",
)
NEW_WORDS = {
    **{f"kernel.memory.{word}": f"kernel.{word}" for word in SAME_WORDS},
    "kernel.memory.early": "kernel.early_pages(node)",
    "kernel.memory.initialised": "kernel.was_used(node, zone)",
}
MACHINE = Machine(nodes=(Bytes(GIB),))


def zonediff(*arguments: str | Path) -> tuple[str, str]:
    """Standard output, and standard error, of a command that gave an answer."""
    done = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert done.exit_code in (0, 1), done.output
    return done.stdout, done.stderr


def warned(stderr: str) -> dict[str, str]:
    """The old words that were reported, with the new ones; their lines are right."""
    words = {}
    for line in stderr.splitlines():
        if line.startswith("Deprecated: "):
            message, _, place = line.removeprefix("Deprecated: ").rpartition(" (")
            old, _, new = message.partition(" is now ")
            file, _, number = place.rstrip(")").rpartition(":")
            assert file == str(BEFORE)
            text = BEFORE.read_text().splitlines()[int(number) - 1]
            assert f".{old.rpartition('.')[2]}" in text or "shift_rule(memory" in text
            assert old not in words
            words[old] = new
    return words


def test_a_run_gives_the_same_and_names_each_new_word_once(tmp_path: Path) -> None:
    results = []
    for file, words in ((BEFORE, NEW_WORDS), (WITH, {})):
        output = tmp_path / "result.json"
        arguments = ("--variants", "before", "--variant-file", file, "-o", output)
        stdout, stderr = zonediff("run", *arguments)
        assert warned(stderr) == words
        results.append((stdout, output.read_text().replace(file.name, "")))
    assert results[0] == results[1]
    assert "before could not be judged in 34 scenarios; breaks nothing unintended" in results[0][0]


def test_exploring_gives_the_same_and_names_the_new_words() -> None:
    arguments = ("explore", "upstream", "before", "--machine", "two-dimms", "--variant-file")
    before, stderr = zonediff(*arguments, BEFORE)
    assert warned(stderr).items() <= NEW_WORDS.items()
    assert "kernel.memory.initialised" in warned(stderr)
    stdout, stderr = zonediff(*arguments, WITH)
    assert stdout == before
    assert warned(stderr) == {}


@pytest.mark.parametrize("workers", [("--jobs", "2"), ("--scheduler", "local", "--jobs", "1")])
def test_words_that_workers_meet_are_named_once_too(workers: tuple[str, ...]) -> None:
    arguments = ("run", "ordering", "--variants", "before", "--variant-file", BEFORE)
    stdout, stderr = zonediff(*arguments)
    assert "kernel.memory.zone" in warned(stderr)
    in_workers = zonediff(*arguments, *workers)
    assert in_workers[0] == stdout
    lines = [line for line in in_workers[1].splitlines() if "Dask dashboard" not in line]
    assert sorted(lines) == sorted(stderr.splitlines())


def test_in_python_it_is_an_ordinary_deprecation_warning() -> None:
    variant = Registry([BEFORE]).resolve("before")
    steps = [Plug("dimm1", Bytes(SECTION)), Write("memory32/state", "online_movable")]
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        variant.run(MACHINE, steps)
    assert {warning.category.__mro__[1] for warning in raised} == {DeprecationWarning}
    assert {warning.filename for warning in raised} == {str(BEFORE)}
    line = min(w.lineno for w in raised if "memory.span is now kernel.span" in str(w.message))
    assert "kernel.memory.span(node, Zone.MOVABLE)" in BEFORE.read_text().splitlines()[line - 1]


def test_functions_of_ours_take_what_they_took() -> None:
    kernel = Kernel(MACHINE, Upstream())
    with pytest.warns(DeprecationWarning, match=r"^kernel\.memory\.zone is now kernel\.zone$"):
        assert kernel.memory.zone(7) is Zone.DMA32
    # It asks by the new words itself.
    assert zone_between(kernel.memory, 0, Zone.DMA, Zone.NORMAL) is Zone.DMA32


@pytest.mark.filterwarnings("default::DeprecationWarning")
def test_what_is_no_word_for_variants_still_answers_and_says_so() -> None:
    kernel = Kernel(MACHINE, Upstream())
    with pytest.warns(DeprecationWarning, match=r"^kernel\.memory\.status is not for variants"):
        assert len(kernel.memory.status) == 8
    with pytest.raises(AttributeError, match="no_such_word"):
        kernel.memory.no_such_word  # noqa: B018


def test_a_kernel_is_a_kernel_state() -> None:
    kernel = Kernel(MACHINE, Upstream())
    state: KernelState = kernel
    for name in vars(KernelState):
        if not name.startswith("_"):
            assert hasattr(state, name), name
    assert (state.nodes, state.block_pages, state.knob) == (1, 32768, "offline")
    assert state.early_pages(0) == state.present_pages(0, Zone.DMA, Zone.DMA32, Zone.NORMAL)


def test_the_guide_has_every_question_and_all_that_a_policy_may_read() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "writing-a-variant.md").read_text()
    reference = guide[guide.index("## Reference") :]
    members = [name for name in vars(KernelState) if not name.startswith("_")]
    questions = [
        name for name, value in vars(Policy).items() if not name.startswith("_") and callable(value)
    ]
    assert len(members) == 16
    for name in (*members, *questions):
        assert f"| `{name}`" in reference or f"| `{name}(" in reference, name
