"""The story of a run, as a terminal shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from zonediff.engine.observation import Observation
from zonediff.reports.forms.story import story
from zonediff.result.result import Result


def told(result: Result, scenario: str, variant: str) -> str:
    (info,) = [item for item in result.scenarios if item.id == scenario]
    (run,) = [r for r in result.runs if (r.scenario, r.variant) == (scenario, variant)]
    assert run.trace is not None
    return story(info, run.trace, run.goals)


@pytest.mark.parametrize(
    ("scenario", "variant"),
    [
        ("ordering/reproducer", "upstream"),
        ("ordering/reproducer", "igor-movable"),
        ("ordering/ascending", "upstream"),
        ("unplug/auto-onlined", "upstream"),
        ("unplug/auto-onlined", "michal-split/3"),
    ],
)
def test_the_whole_story(
    result: Result, golden: Callable[[str, str], None], scenario: str, variant: str
) -> None:
    name = f"story-{scenario}-{variant}".replace("/", "-")
    golden(f"{name}.txt", told(result, scenario, variant))


def test_steps_that_never_began_are_counted(result: Result) -> None:
    info = result.scenarios[-1]
    run = next(run for run in result.runs if run.scenario == info.id)
    assert run.trace is not None
    early = replace(run.trace, steps=(), end="hang", boot=Observation())
    text = story(info, early, [])
    assert "THE KERNEL DIED (hang); 3 steps never began" in text


def test_whatever_a_stranger_writes_fits(hostile: Callable[[str], Result]) -> None:
    for text in ("x" * 1000, "\x1b[2J", "\N{RIGHT-TO-LEFT OVERRIDE}", "\n", ""):
        strange = hostile(text)
        for run in strange.runs:
            (info,) = [item for item in strange.scenarios if item.id == run.scenario]
            if run.trace is not None:
                lines = story(info, run.trace, run.goals).splitlines()
                assert all(len(line) <= 80 and line.isascii() for line in lines)
                assert all(line.isprintable() for line in lines)
