"""Random steps, drawn against a model: whatever they are, a kernel can be asked to do them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zonediff.engine.guest import Guest
from zonediff.engine.machine import Machine
from zonediff.engine.run import Runner
from zonediff.engine.steps import Bind, Plug, Probe, Step, Unbind, Unplug, Write
from zonediff.engine.trace import Act
from zonediff.live.host import Host
from zonediff.live.image import Image
from zonediff.live.jobs import random_jobs
from zonediff.live.random_steps import MACHINE_KINDS, WINDOW, random_script
from zonediff.variants.registry import Registry

MODELLED = sorted(MACHINE_KINDS.keys() - {"virtio-mem"})
KIND = st.sampled_from(MODELLED)
VARIANT = st.sampled_from(["upstream", "v4.14", "v6.1"])


def drawn(kind: str, seed: int, number: int, variant: str = "v6.1") -> tuple[Machine, list[Act]]:
    machine, script = random_script(kind, Random(seed), number)
    variant = "v7.2" if machine.dax else variant  # older models have no such devices
    runner = Runner(Guest(machine, Registry().model(variant).policy))
    acts = []
    if runner.boot() == "ran":
        for step in script(runner):
            acts.append(runner.act(step))
            if runner.end != "ran":
                break
    return machine, acts


@given(KIND, st.integers(0, 1000), VARIANT)
def test_the_same_seed_draws_the_same(kind: str, seed: int, variant: str) -> None:
    assert drawn(kind, seed, 20, variant) == drawn(kind, seed, 20, variant)


@given(KIND, st.integers(0, 1000), VARIANT)
def test_machines_can_be_built_and_dimms_always_fit(kind: str, seed: int, variant: str) -> None:
    machine, acts = drawn(kind, seed, 40, variant)
    assert machine.problems() == []
    for act in acts:
        if isinstance(act.do, Plug):
            assert act.result != "REFUSED"
            assert act.do.addr is not None
            assert act.do.addr + act.do.size <= machine.hotplug_base + WINDOW.size


@given(KIND, st.integers(0, 1000))
def test_nothing_is_tried_twice_in_vain(kind: str, seed: int) -> None:
    tried: set[Step] = set()
    for act in drawn(kind, seed, 14)[1]:
        assert act.do not in tried
        if act.changed:
            tried.clear()
        tried.add(act.do)


@pytest.mark.parametrize("kind", [kind for kind in MODELLED if kind != "dax"])
def test_most_steps_are_about_blocks_that_were_added(kind: str) -> None:
    steps = [act.do for seed in range(20) for act in drawn(kind, seed, 14, "upstream")[1]]
    writes = [step.file for step in steps if isinstance(step, Write) and "memory" in step.file]
    last_boot_block = drawn(kind, 0, 1)[0].hotplug_base >> 27
    added = [file for file in writes if int(file[6:].partition("/")[0]) >= last_boot_block]
    assert len(added) > len(writes) / 2


def test_every_kind_of_step_is_drawn() -> None:
    steps = [act.do for seed in range(30) for act in drawn("one-node", seed, 14)[1]]
    files = {step.file.partition("/")[2] or step.file for step in steps if isinstance(step, Write)}
    assert files == {"state", "online", "auto_online_blocks"}
    assert {type(step) for step in steps} == {Write, Plug, Unplug}


def test_a_dax_device_is_bound_and_unbound() -> None:
    acts = [act for seed in range(30) for act in drawn("dax", seed, 14)[1]]
    assert {type(act.do) for act in acts} == {Write, Bind, Unbind}
    results = {act.result for act in acts if isinstance(act.do, Bind)}
    assert None in results, "seldom unbound with memory online, which would keep it from binding"


def test_memory_that_no_driver_adds_is_probed() -> None:
    steps = [act.do for act in drawn("probe", 1, 14, "upstream")[1]]
    assert any(isinstance(step, Probe) for step in steps)
    assert not any(isinstance(step, Plug | Unplug) for step in steps)


@pytest.mark.parametrize(("built_with", "drawn"), [("y", True), (None, True), ("n", False)])
def test_the_probe_file_is_tried_where_there_may_be_one(
    built_with: str | None, drawn: bool, tmp_path: Path
) -> None:
    if built_with is not None:
        (tmp_path / "config").write_text(f"CONFIG_ARCH_MEMORY_PROBE={built_with}\n")
    image, host = Image(tmp_path / "vmlinuz", "6.1", ""), Host("", "", Path(), "", "")
    (tmp_path / "vmlinuz").touch()
    digest = hashlib.sha256(b"").hexdigest()
    jobs = random_jobs(len(MACHINE_KINDS), 1, 0, (), host, replace(image, digest=digest))
    assert any(job.id.startswith("probe-") for job in jobs) is drawn
