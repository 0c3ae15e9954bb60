"""Where a module can be broken on purpose, and how: the places and their mutants, from its AST.

What only words a message (rules, reasons, docstrings, names) is left alone: breaking it would
show nothing about what the kernel is said to do.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
MEMBERS = {
    "Zone": {"DMA": "NORMAL", "DMA32": "NORMAL", "NORMAL": "MOVABLE", "MOVABLE": "NORMAL"},
    "OnlineType": {"KEEP": "MOVABLE", "KERNEL": "MOVABLE", "MOVABLE": "KERNEL", "NONE": "KEEP"},
    "Source": {
        "ACPI": "PROBE",
        "PROBE": "ACPI",
        "HYPERV": "ACPI",
        "XEN": "ACPI",
        "KMEM": "ACPI",
        "VIRTIO_MEM": "ACPI",
    },
    "Shrink": {"REMOVED": "OFFLINED", "REMOVED_TO_ONLINE": "REMOVED", "OFFLINED": "REMOVED"},
}
WORDS = ("name", "origin", "released", "intends", "stages", "recorded_as", "__slots__")
"""Class attributes that only say what a variant is, and not what it does."""


@dataclass(frozen=True)
class Mutant:
    """One way to break a module. key: which, whatever else changes in the module's lines."""

    path: Path
    key: str
    line: int
    apply: Callable[[], None]


def mutants(path: Path, tree: ast.Module, name: str) -> list[Mutant]:
    """All mutants of a module; apply() breaks `tree`, once and for all."""
    mutations: list[Mutant] = []
    seen: dict[str, int] = {}
    for where, node, put in _places(tree, ""):
        for new in _alternatives(node):
            key = f"{name}:{where}: {_short(node)} -> {_short(new)}"
            seen[key] = seen.get(key, 0) + 1
            if seen[key] > 1:
                key += f" #{seen[key]}"
            mutations.append(Mutant(path, key, getattr(node, "lineno", 0), _applying(put, new)))
    return mutations


def negated(path: Path, tree: ast.Module, name: str) -> Iterator[tuple[str, Mutant]]:
    """For each rule that the module applies, by its constant: a mutant of what it is applied for.

    A rule is applied where a reason is made of it, or where it is returned. Broken is the innermost
    condition around that, turned round; where there is none, the decision that carries it, or a
    statement beside it.
    """
    rules = set()
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=rule), value=ast.Call(func=ast.Name(id="Rule"))):
                rules.add(rule)
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    every = {(mutant.line, mutant.key): mutant for mutant in mutants(path, tree, name)}
    for place in ast.walk(tree):
        match place:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=rule), attr="because")):
                applied = True
            case ast.Return(value=ast.Name(id=rule)):
                applied = rule in rules
            case _:
                applied = False
        if applied:
            chosen = _chosen(place, rule, parents)
            start = node if chosen is None else chosen.body
            mutant = _condition(start, parents, every) or _beside(start, parents, every)
            if mutant is not None:
                yield rule if chosen is None else _short(chosen), mutant


def _chosen(node: ast.AST, name: str, parents: dict[ast.AST, ast.AST]) -> ast.IfExp | None:
    """Where a rule that is a local variable was chosen between two."""
    while node in parents and not isinstance(node, ast.FunctionDef):
        node = parents[node]
    for inside in ast.walk(node):
        match inside:
            case ast.Assign(targets=[ast.Name(id=variable)], value=ast.IfExp() as value):
                if variable == name:
                    return value
    return None


def _condition(
    node: ast.AST, parents: dict[ast.AST, ast.AST], every: dict[tuple[int, str], Mutant]
) -> Mutant | None:
    while node in parents and not isinstance(node, ast.FunctionDef):
        node = parents[node]
        if isinstance(node, ast.If | ast.IfExp | ast.While):
            return next(
                (
                    mutant
                    for (line, key), mutant in every.items()
                    if line == node.lineno and key.endswith(f"-> {_short(_turned(node))}")
                ),
                None,
            )
    return None


def _beside(
    node: ast.AST, parents: dict[ast.AST, ast.AST], every: dict[tuple[int, str], Mutant]
) -> Mutant | None:
    """A mutant of the statement, or of the nearest one before it, or else after it."""
    while not isinstance(node, ast.stmt):
        node = parents[node]
    body = next(
        value
        for _, value in ast.iter_fields(parents[node])
        if isinstance(value, list) and node in value
    )
    at = body.index(node)
    own = [] if isinstance(node, ast.Expr) else [node]
    for statement in (*own, *reversed(body[:at]), *body[at + 1 :]):
        for (line, _), mutant in every.items():
            if statement.lineno <= line <= (statement.end_lineno or line):
                return mutant
    return None


Put = Callable[[ast.AST], None]


def _places(node: ast.AST, where: str) -> Iterator[tuple[str, ast.AST, Put]]:
    """Every node below this one that may be replaced: the function it is in, and how."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "bases"):
            continue
        children = value if isinstance(value, list) else [value]
        for index, child in enumerate(children):
            if not isinstance(child, ast.AST) or _is_words(child):
                continue
            inside = where
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inside = f"{where}.{child.name}" if where else child.name
            yield inside, child, _putting(node, field, index if isinstance(value, list) else None)
            if not _is_text(child):
                yield from _places(child, inside)


def _is_text(node: ast.AST) -> bool:
    """Whether a node only makes a text: Rule(...), X.because(...), f"..."."""
    match node:
        case ast.JoinedStr():
            return True
        case ast.Call(func=ast.Name(id="Rule" | "Intent" | "NewType" | "TypeVar" | "NotModelled")):
            return True
        case ast.Call(func=ast.Attribute(attr="because" | "compile")):
            return True
    return False


def _is_words(node: ast.AST) -> bool:
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom():
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name in WORDS
    return False


def _alternatives(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that may replace this one."""
    yield from _other_operators(node)
    yield from _other_values(node)
    yield from _other_flow(node)


def _other_operators(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(ops=operators):
            for index, operator in enumerate(operators):
                for other in COMPARISONS[type(operator)]:
                    new = copy.deepcopy(node)
                    new.ops[index] = other()
                    yield new
        case ast.BoolOp(op=operator, values=values):
            yield ast.BoolOp(ast.And() if isinstance(operator, ast.Or) else ast.Or(), values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in OPERATORS:
            yield ast.BinOp(left, OPERATORS[type(operator)](), right)
        case ast.AugAssign(target=target, op=operator, value=value):
            yield ast.Pass()
            if type(operator) in OPERATORS:
                yield ast.AugAssign(target, OPERATORS[type(operator)](), value)


def _other_values(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Attribute(value=ast.Name(id=kind), attr=member) if kind in MEMBERS:
            yield ast.Attribute(ast.Name(kind, ast.Load()), MEMBERS[kind][member], ast.Load())
        case ast.Call(func=ast.Name(id="Decision"), args=[ast.Constant(value=None), why]):
            yield ast.Call(node.func, [ast.Constant(0), why], [])
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
        case ast.Constant(value=str(value)):
            yield ast.Constant(value + "?")


def _other_flow(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.If() | ast.IfExp() | ast.While():
            yield _turned(node)
        case ast.comprehension(ifs=[_, *_]):
            turned = copy.deepcopy(node)
            turned.ifs[0] = ast.UnaryOp(ast.Not(), turned.ifs[0])
            yield turned
        case ast.Match(subject=subject, cases=cases):
            for case in cases:
                yield ast.Match(subject, [other for other in cases if other is not case])
        case ast.Expr(value=ast.Call()) | ast.Raise() | ast.Break() | ast.Continue():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript() | ast.Tuple()]):
            yield ast.Pass()


def _turned(node: ast.If | ast.IfExp | ast.While) -> ast.If | ast.IfExp | ast.While:
    new = copy.copy(node)
    new.test = ast.UnaryOp(ast.Not(), node.test)
    return new


def _putting(parent: ast.AST, field: str, index: int | None) -> Put:
    def put(new: ast.AST) -> None:
        if index is None:
            setattr(parent, field, new)
        else:
            getattr(parent, field)[index] = new

    return put


def _applying(put: Put, new: ast.AST) -> Callable[[], None]:
    return lambda: put(new)


def _short(node: ast.AST) -> str:
    """A node's code on one line; of a compound statement only what it asks."""
    match node:
        case ast.If(test=test):
            return f"if {ast.unparse(test)}"
        case ast.While(test=test):
            return f"while {ast.unparse(test)}"
        case ast.Match(subject=subject, cases=cases):
            patterns = " | ".join(ast.unparse(case.pattern).partition("(")[0] for case in cases)
            return f"match {ast.unparse(subject)}: {patterns}"
        case ast.comprehension(ifs=ifs):
            return "if " + " if ".join(ast.unparse(test) for test in ifs)
    return " ".join(ast.unparse(node).split())
