"""The commands series, bisect and b4-check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

REPRODUCER = "reproducer/online-movable-first-block"


def test_a_series_lined_up(zonediff: Any, linux: Any) -> None:
    result = zonediff(
        "series", "--repo", linux.path, "--range", "base..main", "--variant", "michal-split"
    )
    commits = [linux.git("rev-parse", f"main~{back}")[:12] for back in (2, 1, 0)]
    assert (
        result.output
        == f"""\
1/3 hv: online what is added
   A Developer <dev@example.org>, 2017-03-06, {commits[0]}
   drivers/hv/hv_balloon.c | +1 -1
   changes hv_mem_hot_add*
   stage michal-split/1 (hv_mem_hot_add)

2/3 mm: drop memhp_default_state
   A Developer <dev@example.org>, 2017-03-06, {commits[1]}
   mm/memory_hotplug.c | +0 -5
   changes setup_memhp_default_state*
   stage michal-split/2 (setup_memhp_default_state)

3/3 mm: drop auto_online_blocks
   A Developer <dev@example.org>, 2017-03-06, {commits[2]}
   drivers/base/memory.c | +1 -11
   changes show_auto_online_blocks*, store_auto_online_blocks*
   stage michal-split/3 (show_auto_online_blocks, store_auto_online_blocks)

michal-split/1 restates add_memory, hv_mem_hot_add, reserve_additional_memory.
  No patch changes add_memory, reserve_additional_memory.
michal-split/2 restates setup_memhp_default_state.
michal-split/3 restates acpi_memory_enable_device, add_memory,
  memory_probe_store, show_auto_online_blocks, store_auto_online_blocks.
  No patch changes acpi_memory_enable_device, add_memory, memory_probe_store.

3 patches; the models restate 4 changed functions; 0 warnings.
"""
    )
    assert result.exit_code == 0


def test_a_series_that_the_variant_does_not_model(zonediff: Any, linux: Any) -> None:
    args = ("series", "--repo", linux.path, "--range", "base..main", "--variant", "igor-movable")
    result = zonediff(*args)
    assert result.exit_code == 1
    text = " ".join(result.output.split())
    assert "warning: patch 1/3 changes hv_mem_hot_add, which igor-movable leaves as" in text
    actual = json.loads(zonediff(*args, "--json").output)
    assert len(actual["warnings"]) == 4
    assert actual["patches"][0]["left"] == ["hv_mem_hot_add"]


def test_a_series_alone(zonediff: Any, linux: Any, tmp_path: Path) -> None:
    file = tmp_path / "series.mbox"
    file.write_text(linux.git("format-patch", "--stdout", "base..main"))
    result = zonediff("series", "--mbox", file)
    assert result.exit_code == 0
    assert result.output.endswith("3 patches; the models restate 4 changed functions.\n")


def test_what_mails_say_cannot_control_a_terminal(zonediff: Any, linux: Any) -> None:
    linux.commit("\x1b[31mred", {"\x1b[2Jx.c": "\n"})
    result = zonediff("series", "--repo", linux.path, "--range", "main~1..main")
    assert result.exit_code == 0
    assert "\x1b" not in result.output


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ((), "name one series"),
        (("--range", "a..b", "--mbox", "x"), "name one series"),
        (("--range", "a..b"), "not a git repository"),
        (("--mbox", "missing"), "missing: No such file"),
    ],
)
def test_mistakes(zonediff: Any, args: tuple[str, ...], says: str) -> None:
    result = zonediff("series", *args)
    assert result.exit_code == 2
    assert says in result.stderr


def test_bisecting_one_scenario(zonediff: Any) -> None:
    result = zonediff("bisect", "knob/config-default-online", "--variant", "michal-split")
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[0] == "knob/config-default-online, from upstream on:"
    assert [line for line in lines if line.startswith("michal-split")] == [
        "michal-split/1: unchanged",
        "michal-split/2: regression, ABI removal (the first change)",
        "michal-split/3: ABI removal",
    ]


def test_bisecting_where_nothing_changes(zonediff: Any) -> None:
    result = zonediff("bisect", REPRODUCER, "--variant", "michal-split")
    assert result.exit_code == 0
    assert "first change" not in result.output


def test_bisecting_several_gives_a_table(zonediff: Any) -> None:
    names = ("knob/config-default-online", "drivers/xen-default", REPRODUCER)
    result = zonediff("bisect", *names, "--variant", "michal-split")
    assert (
        result.output
        == """\
michal-split from upstream on: each stage against the one before.

(1) michal-split/1
(2) michal-split/2
(3) michal-split/3

scenario                    (1)    (2)         (3)
--------------------------  -----  ----------  -----
drivers/xen-default         fix
knob/config-default-online         regression  ABI

2 of 3 scenarios change: 1 first by michal-split/1, 1 first by michal-split/2.
"""
    )
    assert result.exit_code == 1


def test_members_of_a_family_that_change_alike_share_a_row(zonediff: Any) -> None:
    names = ("knob/content", "knob/boot-parameter")
    result = zonediff("bisect", *names, "--variant", "michal-split")
    rows = [line.split() for line in result.output.splitlines() if line.startswith("knob")]
    assert rows == [
        ["knob/boot-parameter[state=offline]", "ABI", "regression"],
        ["knob/boot-parameter[state=online]", "regression", "ABI"],
        ["knob/content", "(all", "2)", "regression"],
    ]
    assert "4 of 4 scenarios change" in result.output


def test_bisecting_needs_to_be_told_what(zonediff: Any) -> None:
    assert zonediff("bisect", "--variant", "michal-split").exit_code == 2
    assert zonediff("bisect", "--all", REPRODUCER, "--variant", "michal-split").exit_code == 2


def mail(*functions: str) -> bytes:
    hunks = "".join(f"@@ -1,2 +1,2 @@ int {name}(void)\n \ta\n-\tb\n+\tc\n" for name in functions)
    return (
        "From: A <a@example.org>\nSubject: [PATCH 1/2] mm: change\n\n---\n"
        f"diff --git a/mm/x.c b/mm/x.c\n--- a/mm/x.c\n+++ b/mm/x.c\n{hunks}"
    ).encode()


@pytest.mark.parametrize(
    ("data", "variant", "status", "summary"),
    [
        (mail("unrelated"), None, "pass", "changes no function that the models restate"),
        (mail("zone_for_memory"), None, "warn", "changes 1 function that the models restate"),
        (mail("zone_for_memory"), "igor-movable", "pass", "igor-movable models what it changes"),
        (
            mail("zone_for_memory", "store_mem_state"),
            "igor-movable",
            "warn",
            "changes 1 function that the models restate",
        ),
        (
            mail("store_mem_state"),
            "michal-split",
            "warn",
            "changes 1 function that the models restate",
        ),
        (b"hello\n", None, "fail", "mail: neither an mbox nor a mail"),
        (mail("f")[:-4], None, "fail", "mail: [PATCH 1/2] mm: change: its diff is damaged"),
    ],
)
def test_checking_for_b4(
    zonediff: Any, data: bytes, variant: str | None, status: str, summary: str
) -> None:
    result = zonediff("b4-check", *(("--variant", variant) if variant else ()), stdin=data)
    assert result.exit_code == 0
    [answer] = json.loads(result.stdout)
    assert sorted(answer) == ["details", "status", "summary", "tool"]
    assert (answer["tool"], answer["status"]) == ("zonediff", status)
    assert answer["summary"].startswith(summary)


def test_b4_is_told_nothing_of_mails_without_a_patch(zonediff: Any) -> None:
    cover = b"From: a@example.org\nSubject: [PATCH 0/3] mm: three\n\nThree patches.\n"
    result = zonediff("b4-check", stdin=cover)
    assert (result.exit_code, json.loads(result.stdout)) == (0, [])


def test_checking_for_b4_with_an_unknown_variant(zonediff: Any) -> None:
    result = zonediff("b4-check", "--variant", "igor", stdin=mail("f"))
    assert result.exit_code == 2
    assert result.stdout == ""
