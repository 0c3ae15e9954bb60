from __future__ import annotations

import gc
import importlib
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import click
import pytest

from zonediff.cli.main import MODULES


def test_help_lists_every_subcommand_and_exit_code(zonediff: Any) -> None:
    result = zonediff("--help")
    assert result.exit_code == 0
    for name, (_, text) in MODULES.items():
        assert re.search(rf"^  {name} +{re.escape(text)}$", result.output, re.MULTILINE)
    assert re.findall(r"^    (\d+) ", result.output, re.MULTILINE) == [*"01234", "130"]
    assert max(map(len, result.output.splitlines())) <= 80


@pytest.mark.parametrize("name", MODULES)
def test_the_table_says_what_the_command_says(name: str) -> None:
    module, text = MODULES[name]
    command = importlib.import_module(module).command
    assert isinstance(command, click.Command)
    assert (command.help or "").partition("\n")[0] == text


@pytest.mark.parametrize("name", MODULES)
def test_each_help_fits_a_terminal(zonediff: Any, name: str) -> None:
    result = zonediff(name, "--help")
    assert result.exit_code == 0
    assert max(map(len, result.output.splitlines())) <= 80


@pytest.mark.parametrize("name", [name for name in MODULES if name not in ("list", "new", "live")])
def test_each_help_explains_the_exit_codes_and_knows_of_ctrl_c(zonediff: Any, name: str) -> None:
    codes = zonediff(name, "--help").output.partition("Exit codes:")[2]
    assert re.findall(r"^ +(\d+)  ", codes, re.MULTILINE)[:1] == ["0"]
    assert re.findall(r"^ +(\d+)  ", codes, re.MULTILINE)[-1:] == ["130"]


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from zonediff.cli.main import cli\n"
        "cli(['--help'], standalone_mode=False)\n"
        "heavy = [name for name in sys.modules if name.partition('.')[0] in\n"
        "         ('yaml', 'cattrs', 'jinja2', 'tabulate', 'tqdm', 'git', 'multiprocessing')\n"
        "         or name.startswith('zonediff.') and not name.startswith('zonediff.cli')]\n"
        "print(heavy, file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


@pytest.mark.parametrize("module", [module for module, _ in MODULES.values()])
def test_only_exploring_imports_what_explores(module: str) -> None:
    code = (
        "import sys\n"
        f"import {module}\n"
        "heavy = {'numpy', 'simpy', 'git', 'hypothesis', 'distributed', 'jinja2', 'qemu'}\n"
        "print(*sorted(heavy & {*sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == (["numpy"] if module == "zonediff.cli.explore" else [])


def test_an_unknown_subcommand(zonediff: Any) -> None:
    result = zonediff("rnu")
    assert result.exit_code == 2
    assert "No such command 'rnu'. Did you mean 'run'?" in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_output_that_takes_nothing(process: Any) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = process("list", "variants", capture_output=False, stdout=full, stderr=-1)
    assert (done.returncode, done.stderr) == (2, "Error: the output: No space left on device\n")


def test_a_reader_that_has_seen_enough(process: Any) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = process("list", "variants", capture_output=False, stdout=writing, stderr=-1)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_terminal_of_few_characters(process: Any, corpus: Path) -> None:
    text = (corpus / "knob.yaml").read_text()
    (corpus / "knob.yaml").write_text(text.replace("title: The", "title: \N{BLACK STAR} The"))
    done = process(
        "list", "scenarios", "--corpus", corpus, env={**os.environ, "PYTHONIOENCODING": "latin-1"}
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u2605 The knob" in done.stdout


def test_a_mistake_of_our_own_is_not_taken_for_a_regression(
    zonediff: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zonediff.cli import list as listing

    monkeypatch.setattr(listing, "_variants", lambda files: 1 / 0)
    result = zonediff("list", "variants")
    assert result.exit_code == 70
    assert "ZeroDivisionError" in result.stderr
    assert "mistake in zonediff" in result.stderr


def test_ctrl_c_outside_a_run(zonediff: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from zonediff.cli import list as listing

    def interrupted(files: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(listing, "_variants", interrupted)
    result = zonediff("list", "variants")
    assert (result.exit_code, result.stderr) == (130, "Interrupted.\n")


def test_ctrl_c_while_a_class_is_made(zonediff: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from zonediff.cli import list as listing

    class Slow:
        def __set_name__(self, owner: type, name: str) -> None:
            raise KeyboardInterrupt

    def interrupted(files: object) -> None:
        type("Imported", (), {"slow": Slow()})

    monkeypatch.setattr(listing, "_variants", interrupted)
    result = zonediff("list", "variants")
    assert (result.exit_code, result.stderr) == (130, "Interrupted.\n")


def test_ctrl_c_while_garbage_is_collected(zonediff: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from zonediff.cli import list as listing

    def callback(phase: str, info: object) -> None:
        gc.callbacks.remove(callback)
        raise KeyboardInterrupt  # which Python ignores there

    def interrupted(files: object) -> None:
        gc.callbacks.append(callback)
        gc.collect()
        threading.Event().wait(30)

    monkeypatch.setattr(listing, "_variants", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        result = zonediff("list", "variants")
    finally:
        signal.signal(signal.SIGINT, before)
    assert (result.exit_code, result.stderr) == (130, "Interrupted.\n")


def test_the_version(process: Any) -> None:
    done = process("--version")
    assert re.fullmatch(r"zonediff \S+\n", done.stdout) or "not installed" in done.stderr
