"""Exact arithmetic over named numbers, as claims write it: `kib / (kib + left)`."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

from zonediff.engine.bounds import ARITHMETIC_CHARACTERS

_OPERATIONS: Final[dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_PARTS: Final = (ast.BinOp, ast.Name, ast.Load, ast.Constant, *_OPERATIONS)


def parse(text: str) -> ast.expr:
    """Parse an expression of names, whole numbers, `+ - * /` and parentheses.

    Raises ValueError if the text is not such an expression.
    """
    if len(text) > ARITHMETIC_CHARACTERS:
        raise ValueError(f"more than {ARITHMETIC_CHARACTERS} characters of arithmetic")
    try:
        expression = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"{text!r} is not arithmetic such as kib / (kib + left)") from None
    for node in ast.walk(expression):
        whole = not isinstance(node, ast.Constant) or type(node.value) is int
        if not (isinstance(node, _PARTS) and whole):
            raise ValueError(f"{text!r}: only names, whole numbers, + - * / and () are allowed")
    return expression


def compute(text: str, numbers: Mapping[str, object]) -> Fraction:
    """Compute an expression; its names stand for these numbers.

    Raises ValueError if the text is not an expression, if a name does not stand for a whole number,
    or if it divides by zero.
    """
    try:
        return _value(parse(text), numbers)
    except ZeroDivisionError:
        raise ValueError(f"{text!r} divides by zero") from None


def _value(node: ast.expr, numbers: Mapping[str, object]) -> Fraction:
    match node:
        case ast.BinOp(left, sign, right):
            return _OPERATIONS[type(sign)](_value(left, numbers), _value(right, numbers))
        case ast.Constant(int(number)):
            return Fraction(number)
        case ast.Name(name) if isinstance(value := numbers.get(name), int):
            return Fraction(value)
    known = ", ".join(name for name, number in numbers.items() if isinstance(number, int))
    raise ValueError(f"there is no number {ast.unparse(node)!r} (known: {known or 'none'})")
