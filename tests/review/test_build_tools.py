"""`zonediff live doctor` names every missing tool of builds with one install command."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from zonediff.cli.main import cli
from zonediff.live import doctor
from zonediff.live.build_tools import TOOLS, install_commands, missing_tools


def test_missing_programs_headers_and_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = {"flex", "bison", "bwrap"}
    monkeypatch.setattr("shutil.which", lambda name: None if name in absent else f"/usr/bin/{name}")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    class Failed:
        returncode = 1

    monkeypatch.setattr("subprocess.run", lambda *_, **__: Failed())
    missing = missing_tools()
    assert [tool.name for tool in missing] == [
        *("flex", "bison", "the headers of libelf", "the headers of libc"),
        *("tuxmake", "pyelftools", "bwrap"),
    ]
    assert install_commands([tool for tool in missing if tool.needed]) == (
        (
            "Debian, Ubuntu",
            "apt-get install flex bison libelf-dev libc6-dev && pip install 'zonediff[review]'",
        ),
        (
            "Fedora",
            "dnf install flex bison elfutils-libelf-devel glibc-devel && "
            "pip install 'zonediff[review]'",
        ),
    )


def test_the_doctor_names_what_builds_lack_and_live_runs_do_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lacking = [tool for tool in TOOLS if tool.name in ("flex", "bison", "b4")]
    monkeypatch.setattr(doctor, "missing_tools", lambda: lacking)
    monkeypatch.setattr(doctor, "_tools", lambda: iter(()))
    monkeypatch.setattr(doctor, "_images", lambda named: iter(()))
    done = CliRunner().invoke(cli, ["live", "doctor"])
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert "MISSING  flex, bison: to build kernels (zonediff review)" in lines
    assert "         on Debian, Ubuntu: apt-get install flex bison" in lines
    assert "MISSING  b4: for zonediff review, which can do without" in lines
    assert "         on Debian, Ubuntu: apt-get install b4" in lines


def test_the_doctor_says_that_kernels_can_be_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "missing_tools", list)
    names = [finding.what for finding in doctor.examine()]
    assert "kernels can be built (zonediff review)" in names
