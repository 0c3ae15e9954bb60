"""JUnit XML."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from junitparser import Error, Failure, JUnitXml

from zonediff.reports.forms import junit
from zonediff.result.result import Result


def test_suites_count_what_fails(result: Result) -> None:
    suites = {suite.name: suite for suite in JUnitXml.fromstring(junit.render(result).encode())}
    counts = {name: (s.tests, s.failures, s.errors) for name, s in suites.items()}
    assert counts == {
        "igor-movable": (6, 1, 0),
        "michal-split/1": (6, 0, 0),
        "michal-split/3": (8, 2, 0),
        "hyperv-xen-only": (7, 1, 1),
    }
    [case] = [case for case in suites["igor-movable"] if case.name == "zones/kernel-last"]
    [failure] = case.result
    assert isinstance(failure, Failure)
    assert failure.type == "regression"
    assert failure.message.startswith("no longer met: block 34 is online; ")
    assert "because acpi_memory_enable_device: " in failure.text
    [case] = [case for case in suites["hyperv-xen-only"] if case.name == "ordering/ascending"]
    [error] = case.result
    assert isinstance(error, Error)
    assert error.message == "RuntimeError: <no> 'zone'"


@pytest.mark.parametrize("text", ["]]>&<x/>\"'", "\0\x1b\x85\ufffe", "\n\n", "half \udc80"])
def test_whatever_a_stranger_writes_can_be_read(
    hostile: Callable[[str], Result], text: str
) -> None:
    JUnitXml.fromstring(junit.render(hostile(text)).encode())


def test_times_are_there_only_if_they_were_measured(result: Result) -> None:
    assert " time=" not in junit.render(result)
    runs = [replace(run, microseconds=1500 * (1 + index)) for index, run in enumerate(result.runs)]
    suite, *_ = JUnitXml.fromstring(junit.render(replace(result, runs=runs)).encode())
    times = {run.scenario: run.microseconds for run in runs if run.variant == suite.name}
    cases = {case.name: case.time for case in suite if case.name in times}
    assert cases == {name: time / 1_000_000 for name, time in times.items() if time is not None}
    assert suite.time == pytest.approx(sum(cases.values()), abs=0.001)
