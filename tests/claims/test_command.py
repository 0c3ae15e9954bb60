"""`zonediff claim` and `zonediff list claims`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from zonediff.cli.main import cli

Zonediff = Callable[..., Result]


@pytest.fixture
def zonediff() -> Zonediff:
    return lambda *args: CliRunner().invoke(cli, [*args], prog_name="zonediff")


def test_the_list_has_every_claim(zonediff: Zonediff) -> None:
    result = zonediff("list", "claims")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("C01  A plain udev rule")
    assert any(line.startswith("E15  ") for line in lines)
    listed = json.loads(zonediff("list", "claims", "--json").output)
    assert listed[12] == {
        "id": "C13",
        "says": "Adding 8G to a machine with 256M takes about half of the available memory, which "
        "is still far from running out of it.",
        "who": "Michal Hocko, 2017-03-06, <20170306145417.GG27953@dhcp22.suse.cz>",
    }


def test_the_whole_argument(zonediff: Zonediff) -> None:
    result = zonediff("claim", "C13", "--variants", "upstream,v4.13,v6.1")
    assert result.exit_code == 0
    assert max(map(len, result.output.splitlines())) <= 80
    text = " ".join(result.output.split())
    for part in (
        "C13 Michal Hocko, 2017-03-06, <20170306145417.GG27953@dhcp22.suse.cz>: Adding 8G",
        "DEPENDS on upstream yes: the kernel survives it. no: it takes about half of what is free",
        "NO it takes about half of what is free "
        "pressure/8g-into-256m[knob=offline]: kib / (kib + left) = 73.08 %, claimed 50 +- 10",
        "because sparse_mem_map_populate: 64 new blocks: the memmap takes 131712 KiB",
        "REFUTED on v6.1 not so: it takes about half of what is free; the kernel survives it",
        "because vmemmap_alloc_block: 64 new blocks: the memmap needs 131712 KiB",
        "v4.13: v4.13, 938 of 938 steps in 67 of 67 traces agree",
    ):
        assert part in text


def test_a_way_and_what_was_not_decided(zonediff: Zonediff) -> None:
    text = zonediff("claim", "E09", "--variants", "upstream").output
    assert "  4. echo online_movable > memory35/state\n" in text
    text = zonediff("claim", "E13", "--variants", "upstream").output
    assert "Not decided here: Machines here are x86-64" in text
    text = zonediff("claim", "E03", "--variants", "v4.13").output
    assert "does not count: a bug of that version" in text


STOPS = '''
from zonediff.variants.upstream import Upstream


class Stops(Upstream):
    """Is interrupted by its user."""

    name = "stops"

    def zone_of_new_memory(self, kernel, node, first, source):
        raise KeyboardInterrupt
'''


def test_an_interrupted_claim_is_not_judged(zonediff: Zonediff, tmp_path: Path) -> None:
    (tmp_path / "stops.py").write_text(STOPS)
    given = ("--variant-file", str(tmp_path / "stops.py"), "--variants", "upstream,stops")
    result = zonediff("claim", "C13", *given)
    assert (result.exit_code, result.output) == (130, "Interrupted.\n")


def test_json(zonediff: Zonediff) -> None:
    form = json.loads(zonediff("claim", "E01", "--variants", "upstream,v4.14", "--json").output)
    assert (form["id"], form["who"]) == ("E01", "Michal Hocko")
    assert [item["verdict"] for item in form["verdicts"]] == ["supported", "moot"]
    assert form["verdicts"][0]["cases"][0]["detail"] == "memory32 offline [Normal Movable]"
    assert form["evidence"]["v4.14"][0]["recording"] == "v4.14-vz"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["C21"], "unknown claim 'C21', did you mean"),
        (["C01", "--variants", "upstraem"], "there is no variant 'upstraem'"),
        (["C01", "--variants", " , "], "name at least one variant"),
    ],
)
def test_mistakes(zonediff: Zonediff, args: list[str], says: str) -> None:
    result = zonediff("claim", *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr


def test_the_case_of_an_id_does_not_matter(zonediff: Zonediff) -> None:
    assert zonediff("claim", "c01").output == zonediff("claim", "C01").output
