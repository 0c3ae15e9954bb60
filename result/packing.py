"""Makes result files small: leaves out parts that follow from others, and restores them.

Most of a result repeats itself: variants behave alike in most scenarios, the same rules decide
everywhere, and a judgement lists goals that its two runs have too. So a run that equals an earlier
one is a reference to it, reasons are in one table, and the goals of judgements are left out. This
saves nine tenths of a file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from zonediff.engine.bounds import UNPACKED_FROM, UNPACKED_TIMES


def compact(value: Any) -> str:
    """Return a value as JSON without blanks."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def lines(value: Any) -> str:
    """Return a value as JSON; a list has a line for each item, so that grep and diff work."""
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(compact(item) for item in value) + "\n]"
    return compact(value)


def pack(body: dict[str, Any]) -> None:
    """Leave out, in place, the parts that follow from others."""
    compared = _compared(body)
    for judgement in body["judgements"]:
        if judgement.get("goals", []) == compared(judgement):
            judgement.pop("goals", None)
        else:
            judgement.setdefault("goals", [])
    hashes = {scenario["id"]: scenario["hash"] for scenario in body["scenarios"]}
    written: dict[str, str] = {}
    for number, run in enumerate(body["runs"]):
        if run.get("hash", "") == hashes.get(run["scenario"]):
            run.pop("hash", None)
        else:
            run.setdefault("hash", "")
        if run.get("trace", {}).get("subject") == run["variant"]:
            del run["trace"]["subject"]
        names = {"scenario": run["scenario"], "variant": run["variant"]}
        first = written.setdefault(compact({**run, "variant": ""}), run["variant"])
        if first != run["variant"]:
            body["runs"][number] = {**names, "same_as": first}
    table: dict[str, int] = {}
    for reasons in _reason_lists([body.get(part) for part in _WITH_REASONS]):
        reasons[:] = [table.setdefault(compact(reason), len(table)) for reason in reasons]
    body["reasons"] = [json.loads(reason) for reason in table]


class _Room:
    """The number of characters that references may still take, so that no file explodes."""

    def __init__(self, packed: int) -> None:
        self.left = UNPACKED_TIMES * max(packed, UNPACKED_FROM)
        self._sizes: dict[int, int] = {}

    def take(self, value: Any) -> Any:
        """Return a value that is referred to once more. Raises ValueError when it does not fit."""
        if id(value) not in self._sizes:
            self._sizes[id(value)] = len(compact(value))
        self.left -= self._sizes[id(value)]
        if self.left < 0:
            raise ValueError(f"it unpacks to more than {UNPACKED_TIMES} times its size")
        return value


def unpack(body: dict[str, Any], packed: int) -> None:
    """Undo pack(), in place. Parts of a wrong shape stay as they are; the converter refuses them.

    packed: the characters of the file. Raises ValueError if a reference has no target, or if the
    references take too much.
    """
    room = _Room(packed)
    table = body.pop("reasons", None)
    if not isinstance(table, list):
        raise ValueError("$.reasons is not a list")
    for reasons in _reason_lists([body.get(part) for part in _WITH_REASONS]):
        reasons[:] = [_entry(table, reason, room) for reason in reasons]
    hashes = {str(item.get("id")): item.get("hash") for item in _objects(body.get("scenarios"))}
    earlier: dict[tuple[str, str], dict[str, Any]] = {}
    for run in _objects(body.get("runs")):
        scenario, variant = str(run.get("scenario")), str(run.get("variant"))
        if "same_as" in run:
            first = earlier.get((scenario, str(run.pop("same_as"))))
            if first is None:
                raise ValueError(f"run {scenario} on {variant} equals one that is not there")
            run.update({**room.take(first), "variant": variant})
            earlier[scenario, variant] = first
        else:
            earlier[scenario, variant] = dict(run)
        if scenario in hashes:
            run.setdefault("hash", hashes[scenario])
        if isinstance(run.get("trace"), dict):
            run["trace"] = {"subject": variant, **run["trace"]}
    compared = _compared(body)
    for judgement in _objects(body.get("judgements")):
        if "goals" not in judgement:
            judgement["goals"] = [room.take(goal) for goal in compared(judgement)]


def _compared(body: dict[str, Any]) -> Callable[[dict[str, Any]], list[dict[str, Any]]]:
    """Return a function that makes the goals of a judgement from the two runs it compares."""
    goals = {
        (str(run.get("scenario")), str(run.get("variant"))): _objects(run.get("goals"))
        for run in _objects(body.get("runs"))
    }

    def side_by_side(judgement: dict[str, Any]) -> list[dict[str, Any]]:
        scenario = str(judgement.get("scenario"))
        before = goals.get((scenario, str(body.get("baseline"))), [])
        after = goals.get((scenario, str(judgement.get("variant"))), [])
        return [
            {
                "want": old.get("want"),
                "baseline": old.get("met"),
                "candidate": new.get("met"),
                "kind": _kind_of_goal(old, new),
                "baseline_detail": old.get("detail"),
                "candidate_detail": new.get("detail"),
            }
            for old, new in zip(before, after, strict=False)
        ]

    return side_by_side


def _kind_of_goal(old: dict[str, Any], new: dict[str, Any]) -> str:
    """The kind of difference of two outcomes; a moot goal is not fixed."""
    before, after = old.get("met"), new.get("met")
    if type(before) is not bool or type(after) is not bool or before is after:
        return "unchanged"
    if before:
        return "regression"
    return "unchanged" if new.get("moot") else "fix"


def _entry(table: list[Any], reason: Any, room: _Room) -> Any:
    if type(reason) is not int:
        return reason
    if not 0 <= reason < len(table):
        raise ValueError(f"there is no reason {reason}")
    return room.take(table[reason])


_WITH_REASONS: Final = ("runs", "judgements", "claims", "history", "explorations")
"""The parts of a result whose reasons are in the table."""

_REASONS: Final = {
    *("reasons", "boot_reasons", "baseline_reasons", "candidate_reasons", "file_reasons"),
    *("before_reasons", "after_reasons"),
}


def _reason_lists(value: Any) -> Iterator[list[Any]]:
    """Yield every list of reasons in a JSON value."""
    if isinstance(value, list):
        for item in value:
            yield from _reason_lists(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in _REASONS and isinstance(item, list):
                yield item
            else:
                yield from _reason_lists(item)


def _objects(value: Any) -> list[dict[str, Any]]:
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, dict)]
