"""`zonediff check` on variant files: each lint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

SOUND = '''\
from zonediff.engine.memory import Zone
from zonediff.engine.policy import Intent, Stage
from zonediff.engine.rules import Decision, Rule
from zonediff.variants.upstream import Upstream

ALWAYS = Rule("mine.always", "zone_for_memory", "block {first} is movable", "mm/mine.c")


class Mine(Upstream):
    """All new memory starts movable."""

    name = "mine"
    origin = "my tree"

    def zone_of_new_memory(self, kernel, node, first, source):
        return Decision(Zone.MOVABLE, ALWAYS.because(first=first))
'''

METHOD = SOUND[SOUND.index("    def zone_of") :]


@pytest.fixture
def check(zonediff: Any, tmp_path: Path) -> Any:
    """Check a variant file of this text: the exit code, and what is said."""

    def call(text: str) -> tuple[int, str]:
        (tmp_path / "mine.py").write_text(text)
        result = zonediff("check", "--variant-file", "mine.py")
        return result.exit_code, result.stdout + result.stderr

    return call


def test_a_sound_variant(check: Any) -> None:
    code, message = check(SOUND)
    assert code == 0
    assert message.startswith("1 variant of files in ")
    assert message.endswith(" scenarios: no mistakes.\n")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('    """All new memory starts movable."""\n', "", "has no docstring"),
        ('    origin = "my tree"\n', "", "has no origin of its own"),
        (METHOD, "", "does the same as upstream, on which it is built, in all "),
        ("return Decision", "raise LookupError('no idea')\n        return Decision", "fails in "),
        (
            '    origin = "my',
            '    intends = (Intent("no/such", "x"),)\n    origin = "my',
            "intends a difference in 'no/such', which matches no scenario",
        ),
        (
            '    origin = "my',
            '    intends = (Intent("*", "x", until="v9"),)\n    origin = "my',
            "names a variant in its intents that is not there: there is no variant 'v9'",
        ),
        (
            '    origin = "my',
            '    stages = (Stage("mine/1"),)\n    origin = "my',
            "names a variant in its stages that is not there: there is no variant 'mine/1'",
        ),
    ],
)
def test_a_lint(check: Any, old: str, new: str, says: str) -> None:
    assert old in SOUND
    code, message = check(SOUND.replace(old, new))
    assert code == 1
    assert f": mine: {says}" in message
    assert message.endswith(": 1 mistake.\n")


def test_what_does_not_load(check: Any) -> None:
    code, message = check("class Mine(:\n")
    assert code == 2
    assert "mine.py:1:12: invalid syntax" in message


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "def zone_of_new",
            "def zone_of_nw",
            "15:5: mine: zone_of_nw_memory overrides nothing: did",
        ),
        (
            METHOD,
            f"    has_prob = False\n\n{METHOD}",
            "15:5: mine: has_prob overrides nothing: did",
        ),
        (METHOD, f"{METHOD}\n    def spare(self):\n        pass\n", "18:5: mine: spare overrides"),
        (
            "return Decision",
            "raise LookupError('no idea')\n        return Decision",
            "16:1: mine: fails",
        ),
        (
            '    origin = "my',
            '    intends = (\n        Intent("*", "x", until="v9"),\n    )\n    origin = "my',
            "14:32: mine: names a variant in its intents",
        ),
        (
            '    origin = "my',
            '    intends = (\n        Intent("knob/refusd", "x"),\n    )\n    origin = "my',
            "14:16: mine: intends a difference in 'knob/refusd', which matches no scenario: did",
        ),
    ],
)
def test_a_mistake_is_reported_at_its_own_line(check: Any, old: str, new: str, says: str) -> None:
    assert old in SOUND
    code, message = check(SOUND.replace(old, new))
    assert code == 1
    assert f"mine.py:{says}" in message


def test_a_file_of_variants_is_no_scenario(zonediff: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(SOUND)
    result = zonediff("check", "mine.py")
    assert result.exit_code == 2
    assert "not a scenario: give a Python file of variants as --variant-file mine" in result.stderr


STRAY = '''
from zonediff.engine.rules import Decision, Rule
from zonediff.engine.zones import OnlineType, Zone
from zonediff.variants.v4_14 import V4_14

RULE = Rule("zone_for_pfn_range.mine", "zone_for_pfn_range", "it goes to zone Movable", "a test")


class Mine(V4_14):
    """Plain online goes to zone Movable, and valid_zones names Normal first."""

    name = "mine"
    origin = "a test"

    def zone_to_online(self, kernel, block, online_type):
        if online_type is OnlineType.KEEP:
            return Decision(Zone.MOVABLE, RULE.because())
        return super().zone_to_online(kernel, block, online_type)

    def valid_zones(self, kernel, block):
        if kernel.is_online(block):
            return (kernel.zone(block),)
        return (Zone.NORMAL, Zone.MOVABLE)
'''


def test_the_first_name_of_valid_zones_is_where_a_plain_online_goes(check: Any) -> None:
    code, said = check(STRAY)
    assert code == 1
    assert "mine: offers other zones than it uses, in drivers/hyperv-grows: " in said
    assert "memory32 read Normal Movable, and a plain online put it into zone Movable" in said


def test_a_variant_does_not_answer_for_the_kernel_that_it_is_built_on(check: Any) -> None:
    """v4.13 names the kernel zone first, whatever the default is."""
    own = STRAY.replace("v4_14", "v4_13").replace("V4_14", "V4_13")
    text = own[: own.index("    def zone_to_online")] + "    ejects_drain = True\n"
    assert "offers other zones" not in check(text)[1]
