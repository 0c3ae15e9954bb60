"""The progress bar, on a real terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest


def drawn_by(*arguments: str) -> str:
    """What a command draws on a terminal of 80 columns that is its standard error."""
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [sys.executable, "-c", "from zonediff.cli.main import main; main()", *arguments]
    drawn = b""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=end) as process:
        os.close(end)
        try:
            while part := os.read(terminal, 4096):
                drawn += part
        except OSError:  # nobody has the other end any more
            pass
        assert process.wait() in (0, 1)
    os.close(terminal)
    return drawn.decode()


@pytest.mark.parametrize(
    ("arguments", "doing", "unit"),
    [
        (("sweep", "glance"), "sweeping", "points"),
        (("run", "knob/*", "--jobs", "2"), "running", "runs"),
        (("explore", "upstream", "v4.13", "--random", "50"), "exploring", "walks"),
        (("validate",), "replaying", "files"),
    ],
)
def test_it_tells_rate_and_time_left(arguments: tuple[str, ...], doing: str, unit: str) -> None:
    drawn = drawn_by(*arguments)
    clock = r"\d\d:\d\d"
    assert re.search(
        rf"\r{doing}: +\d+%\|.*\| \d+/\d+ \[{clock}<{clock}, +[\d.]+ {unit}/s\]", drawn
    )
    assert max(map(len, drawn.split("\r"))) < 80
    assert not drawn.split("\r")[-2].strip(), "nothing of it is left"
