"""What a variant says about itself is checked when it is loaded, with the line of the mistake."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from zonediff.cli.main import cli
from zonediff.engine.policy import Intent, Stage
from zonediff.engine.rules import Rule
from zonediff.variants.metadata import wrong_attributes
from zonediff.variants.registry import OURS, Registry, VariantError

FILE = """\
import os
from zonediff.engine.memory import Zone
from zonediff.engine.policy import Intent, Stage
from zonediff.engine.rules import Decision, Rule
from zonediff.variants.upstream import Upstream

R = Rule("x.y", "x", "node {node}: x", "mm/x.c")


class X(Upstream):
    name = "x"
    origin = "a test"

    def zone_of_new_memory(self, kernel, node, first, source):
        return Decision(Zone.MOVABLE, R.because(node=node))
"""
ORIGIN = FILE.splitlines().index('    origin = "a test"') + 1
RULE = FILE.splitlines().index('R = Rule("x.y", "x", "node {node}: x", "mm/x.c")') + 1
METHOD = ORIGIN + 2


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    return path


def test_a_good_one(file: Path) -> None:
    assert Registry([file]).model("x").origin == "a test"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("origin = None", "origin is None; expected text"),
        ("origin = 5", "origin is 5; expected text"),
        ("origin = ''", "origin is ''; expected one line of text"),
        ("origin = 'a\\x1b[31mb'", r"origin is 'a\x1b[31mb'; expected one line of text"),
        ("stages = ('x',)", "stages is ('x',); expected a tuple of Stage"),
        ("stages = 'x'", "stages is 'x'; expected a tuple of Stage"),
        ("intends = ['x']", "intends is ['x']; expected a tuple of Intent"),
        ("recorded_as = 'x'", "recorded_as is 'x'; expected a tuple of text"),
        ("knob = 'online'", "knob is 'online'; expected a tuple of text or None"),
        ("has_probe = 1", "has_probe is 1; expected True or False"),
        ("spans_shrink = 'never'", "spans_shrink is 'never'; expected one of Shrink.REMOVED, "),
        ("switch_letters = ('y',)", "switch_letters is ('y',); expected a tuple of 2 times text"),
        (
            "boot_overhead_kib = {96: 'x'}",
            "boot_overhead_kib is {96: 'x'}; "
            "expected a mapping from a whole number to a whole number",
        ),
        ("__doc__ = 7", "__doc__ is 7; expected text"),
    ],
)
def test_an_attribute_of_another_type(file: Path, line: str, says: str) -> None:
    file.write_text(FILE.replace('origin = "a test"', f'origin = "a test"\n    {line}'))
    with pytest.raises(VariantError) as raised:
        Registry([file])
    assert str(raised.value).startswith(f"{file}:{ORIGIN + 1}: variant 'x': {says}")


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ('10**30, "x", "x", "x.c"', "TypeError: the id of a rule is text, not 1000"),
        ('"x", None, "x", "x.c"', "TypeError: the function of a rule is text, not None"),
        ('"x", "x", "", "x.c"', "ValueError: the says of a rule is a line of text, not ''"),
        ('"x", "x", "{", "x.c"', "ValueError: "),
        ('"x", "x", "{} blocks", "x.c"', "ValueError: '{} blocks': each number of a rule's"),
        ('"x", "x", "a\\nb", "x.c"', "ValueError: the says of a rule is a line of text"),
    ],
)
def test_a_rule_without_text(file: Path, rule: str, says: str) -> None:
    file.write_text(FILE.replace('"x.y", "x", "node {node}: x", "mm/x.c"', rule))
    with pytest.raises(VariantError) as raised:
        Registry([file])
    assert str(raised.value).startswith(f"{file}:{RULE}: {says}")


def test_intents_and_stages_are_checked_where_they_are_written() -> None:
    with pytest.raises(TypeError, match="takes text, not 5"):
        Intent("x", 5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="takes text and two tuples of text, not 'x'"):
        Stage("x", "x")  # type: ignore[arg-type]
    assert Rule("a", "b", "{n:block}", "c").because(n=2).reason().text == "2 blocks"


def test_ours_are_right() -> None:
    registry = Registry()
    for name in OURS:
        assert [*wrong_attributes(type(registry.model(name).policy))] == []


@pytest.mark.parametrize("answer", ["None", "2", "'Movable'"])
def test_a_decision_that_is_no_zone(file: Path, answer: str) -> None:
    file.write_text(FILE.replace("Decision(Zone.MOVABLE", f"Decision({answer}"))
    done = CliRunner().invoke(cli, ["explore", "upstream", "x", "--variant-file", str(file)])
    assert done.exit_code == 2
    assert f"{file}:{METHOD}: zone_of_new_memory() decides {answer}; expected a Zone" in done.output
    done = CliRunner().invoke(cli, ["run", "reproducer", "--variant-file", str(file)])
    assert done.exit_code == 3


@pytest.mark.parametrize("command", ["check", "explore", "show"])
def test_an_answer_that_is_no_decision(file: Path, command: str) -> None:
    file.write_text(FILE.replace("Decision(Zone.MOVABLE, R.because(node=node))", "Zone.MOVABLE"))
    arguments: dict[str, list[str]] = {
        "check": [],
        "explore": ["upstream", "x"],
        "show": ["reproducer/online-movable-first-block", "--variant", "x"],
    }
    options = ["--variant-file", str(file)]
    done = CliRunner().invoke(cli, [command, *arguments[command], *options])
    assert done.exit_code != 0
    says = " ".join(done.output.split())
    assert f":{METHOD}: zone_of_new_memory() returns <Zone.MOVABLE: 3>; expected Decision(Z" in says


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("raise BaseException('b')", "BaseException: b"),
        ("raise GeneratorExit", "GeneratorExit: "),
        ("os._exit(0)", "SystemExit: it called os._exit(), which ends the process"),
        ("import posix; posix._exit(0)", "SystemExit: it called os._exit(), which ends"),
        ("os.execlp('true', 'true')", "SystemExit: it called os.execv"),
        ("(lambda: [os._exit(0)])()", "SystemExit: it called os._exit()"),
    ],
)
def test_whatever_a_file_does_when_it_is_loaded(file: Path, line: str, says: str) -> None:
    file.write_text(f"import os\n{line}\n{FILE}")
    start = "from zonediff.cli.main import main; main()"
    command = (sys.executable, "-c", start, "list", "variants", "--variant-file", str(file))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: {file}:2: {says}")
    assert done.stderr.count("\n") == 1
