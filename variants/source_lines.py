"""Lines of a variant file, so that a message about a variant names the line of the mistake.

Also finds methods that look like a misspelt question of Policy: Python accepts them, and the kernel
never asks them.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from typing import Final, NamedTuple

from zonediff.engine.policy import Policy

_LIKENESS: Final = 0.8
"""The similarity to a name of Policy above which a name is a likely misspelling of it."""


class Place(NamedTuple):
    """A place in a text; line and column count from 1."""

    line: int
    column: int


class Misnamed(NamedTuple):
    """A public attribute of a variant that overrides nothing and that its file does not use.

    meant: the most similar name of Policy; None if none is similar.
    """

    name: str
    meant: str | None
    place: Place

    def __str__(self) -> str:
        if self.meant is not None:
            return f"{self.name} overrides nothing: did you mean {self.meant}?"
        return f"{self.name} overrides nothing, and nothing in this file uses it"


def place_in(text: bytes, owner: str, name: str = "", value: str | None = None) -> Place:
    """Return the place of a class, of its attribute `name`, or of a string in that attribute.

    The text must be valid Python. If it has no such string, the answer is the place of the
    attribute; if it has no such attribute, the place of the class.
    """
    tree = ast.parse(text)
    node: ast.AST = _class(tree, owner) or tree
    node = _attribute(node, name) or node
    node = _string(node, value) or node
    return Place(getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1)


def misnamed(policy: type[Policy], text: bytes) -> Iterator[Misnamed]:
    """Yield the misnamed attributes of a variant, and of its base classes in the same file."""
    tree = ast.parse(text)
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    questions = [name for name in dir(Policy) if not name.startswith("_")]
    questions += [name for name in Policy.__annotations__ if name not in questions]
    for number, cls in enumerate(policy.__mro__):
        if cls.__module__ != policy.__module__:
            continue
        above = {name for base in policy.__mro__[number + 1 :] for name in vars(base)}
        for name in vars(cls):
            if name.startswith("_") or name in used or name in above or name in questions:
                continue
            meant = difflib.get_close_matches(name, questions, n=1, cutoff=_LIKENESS)
            yield Misnamed(name, meant[0] if meant else None, place_in(text, cls.__name__, name))


def _class(tree: ast.Module, owner: str) -> ast.ClassDef | None:
    """Return the last class of this name."""
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return next((node for node in reversed(classes) if node.name == owner), None)


def _attribute(node: ast.AST, name: str) -> ast.AST | None:
    """Return the statement of a class that defines the attribute."""
    for statement in reversed(node.body) if isinstance(node, ast.ClassDef) else ():
        match statement:
            case ast.FunctionDef(name=defined) | ast.AnnAssign(target=ast.Name(id=defined)):
                names = [defined]
            case ast.Assign(targets=targets):
                names = [target.id for target in targets if isinstance(target, ast.Name)]
            case _:
                names = []
        if name in names:
            return statement
    return None


def _string(node: ast.AST, value: str | None) -> ast.AST | None:
    """Return the string within a node."""
    for child in ast.walk(node):
        if isinstance(child, ast.Constant) and isinstance(value, str) and child.value == value:
            return child
    return None
