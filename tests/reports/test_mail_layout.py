"""What mails are made of."""

from __future__ import annotations

from zonediff.engine.trace import Reason
from zonediff.reports.forms.mail_layout import WIDTH, Notes, table, transcript
from zonediff.reports.page.reproduce import Line, Part


def test_a_monitor_knows_no_continued_lines() -> None:
    """QEMU's monitor would take a backslash for a part of the command."""
    text = f"device_add pc-dimm,id={'d' * 80},node=0"
    lines = list(transcript([Part("monitor", (Line((text,)), Line(("ok",), comment=True)))]))
    assert lines == [
        "  (qemu) device_add pc-dimm,id=".ljust(WIDTH, "d"),
        f"         {'d' * 39},node=0",
        "    => (this is one line)",
        "    => ok",
    ]
    short = list(transcript([Part("monitor", (Line(("device_del d",)),))]))
    assert short == ["  (qemu) device_del d"]


def test_notes_are_numbered_once_and_each_rule_has_one() -> None:
    notes = Notes()
    first, next_block = (Reason("r", "f", f"block {number}") for number in (32, 33))
    other = Reason("s", "g", "why")
    assert notes.marks([first, next_block, other]) == "[1][2]"
    assert notes.marks([other]) == "[2]"
    assert notes.marks([next_block]) == "[3]"
    assert list(notes.lines()) == ["[1] f: block 32", "[2] g: why", "[3] f: block 33"]


def test_the_widest_column_of_a_table_gives_way() -> None:
    lines = list(table(["a", "b"], [["x" * 100, "y"], ["z", "y"]]))
    assert max(map(len, lines)) == WIDTH
    assert "".join(lines).count("x") == 100
