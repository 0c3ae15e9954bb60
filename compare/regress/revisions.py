"""Check two revisions out, run both, and compare their outcomes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from zonediff.compare.regress.changes import compare
from zonediff.compare.regress.outcomes import Request, Tree, outcomes
from zonediff.compare.regress.worktree import worktree
from zonediff.compare.series.repository import repository, resolve
from zonediff.result.changes import Regression

_SHORT: Final = 12
"""Digits of a commit's name that are shown."""


def compare_revisions(path: Path, base: str, head: str, request: Request) -> Regression:
    """Compare the outcomes of two revisions of the repository at a path.

    A revision keeps the name that the user gave, followed by its commit unless the name begins it.
    Raises SeriesError when there is no such repository or revision, or one cannot be run.
    """
    with repository(path) as repo:
        commits = [resolve(repo, revision) for revision in (base, head)]
        names = [
            revision if commit.startswith(revision) else f"{revision} ({commit[:_SHORT]})"
            for revision, commit in zip((base, head), commits, strict=True)
        ]
        with worktree(repo, commits[0]) as base_tree, worktree(repo, commits[1]) as head_tree:
            before, after = outcomes([Tree(base, base_tree), Tree(head, head_tree)], request)
    return compare(before, replace(after, known=list(request.known)), (names[0], names[1]))
