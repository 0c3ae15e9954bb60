"""Every command and program in the documentation works, and prints what the page says."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from tests.docs.transcripts import Command, File, Program, fits, run, run_program, steps
from tests.docs.trees import TREES
from zonediff.cli.main import cli
from zonediff.engine import bounds

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG", "SECURITY")),
    *sorted((ROOT / "docs").glob("*.md")),
]
RUN = [
    page
    for page in PAGES
    if any(isinstance(step, Command | Program) for step in steps(page.read_text(encoding="utf-8")))
]


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_a_page_prints_what_it_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one folder for the page, with the files that it tells to write."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    (tmp_path / "out").mkdir()
    if page.name in TREES:
        TREES[page.name](tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    for step in steps(page.read_text(encoding="utf-8")):
        if isinstance(step, File):
            Path(step.name).parent.mkdir(parents=True, exist_ok=True)
            Path(step.name).write_text(step.text, encoding="utf-8")
            continue
        if isinstance(step, Program):
            text, output = step.text, run_program(step, page.name, names)
        else:
            text, output = f"$ {step.text}", run(step)
        if step.output is not None and not fits(step.output, output):
            where = f"{page.name}:{step.line}"
            pytest.fail(f"{where}: {text}\nprints:\n{output}", pytrace=False)


YAML = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_yaml_can_be_read(page: Path) -> None:
    for block in YAML.findall(page.read_text(encoding="utf-8")):
        assert isinstance(yaml.safe_load(block), dict), block


LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]*))?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        file = page.parent / target if target else page
        assert file.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            known = {
                re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-") for title in titles
            }
            assert anchor in known, f"{target}#{anchor}"


COMMANDS = re.compile(r"(?:`|^ {4}|^\$ )(zonediff [a-z0-9][^`\n]*)", re.MULTILINE)
MISSPELT = "zonediff rnu"
"""The command by which a page shows what zonediff suggests for a slip."""


def _mentioned() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for mention in COMMANDS.finditer(page.read_text(encoding="utf-8")):
            if mention[1] != MISSPELT:
                yield page.name, mention[1]


@pytest.mark.parametrize(("page", "text"), sorted(set(_mentioned())))
def test_commands_that_are_mentioned_exist(page: str, text: str) -> None:
    """Also those within sentences: the subcommand, and its options by their full names."""
    words = shlex.split(text.split(" # ")[0].removesuffix("\\"))[1:]
    context = click.Context(cli)
    command: click.Command | None = cli.get_command(context, words[0])
    while isinstance(command, click.Group) and len(words) > 1:
        words = words[1:]
        command = command.get_command(context, words[0])
    assert command is not None, f"{page}: {text}"
    known = {option for param in command.params for option in param.opts} | {"--help"}
    used = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert used <= known, f"{page}: {text}"


def test_the_page_on_reliability_lists_every_bound() -> None:
    body = ast.parse(Path(bounds.__file__).read_text(encoding="utf-8")).body
    expected = [
        f"| {' '.join(ast.literal_eval(text.value).split()).removesuffix('.')} "
        f"| {getattr(bounds, item.target.id):,} |"
        for item, text in pairwise(body)
        if isinstance(item, ast.AnnAssign)
        and isinstance(item.target, ast.Name)
        and isinstance(text, ast.Expr)
    ]
    assert len(expected) == len([name for name in vars(bounds) if name.isupper()])
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    assert "\n".join(expected) in page
