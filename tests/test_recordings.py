"""Real kernels are the judge: every recording agrees with the variant it speaks for, step by step.

And the test can fail: the same recordings through a variant they do not speak for part from it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from zonediff.compare.validate import replay
from zonediff.corpus.recording import SHIPPED, RecordedStep, Recording, RecordingError, read
from zonediff.engine.guest import Guest
from zonediff.engine.machine import Config, Machine
from zonediff.engine.memory import PINNED
from zonediff.engine.policy import Policy
from zonediff.engine.run import Runner
from zonediff.engine.steps import Plug, Unplug, Write
from zonediff.engine.units import SECTION, Bytes
from zonediff.result.replays import Replay
from zonediff.variants.registry import Registry

TRACES = {
    "igor": ("igor-movable", 67),
    "michal-2": ("michal-split/2", 6),
    "michal-3": ("michal-split/3", 12),
    "v4.10": ("upstream", 104),
    "v4.10-defonline": ("upstream", 3),
    "v4.10-nomovnode": ("upstream", 20),
    "v4.12": ("v4.12", 27),
    "v4.13": ("v4.13", 67),
    "v4.14": ("v4.14-stable", 72),
    "v4.14-vz": ("v4.14", 36),
    "v5.10": ("v5.10", 26),
    "v6.1": ("v6.1", 45),
    "v6.12": ("v6.12", 26),
    "v6.12-dax": ("v6.12", 18),
    "v6.12-virtio-mem": ("v6.12", 20),
    "v7.2": ("v7.2", 26),
    "v7.2-dax": ("v7.2", 18),
    "v7.2-virtio-mem": ("v7.2", 20),
}
"""For each file, the variant that its kernel is, and how many traces there are."""

FILES = sorted(SHIPPED.glob("*.jsonl"))


def replays(name: str, variant: str) -> list[Replay]:
    policy = Registry().model(variant).policy
    return [replay(recording, policy) for recording in recordings(name)]


def recordings(name: str) -> list[Recording]:
    return list(read(SHIPPED / f"{name}.jsonl"))


def first(parted: list[Replay]) -> str:
    """The first disagreement in words, for whoever has to mend the rule."""
    for item in parted:
        if item.disagreement is not None:
            return str(item.disagreement)
    return ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_step_agrees(path: Path) -> None:
    variant, traces = TRACES[path.stem]
    done = replays(path.stem, variant)
    assert first(done) == ""
    assert len(done) == traces
    assert all(item.agreeing == item.steps > 0 for item in done)


def test_every_file_is_replayed() -> None:
    assert {path.stem for path in FILES} == set(TRACES)


@pytest.mark.parametrize("name", TRACES)
def test_a_recording_names_the_variant_it_speaks_for(name: str) -> None:
    variant = TRACES[name][0]
    assert {recording.variant for recording in recordings(name)} == {variant}


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("igor", "upstream"),
        ("v4.10", "igor-movable"),
        ("v4.10", "michal-split/2"),
        ("v4.10", "hyperv-xen-only"),
        ("v4.10", "v4.12"),
        ("v4.10-defonline", "michal-split/2"),
        ("michal-2", "michal-split/1"),
        ("michal-2", "michal-split/3"),
        ("michal-2", "igor-movable"),
        ("michal-3", "michal-split/2"),
        ("michal-3", "upstream"),
        ("v4.12", "upstream"),
        ("v4.13", "v4.12"),
        ("v4.13", "v4.14"),
        ("v4.14-vz", "v4.13"),
        ("v4.14-vz", "v4.14-stable"),
        ("v4.14", "v4.14"),
        ("v6.1", "v4.14"),
        ("v5.10", "v6.1"),
        ("v7.2", "v5.10"),
    ],
)
def test_it_parts_from_variants_it_does_not_speak_for(name: str, variant: str) -> None:
    assert any(not item.agrees for item in replays(name, variant))


def test_hyperv_xen_only_ends_where_the_series_does() -> None:
    # Only the balloon drivers' paths differ, and no recording has them.
    assert first(replays("michal-3", "hyperv-xen-only")) == ""
    assert first(replays("michal-3", "michal-split")) == ""


def test_a_config_option_decides() -> None:
    policy = Registry().model("upstream").policy
    with_movable_node = [
        replace(item, machine=replace(item.machine, config=Config()))
        for item in recordings("v4.10-nomovnode")
    ]
    assert any(not replay(item, policy).agrees for item in with_movable_node)


def test_the_first_step_that_parts_is_told_with_both_sides_and_the_reason() -> None:
    recording = recordings("v4.10")[0]
    number = next(n for n, step in enumerate(recording.steps) if step.result == "EINVAL")
    steps = list(recording.steps)
    steps[number] = replace(steps[number], result=None)
    policy = Registry().model("upstream").policy
    done = replay(replace(recording, steps=tuple(steps)), policy)
    assert (done.agrees, done.agreeing, done.steps) == (False, number, len(steps))
    parting = done.disagreement
    assert parting is not None
    assert (parting.step, parting.recorded, parting.predicted) == (number, "ok", "EINVAL")
    assert parting.do == str(steps[number].do)
    assert parting.reasons


def refused(variant: str, *writes: Write, by: int) -> tuple[Recording, Policy]:
    """What a kernel may show: a DIMM of three blocks, these writes, and an eject that fails."""
    policy = Registry().model(variant).policy
    runner = Runner(Guest(Machine(), policy))
    runner.boot()
    boot, steps = runner.observation, []
    for step in (Plug("dimm0", Bytes(3 * SECTION)), *writes, Unplug("dimm0")):
        if isinstance(step, Unplug):
            runner.guest.kernel.tables.status[by] |= PINNED
        steps.append(RecordedStep(step, runner.act(step).result, runner.observation))
    assert steps[-1].result == "REFUSED"
    return Recording("drawn", "", variant, Machine(), boot, tuple(steps)), policy


@pytest.mark.parametrize("variant", ["v4.12", "v4.13"])
def test_an_eject_that_a_movable_block_refuses_beside_offline_ones(variant: str) -> None:
    # These kernels may fail to drain a movable block when they eject: the input is that block,
    # not those of the DIMM that are offline.
    done = replay(*refused(variant, Write("memory34/state", "online_movable"), by=34))
    assert first([done]) == ""
    assert done.inputs == ("step 2: block 34 holds unmovable pages",)


@pytest.mark.parametrize("variant", ["v4.12", "v4.13"])
def test_an_eject_that_drains_after_all(variant: str) -> None:
    # The rule foresees that all-movable memory stays; where a kernel was luckier, it has the word.
    steps = (
        Plug("dimm0", Bytes(2 * SECTION)),
        *(Write(f"memory{block}/state", "online_movable") for block in (33, 32)),
        Unplug("dimm0"),
    )
    results = []
    for drain in (False, True):
        policy = Registry().model(variant).policy
        runner = Runner(Guest(Machine(), policy))
        runner.boot()
        runner.guest.kernel.ejects_drain = drain
        boot = runner.observation
        done = tuple(
            RecordedStep(step, runner.act(step).result, runner.observation) for step in steps
        )
        results.append(done[-1].result)
        assert first([replay(Recording("drawn", "", variant, Machine(), boot, done), policy)]) == ""
    assert results == ["REFUSED", None]


def test_an_eject_that_a_block_refuses_whose_file_changes() -> None:
    # Block 34 goes online again with the type that the last write left behind, as movable. Block
    # 33, which stayed, is at the end of Normal now, and its file offers Movable.
    recording, policy = refused(
        "upstream",
        *(Write(f"memory{block}/state", "online_kernel") for block in (33, 34)),
        Write("memory34/state", "online_movable"),
        by=33,
    )
    blocks = [recording.steps[at].observation.block(33) for at in (-2, -1)]
    assert [block.valid_zones for block in blocks if block] == ["Normal", "Normal Movable"]
    assert first([replay(recording, policy)]) == ""


@pytest.mark.parametrize("needed", [False, True])
def test_a_kernel_without_memory_that_lives_on(needed: bool) -> None:
    # After a memmap that did not fit, the kernel dies when somebody needs memory: a process, or
    # the next add.
    policy = Registry().model("v6.1").policy
    machine = Machine(nodes=(Bytes(256 << 20),))
    runner = Runner(Guest(machine, policy))
    runner.boot()
    runner.guest.kernel.memory_is_needed = needed
    boot, steps = runner.observation, []
    for plug in (Plug("dimm0", Bytes(15 << 30)), Plug("dimm1", Bytes(SECTION))):
        if runner.end == "ran":
            steps.append(RecordedStep(plug, runner.act(plug).result, runner.observation))
    assert [step.result for step in steps] == (["panic"] if needed else ["ENOMEM", "panic"])
    done = replay(Recording("drawn", "", "v6.1", machine, boot, tuple(steps)), policy)
    assert first([done]) == ""
    lived_on = ("step 0: no process needs memory after the add that failed",)
    assert done.inputs == (() if needed else lived_on)


def test_an_empty_file_is_no_agreement(tmp_path: Path) -> None:
    (tmp_path / "cut.jsonl").touch()
    with pytest.raises(RecordingError, match=r"cut\.jsonl: no recordings: the file is empty"):
        list(read(tmp_path / "cut.jsonl"))
