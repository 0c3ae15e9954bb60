"""Transcripts in the documentation: found, run, and compared with what they really print.

In a fenced block whose first line begins with `$ `, each such line is a command, and the lines up
to the next are its output, in which `...` stands for any lines, or within a line for any text.
Without any, only a failure counts. A block in the language `python` is a program; a block in the
language `text` right after it is its output. The programs of a page share their names, as the
cells of a notebook do. A block that begins with a comment naming a file (`# mine.yaml`), or
follows `<!-- file: NAME -->`, is written to that file. A block that follows
`<!-- not run: WHY -->` is left alone.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner

from zonediff.cli.main import cli

_BLOCK: Final = re.compile(
    r"^(?:<!-- (?P<mark>file|not run): (?P<what>.+?) -->\n+)?"
    r"^```(?P<language>\w*)\n(?P<body>.*?)^```$"
    r"(?:\n+```text\n(?P<output>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)
_NAMED: Final = re.compile(r"# ([\w./-]+\.(?:yaml|py))\n")
_PROMPT: Final = "$ "
_FAILURES: Final = (2, 70)
"""Exit codes of bad input, and of mistakes in zonediff."""


@dataclass(frozen=True)
class Command:
    """A command of a page. output: what the page says comes out, None when it says nothing."""

    line: int
    text: str
    output: str | None


@dataclass(frozen=True)
class Program:
    """A Python program of a page. output: what the page says it prints, None for nothing said."""

    line: int
    text: str
    output: str | None


@dataclass(frozen=True)
class File:
    """A file that a page tells to write."""

    name: str
    text: str


def steps(page: str) -> Iterator[Command | Program | File]:
    """The files, commands and programs of a page, in order."""
    for block in _BLOCK.finditer(page):
        body = block["body"]
        line = page[: block.start("body")].count("\n") + 1
        named = _NAMED.match(body)
        if block["mark"] == "file":
            yield File(block["what"], body)
        elif block["mark"] is None and named:
            yield File(named[1], body)
        elif block["mark"] is None and body.startswith(_PROMPT):
            yield from _commands(body, line)
        elif block["mark"] is None and block["language"] == "python":
            yield Program(line, body, block["output"])


def _commands(body: str, first: int) -> Iterator[Command]:
    text, output, at = "", list[str](), first
    for number, line in enumerate(body.splitlines(), first):
        if line.startswith(_PROMPT):
            if text:
                yield Command(at, text, "\n".join(output) if output else None)
            text, output, at = line.removeprefix(_PROMPT), [], number
        elif text.endswith("\\"):
            text = f"{text[:-1]} {line.strip()}"
        else:
            output.append(line)
    yield Command(at, text, "\n".join(output) if output else None)


def run(command: Command) -> str:
    """What `zonediff` or `cat` prints, in this process and the current folder.

    No other program is run: what a page tells people to type may send mail or install packages.
    Raises AssertionError when it fails.
    """
    program, *words = shlex.split(command.text)
    if program == "cat":
        return "".join(Path(word).read_text(encoding="utf-8") for word in words)
    assert program == "zonediff", f"{command.text}: mark the block as <!-- not run: WHY -->"
    result = CliRunner().invoke(cli, words, prog_name="zonediff")
    assert result.exit_code not in _FAILURES, f"{command.text}\n{result.output}"
    return result.output


def run_program(program: Program, page: str, names: dict[str, Any]) -> str:
    """What a program prints, in this process and the current folder.

    page: the page's name, for tracebacks. names: the program's global names, which it may extend.
    """
    code = compile("\n" * (program.line - 1) + program.text, page, "exec", dont_inherit=True)
    with redirect_stdout(StringIO()) as output:
        exec(code, names)
    return output.getvalue()


def fits(expected: str, found: str) -> bool:
    """Whether output is as a page says; blanks at the end of lines do not count."""
    lines = [line.rstrip() for line in expected.strip("\n").splitlines()]
    parts = [
        r"(?:.*\n)*?"
        if line.strip() == "..."
        else r".*?".join(map(re.escape, line.split("..."))) + r"\n"
        for line in lines
    ]
    actual = "".join(f"{line.rstrip()}\n" for line in found.strip("\n").splitlines())
    return re.fullmatch("".join(parts), actual) is not None
