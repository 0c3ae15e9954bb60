"""What reaches the terminal, and standard streams that are closed or full."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_outputs import shell
from tests.trap import Trap

FAMILY = """\
title: t
why: y
with: {v: ["\\ec", "\\u202e", "\\x9b2J"]}
machine: {nodes: [1G], dimms: [{id: dimm1, size: 1G}]}
steps:
  - write: {file: memory32/state, value: "online_movable${v}"}
goals:
  - {want: w, blocks: 32, zone: Movable}
"""
VARIANT = '''
from zonediff.variants.upstream import Upstream


class Mine(Upstream):
    """A summary \x1b[31min red\x1b[0m, or \u202edetrevni."""

    name = "mine"
    origin = "a test"

    def zone_of_new_memory(self, kernel, node, first, source):
        raise LookupError("\\x1b[2J")
'''
MAIL = """\
Subject: =?utf-8?q?=1b=5d0=3bpwned=07=1b=5b31mred?=
From: =?utf-8?q?=e2=80=ae=1b?= <a@example.org>
Date: Mon, 6 Mar 2017 10:00:00 +0000
Message-Id: <x@example.org>

---
diff --git a/mm/memory_hotplug.c b/mm/memory_hotplug.c
index 1..2 100644
--- a/mm/memory_hotplug.c
+++ b/mm/memory_hotplug.c
@@ -1,2 +1,2 @@ static int foo(void)
-a
+b
 c
"""
NAME = "\x1b]0;name\x07\u202e.yaml"


def invisible(text: str) -> list[str]:
    hidden = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return [char for char in text if unicodedata.category(char) in hidden and char not in "\n\t"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "key.yaml"),
        ("check", "tag.yaml"),
        ("check", NAME),
        ("check", f"no{NAME}"),
        ("run", "family.yaml", "--variants", "upstream"),
        ("run", "family.yaml", "--variants", "mine", "--variant-file", "mine.py"),
        ("run", "family.yaml", "-o", f"{NAME}.json", "--variants", "upstream"),
        ("run", "-o", f"no/{NAME}"),
        ("run", "--variants", "\x1b[31m"),
        ("show", "family.yaml"),
        ("show", "first.yaml", "--variant", "mine", "--variant-file", "mine.py"),
        ("list", "variants", "--variant-file", "mine.py"),
        ("series", "--mbox", "mail.eml"),
        ("live", "doctor", NAME),
        ("live", "record", "--kernel", NAME, "-o", "x"),
        ("validate", NAME),
        ("validate", "bad.jsonl"),
        ("report", NAME),
        ("explore", "upstream", "v4.12", "--machine", NAME),
        ("\x1b[31m",),
        ("run", "--\x1b[31m"),
        ("new", "scenario", "\x1b[31m"),
    ],
    ids=lambda arguments: ascii(" ".join(arguments)),
)
def test_nothing_invisible_is_printed(
    process: Any, corpus: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    for name, text in {
        "key.yaml": 'title: x\n"\\e]0;pwned\\a\\u202e": 1\n',
        "tag.yaml": "title: !%1b%5b31mX y\n",
        "family.yaml": FAMILY,
        "first.yaml": (corpus / "ordering" / "first.yaml").read_text(),
        "mine.py": VARIANT,
        "mail.eml": MAIL,
        "bad.jsonl": '{"\\u001b[31m": 1}\n',
        NAME: "\x1b[31m\n",
    }.items():
        (tmp_path / name).write_text(text)
    done = process(*arguments)
    assert done.stdout + done.stderr != ""
    assert invisible(done.stdout + done.stderr) == []
    assert done.returncode in (0, 1, 2, 3)
    assert "mistake in zonediff" not in done.stderr


@pytest.mark.parametrize("closed", ["<&-", "2>&-", "<&- 2>&-", ">&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed(corpus: Path, tmp_path: Path, closed: str) -> None:
    run = "zonediff run ordering --corpus corpus --variants upstream --store s.sqlite"
    assert shell(f"{run} {closed}", tmp_path).returncode == 0
    assert shell(f"{run} --variants upstrem {closed}", tmp_path).returncode == 2
    assert shell(f"zonediff b4-check {closed} < /dev/null", tmp_path).returncode == 0
    assert shell(f"zonediff b4-check {closed}", tmp_path).returncode == 0
    assert shell(f"{run}", tmp_path).stderr == ""  # the store is as it should be


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", ["--help", "--version", "run --help", "live --help", ""])
def test_help_that_cannot_be_written(tmp_path: Path, arguments: str) -> None:
    done = shell(f"zonediff {arguments} > /dev/full", tmp_path)
    assert done.returncode == 2
    if arguments:
        assert done.stderr == "Error: the output: No space left on device\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_messages_that_cannot_be_written(tmp_path: Path) -> None:
    done = shell("zonediff run --variants upstrem 2> /dev/full", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")


def test_names_that_are_not_utf8(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "arena.yaml").write_text(
        "machine: {nodes: [1G], dimms: [{id: dimm1, size: 256M}]}\nalphabet: [state, online]\n"
    )
    lines = [
        ("mv arena.yaml $'\\xff.yaml'; mv corpus $'\\xff'; mkdir $'\\xff.d'", 0),
        ("zonediff explore upstream v4.13 --machine $'\\xff.yaml' --save $'\\xff.d'", 1),
        ("zonediff explore upstream v4.12 --random 1 --store $'\\xff.s' --machine $'\\xff.yaml'", 0),  # noqa: E501
        ("zonediff new variant mine -o $'\\xff.py' && zonediff new scenario x -o $'\\xff.2.yaml'", 0),  # noqa: E501
        ("zonediff run --corpus $'\\xff' --variant-file $'\\xff.py' --store $'\\xff.t' "
         "--variants upstream,mine -o $'\\xff.json' --html $'\\xff.html'", 0),
        ("zonediff run $'\\xff.2.yaml' --variants upstream --mail $'\\xff.mail'", 0),
        ("zonediff report $'\\xff.json' --format csv -o $'\\xff.csv'", 0),
        ("zonediff new scenario x -o $'\\xff.2.yaml'", 2),
    ]  # fmt: skip
    for line, code in lines:
        done = shell(line, tmp_path)
        assert (done.returncode, invisible(done.stdout + done.stderr)) == (code, []), line
    assert os.path.exists(os.fsencode(tmp_path) + b"/\xff.csv")  # noqa: PTH110


def test_help_for_a_reader_that_is_gone(process: Any) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = process("--help", capture_output=False, stdout=writing, stderr=-1)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_nothing_is_left_behind_a_signal(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    temporary = Path(tempfile.mkdtemp())  # a socket in it has a name of at most 107 bytes
    monkeypatch.setenv("TMPDIR", str(temporary))
    trap = Trap(tmp_path)
    try:
        trap.set()
        started = trap.start(
            *("run", "--corpus", corpus, "--jobs", 2, "-o", tmp_path / "out.json"),
            *("--variants", "upstream,waits"),
        )
        trap.caught()
        started.send_signal(number)
        started.communicate(timeout=60)
    finally:
        trap.close()
    assert started.returncode == 128 + number
    temporary.rmdir()


def test_a_signal_that_is_ignored_stays_ignored(corpus: Path, tmp_path: Path) -> None:
    code = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from zonediff.cli import list as listing\n"
        "listing._variants = lambda files: signal.raise_signal(signal.SIGHUP) or []\n"
        "from zonediff.cli.main import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code, "list", "variants"], check=False)
    assert done.returncode == 0
