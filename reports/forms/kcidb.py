"""Reviews in the format in which KernelCI collects results: KCIDB, version 5.3, as JSON.

A stage is a checkout and, where it was built, a build. A comparison is a test of the candidate's
build, and so is each of its causes. The format is that of github.com/kernelci/kcidb-io; it has no
word for models, so scenarios are left out.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from zonediff.reports.page.review_steps import results, transcript
from zonediff.reports.page.reviews import CauseView, bound, extent, outcome_of, stage_state
from zonediff.reports.text.plain import visible
from zonediff.result.result import Result
from zonediff.result.reviews import WITH_KERNEL, Cause, Review, Stage, StageComparison

ORIGIN: Final = "zonediff"
_VERSION: Final = {"major": 5, "minor": 3}

_EXCERPT: Final = 16_384
"""The most characters of an excerpt."""

_WIDTH: Final = 100

_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_MESSAGE: Final = re.compile(r"[^\s<>@]+@[^\s<>@]+")
_NOT_IN_A_PATH: Final = re.compile(r"[^A-Za-z0-9_-]+")


def render(result: Result) -> str:
    """The reviews of a result; a result without reviews gives a document without content."""
    document: dict[str, Any] = {"version": _VERSION, "checkouts": [], "builds": [], "tests": []}
    for number, review in enumerate(result.reviews):
        writer = _Writer(review, number, result.version)
        document["checkouts"] += map(writer.checkout, review.stages)
        document["builds"] += (
            writer.build(stage)
            for stage in review.stages
            if stage.outcome in (*WITH_KERNEL, "does-not-build")
        )
        for item in review.comparisons:
            document["tests"] += writer.tests(item)
        document["tests"] += writer.claims()
    return json.dumps(document, indent=1) + "\n"


class _Writer:
    """Writes the parts of a review. number: its place in the result, for ids that differ."""

    def __init__(self, review: Review, number: int, version: str) -> None:
        self.review = review
        self.version = version
        stages = [
            (stage.name, stage.patch, stage.message_id, stage.image) for stage in review.stages
        ]
        self.key = (number, review.series, review.tree, review.base, review.machine, stages)

    def id(self, *parts: object) -> str:
        """An id that is the same for the same review and part."""
        digest = hashlib.sha256(json.dumps([*self.key, *map(str, parts)]).encode())
        return f"{ORIGIN}:{digest.hexdigest()[:32]}"

    def checkout(self, stage: Stage) -> dict[str, Any]:
        review = self.review
        body: dict[str, Any] = {
            "id": self.id("checkout", stage.name),
            "origin": ORIGIN,
            "tree_name": visible(review.tree),
            "comment": visible(stage.patch or stage.release or stage.name),
            "valid": stage.outcome != "does-not-apply",
            "misc": {"series": review.series, "stage": stage.name},
        }
        commit = stage.commit or review.base
        if _COMMIT.fullmatch(commit):
            body["git_commit_hash"] = commit
        elif commit:
            body["git_commit_name"] = visible(commit)
        if _MESSAGE.fullmatch(stage.message_id):
            body["message_id"] = visible(stage.message_id)
        if stage.outcome == "does-not-apply":
            body["log_excerpt"] = _excerpt(stage.problem)
        return body

    def build(self, stage: Stage) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": self.id("build", stage.name),
            "checkout_id": self.id("checkout", stage.name),
            "origin": ORIGIN,
            "architecture": "x86_64",
            "config_name": f"{ORIGIN}-{self.review.machine}",
            "comment": visible(f"{stage.name}: {stage_state(stage)}"),
            "status": "FAIL" if stage.outcome == "does-not-build" else "PASS",
            "misc": {
                "release": stage.release,
                "config": stage.config,
                "image": stage.image,
                "configuration": self.review.configuration,
            },
        }
        if stage.compiler:
            body["compiler"] = visible(stage.compiler)
        if stage.outcome == "does-not-build":
            body["log_excerpt"] = _excerpt(stage.problem)
        return body

    def tests(self, item: StageComparison) -> Iterator[dict[str, Any]]:
        """A test for the comparison, and one for each of its causes."""
        regressed = any(cause.verdict == "regression" for cause in item.causes)
        pair = f"{item.baseline} -> {item.candidate}"
        misc = {
            "baseline": item.baseline,
            "candidate": item.candidate,
            "bound": bound(item),
            "not_tested": item.not_tested,
        }
        comment = f"{pair}: {outcome_of(item)} in {extent(item)}"
        path = f"{ORIGIN}.explore.{_in_path(self.review.machine)}"
        status = "FAIL" if regressed else "PASS"
        yield self._test(item.candidate, (pair,), path, status, comment, misc)
        for number, cause in enumerate(sorted(item.causes, key=lambda cause: cause.rank), 1):
            view = CauseView(number, cause, ((item.baseline, item.candidate),))
            status = "FAIL" if cause.verdict == "regression" else "DONE"
            comment = f"{view.heading} ({pair}), {view.shown}"
            test = self._test(
                item.candidate,
                (pair, number),
                f"{path}.{cause.harm}",
                status,
                comment,
                _misc(view),
            )
            yield {**test, "log_excerpt": _excerpt("\n".join(_log(view)))}

    def claims(self) -> Iterator[dict[str, Any]]:
        """A test for each claim on each stage; a refuted claim is no fault of the kernel."""
        kernels = {stage.name for stage in self.review.stages if stage.outcome in WITH_KERNEL}
        for claim in self.review.claims:
            for stage, outcome in claim.outcomes.items():
                if stage in kernels:
                    status = "SKIP" if outcome == "not settled" else "DONE"
                    path = f"{ORIGIN}.claim.{_in_path(claim.id)}"
                    comment = f"{outcome}: {claim.says}"
                    misc = {"message_id": claim.message_id, "outcome": outcome}
                    yield self._test(stage, ("claim", claim.id), path, status, comment, misc)

    def _test(
        self,
        stage: str,
        parts: tuple[object, ...],
        path: str,
        status: str,
        comment: str,
        misc: dict[str, Any],
    ) -> dict[str, Any]:
        return {
            "id": self.id("test", stage, *parts),
            "build_id": self.id("build", stage),
            "origin": ORIGIN,
            "path": path,
            "status": status,
            "comment": visible(comment),
            "environment": {
                "comment": visible(self.review.about),
                "misc": {"machine": self.review.machine, "zonediff": self.version},
            },
            "misc": misc,
        }


def _misc(view: CauseView) -> dict[str, Any]:
    cause: Cause = view.cause
    return {
        "baseline": view.baseline,
        "candidate": view.candidate,
        "verdict": cause.verdict,
        "harm": cause.harm,
        "fresh_boots": {"shown": cause.shown, "of": cause.boots},
        "transitions": cause.transitions,
        "steps": [f"{step.command}  # {results(step, view)}" for step in cause.steps],
    }


def _log(view: CauseView) -> Iterator[str]:
    """The steps, and the lines that read otherwise as a diff."""
    yield from transcript(view, _WIDTH)
    if view.cause.readings:
        yield from (f"--- {view.baseline}", f"+++ {view.candidate}")
    for source in view.sources:
        yield f"@@ {source}"
        for reading in view.cause.readings:
            if reading.source == source:
                sides = (("-", reading.baseline), ("+", reading.candidate))
                yield from (f"{sign}{line}" for sign, line in sides if line is not None)


def _excerpt(text: str) -> str:
    return visible(text)[:_EXCERPT]


def _in_path(name: str) -> str:
    """A name as a part of the path of a test."""
    return _NOT_IN_A_PATH.sub("-", name).strip("-") or "other"
