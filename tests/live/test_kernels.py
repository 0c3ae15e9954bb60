"""A real kernel, run: what it does is what its model says, and how it can die."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from zonediff.compare.runs import Cell, attempt
from zonediff.corpus.loader import SHIPPED, load
from zonediff.engine.machine import Config, Dimm, Machine
from zonediff.engine.steps import (
    Blocks,
    Boot,
    Daemon,
    Fill,
    Online,
    Plug,
    Read,
    Step,
    Udev,
    Unplug,
    Write,
    XenAdd,
)
from zonediff.engine.trace import Trace
from zonediff.engine.units import GIB, MIB, Bytes
from zonediff.live import accelerator, guest, templates
from zonediff.live.agent import Agent, AgentFailed
from zonediff.live.guest_spec import GuestSpec, fixed_script
from zonediff.live.host import Host
from zonediff.live.image import read_image
from zonediff.live.jobs import Job, scenario_jobs
from zonediff.live.random_steps import WINDOW
from zonediff.live.recorder import Records, record_with_pool
from zonediff.live.run import run
from zonediff.live.subject import Live
from zonediff.variants.registry import Registry, VariantError
from zonediff.variants.subject import NotOnThisMachine
from zonediff.work.pool import ClusterError, InProcess
from zonediff.work.store import open_store

OnKernel = Callable[[Machine, Sequence[Step]], Trace]

SMALL = Machine((Bytes(256 * MIB),))
WITH_A_DIMM = Machine((Bytes(GIB),), dimms=(Dimm("dimm1", Bytes(384 * MIB)),))


def results(trace: Trace) -> list[str | None]:
    return [act.result for _, _, act in trace.acts()]


def printed(trace: Trace) -> str:
    reasons = [reason for _, _, act in trace.acts() for reason in act.reasons]
    return "\n".join(reason.text for reason in (*trace.boot_reasons, *reasons))


def test_user_space_works_on_a_kernel_as_on_its_model(
    subject: Live, on_each_agent: OnKernel
) -> None:
    if "Linux 6.1" not in subject.summary:
        pytest.skip(f"the model is of 6.1, the kernel is not: {subject.summary}")
    steps = [
        Write("memory33/state", "online_movable"),
        Write("memory33/state", "bogus"),
        Write("memory99/state", "online"),
        Read("memory33/valid_zones"),
        Read("memory99/state"),
        Plug("dimm2", Bytes(256 * MIB), addr=Bytes(0x120000000)),
        Udev("online_movable"),
        Unplug("dimm2"),
        Unplug("dimm2"),
        Plug("dimm2", Bytes(128 * MIB)),
        Daemon("online_kernel"),
        Boot("memhp_default_state=online_movable"),
        Online(Blocks("dimm1"), "online"),
    ]
    real = on_each_agent(WITH_A_DIMM, steps)
    model = Registry().model("v6.1").run(WITH_A_DIMM, steps)
    assert real.end == "ran"
    assert real.devices == model.devices
    assert real.boot == model.boot
    for (_, _, first), (_, _, second) in zip(real.acts(), model.acts(), strict=True):
        assert (first.do, first.result, first.output, first.changed) == (
            second.do,
            second.result,
            second.output,
            second.changed,
        )
        if not isinstance(first.do, Boot):
            assert first.uevents == second.uevents


def test_what_the_machine_refuses_the_kernel_never_sees(on_kernel: OnKernel) -> None:
    same_place = Plug("dimm2", Bytes(128 * MIB), addr=Bytes(4 * GIB))
    trace = on_kernel(WITH_A_DIMM, [same_place, Plug("dimm1", Bytes(128 * MIB)), Unplug("dimm9")])
    assert results(trace) == ["REFUSED"] * 3
    assert "address range conflicts" in printed(trace)
    assert list(trace.devices) == ["dimm1"]


def test_a_dimm_that_the_kernel_does_not_add_has_the_errno_of_the_log(on_kernel: OnKernel) -> None:
    half = Plug("half", Bytes(64 * MIB))
    whole = Plug("dimm1", Bytes(128 * MIB), addr=Bytes(0x108000000))
    trace = on_kernel(SMALL, [half, whole])
    assert results(trace) == ["EINVAL", None]
    assert "the kernel did not add the memory; _OST does not say so" in printed(trace)
    without_driver = SMALL.with_cmdline("acpi_no_memhotplug")
    assert results(on_kernel(without_driver, [Plug("dimm1", Bytes(128 * MIB))])) == [None]


def test_nodes_are_those_of_the_machine(on_each_agent: OnKernel) -> None:
    machine = Machine((Bytes(512 * MIB), Bytes(512 * MIB), Bytes(0)))
    trace = on_each_agent(machine, [Plug("dimm1", Bytes(128 * MIB), node=2)])
    assert trace.boot.nodes["online"] == "0-1"
    assert trace.last().nodes["online"] == "0-2"
    ((_, _, plug),) = trace.acts()
    assert plug.uevents == ("add memory32", "add node2")


def test_where_no_uevents_are_heard_user_space_goes_by_what_is_there(
    on_kernel: OnKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = guest.LiveGuest.ready

    async def deaf(self: guest.LiveGuest) -> None:
        await ready(self)
        self.hears_events = False

    monkeypatch.setattr(guest.LiveGuest, "ready", deaf)
    monkeypatch.setattr(templates, "_templates", {})
    steps = [Plug("dimm2", Bytes(256 * MIB)), Udev("online_movable")]
    trace = on_kernel(WITH_A_DIMM, steps)
    assert [str(act.do) for _, _, act in trace.acts()][1:] == [
        f"echo online_movable > memory{block}/state" for block in (32, 33, 34, 35, 36)
    ]
    assert results(trace) == [None] * 6


def test_any_bytes_can_be_written(on_each_agent: OnKernel) -> None:
    values = ["", "-n", "online\n", " online", "a'b\"$(reboot)`\\x", "é"]
    trace = on_each_agent(WITH_A_DIMM, [Write("memory32/state", value) for value in values])
    assert results(trace) == [None, "EINVAL", None, *["EINVAL"] * 3]


def test_an_oops_is_a_result(on_each_agent: OnKernel) -> None:
    crash = Write("../../../../proc/sysrq-trigger", "c")
    trace = on_each_agent(SMALL, [Write("../../../../proc/sys/kernel/sysrq", "1"), crash, crash])
    assert results(trace) == [None, "BUG"] or results(trace) == [None, "panic"]
    assert trace.end in ("BUG", "panic")
    assert re.search("sysrq: Trigger a crash", printed(trace))


def test_a_panic_for_want_of_memory_is_a_result(on_each_agent: OnKernel) -> None:
    trace = on_each_agent(
        SMALL, [Plug("dimm1", Bytes(16 * GIB)), Write("memory32/state", "online")]
    )
    assert trace.end == "panic"
    assert "Kernel panic - not syncing" in printed(trace)
    assert len(trace.steps) == 1


def test_a_boot_that_panics_is_a_result(on_kernel: OnKernel) -> None:
    trace = on_kernel(SMALL.with_cmdline("rdinit=/no/such/program"), [Udev()])
    assert (trace.end, trace.steps) == ("panic", ())
    assert "Unable to mount root fs" in printed(trace)


def test_a_boot_that_hangs_is_a_result(
    on_kernel: OnKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guest, "BOOT_LIMIT", 20.0)
    trace = on_kernel(SMALL.with_cmdline("rdinit=/bin/cat"), [])
    assert trace.end == "hang"
    assert "Run /bin/cat as init process" in printed(trace)


def test_a_step_that_hangs_is_a_result(
    on_each_agent: OnKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guest, "STEP_LIMIT", 8.0)
    trace = on_each_agent(SMALL, [Read("../../../../proc/kmsg"), Read("../../../../proc/kmsg")])
    assert trace.end == "hang"
    assert results(trace)[-1] == "hang"


def test_what_no_virtual_machine_does_is_not_tried(subject: Live) -> None:
    for step in (XenAdd("balloon", Bytes(GIB)), Fill(Blocks("32"), "kernel-objects")):
        with pytest.raises(NotOnThisMachine, match=re.escape(str(step))):
            subject.run(SMALL, [Udev(), step])
    wide = Machine(SMALL.nodes, physical_bits=46)
    with pytest.raises(NotOnThisMachine, match="46 bits"):
        subject.run(wide, [])
    with pytest.raises(NotOnThisMachine, match="MEMORY_HOTPLUG_DEFAULT_ONLINE"):
        subject.run(Machine(SMALL.nodes, config=Config(MEMORY_HOTPLUG_DEFAULT_ONLINE=True)), [])
    with pytest.raises(NotOnThisMachine, match=r"the guest needs 1024\.\d GiB of memory"):
        subject.run(Machine((Bytes(64 << 40),)), [])


def test_such_a_scenario_is_not_run_and_the_report_says_so(kernel: Path) -> None:
    (scenario,) = load(["drivers/xen-default"], SHIPPED)
    run = attempt(Cell(scenario, f"live:{kernel}"), Registry())
    assert run.status == "not-run"
    assert run.error is not None
    assert run.error.startswith("not on this machine: xen adds")


def test_a_guest_from_a_template_does_what_one_of_its_own_boot_does(
    host: Host, kernel: Path
) -> None:
    image = read_image(kernel)
    jobs, _ = scenario_jobs(load(["removal/*", "ordering/movable"], SHIPPED)[:9], host, image)
    assert len(jobs) > 4
    for job in jobs:
        first, second = (
            asyncio.run(run("live", job.spec, job.script, fresh=f)) for f in (False, True)
        )
        seen = [
            [(a.do, a.result, a.changed.blocks) for _, _, a in r.trace.acts()]
            for r in (first, second)
        ]
        assert seen[0] == seen[1], job.id
        assert first.trace.end == second.trace.end


def test_a_mistake_of_ours_is_no_result(
    host: Host, kernel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take(self: Agent, line: bytes) -> None:
        raise IndexError("ours")

    monkeypatch.setattr(Agent, "take", take)
    spec = GuestSpec(host, read_image(kernel), SMALL, WINDOW)
    with pytest.raises(IndexError, match="ours"):
        asyncio.run(run("live", spec, fixed_script([]), fresh=True))


def test_an_agent_that_cannot_be_understood_is_no_result(
    host: Host, kernel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Agent, "_checked_answer", lambda self: None)
    spec = GuestSpec(host, read_image(kernel), SMALL, WINDOW)
    with pytest.raises(AgentFailed, match="arrived damaged 50 times"):
        asyncio.run(run("live", spec, fixed_script([]), fresh=True))


KVM_THAT_STARTS_NO_GUEST = """\
#!/bin/sh
for word in "$@"; do
    if [ "$word" = kvm ]; then word=tcg; stop=-S; fi
    set -- "$@" "$word"
    shift
done
exec {qemu} "$@" $stop
"""

KVM_THAT_FAILS = """\
#!/bin/sh
case "$*" in *"-accel kvm"*) echo "failed to initialize kvm: No such device" >&2; exit 1 ;; esac
exec {qemu} "$@"
"""


@pytest.mark.parametrize(
    ("qemu", "why"),
    [
        (KVM_THAT_STARTS_NO_GUEST, "a kernel printed nothing within 2 seconds"),
        (KVM_THAT_FAILS, "failed to initialize kvm: No such device"),
    ],
)
def test_where_kvm_is_no_use_the_guest_runs_under_tcg(
    qemu: str,
    why: str,
    host: Host,
    kernel: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    program = tmp_path / "qemu"
    program.write_text(qemu.format(qemu=host.qemu))
    program.chmod(0o755)
    monkeypatch.setattr(accelerator, "_chosen", "kvm")
    monkeypatch.setattr(guest, "FIRST_LINE_LIMIT", 2.0)
    spec = GuestSpec(replace(host, qemu=str(program)), read_image(kernel), SMALL, WINDOW)
    done = asyncio.run(run("live", spec, fixed_script([Write("auto_online_blocks", "bogus")])))
    assert results(done.trace) == ["EINVAL"]
    ours = [record for record in caplog.records if record.name == accelerator.__name__]
    assert [record.message for record in ours] == [
        f"live: guests run under TCG, several times slower than KVM: {why}"
    ]
    assert accelerator.accelerator() == "tcg"


def test_a_machine_that_qemu_cannot_make_is_an_error_with_its_words(
    host: Host, kernel: Path
) -> None:
    spec = GuestSpec(
        host, read_image(kernel), Machine(SMALL.nodes, dimms=(Dimm("d", Bytes(1)),)), WINDOW
    )
    with pytest.raises(VariantError, match="backing store size"):
        asyncio.run(run("live", spec, fixed_script([])))


def test_another_kernel_in_its_place_is_noticed(host: Host, kernel: Path, tmp_path: Path) -> None:
    image = tmp_path / "vmlinuz"
    image.write_bytes(kernel.read_bytes())
    spec = GuestSpec(host, read_image(image), SMALL, WINDOW)
    cell = Cell(load(["knob/*"], SHIPPED)[0], f"live:{image}", made_of=spec.made_of)
    image.write_bytes(kernel.read_bytes() + b"another")
    with pytest.raises(VariantError, match="changed while it was in use"):
        asyncio.run(run("live", spec, fixed_script([])))
    failed = attempt(cell, Registry())
    assert failed.status == "error"
    assert failed.error is not None
    assert re.search(r"vmlinuz has kernel \w+, .* here instead of kernel \w+, ", failed.error)


def test_recordings_are_known_by_what_made_them(host: Host, kernel: Path, tmp_path: Path) -> None:
    image = read_image(kernel)
    spec = GuestSpec(host, image, SMALL, WINDOW)
    rigs = [
        spec,
        replace(spec, image=replace(image, digest="other")),
        replace(spec, host=replace(host, qemu_version="99.0")),
        replace(spec, host=replace(host, busybox_digest="other")),
    ]
    jobs = [Job("job", spec, fixed_script([]), "nothing") for spec in rigs]
    with open_store(tmp_path / "a.sqlite") as store:
        records = Records(store)
        keys = [records.key((0, job)) for job in jobs]
        assert len({*keys}) == len(keys)
        moved = replace(image, path=tmp_path / "moved")
        assert records.key((1, replace(jobs[0], spec=replace(spec, image=moved)))) == keys[0]
    for job in jobs[1:]:
        with pytest.raises(ClusterError, match=r"^a worker has kernel .* instead of kernel .*:"):
            record_with_pool(kernel, [job], InProcess(Registry()), lambda number, record: None)
