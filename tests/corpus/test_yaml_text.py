"""YAML that is no scenario for reasons of YAML: where the message points, and what it says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from zonediff.corpus import positions
from zonediff.corpus.loader import load
from zonediff.corpus.positions import parse
from zonediff.corpus.problems import Mistake, ScenarioError
from zonediff.engine.bounds import FILE_BYTES, FILE_DEPTH

Mistakes = Callable[[str], list[str]]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1:1: the file is empty"),
        ("# nothing but a comment\n", "2:1: the file is empty"),
        ("title: [a\nwhy: b", "2:4: not YAML: did not find expected ',' or ']', while parsing a"
         " flow sequence from 1:8"),
        ("title: x\nsteps:\n\t- a", "3:1: a tab: indent YAML with spaces"),
        ("title: 'x", "1:10: not YAML: found unexpected end of stream, while scanning a quoted"
         " scalar from 1:8"),
        ("a: b: c", "1:5: not YAML: mapping values are not allowed in this context"),
        ("a: 1\n---\nb: 2\n", "2:1: a second document; a file has only one"),
        ("- a\n- b\n", "1:1: expected a mapping with title, why, machine, steps and goals"),
        ("just words", "1:1: expected a mapping with title, why, machine, steps and goals"),
        ("title: a\nwhy: \x07bell", "2:6: the character '\\x07' is not allowed"),
        ("title: a\nwhy: bin\0ary", "2:9: a binary file; a scenario is a text file"),
    ],
)  # fmt: skip
def test_text_that_is_no_mapping(mistakes: Mistakes, text: str, problem: str) -> None:
    assert mistakes(text) == [problem]


def test_not_utf8_names_the_byte(tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes("title: x\nwhy: für\n".encode("latin-1"))
    with pytest.raises(ScenarioError) as caught:
        load([file])
    assert str(caught.value) == (
        f"{file}:2:7: byte 0xfc is not UTF-8; a scenario is a UTF-8 text file"
    )


@pytest.mark.parametrize("end", ["\x85", "\u2028", "\u2029"])
@pytest.mark.parametrize("quote", ["#", ""])
def test_lines_are_those_of_editors(mistakes: Mistakes, valid: str, end: str, quote: str) -> None:
    """YAML 1.1 ends lines at these characters, too."""
    comment = f"# a{end}# b" if quote else f'title: "a{end} b"'
    problems = mistakes(f"{comment}\nfoo: 1\n{valid.removeprefix(comment)}")
    assert any(problem.startswith("2:1: foo: unknown key 'foo'") for problem in problems)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_of_editors_counts(mistakes: Mistakes, valid: str, end: str) -> None:
    [problem] = mistakes((valid + "foo: 1\n").replace("\n", end))
    assert problem.startswith("22:1: foo: unknown key 'foo'")


def test_byte_order_mark_is_no_part_of_the_text(tmp_path: Path, valid: str) -> None:
    file = tmp_path / "bom.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + valid.encode())
    assert [scenario.id for scenario in load([file])] == ["bom"]


def test_too_large(tmp_path: Path) -> None:
    file = tmp_path / "large.yaml"
    file.write_bytes(b"#" * (FILE_BYTES + 1))
    with pytest.raises(ScenarioError, match=f"large.yaml:1:1: larger than {FILE_BYTES} bytes"):
        load([file])


def test_key_twice_names_both_places(mistakes: Mistakes, valid: str) -> None:
    assert mistakes(valid + "title: another\n") == [
        "22:1: title: the key occurs twice, first at 1:1"
    ]


def test_aliases_anchors_and_tags_are_refused_all_at_once(mistakes: Mistakes, valid: str) -> None:
    text = (
        valid.replace("nodes: [1G, 0]", "nodes: &sizes [1G, 0]")
        .replace("size: 256M", "size: !!str 256M")
        .replace("blocks: dimm2", "blocks: *sizes")
    )
    assert mistakes(text) == [
        "5:10: machine.nodes: the anchor &sizes is not allowed: remove it",
        "10:29: steps[1].plug.size: the tag tag:yaml.org,2002:str is not allowed: remove it",
        "11:22: steps[2].online.blocks: the alias *sizes is not allowed: write the value out",
    ]


def test_bomb_does_not_unfold(mistakes: Mistakes) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 40):
        references = ", ".join([f"*a{level - 1}"] * 9)
        lines.append(f"a{level}: &a{level} [{references}]")
    actual = mistakes("\n".join(lines))
    assert "1:5: a0: the anchor &a0 is not allowed: remove it" in actual
    assert "2:10: a1[0]: the alias *a0 is not allowed: write the value out" in actual


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_is_given_up(mistakes: Mistakes, opening: str) -> None:
    actual = mistakes("why: x\nsteps:\n  " + opening * 20_000)
    assert len(actual) <= FILE_DEPTH
    # libyaml 0.2.6 and later have a limit for brackets that they come upon before we see any.
    says = f"nested more than {FILE_DEPTH} levels deep|exceeded maximum nesting depth"
    assert any(re.search(says, line) for line in actual)


@pytest.mark.parametrize("key", ["[a, b]", "{a: b}", "*x"])
def test_keys_are_words(mistakes: Mistakes, key: str) -> None:
    problem = "3:5: machine: a key is a word, not a list, a mapping or an alias"
    assert problem in mistakes(f"x: &x 1\nmachine:\n  ? {key}\n  : 1\n")


def test_plain_words_are_those_of_yaml_1_2() -> None:
    document = parse(
        "[no, on, off, yes, online, true, False, ~, null, 7, -7, 007, 0x10, 1e3, 4.10, 1:30, '7']",
        "words",
    )
    assert document.value == [
        *("no", "on", "off", "yes", "online", True, False, None, None, 7, -7),
        *("007", "0x10", "1e3", "4.10", "1:30", "7"),
    ]


def test_pure_python_reads_the_same(monkeypatch: pytest.MonkeyPatch, mistakes: Mistakes) -> None:
    fast = load(["reproducer", "knob"])
    monkeypatch.setattr(positions, "_LOADER", yaml.SafeLoader)
    assert load(["reproducer", "knob"]) == fast
    (problem,) = mistakes('title: "\\UFFFFFFFF"')
    assert problem.startswith("1:1: not YAML: ")


def test_positions_of_keys_values_and_what_is_missing() -> None:
    document = parse("a:\n  - b: x\n    'c d': [1, 2]\n", "place")
    place = {
        mistake: document.locate(mistake)[1:4]
        for mistake in (
            Mistake(("a", 0, "c d", 1), "value"),
            Mistake(("a", 0, "c d"), "key", on_key=True),
            Mistake(("a", 0, "e"), "missing"),
            Mistake(("f", 3, "g"), "missing altogether"),
        )
    }
    assert list(place.values()) == [
        (3, 16, "a[0].c d[1]"),
        (3, 5, "a[0].c d"),
        (2, 5, "a[0].e"),
        (1, 1, "f[3].g"),
    ]
