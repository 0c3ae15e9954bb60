"""What a build can do in a sandbox, and what happens to one that uses too much."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import pytest

from zonediff.engine.units import GIB, MIB
from zonediff.review import sandbox as sandboxes
from zonediff.review.errors import ReviewError
from zonediff.review.sandbox import Folder, Sandbox, choose_sandbox, problem, python_folders
from zonediff.review.watched import Bounds, Ended, control_group, watch

Kind = Literal["bubblewrap", "namespaces"]
KINDS: tuple[Kind, ...] = ("bubblewrap", "namespaces")


@pytest.fixture(params=KINDS)
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    kind: Kind = request.param
    if why := problem(kind):
        pytest.skip(f"no {kind}: {why}")
    return Sandbox(kind)


class Runner:
    """Runs a program of Python's in a sandbox, with a folder that it may write to."""

    def __init__(self, sandbox: Sandbox, tmp_path: Path) -> None:
        self.sandbox = sandbox
        self.readable = tmp_path / "readable"
        self.writable = tmp_path / "writable"
        self.root = tmp_path / "root"
        self.log = tmp_path / "log"
        for folder in (self.readable, self.writable, self.root):
            folder.mkdir()
        (self.readable / "file").write_text("kept")

    def __call__(self, program: str, bounds: Bounds | None = None) -> Ended:
        bounds = bounds or Bounds(seconds=60)
        folders = [
            Folder(self.readable, "/zonediff/readable"),
            Folder(self.writable, "/zonediff/writable", writable=True),
            *python_folders(),
        ]
        python = os.path.realpath(sys.executable)
        run = bounds.applied([python, "-u", "-I", "-S", "-c", program])
        command = self.sandbox.command(run, folders, {}, self.root)
        return watch(command, bounds, self.log, disk=self.writable)

    @property
    def output(self) -> str:
        return self.log.read_text()


@pytest.fixture
def run(sandbox: Sandbox, tmp_path: Path) -> Runner:
    return Runner(sandbox, tmp_path)


def test_it_writes_to_its_folder_and_to_nothing_else(run: Runner) -> None:
    ended = run(
        "import pathlib\n"
        "pathlib.Path('/zonediff/writable/made').write_text('x')\n"
        "for place in ('/zonediff/readable/made', '/zonediff/readable/file', '/usr/made',\n"
        "              '/made', '/etc/made'):\n"
        "    try: pathlib.Path(place).write_text('x')\n"
        "    except OSError as error: print(error.strerror)\n"
    )
    assert ended == Ended(0, None)
    assert run.output.split("\n")[:-1] == ["Read-only file system"] * 5
    assert [path.name for path in run.writable.iterdir()] == ["made"]
    assert (run.readable / "file").read_text() == "kept"
    assert list(run.root.iterdir()) == []


def test_it_sees_no_home_folder_no_environment_and_no_other_process(
    run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "value")
    home = Path.home()
    run(
        "import os\n"
        f"print(os.path.exists({str(home / '.bashrc')!r}), os.path.exists('/etc/passwd'))\n"
        "print('A_SECRET' in os.environ, os.environ['HOME'])\n"
        "print(len([name for name in os.listdir('/proc') if name.isdigit()]) < 8)\n"
    )
    assert run.output == "False False\nFalse /tmp\nTrue\n"


def test_it_has_no_network(run: Runner) -> None:
    run(
        "import socket\n"
        "try: socket.create_connection(('192.0.2.1', 80), 5)\n"
        "except OSError as error: print(error.strerror)\n"
        "print([name for _, name in socket.if_nameindex()])\n"
    )
    assert run.output == "Network is unreachable\n['lo']\n"


def test_it_gains_no_rights(run: Runner) -> None:
    run(
        "import ctypes, pathlib\n"
        "libc = ctypes.CDLL(None)\n"
        "print(libc.mount(b'none', b'/tmp', b'tmpfs', 0, None))\n"
        "print(libc.mount(b'none', b'/usr', None, 32 | 4096, None))\n"
        "status = pathlib.Path('/proc/self/status').read_text()\n"
        "print([line.split()[1] for line in status.splitlines() if line.startswith('CapEff')])\n"
        "print('NoNewPrivs:\\t1' in status)\n"
    )
    assert run.output == "-1\n-1\n['0000000000000000']\nTrue\n"


def test_one_that_forks_without_end_is_stopped(
    run: Runner, left_running: Callable[[], set[int]]
) -> None:
    program = "import os, time\ntry:\n  while os.fork(): pass\nfinally: time.sleep(600)\n"
    ended = run(program, Bounds(processes=100, seconds=60))
    assert ended.stopped == "it ran more than 100 processes at once"
    assert not left_running()


def test_the_kernel_keeps_a_group_below_its_number_of_processes() -> None:
    program = (
        "import os, time\nfor number in range(200):\n  try:\n    if not os.fork():\n"
        "      time.sleep(600)\n  except BlockingIOError:\n    break\nprint(number)\n"
        "os.killpg(0, 9)\n"
    )
    with control_group(40) as prefix:
        if not prefix:
            pytest.skip("this user cannot make control groups")
        command = [*prefix, sys.executable, "-uc", program]
        done = subprocess.run(command, stdout=subprocess.PIPE, start_new_session=True, check=False)
        group = Path(prefix[-1]).parent
        assert group.is_dir()
    assert int(done.stdout) < 40
    assert not group.exists()


def test_one_that_hides_its_processes_is_stopped_too(
    run: Runner, left_running: Callable[[], set[int]]
) -> None:
    program = "import os, time\nfor _ in range(120):\n  if os.fork() == 0:\n    os.setsid()\n    "
    program += "if os.fork(): os._exit(0)\n    time.sleep(600)\ntime.sleep(600)\n"
    ended = run(program, Bounds(processes=100, seconds=60))
    assert ended.stopped == "it ran more than 100 processes at once"
    assert not left_running()


def test_one_that_prints_without_end_is_stopped(run: Runner) -> None:
    ended = run("while True: print('x' * 10000, end='')", Bounds(log=4 * MIB, seconds=60))
    assert ended.stopped == "it printed more than 4 MiB"
    assert run.log.stat().st_size <= 4 * MIB


def test_one_that_never_ends_is_stopped(run: Runner, left_running: Callable[[], set[int]]) -> None:
    ended = run("import time\ntime.sleep(600)", Bounds(seconds=1.0))
    assert ended.stopped == "it took longer than 1 s"
    assert not left_running()


def test_one_that_takes_all_memory_fails(run: Runner) -> None:
    ended = run("print(len(bytearray(3 << 30)))", Bounds(memory=GIB, seconds=60))
    assert ended.code != 0
    assert "MemoryError" in run.output


def test_one_that_fills_the_disk_is_stopped(run: Runner) -> None:
    program = (
        "import os, time\n"
        "for number in range(8):\n"
        "    with open(f'/zonediff/writable/{number}', 'wb') as file: file.write(bytes(4 << 20))\n"
        "time.sleep(600)\n"
    )
    ended = run(program, Bounds(disk=16 * MIB, seconds=60))
    assert ended.stopped == "it wrote more than 0.016 GiB"


def test_a_file_that_is_too_large_cannot_be_written(run: Runner) -> None:
    run(
        "import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "try:\n  with open('/zonediff/writable/x', 'wb') as file: file.write(bytes(32 << 20))\n"
        "except OSError as error: print(error.strerror)\n",
        Bounds(disk=16 * MIB, seconds=60),
    )
    assert run.output == "File too large\n"


# --- without a sandbox ----------------------------------------------------------------------------


def test_where_no_sandbox_works_building_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandboxes, "problem", lambda kind: "not here")
    with pytest.raises(ReviewError) as refused:
        choose_sandbox(unsafe=False)
    assert str(refused.value) == (
        "no sandbox for building, as bubblewrap and user namespaces do not work here: install "
        "bubblewrap (apt-get install bubblewrap), or trust the series with --unsafe-build"
    )
    assert choose_sandbox(unsafe=True) == Sandbox("none")


@pytest.mark.parametrize(("works", "kind"), [(KINDS, "bubblewrap"), (KINDS[1:], "namespaces")])
def test_the_sandbox_that_works_is_chosen(
    monkeypatch: pytest.MonkeyPatch, works: Sequence[Kind], kind: Kind
) -> None:
    monkeypatch.setattr(sandboxes, "problem", lambda kind: None if kind in works else "not here")
    assert choose_sandbox(unsafe=False) == Sandbox(kind)


def test_a_user_who_trusts_the_series_keeps_the_limits(tmp_path: Path) -> None:
    bounds = Bounds(seconds=1.0)
    command = Sandbox("none").command(bounds.applied(["sleep", "600"]), [], {}, tmp_path)
    assert watch(command, bounds, tmp_path / "log").stopped == "it took longer than 1 s"


def test_an_interrupt_leaves_nothing_running(
    tmp_path: Path, left_running: Callable[[], set[int]]
) -> None:
    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch(
            ["sh", "-c", "sleep 600 & echo; wait"],
            Bounds(),
            tmp_path / "log",
            on_line=interrupt,
        )
    assert not left_running()
