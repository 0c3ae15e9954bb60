"""Shell completion of the names of scenarios, variants, machines, claims and forms of report.

The functions are callbacks for click's `shell_complete`. They never run a variant file: pressing
the tabulator key must not start anybody's code.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import click
from click.shell_completion import CompletionItem


def scenarios(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of scenarios; after `[`, the members of a family; if there are none, files."""
    from zonediff.corpus.loader import SHIPPED, ids_below, load, split_member
    from zonediff.corpus.problems import ScenarioError

    corpus = ctx.params.get("corpus") or SHIPPED
    ids: list[str] = []
    family, bracket, _ = incomplete.partition("[")
    with suppress(ScenarioError, OSError):
        if bracket:
            ids = [item.id for item in load([split_member(family)[0]], corpus)]
        else:
            ids = ids_below(corpus)
    return _matching(ids, incomplete) or [CompletionItem(incomplete, type="file")]


def variants(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of variants: ours, and those in the variant files given before."""
    return _matching(_variants(ctx), incomplete)


def variant_list(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Names of variants in a list with commas: the name after the last comma."""
    before, comma, last = incomplete.rpartition(",")
    given = before.split(",")
    names = (name for name in _variants(ctx) if name not in given)
    return [CompletionItem(f"{before}{comma}{item.value}") for item in _matching(names, last)]


def machines(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of machines to explore; if there are none, files."""
    from zonediff.explore.arena import STANDARD

    return _matching(STANDARD, incomplete) or [CompletionItem(incomplete, type="file")]


def claims(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of claims."""
    from zonediff.corpus.claim_files import load_claims

    return _matching((claim.id for claim in load_claims()), incomplete.upper())


def forms(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of forms of report; for `FORM=FILE`, with the equals sign."""
    from zonediff.reports.formats import FORMATS

    sign = "=" if "=" in (param.make_metavar(ctx) or "") else ""
    return _matching((f"{name}{sign}" for name in FORMATS), incomplete)


def _variants(ctx: click.Context) -> list[str]:
    from zonediff.variants.registry import OURS

    names = list(OURS)
    for file in ctx.params.get("variant_files") or ():
        with suppress(OSError, SyntaxError, ValueError):
            names += _names_in(Path(file).read_bytes())
    return names


def _names_in(text: bytes) -> list[str]:
    """The names that the classes of a variant file give themselves, without running it."""
    return [
        statement.value.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ClassDef)
        for statement in node.body
        if isinstance(statement, ast.Assign)
        and [getattr(target, "id", "") for target in statement.targets] == ["name"]
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    ]


def _matching(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
