"""Mistakes in steps about processes and time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Mistakes = Callable[[str], list[str]]

TIMED = """\
title: time passes
why: because it does
machine: {nodes: [256M], platform: hyperv}
steps:
  - allocate: {process: batch, size: 10M}
  - elapse:
      time: 10s
      hyperv: {id: hot, size: 1G}
      udev: {value: online}
      workload: {takes: 1M, most: 8M}
goals:
  - want: all is well
    process: every
"""

MISTAKES = [
    ("time: 10s", "time: 10", "7:13: steps[1].elapse.time: '10' is not a time: write a whole number"
     " with us, ms, s or min"),
    ("time: 10s", "time: 0", "7:13: steps[1].elapse.time: expected more than 0 and at most 60min"),
    ("time: 10s", "time: 61min",
     "7:13: steps[1].elapse.time: expected more than 0 and at most 60min"),
    ("time: 10s", "time: [1s]",
     "7:13: steps[1].elapse.time: expected a time such as 10ms or 5s, not a list"),
    ("      time: 10s\n", "", "7:7: steps[1].elapse.time: is missing"),
    ("hyperv: {id: hot, size: 1G}", "hyper: {id: hot, size: 1G}",
     "8:7: steps[1].elapse.hyper: unknown key 'hyper', did you mean 'hyperv'? (known: time, acpi,"
     " hyperv, xen, probe, udev, daemon, workload)"),
    ("hyperv: {id: hot", "xen: {id: hot",
     "8:12: steps[1].elapse.xen: xen needs platform: xen; this machine is hyperv"),
    ("size: 1G}", "size: 100M}", "8:31: steps[1].elapse.hyperv.size: 100M: expected memory to add,"
     " in whole sections of 128M"),
    ("size: 1G}", "size: 1G, count: 0}",
     "8:42: steps[1].elapse.hyperv.count: 0: expected 1 to 1024"),
    ("size: 1G}", "size: 1G, count: 129}",
     "8:42: steps[1].elapse.hyperv.count: more than 1024 devices"),
    ("size: 1G}", "size: 1G, node: 1}",
     "8:41: steps[1].elapse.hyperv.node: no node 1: nodes are 0..0"),
    ("id: hot", "id: 1st", "8:20: steps[1].elapse.hyperv.id: '1st1' cannot be an id: use letters,"
     " digits and . _ -, a letter first; `added` is reserved"),
    ("hyperv: {id: hot, size: 1G}", "acpi: {id: dimm, size: 600G, count: 2}",
     "8:30: steps[1].elapse.acpi.size: ends at 0x12d00000000, beyond what 40 bits address (see"
     " physical_bits)"),
    ("hyperv: {id: hot, size: 1G}", "probe: {count: 0}",
     "8:22: steps[1].elapse.probe.count: 0: expected 1 to 1024"),
    ("udev: {value: online}", "udev: {value: online, latency: 5}",
     "9:38: steps[1].elapse.udev.latency: '5' is not a time: write a whole number with us, ms, s"
     " or min"),
    ("udev: {value: online}", "udev: {value: online, latency: uniform 5ms}",
     "9:38: steps[1].elapse.udev.latency: 'uniform 5ms': uniform takes 2 times"),
    ("udev: {value: online}", "udev: {value: online, latency: {mean: 5ms}}",
     "9:38: steps[1].elapse.udev.latency: expected a time or a distribution, not a mapping"),
    ("udev: {value: online}", "udev: {value: online, workers: 0}",
     "9:38: steps[1].elapse.udev.workers: 0: expected 1 to 1024"),
    ("udev: {value: online}", "udev: {value: online, when: {}}",
     "9:35: steps[1].elapse.udev.when: expected a condition: state, valid_zones, removable,"
     " online, auto_online_blocks or driver"),
    ("udev: {value: online}", "udev: {value: online, when: {removable: 1}}",
     "9:47: steps[1].elapse.udev.when.removable: expected text, not the number 1; quote it to"
     " make it text"),
    ("udev: {value: online}", "udev: {value: online, memory: 0}",
     "9:37: steps[1].elapse.udev.memory: 0: a process holds whole pages of 4K"),
    ("udev: {value: online}", "daemon: {oom_score_adj: -1001}",
     "9:31: steps[1].elapse.daemon.oom_score_adj: -1001: expected -1000 to 1000"),
    ("takes: 1M", "takes: 100", "10:25: steps[1].elapse.workload.takes: 100: a process holds whole"
     " pages of 4K"),
    ("takes: 1M", "takes: 4K",
     "10:25: steps[1].elapse.workload.takes: expected at most 1024 allocations until `most` is"
     " reached"),
    ("takes: 1M", "takes: 1M, process: every", "10:38: steps[1].elapse.workload.process: 'every'"
     " cannot be a name: use letters, digits and . _ -, a letter first; `every` is reserved"),
    ("size: 10M", "size: 1000",
     "5:38: steps[0].allocate.size: 1000: a process holds whole pages of 4K"),
    ("size: 10M", "size: 10M, oom_score_adj: 2000",
     "5:58: steps[0].allocate.oom_score_adj: 2000: expected -1000 to 1000"),
    ("process: every", "process: bath", "13:14: goals[0].process: unknown process 'bath', did you"
     " mean 'batch'? (known: batch, udev, workload, every)"),
    ("process: every", "process: batch\n    state: dead",
     "14:12: goals[0].state: unknown value 'dead' (known: alive, killed)"),
    ("process: every", "process: batch\n    after: 3",
     "14:12: goals[0].after: no step 3: the scenario has 2, counted from 1"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "problem"), MISTAKES)
def test_one_mistake(mistakes: Mistakes, old: str, new: str, problem: str) -> None:
    assert TIMED.count(old) == 1
    assert mistakes(TIMED.replace(old, new)) == [problem]


def test_someone_has_to_be_at_work(mistakes: Mistakes) -> None:
    start, end = TIMED.index("      hyperv"), TIMED.index("goals:")
    text = TIMED[:start] + TIMED[end:]
    assert mistakes(text) == [
        "7:7: steps[1].elapse: expected at least one actor: acpi, udev, workload ..."
    ]


def test_a_goal_can_name_what_a_host_adds(mistakes: Mistakes) -> None:
    text = TIMED.replace("process: every", "blocks: hot9\n    state: online")
    assert mistakes(text) == [
        "13:13: goals[0].blocks: unknown device 'hot9', did you mean 'hot8'? (known: hot1, hot2,"
        " hot3, hot4, hot5, hot6, hot7, hot8, added)"
    ]
