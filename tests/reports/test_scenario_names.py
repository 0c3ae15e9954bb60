"""Scenario names in lists."""

from __future__ import annotations

import re
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from zonediff.reports.text.scenario_names import families


def test_a_grid_is_one_entry_where_its_first_member_stands() -> None:
    names = ["a", "b[x=1,y=2]", "c", "b[x=1,y=3]", "b[x=2,y=2]", "b[x=2,y=3]"]
    assert families(names) == ["a", "b[x=1|2,y=2|3]", "c"]


def test_a_grid_with_a_hole_is_split() -> None:
    names = ["b[x=1,y=2]", "b[x=1,y=3]", "b[x=2,y=2]"]
    assert families(names) == ["b[x=1,y=2|3]", "b[x=2,y=2]"]


def test_other_keys_are_another_family() -> None:
    assert families(["b[x=1]", "b[y=1]", "c[x=1]"]) == ["b[x=1]", "b[y=1]", "c[x=1]"]


def test_what_is_not_built_like_a_member_stays() -> None:
    names = ["a[1,2]", "b[x=1", "c[x=1|2]", "c[x=3]", "]["]
    assert families(names) == names


def test_an_entry_too_long_for_a_line_is_split() -> None:
    names = [f"a/{'long' * 10}[value={value}]" for value in ("first-value", "second-value")]
    assert families(names) == names


VALUE = st.text("ab1=-", max_size=3)


@given(st.lists(st.tuples(VALUE, VALUE, st.sampled_from(["f", "g"])), unique=True))
def test_no_name_is_lost_and_none_is_invented(members: list[tuple[str, str, str]]) -> None:
    names = [f"{stem}[k={first},l={second}]" for first, second, stem in members]
    shown = []
    for entry in families(names):
        match = re.fullmatch(r"(.)\[k=(.*),l=(.*)\]", entry)
        assert match is not None
        shown += [
            f"{match[1]}[k={first},l={second}]"
            for first, second in product(match[2].split("|"), match[3].split("|"))
        ]
    assert sorted(shown) == sorted(names)
