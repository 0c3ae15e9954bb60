"""Whatever a file holds, it loads or is refused with a position; nothing else ever happens."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zonediff.corpus.loader import SHIPPED, load
from zonediff.corpus.problems import Problem, ScenarioError
from zonediff.engine.steps import REGISTRY

TEXTS = [path.read_text() for path in sorted(SHIPPED.rglob("*.yaml"))]
WORDS = sorted({word for text in TEXTS for word in text.split()} | set(REGISTRY))
STRANGE = [
    *("", " ", "\n", "\t", "- ", "? ", ": ", "[", "]", "{", "}", "&a ", "*a", "!!int ", "${size}"),
    *("'", '"', "#", "|", ">", "%", "@", "---\n", "~", "true", "0", "-1", "9" * 30, "0x", "\0"),
    *("\x07", "\ufeff", "\u2028", "\x85", "😀", "${", "added", "32-31", "1e9", "64T"),
]

small = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """A valid file with pieces taken out, put in or exchanged."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        piece = draw(st.sampled_from(STRANGE + WORDS) | st.text(max_size=4))
        text = text[:start] + piece + text[end:]
    return text


@st.composite
def lines_shuffled(draw: st.DrawFn) -> str:
    """Lines of several valid files in any order and depth."""
    lines = [
        line
        for text in draw(st.lists(st.sampled_from(TEXTS), max_size=3))
        for line in text.splitlines()
    ]
    chosen = draw(st.lists(st.sampled_from(lines or [""]), max_size=20))
    indents = draw(st.lists(st.integers(0, 6), min_size=len(chosen), max_size=len(chosen)))
    return "\n".join(
        " " * indent + line.strip() for indent, line in zip(indents, chosen, strict=True)
    )


def loads_or_says_where(file: Path) -> None:
    problems: list[Problem] = []
    try:
        assert load([file])
    except ScenarioError as error:
        problems = error.problems
    for problem in problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert str(problem).startswith(f"{file}:{problem.line}:{problem.column}: ")


@small
@given(text=mutations() | lines_shuffled())
def test_any_mutation(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mutation.yaml"
    file.write_text(text, encoding="utf-8", errors="replace")
    loads_or_says_where(file)


@small
@given(data=st.binary(max_size=200))
def test_any_bytes(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "bytes.yaml"
    file.write_bytes(data)
    loads_or_says_where(file)


@pytest.mark.parametrize("name", ["/dev/null", "/dev/zero"])
def test_devices_are_no_scenarios(name: str) -> None:
    loads_or_says_where(Path(name))
