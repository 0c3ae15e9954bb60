"""Live kernels on the command line: recorded, held against models, in reports, and interrupted."""

from __future__ import annotations

import json
import os
import select
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from zonediff.cli.main import cli
from zonediff.live.host import QEMU, Host
from zonediff.live.subject import Live

SCENARIO = """\
title: The first block of a DIMM as movable
why: the least that shows a difference
machine: {nodes: [1G], dimms: [{id: dimm1, size: 384M}]}
steps:
  - read: {file: memory34/valid_zones}
  - write: {file: memory32/state, value: online_movable}
  - write: {file: memory33/state, value: online_movable}
goals:
  - {want: no write fails, steps: ok}
"""

Zonediff = Callable[..., Result]


@pytest.fixture
def zonediff() -> Zonediff:
    return lambda *arguments: CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "first-block.yaml"
    path.write_text(SCENARIO)
    return path


def test_nothing_to_record_is_a_mistake(zonediff: Zonediff, kernel: Path, tmp_path: Path) -> None:
    said = zonediff("live", "record", "--kernel", kernel, "-o", tmp_path / "out.jsonl")
    assert said.exit_code == 2
    assert "name a SCENARIO (such as 'knob/*'), or give --random N" in said.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--live", "vmlinuz"], "--live compares with a model: give its --variant"),
        (["--random", "3"], "--random and --machine need a kernel to run: give --live IMAGE"),
        (["--live", "no-such-image", "--variant", "v6.1"], "no-such-image: No such file"),
        (["--memory", "much"], "'much' is not a size"),
    ],
)
def test_mistakes_are_told(zonediff: Zonediff, arguments: list[str], message: str) -> None:
    said = zonediff("validate", *arguments)
    assert said.exit_code == 2
    assert message in said.output


def test_what_is_recorded_can_be_validated(
    zonediff: Zonediff, kernel: Path, subject: Live, scenario: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    said = zonediff(
        *("live", "record", scenario, "--kernel", kernel, "-o", out),
        *("--random", 1, "--steps", 3, "--machine", "two-nodes", "--jobs", 1, "--variant", "v6.1"),
    )
    assert said.exit_code == 0, said.output
    assert f"wrote {out}: 2 traces of Linux " in said.output
    first, second = (json.loads(line) for line in out.read_text().splitlines())
    assert first["id"] == "v6.1.first-block"
    assert second["id"] == "v6.1.two-nodes-0-0"
    assert (len(first["steps"]), len(second["steps"])) == (3, 3)
    assert first["kernel"] in subject.summary
    if first["kernel"].startswith("6.1."):
        assert zonediff("validate", out).exit_code == 0


def test_what_a_cluster_records_is_the_same(
    zonediff: Zonediff, kernel: Path, scenario: Path, tmp_path: Path
) -> None:
    pytest.importorskip("distributed")
    here, there = tmp_path / "here.jsonl", tmp_path / "there.jsonl"
    asked = ("live", "record", scenario, "--kernel", kernel, "--variant", "v6.1")
    for out, where in ((here, ("--jobs", 1)), (there, ("--scheduler", "local"))):
        said = zonediff(*asked, "-o", out, *where)
        assert said.exit_code == 0, said.output
    assert there.read_bytes() == here.read_bytes()


def test_a_killed_recording_goes_on_where_it_stopped(
    zonediff: Zonediff, kernel: Path, host: Host, tmp_path: Path
) -> None:
    here, there, store = tmp_path / "here", tmp_path / "there", tmp_path / "store.sqlite"
    machines = ("--machine", "one-node", "--random", 2, "--steps", 3, "--seed", 7)
    asked = ("live", "record", "--kernel", kernel, "--jobs", 1, *machines)
    assert zonediff(*asked, "-o", here).exit_code == 0
    programs, notes = tmp_path / "bin", tmp_path / "told"
    programs.mkdir()
    os.mkfifo(notes)
    (programs / QEMU).write_text(QEMU_THAT_TELLS.format(told=notes, qemu=host.qemu))
    (programs / QEMU).chmod(0o755)
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, *map(str, (*asked, "--store", store, "-o", there))],
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
    ) as process:
        announced(notes, 2)
        process.kill()
    assert not there.exists()
    with closing(sqlite3.connect(store)) as database:
        kept = list(database.execute("SELECT what FROM outcomes"))
    assert kept == [(f"recording of one-node-7-0 on {kernel}",)]
    assert zonediff(*asked, "--store", store, "-o", there).exit_code == 0
    assert there.read_bytes() == here.read_bytes()
    # Now that all is there no guest is needed any more.
    (programs / QEMU).write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exec {host.qemu} "$@"\nexit 1\n'
    )
    there.unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
        assert zonediff(*asked, "--store", store, "-o", there).exit_code == 0
    assert there.read_bytes() == here.read_bytes()


def test_a_wrong_model_is_refuted_in_the_fewest_steps(
    zonediff: Zonediff, kernel: Path, subject: Live, scenario: Path
) -> None:
    if "Linux 6.1" not in subject.summary:
        pytest.skip(f"what 6.1 does is known, this is another kernel: {subject.summary}")
    # 4.14 lets the zone keep what is offlined, 6.1 does not.
    steps = "".join(
        f"  - write: {{file: memory{block}/state, value: {value}}}\n"
        for block, value in ((32, "offline"), (34, "online"))
    )
    scenario.write_text(SCENARIO.replace("goals:", f"{steps}goals:"))
    said = zonediff("validate", "--live", kernel, "--variant", "v4.14", scenario, "--jobs", 1)
    assert said.exit_code == 1, said.output
    assert said.output.partition("The fewest steps that show it:\n")[2].partition("\n\n")[0] == (
        "  boot with 1G\n"
        "    DIMM dimm1 384M node 0\n"
        "  echo online_movable > memory32/state\n"
        "  echo offline > memory32/state"
    )


def test_a_kernel_is_a_column_of_a_report(
    zonediff: Zonediff, kernel: Path, scenario: Path, tmp_path: Path
) -> None:
    said = zonediff(
        *("run", scenario, "drivers/xen-default", "--variants", f"live:{kernel}"),
        *("--html", tmp_path / "report.html"),
    )
    assert said.exit_code in (0, 1), said.output
    page = (tmp_path / "report.html").read_text()
    assert "not on this machine: xen adds" in page
    assert f"live:{kernel}" in page


# --- interrupted ----------------------------------------------------------------------------------

QEMU_THAT_TELLS = """\
#!/bin/sh
case "$*" in *-machine*) echo $$ > {told} ;; esac
exec {qemu} "$@"
"""

NO_QEMU = """\
#!/bin/sh
[ "$1" = --version ] && exec {qemu} "$@"
exit 1
"""

COMMAND = """\
import signal
from zonediff.cli.main import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # it is ignored in a shell's background
main()
"""

DEADLINE = 60.0


def announced(fifo: Path, number: int) -> list[int]:
    """So many process ids, as they are written to a pipe, a line each."""
    text = b""
    reading = os.open(fifo, os.O_RDWR)  # which opens at once, and never comes to an end
    while text.count(b"\n") < number:
        assert select.select([reading], [], [], DEADLINE)[0], "no guest was started"
        text += os.read(reading, 1000)
    os.close(reading)
    return [int(line) for line in text.split()]


@pytest.mark.parametrize(
    ("sent", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)],
)
def test_however_it_ends_nothing_is_left(
    kernel: Path, host: Host, tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    programs, temporary, notes = tmp_path / "bin", tmp_path / "tmp", tmp_path / "told"
    programs.mkdir()
    temporary.mkdir()
    os.mkfifo(notes)
    (programs / QEMU).write_text(QEMU_THAT_TELLS.format(told=notes, qemu=host.qemu))
    (programs / QEMU).chmod(0o755)
    out = tmp_path / "out.jsonl"
    arguments = ["live", "record", "--kernel", kernel, "-o", out, "--random", 3, "--jobs", 2]
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", "TMPDIR": str(temporary)}
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment},
    ) as process:
        guests = [os.pidfd_open(pid) for pid in announced(notes, 2)]
        process.send_signal(sent)
        output, _ = process.communicate(timeout=DEADLINE)
    for guest in guests:
        assert select.select([guest], [], [], DEADLINE)[0], "a guest is still there"
        os.close(guest)
    assert process.returncode == code
    assert ("Interrupted." in output) is (sent != signal.SIGKILL)
    assert list(temporary.iterdir()) == []
    assert not out.exists()
