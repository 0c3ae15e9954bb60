"""Folding of rows that say the same of neighbouring blocks."""

from __future__ import annotations

from collections.abc import Sequence

from zonediff.engine.observation import Observation
from zonediff.engine.steps import Plug, Write
from zonediff.engine.trace import Act, Reason
from zonediff.engine.units import MIB, Bytes
from zonediff.reports.page.fold import ActGroup, fold

NOTHING = Observation()


def done(
    block: int, result: str | None = None, rule: str = "rule", file: str = "state"
) -> ActGroup:
    reason = Reason(rule, rule, f"of block {block}")
    write = Write(f"memory{block}/{file}", "online")
    return ActGroup((Act(write, result, reasons=(reason,)),), NOTHING, NOTHING)


def sizes(
    *columns: Sequence[ActGroup | None], apart: frozenset[int] = frozenset(), longest: int = 1
) -> list[int]:
    rows = list(zip(*columns, strict=True))
    folded = fold(rows, lambda i, j: j not in apart, longest)
    return [max(len(item.acts) for item in row if item) for row in folded]


def test_blocks_up_and_down_are_folded() -> None:
    assert sizes([done(n) for n in (32, 33, 34)]) == [3]
    assert sizes([done(n) for n in (34, 33, 32)]) == [3]


def test_a_change_of_direction_or_a_hole_is_not() -> None:
    assert sizes([done(n) for n in (32, 33, 32)]) == [2, 1]
    assert sizes([done(n) for n in (32, 34, 36)]) == [1, 1, 1]
    assert sizes([done(32), done(32)]) == [1, 1]


def test_another_result_rule_or_file_is_not() -> None:
    assert sizes([done(32), done(33, "EINVAL")]) == [1, 1]
    assert sizes([done(32), done(33, rule="other")]) == [1, 1]
    assert sizes([done(32), done(33, file="online")]) == [1, 1]


def test_every_column_has_to_repeat_itself() -> None:
    first = [done(32), done(33), done(34)]
    second = [done(32), done(33), done(34, "EINVAL")]
    assert sizes(first, second) == [2, 1]
    assert sizes(first, [done(32), done(33), None]) == [2, 1]
    assert sizes(first, [None, None, None]) == [3]


def test_the_caller_can_keep_rows_apart() -> None:
    assert sizes([done(n) for n in (32, 33, 34)], apart=frozenset({1})) == [1, 2]


def plugged(number: int, size: int = 128 * MIB) -> ActGroup:
    return ActGroup((Act(Plug(f"dimm{number}", Bytes(size))),), NOTHING, NOTHING)


def test_other_acts_are_folded_when_only_a_number_goes_on() -> None:
    assert sizes([plugged(n) for n in (1, 2, 3)]) == [3]
    assert sizes([plugged(1), plugged(2), plugged(4)]) == [2, 1]
    assert sizes([plugged(1), done(32), plugged(2)]) == [1, 1, 1]


def test_rounds_of_several_acts_are_folded_from_three_on() -> None:
    rounds = [item for n in range(3) for item in (plugged(1 + n), done(32 + n))]
    assert sizes(rounds) == [1] * 6
    assert sizes(rounds, longest=2) == [6]
    assert sizes(rounds[:5], longest=2) == [1] * 5
    assert sizes([plugged(9), *rounds, done(40)], longest=2) == [1, 6, 1]
    ((folded,),) = fold([[item] for item in rounds], lambda i, j: True, longest=2)
    assert folded is not None
    assert str(folded) == (
        "plug dimm1 128M node 0; echo online > memory32/state … "
        "plug dimm3 128M node 0; echo online > memory34/state"
    )


def test_rounds_in_which_an_act_fails_say_so() -> None:
    rounds = [item for n in range(3) for item in (plugged(1 + n), done(32 + n, "EINVAL"))]
    ((folded,),) = fold([[item] for item in rounds], lambda i, j: True, longest=2)
    assert folded is not None
    assert folded.results == (None, "EINVAL")


def test_what_is_folded_keeps_all_reasons() -> None:
    ((folded,),) = fold([[done(32)], [done(33)]], lambda i, j: True)
    assert folded is not None
    assert [reason.text for reason in folded.reasons] == ["of block 32", "of block 33"]
    assert str(folded) == "echo online > memory32/state … memory33/state"
