"""Text made safe for terminals and mails."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zonediff.reports.text.plain import command, to_ascii, visible, wrap


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text\n\tof two lines", "plain text\n\tof two lines"),
        (
            "na\N{LATIN SMALL LETTER I WITH DIAERESIS}ve",
            "na\N{LATIN SMALL LETTER I WITH DIAERESIS}ve",
        ),
        ("a\N{RIGHT-TO-LEFT OVERRIDE}b", "a\\u202eb"),
        ("a\N{ZERO WIDTH SPACE}b", "a\\u200bb"),
        ("a\x1b[31m", "a\\x1b[31m"),
        ("a\r\0", "a\\x0d\\x00"),
        ("a\ud800", "a\\ud800"),
        ("a\U000e0041", "a\\U000e0041"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("offline \N{RIGHTWARDS ARROW} online", "offline -> online"),
        ("\N{LEFT DOUBLE QUOTATION MARK}so\N{RIGHT DOUBLE QUOTATION MARK}", '"so"'),
        ("and so on\N{HORIZONTAL ELLIPSIS}", "and so on..."),
        ("\N{SNOWMAN}", "\\u2603"),
    ],
)
def test_typography_becomes_ascii(text: str, shown: str) -> None:
    assert to_ascii(text) == shown


def test_lines_are_wrapped_with_a_hanging_indent() -> None:
    assert wrap("one two three four", 9, "- ") == ["- one two", "  three", "  four"]


def test_a_long_word_is_broken() -> None:
    assert wrap("abcdefgh", 5, "- ") == ["- abc", "  def", "  gh"]


def test_a_command_is_continued_between_its_pieces() -> None:
    assert command(["qemu", "-m 1G", "-device x"], 16) == ["qemu -m 1G \\", "    -device x"]


words = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=60)


@given(st.lists(words, min_size=1, max_size=8), st.integers(10, 72))
def test_a_continued_command_means_the_same(pieces: list[str], width: int) -> None:
    lines = command(pieces, width)
    assert all(len(line) <= width for line in lines)
    assert shlex.split("\n".join(lines).replace("\\\n", "")) == pieces


printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)


@settings(max_examples=40)
@given(st.lists(printable, min_size=1, max_size=4), st.integers(10, 72))
def test_a_shell_reads_a_continued_command_as_it_was_meant(texts: list[str], width: int) -> None:
    lines = command(["printf '%s\\n'", *map(shlex.quote, texts)], width)
    assert all(len(line) <= width for line in lines)
    done = subprocess.run(
        ["sh", "-c", "\n".join(lines)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "".join(f"{text}\n" for text in texts)


@given(st.text(), st.integers(10, 72))
def test_any_text_is_wrapped_in_ascii(text: str, width: int) -> None:
    lines = wrap(text, width, "- ")
    assert all(len(line) <= width and line.isascii() and line.isprintable() for line in lines)
