"""Rules are used as they are worded: every number that a sentence needs is given to it."""

from __future__ import annotations

import ast
import importlib
import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from zonediff.engine.rules import Decision, Rule

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*(ROOT / "engine").glob("*.py"), *(ROOT / "variants").glob("*.py")])


@cache
def module_of(path: Path) -> tuple[str, ast.Module]:
    return f"zonediff.{path.parent.name}.{path.stem}", ast.parse(path.read_text())


def defined() -> Iterator[tuple[str, str, Rule]]:
    """Each rule with the module and the name it stands under."""
    for path in SOURCES:
        name, _ = module_of(path)
        for constant, value in vars(importlib.import_module(name)).items():
            if isinstance(value, Rule):
                yield name, constant, value


def uses(path: Path) -> Iterator[tuple[str, int, set[str]]]:
    """Each NAME.because(...) in a module: the name, the line, and the numbers given."""
    _, tree = module_of(path)
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="because"), keywords=given
            ):
                yield name, node.lineno, {keyword.arg or "" for keyword in given}


def needed(rule: Rule) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(rule.says) if field}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_sentence_is_given_its_numbers(path: Path) -> None:
    names = vars(importlib.import_module(module_of(path)[0]))
    for name, line, given in uses(path):
        # A rule that was chosen among several is a local variable.
        if isinstance(rule := names.get(name), Rule):
            assert needed(rule) <= given, f"{path.name}:{line}: {name}"


def test_every_rule_is_used() -> None:
    names = {
        node.id
        for path in SOURCES
        for node in ast.walk(module_of(path)[1])
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    assert {name for _, name, _ in defined()} <= names


def test_ids_are_unique_and_begin_with_their_function() -> None:
    rules = {rule for _, _, rule in defined()}
    assert len({rule.id for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.id == rule.id.strip()
        assert " " not in rule.id
        assert rule.source


def test_a_decision_is_a_value_and_why() -> None:
    rule = Rule("a.b", "a", "block {block:#x}", "a.c")
    decision = Decision(None, rule.because(block=32))
    assert decision.value is None
    assert decision.why.reason().text == "block 0x20"
    assert decision.why.reason().numbers == {"block": 32}
