from __future__ import annotations

from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zonediff.corpus.arithmetic import compute, parse

NUMBERS = {"kib": 131712, "left": 48512, "zone": "Normal"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("kib", Fraction(131712)),
        ("kib / (kib + left)", Fraction(131712, 180224)),
        ("2 * 3 + 4 * 5", Fraction(26)),
        ("1 - 2 - 3", Fraction(-4)),
        (" 7 / 2 ", Fraction(7, 2)),
    ],
)
def test_value(text: str, value: Fraction) -> None:
    assert compute(text, NUMBERS) == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not arithmetic"),
        ("kib +", "is not arithmetic"),
        ("kib left", "is not arithmetic"),
        ("kib ** 2", "only names, whole numbers"),
        ("kib.left", "only names, whole numbers"),
        ("len(kib)", "only names, whole numbers"),
        ("1.5", "only names, whole numbers"),
        ("True", "only names, whole numbers"),
        ("-kib", "only names, whole numbers"),
        ("kib if left else 1", "only names, whole numbers"),
        ("1 +" * 100 + " 1", "more than 200 characters"),
        ("(" * 190, "is not arithmetic"),
    ],
)
def test_no_arithmetic(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kib / (left - left)", "divides by zero"),
        ("zone", r"there is no number 'zone' \(known: kib, left\)"),
        ("free", "there is no number 'free'"),
    ],
)
def test_numbers_that_are_not_there(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        compute(text, NUMBERS)


@given(st.text(max_size=30))
def test_any_text_is_computed_or_refused(text: str) -> None:
    with suppress(ValueError):
        assert isinstance(compute(text, NUMBERS), Fraction)
