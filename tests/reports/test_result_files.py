"""Results written as files come back as they were, and files that are not results are refused."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zonediff.engine.bounds import BLOCK_NUMBER
from zonediff.engine.observation import BlockRange, BlockView, Change, Observation, ZoneView
from zonediff.engine.steps import (
    Blocks,
    Boot,
    Daemon,
    Fill,
    HypervAdd,
    Offline,
    Online,
    Plug,
    Probe,
    Read,
    Step,
    Udev,
    Unplug,
    Write,
    XenAdd,
)
from zonediff.engine.trace import Act, Reason, StepTrace, Trace
from zonediff.engine.units import Bytes
from zonediff.result import files as result_files
from zonediff.result.judgements import GoalJudgement, Run
from zonediff.result.result import Result
from zonediff.result.writing import write_files, write_text

texts = st.text(max_size=8)
sizes = st.integers(0, 1 << 52).map(Bytes)
small = st.integers(0, 1 << 40)
views = st.builds(BlockView, texts, texts, texts, texts, st.integers(-1, 63))


@st.composite
def ranges(draw: st.DrawFn, view: st.SearchStrategy[BlockView | None]) -> tuple[BlockRange, ...]:
    """Ranges that ascend and have no block in common."""
    numbers = sorted(draw(st.sets(st.integers(0, BLOCK_NUMBER), max_size=6)))
    return tuple(
        BlockRange(first, last, draw(view))
        for first, last in zip(numbers[::2], numbers[1::2], strict=False)
    )


zones = st.builds(ZoneView, small, small, small)
steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(Write, texts, texts),
    st.builds(Read, texts),
    st.builds(Plug, texts, sizes, small, st.none() | sizes),
    st.builds(Unplug, texts),
    st.builds(Probe, sizes),
    st.builds(HypervAdd, texts, sizes, small),
    st.builds(XenAdd, texts, sizes, small),
    st.builds(Fill, texts.map(Blocks), st.sampled_from(["kernel-objects", "nothing"])),
    st.builds(Boot, st.none() | texts),
    st.builds(Online, texts.map(Blocks), st.sampled_from(["online", "online_kernel"])),
    st.builds(Offline, texts.map(Blocks)),
    st.builds(Udev, st.just("online_movable")),
    st.builds(Daemon),
)
reasons = st.builds(Reason, texts, texts, texts, st.dictionaries(texts, small | texts, max_size=2))
observations = st.builds(
    Observation,
    ranges(views),
    st.dictionaries(texts, zones, max_size=2),
    st.dictionaries(texts, texts, max_size=2),
    st.none() | texts,
)
changes = st.builds(
    Change,
    ranges(st.none() | views),
    st.dictionaries(texts, st.none() | zones, max_size=2),
    st.dictionaries(texts, texts, max_size=2),
    st.none() | st.tuples(st.none() | texts),
)
acts = st.builds(
    Act,
    steps,
    st.none() | texts,
    st.none() | texts,
    changes,
    st.lists(texts, max_size=2).map(tuple),
    st.lists(reasons, max_size=2).map(tuple),
)
blocks = st.integers(0, BLOCK_NUMBER)
devices = st.tuples(blocks, blocks).map(lambda pair: (min(pair), max(pair)))
traces = st.builds(
    Trace,
    texts,
    observations,
    st.lists(st.builds(StepTrace, steps, st.lists(acts, max_size=2).map(tuple)), max_size=2).map(
        tuple
    ),
    st.sampled_from(["ran", "BUG", "panic", "hang"]),
    st.dictionaries(texts, devices, max_size=2),
    st.lists(reasons, max_size=2).map(tuple),
    st.lists(texts, max_size=2).map(tuple),
)


def test_a_result_comes_back_as_it_was(result: Result) -> None:
    text = result_files.dumps(result)
    assert result_files.loads(text, "here") == result
    assert result_files.dumps(result_files.loads(text, "here")) == text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(traces, min_size=1, max_size=3), st.sampled_from(["", "1", "0123456789abcdef" * 4]))
def test_any_trace_comes_back_as_it_was(
    request: pytest.FixtureRequest, found: list[Trace], hash: str
) -> None:
    result: Result = request.getfixturevalue("result")
    runs = [
        Run(result.scenarios[0].id, variant.name, "ran", trace, result.runs[0].goals, hash=hash)
        for variant, trace in zip(result.variants, found, strict=False)
    ]
    changed = replace(result, runs=runs, judgements=[])
    assert result_files.loads(result_files.dumps(changed), "here") == changed


def test_goals_that_are_not_those_of_the_runs_come_back(result: Result) -> None:
    odd = [GoalJudgement("another goal", True, True, "unchanged", "so", "so")]
    first, second, *others = result.judgements
    judgements = [replace(first, goals=odd), replace(second, goals=[]), *others]
    changed = replace(result, judgements=judgements)
    assert result_files.loads(result_files.dumps(changed), "here") == changed


def test_the_file_repeats_little(result: Result) -> None:
    body = json.loads(result_files.dumps(result))
    alike = [run["same_as"] for run in body["runs"] if "same_as" in run]
    assert alike.count("upstream") > len(result.scenarios)
    assert not any("goals" in judgement for judgement in body["judgements"])
    assert len(body["reasons"]) == len({json.dumps(reason) for reason in body["reasons"]})
    (act,) = body["runs"][0]["trace"]["steps"][0]["acts"]
    assert "do" not in act


def test_every_scenario_and_run_has_a_line(result: Result) -> None:
    lines = result_files.dumps(result).splitlines()
    assert sum(line.startswith('{"scenario":') for line in lines) == len(result.runs) + len(
        result.judgements
    )


def test_it_is_written_whole_or_not_at_all(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "result.json"
    result_files.save(result, path)
    assert result_files.load(path) == result
    before = path.read_text()

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space"):
        result_files.save(replace(result, version="2"), path)
    assert [item.name for item in tmp_path.iterdir()] == ["result.json"]
    assert path.read_text() == before


def test_it_keeps_the_permissions_and_follows_links(result: Result, tmp_path: Path) -> None:
    path, link = tmp_path / "result.json", tmp_path / "latest.json"
    path.touch()
    path.chmod(0o640)
    link.symlink_to(path)
    result_files.save(result, link)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert result_files.load(path) == result


def test_a_new_file_is_as_readable_as_any(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    write_text(tmp_path / "new", "text")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_set_of_files_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    first, third = tmp_path / "first", tmp_path / "third"
    first.write_text("old")
    with pytest.raises(FileNotFoundError) as caught:
        write_files({first: "new", tmp_path / "none" / "second": "new", third: "new"})
    assert caught.value.filename == str(tmp_path / "none" / "second")
    assert first.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["first"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_device_that_is_full_keeps_the_whole_set_from_being_written(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space") as caught:
        write_files({tmp_path / "first": "new", Path("/dev/full"): "new"})
    assert caught.value.filename == "/dev/full"
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_is_gone_keeps_no_file_from_being_written(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        with pytest.raises(BrokenPipeError):
            write_files({Path(f"/dev/fd/{writing}"): "new", tmp_path / "second": b"new"})
    finally:
        os.close(writing)
    assert (tmp_path / "second").read_text() == "new"


def test_a_pipe_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    seen: list[str] = []
    reader = threading.Thread(target=lambda: seen.append(pipe.read_text()))
    reader.start()
    write_text(pipe, "text")
    reader.join()
    assert seen == ["text"]
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file"),
        (b"\xff\xfe\x00", "not UTF-8 text"),
        (b"", "not valid JSON"),
        (b'{"schema": "zonediff-result/1", "runs": [', "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"schema": "zonediff-result/1", "baseline": NaN}', "NaN is not a number"),
        (b"[]", "has no `schema` key"),
        (b"{}", "has no `schema` key"),
        (b'{"schema": "zonediff-result/2"}', "this zonediff reads 'zonediff-result/1'"),
        (b'{"schema": 1}', "schema 1 is not supported"),
    ],
)
def test_a_file_that_is_no_result_is_refused(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "result.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(result_files.ResultFileError) as caught:
        result_files.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def spoil(path: str, value: Any) -> Callable[[Any], None]:
    """A change of one place of a result's JSON; a value of ... takes the key away."""

    def change(body: Any) -> None:
        *way, last = (int(key) if key.isdigit() else key for key in path.split("."))
        for key in way:
            body = body[key]
        if value is ...:
            del body[last]
        else:
            body[last] = value

    return change


BLOCKS = "runs.0.trace.boot.blocks"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (spoil("runs", "abc"), 'expected a list, not "abc" @ $.runs'),
        (spoil("runs", {}), "expected a list, not {} @ $.runs"),
        (spoil("judgements.0", 3), "expected an object, not 3 @ $.judgements[0]"),
        (spoil("runs.0.status", "well"), "$.runs[0].status"),
        (spoil("runs.0.goals.0.met", 1), "expected true or false, not 1"),
        (spoil("runs.0.trace", 3), "$.runs[0].trace"),
        (spoil("runs.1.same_as", "nobody"), "equals one that is not there"),
        (spoil(f"{BLOCKS}.0", [1, 0, None]), "expected [first, last, state"),
        (spoil(f"{BLOCKS}.0", [0, 1]), "expected [first, last, state"),
        (spoil("runs.0.trace.boot.zones.0/DMA", [1]), "expected [start_pfn, spanned, present]"),
        (spoil("runs.0.trace.steps.0.do", {"fly": {}}), "unknown step 'fly'"),
        (spoil("runs.0.trace.steps.0.do", {"read": {}}), "this key is missing"),
        (spoil("runs.0.trace.steps.0.do", {"read": {"file": 1}}), "expected text, not 1"),
        (spoil("runs.0.trace.steps.0.do", {"plug": {"id": "d", "size": "x"}}), "'x' is not a size"),
        (spoil("runs.0.trace.steps.0.acts.0.reasons", [10_000]), "there is no reason 10000"),
        (spoil("runs.0.trace.steps.0.acts.0.reasons", [True]), "expected an object, not true"),
        (spoil("reasons", ...), "$.reasons is not a list"),
        (spoil("baseline", ...), "this key is missing @ $.baseline"),
        (spoil("baseline", "nobody"), "variant 'nobody' is not described"),
        (spoil("extra", 1), "unknown key extra"),
        (spoil("variants.1.name", "upstream"), "variant 'upstream' occurs twice"),
        (spoil("variants.0.summary", None), "expected text, not null @ $.variants[0].summary"),
        (spoil("variants.0.evidence.0.steps", True), "expected a whole number, not true"),
        (spoil("judgements.0.scenario", "x"), "scenario 'x' is not described"),
        (spoil("judgements.1.variant", "igor-movable"), "occurs twice"),
        (spoil("claims.0.id", "C03"), "claim 'C03' occurs twice"),
        (spoil("claims.0.verdicts.0.variant", "x"), "variant 'x' is not described"),
        (spoil("claims.0.verdicts.0.cases.0.scenario", "x"), "scenario 'x' is not described"),
        (spoil("claims.0.verdicts.0.cases.0.reasons", [-1]), "there is no reason -1"),
        (spoil("scenarios.0.machine.nodes", "1G"), 'expected a list, not "1G"'),
        (spoil("scenarios.0.machine.cmdline", 3), "expected text, not 3"),
        (spoil("scenarios.0.steps.0.do", {"fly": {}}), "unknown step 'fly'"),
        (spoil("scenarios.0.goals.0", {}), "a goal of 'ordering/reproducer' has no `want`"),
    ],
)
def test_a_spoilt_result_is_refused(
    result: Result, change: Callable[[Any], None], message: str
) -> None:
    body = json.loads(result_files.dumps(result))
    change(body)
    with pytest.raises(result_files.ResultFileError) as caught:
        result_files.loads(json.dumps(body), "file.json")
    assert str(caught.value).startswith("file.json: not a valid result: ")
    assert message in str(caught.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.data())
def test_whatever_stands_in_a_file_it_is_read_or_refused(
    request: pytest.FixtureRequest, data: st.DataObject
) -> None:
    result: Result = request.getfixturevalue("result")
    first = result.scenarios[0]
    small = replace(
        result,
        scenarios=[first],
        runs=[run for run in result.runs if run.scenario == first.id],
        judgements=[item for item in result.judgements if item.scenario == first.id],
        intents=[],
        claims=[],
    )
    body = json.loads(result_files.dumps(small))
    place = body
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.integers(0, 4)) == 0:
            break
        place = inner
    place[key] = data.draw(json_values)
    try:
        again = result_files.loads(json.dumps(body), "file.json")
    except result_files.ResultFileError:
        return
    assert result_files.loads(result_files.dumps(again), "file.json") == again
