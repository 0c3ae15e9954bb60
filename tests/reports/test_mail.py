"""The full mail: plain ASCII in 72 columns, and nothing that a count would hide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zonediff.reports.forms import mail_brief
from zonediff.reports.forms.mail import render
from zonediff.result.result import Result

Golden = Callable[[str, str], None]


def fits(text: str) -> bool:
    return text.isascii() and all(len(line) <= 72 for line in text.splitlines())


def test_the_mail_of_an_interrupted_run(result: Result, golden: Golden) -> None:
    part = replace(
        result,
        complete=False,
        runs=result.runs[:12],
        judgements=[item for item in result.judgements if item.scenario.startswith("ordering/")],
        removals=[],
        intents=[],
        claims=[],
    )
    golden("mail-interrupted.txt", render(part))


def test_the_mail_of_a_run_without_differences(result: Result, golden: Golden) -> None:
    scenario = result.scenarios[0].id
    same = replace(
        result,
        variants=[result.variants[0], result.variants[2]],
        scenarios=result.scenarios[:1],
        runs=[
            run
            for run in result.runs
            if run.scenario == scenario and run.variant in ("upstream", "michal-split/1")
        ],
        judgements=[
            item
            for item in result.judgements
            if item.scenario == scenario and item.variant == "michal-split/1"
        ],
        removals=[],
        intents=[],
        claims=[],
    )
    golden("mail-same.txt", render(same))


def test_every_finding_is_named(result: Result) -> None:
    text = render(result)
    for judgement in result.judgements:
        assert judgement.scenario in text
    for variant in result.removals:
        assert all(removal.what in text for removal in variant.removals)


def test_no_line_ends_in_blanks(result: Result) -> None:
    assert not [line for line in render(result).splitlines() if line != line.rstrip()]


@pytest.mark.parametrize(
    "text",
    [
        "x" * 10_000,
        "a/b" * 500,
        "sn\N{LATIN SMALL LETTER O WITH DIAERESIS} \N{SNOWMAN} " * 30,
        "\N{RIGHT-TO-LEFT OVERRIDE}evil",
        "half \ud800",
        "null \0 \x1b[31m red \r over",
        "\n\n\n",
        "",
        "- [1] |",
    ],
)
def test_whatever_a_stranger_writes_fits(hostile: Callable[[str], Result], text: str) -> None:
    for form in (render, mail_brief.render):
        mail = form(hostile(text))
        assert fits(mail)
        assert not [char for char in mail if not char.isprintable() and char != "\n"]


def test_a_long_name_is_broken_and_not_cut(hostile: Callable[[str], Result]) -> None:
    name = "".join(chr(ord("a") + number % 26) for number in range(500))
    mail = "".join(render(hostile(name)).split())
    assert mail.count(name) > 10


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=200))
def test_any_text_fits(request: pytest.FixtureRequest, text: str) -> None:
    result = request.getfixturevalue("hostile")(text)
    assert fits(render(result))
    assert fits(mail_brief.render(result))
