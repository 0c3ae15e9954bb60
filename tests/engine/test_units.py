from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zonediff.engine.units import format_address, format_size, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("4096", 4096),
        ("1K", 1 << 10),
        ("128M", 128 << 20),
        ("128MiB", 128 << 20),
        ("128 mb", 128 << 20),
        ("1G", 1 << 30),
        ("2T", 2 << 40),
        ("1P", 1 << 50),
        ("0x100000000", 1 << 32),
        ("0X10", 16),
        ("010", 10),
        (" 1G\n", 1 << 30),
        ("7B", 7),
    ],
)
def test_sizes_are_bytes_or_a_number_with_a_suffix(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "M", "-1", "1.5G", "1 G G", "0xg", "12x", "1E", "1_000"])
def test_anything_else_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a size: write bytes, or a number with K, M"):
        parse_size(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0"), (1, "1"), (1023, "1023"), (1024, "1K"), (384 << 20, "384M"), (5 << 30, "5G")],
)
def test_sizes_are_written_with_the_largest_suffix_that_divides_them(size: int, text: str) -> None:
    assert format_size(size) == text


@given(st.integers(min_value=0, max_value=1 << 52))
def test_what_is_written_reads_back(size: int) -> None:
    assert parse_size(format_size(size)) == parse_size(format_address(size)) == size


def test_addresses_are_lower_case_hex() -> None:
    assert format_address(0x1C0000000) == "0x1c0000000"
