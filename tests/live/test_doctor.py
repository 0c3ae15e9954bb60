"""What is missing for live runs, and the commands that install it."""

from __future__ import annotations

from zonediff.live.doctor import Finding, commands


def test_one_command_for_each_system_installs_all_that_is_missing() -> None:
    findings = [
        Finding(True, "there"),
        Finding(False, "q", (("Debian", "apt-get install q"), ("Fedora", "dnf install q-core"))),
        Finding(False, "p", (("Debian", "pip install 'x[live]'"),)),
        Finding(False, "k", (("Debian", "apt-get install k q  (Ubuntu: kk)"),)),
        Finding(False, "s", (("Debian", "part of util-linux"),)),
    ]
    assert commands(findings) == {
        "Debian": "apt-get install q k && pip install 'x[live]'",
        "Fedora": "dnf install q-core",
    }
    assert commands([Finding(True, "there")]) == {}
