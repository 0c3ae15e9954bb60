"""Every class of mistake in a scenario: its position, the path of its key, and the remedy."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Mistakes = Callable[[str], list[str]]

VERBS = (
    "write, read, plug, unplug, probe, hyperv_add, xen_add, bind, unbind, resize, fill, "
    "allocate, boot, online, offline, udev, daemon, elapse"
)
SHORTENED = VERBS.removesuffix("udev, daemon, elapse") + "..."

SHAPES = [
    # (what a valid file says, what it is replaced by, the problem)
    ("machine:", "parameters: {a: [b]}\nmachine:", "4:1: parameters: unknown key 'parameters'"
     " (known: title, why, claims, with, machine, steps, goals)"),
    ("why: because it should\n", "", "1:1: why: is missing"),
    ("why: because it should", "why:", "2:5: why: expected text, not nothing"),
    ("why: because it should", "why: true",
     "2:6: why: expected text, not true; quote it to make it text"),
    ("title: a DIMM goes online", "title: 42",
     "1:8: title: expected text, not the number 42; quote it to make it text"),
    ("title: a DIMM goes online", "title: [a]", "1:8: title: expected text, not a list"),
    ("title: a DIMM goes online", "title: ' '",
     "1:8: title: expected one line that says what the scenario is"),
    ("title: a DIMM goes online", 'title: "two\\nlines"',
     "1:8: title: expected one line that says what the scenario is"),
    ("why: because it should", "why: ''", "2:6: why: expected why this matters to a reviewer"),
    ("[C01]", "C01", "3:9: claims: expected a list, not the text 'C01'"),
    ("[C01]", "[C1]", "3:10: claims[0]: 'C1' is not the id of a claim, such as C01"),
    ("[C01]", "[C01, C02, C01]", "3:20: claims[2]: C01 is listed twice"),
    ("nodes: [1G, 0]", "nodes: 1G", "5:10: machine.nodes: expected a list, not the text '1G'"),
    ("nodes: [1G, 0]", "nodes: [1G, big]", "5:15: machine.nodes[1]: 'big' is not a size: write"
     " bytes, or a number with K, M, G or T"),
    ("nodes: [1G, 0]", "nodes: [1G, 0x40000000000000]",
     "5:15: machine.nodes[1]: 0x40000000000000 is more than 52 bits, which x86-64 can address"),
    ("nodes: [1G, 0]", "nodes: [1G, true]",
     "5:15: machine.nodes[1]: expected a size such as 128M or 1G, not true"),
    ("size: 1G}]", "size: 1G, nod: 1}]", "6:33: machine.dimms[0].nod: unknown key 'nod', did you"
     " mean 'node'? (known: id, size, node, addr)"),
    ("size: 1G}]", "size: 1G, node: one}]",
     "6:39: machine.dimms[0].node: expected a whole number, not the text 'one'"),
    ("size: 1G}]", "size: 1G, node: true}]",
     "6:39: machine.dimms[0].node: expected a whole number, not true"),
    (", size: 1G}]", "}]", "6:11: machine.dimms[0].size: is missing"),
    ("{id: dimm1, size: 1G}", "dimm1",
     "6:11: machine.dimms[0]: expected a mapping (id, size, node, addr), not the text 'dimm1'"),
    ("  dimms:", "  config: {MOVABLE_NODE: yes}\n  dimms:",
     "6:26: machine.config.MOVABLE_NODE: expected true or false, not the text 'yes'"),
    ("  dimms:", "  config: {MOVABLE: true}\n  dimms:",
     "6:12: machine.config.MOVABLE: unknown key 'MOVABLE', did you mean 'MOVABLE_NODE'?"
     " (known: MOVABLE_NODE, MEMORY_HOTPLUG_DEFAULT_ONLINE, ARCH_MEMORY_PROBE)"),
    ("  dimms:", "  platform: kvn\n  dimms:", "6:13: machine.platform: unknown value 'kvn', did you"
     " mean 'kvm'? (known: kvm, vmware, hyperv, xen, bare-metal)"),
    ("  dimms:", "  platform: 7\n  dimms:", "6:13: machine.platform: expected one of kvm, vmware,"
     " hyperv, xen, bare-metal, not the number 7"),
    ("- unplug: {id: dimm2}", "- unplugg: {id: dimm2}", "12:5: steps[3].unplugg: unknown step"
     f" 'unplugg', did you mean 'unplug'? (known: {SHORTENED})"),
    ("name: last", "nam: last", "9:5: steps[0].nam: unknown key 'nam', did you mean 'name'?"
     f" (known: {SHORTENED})"),
    ("- unplug: {id: dimm2}", "- unplug dimm2",
     "12:5: steps[3]: expected a step, a mapping with a verb, not the text 'unplug dimm2'"),
    ("- unplug: {id: dimm2}", "- name: other",
     f"12:5: steps[3]: expected one verb, not none (known: {VERBS})"),
    ("- unplug: {id: dimm2}", "- {unplug: {id: dimm2}, boot: {}}",
     f"12:5: steps[3]: expected one verb, not unplug and boot (known: {VERBS})"),
    ("- unplug: {id: dimm2}", "- unplug:", "12:12: steps[3].unplug.id: is missing"),
    ("- unplug: {id: dimm2}", "- unplug: dimm2",
     "12:13: steps[3].unplug: expected a mapping (id), not the text 'dimm2'"),
    ("- unplug: {id: dimm2}", "- unplug: {id: dimm2, force: true}",
     "12:25: steps[3].unplug.force: unknown key 'force' (known: id)"),
    ("online_kernel", "kernel", "11:36: steps[2].online.value: unknown value 'kernel', did you mean"
     " 'online_kernel'? (known: online, online_kernel, online_movable)"),
    ("order: last-to-first", "order: reverse", "11:58: steps[2].online.order: unknown value"
     " 'reverse' (known: first-to-last, last-to-first, edges-inward, middle-outward)"),
    ("value: online_movable", "value: true",
     "8:42: steps[0].write.value: expected text, not true; quote it to make it text"),
    ("{blocks: dimm2, ", "{blocks: 35-32, ",
     "11:22: steps[2].online.blocks: 35-32 is out of order: block numbers ascend, each written"
     " once"),
    ("{blocks: dimm2, ", "{blocks: 32-99999999, ",
     "11:22: steps[2].online.blocks: block 99999999 is beyond what a kernel can address"),
    ("{blocks: dimm2, ", "{blocks: '32-35,35', ", "11:22: steps[2].online.blocks: 35 is out of"
     " order: block numbers ascend, each written once"),
    ("{blocks: dimm2, ", "{blocks: '32,', ", "11:22: steps[2].online.blocks: '32,' selects no"
     " blocks: write a device's id, 32, 32-35,39 or added"),
    ("{blocks: dimm2, ", "{blocks: [32, 35], ",
     "11:22: steps[2].online.blocks: expected blocks such as dimm1 or 32-35,39, not a list"),
    ("  - want: the write is accepted\n    step", "  - step", "14:5: goals[0].want: is missing"),
    ("    step: last\n    result: ok\n", "",
     "14:5: goals[0]: expected one kind of goal, not none"
     " (known: blocks, step, steps, knob, mask, process)"),
    ("    step: last\n", "    steps: ok\n    step: last\n",
     "14:5: goals[0]: expected one kind of goal, not step and steps"
     " (known: blocks, step, steps, knob, mask, process)"),
    ("    result: ok\n", "", "14:5: goals[0].result: is missing"),
    ("    blocks: 39\n    state: online\n    zone: Movable\n    after: 1\n", "    blok: 39\n",
     "18:5: goals[1].blok: unknown goal 'blok', did you mean 'blocks'?"
     " (known: blocks, step, steps, knob, mask, process)"),
    ("    after: 1", "    present: maybe",
     "21:14: goals[1].present: expected true or false, not the text 'maybe'"),
    ("    after: 1", "    after: [1]", "21:12: goals[1].after: expected text, not a list"),
    ("step: last\n    result: ok", "steps: okay",
     "15:12: goals[0].steps: unknown value 'okay', did you mean 'ok'? (known: ok)"),
]  # fmt: skip

MEANINGS = [
    ("nodes: [1G, 0]", "nodes: [1M, 0]", "5:10: machine.nodes: 1M of boot memory: at least 64M"),
    ("nodes: [1G, 0]", "nodes: [1048577K, 0]",
     "5:11: machine.nodes[0]: boot memory is whole MiB, not 1073742848 bytes"),
    ("nodes: [1G, 0]", "nodes: [2T, 0]", "5:10: machine.nodes: ends at 0x20040000000, beyond what"
     " 40 bits address (see physical_bits)"),
    ("  dimms:", "  physical_bits: 64\n  dimms:",
     "6:18: machine.physical_bits: expected 36 to 46 bits"),
    ("  dimms:", '  cmdline: "a\\nb"\n  dimms:',
     "6:12: machine.cmdline: expected one line of kernel parameters"),
    ("{id: dimm1, size: 1G}", "{id: dimm1, size: 1G}, {id: dimm1, size: 1G}",
     "6:39: machine.dimms[1].id: there is already a DIMM 'dimm1'"),
    ("size: 1G}]", "size: 1000000}]",
     "6:29: machine.dimms[0].size: 1000000: a DIMM is whole MiB"),
    ("size: 1G}]", "size: 1G, node: 2}]", "6:39: machine.dimms[0].node: no node 2: nodes are 0..1"),
    ("size: 1G}]", "size: 1G, addr: 0x104001000}]",
     "6:39: machine.dimms[0].addr: 0x104001000: an address is whole MiB"),
    ("  dimms:", "  cmdline: memory_hotplug.online_polcy=auto-movable\n  dimms:",
     "6:12: machine.cmdline: unknown parameter 'memory_hotplug.online_polcy', did you mean"
     " 'memory_hotplug.online_policy'? (known: memory_hotplug.auto_movable_numa_aware,"
     " memory_hotplug.auto_movable_ratio, memory_hotplug.memmap_on_memory,"
     " memory_hotplug.online_policy)"),
    ("  nodes: [1G, 0]", "  memory: [{addr: 1G, size: 1G}]",
     "5:11: machine.memory: expected a range of at least 64M at address 0: kernels start there"),
    ("  nodes: [1G, 0]", "  nodes: [1G, 0]\n  cpus: [0, 0]",
     "6:9: machine.cpus: expected the number of CPUs of each of 2 nodes, one at least"),
    ("size: 1G}]", "size: 1G, addr: 1G}]",
     "6:39: machine.dimms[0].addr: 0x40000000 is below 0x100000000, where DIMMs start"),
    ("size: 1G}]", "size: 1G}, {id: high, size: 1G, addr: 0x120000000}]",
     "6:61: machine.dimms[1].addr: overlaps DIMM 'dimm1' at 0x100000000..0x140000000"),
    ("id: dimm1,", "id: 1st,",
     "6:16: machine.dimms[0].id: '1st' cannot be an id: use letters, digits and . _ -, a letter"
     " first; `added` is reserved"),
    ("id: dimm1,", "id: added,",
     "6:16: machine.dimms[0].id: 'added' cannot be an id: use letters, digits and . _ -, a letter"
     " first; `added` is reserved"),
    ("file: memory39/state", "file: /memory39/state",
     "8:19: steps[0].write.file: expected a path below /sys/devices/system/memory/ such as"
     " memory32/state, not '/memory39/state'"),
    ("file: memory39/state", "file: memory39/../probe",
     "8:19: steps[0].write.file: expected a path below /sys/devices/system/memory/ such as"
     " memory32/state, not 'memory39/../probe'"),
    ("file: memory39/state", "file: memory39/sate",
     "8:19: steps[0].write.file: unknown file 'sate', did you mean 'state'? (known: state, online,"
     " valid_zones, removable, phys_index, phys_device, uevent)"),
    ("file: memory39/state", "file: auto_online_block",
     "8:19: steps[0].write.file: unknown file 'auto_online_block', did you mean"
     " 'auto_online_blocks'? (known: auto_online_blocks, block_size_bytes, probe, uevent)"),
    ("- unplug: {id: dimm2}", "- {unplug: {id: dimm2}, name: '4'}",
     "12:33: steps[3].name: '4' cannot be a name: use letters, digits and . _ -, a letter first"),
    ("- unplug: {id: dimm2}", "- {unplug: {id: dimm2}, name: last}",
     "12:33: steps[3].name: step 1 already has the name 'last'"),
    ("- unplug: {id: dimm2}", "- plug: {id: dimm2, size: 1G}",
     "12:16: steps[3].plug.id: there is already a DIMM 'dimm2'"),
    ("size: 256M, node: 1", "size: 200000, node: 1",
     "10:29: steps[1].plug.size: 200000: a DIMM is whole MiB"),
    ("size: 256M, node: 1", "size: 256M, node: -1",
     "10:41: steps[1].plug.node: no node -1: nodes are 0..1"),
    ("size: 256M, node: 1", "size: 256M, addr: 0x138000000",
     "10:41: steps[1].plug.addr: overlaps DIMM 'dimm1' at 0x100000000..0x140000000"),
    ("size: 256M, node: 1", "size: 2T", "10:29: steps[1].plug.size: ends at 0x20140000000, beyond"
     " what 40 bits address (see physical_bits)"),
    ("- unplug: {id: dimm2}", "- unplug: {id: dimm3}",
     "12:18: steps[3].unplug.id: unknown device 'dimm3', did you mean 'dimm2'?"
     " (known: dimm1, dimm2)"),
    ("{blocks: dimm2, ", "{blocks: dim2, ",
     "11:22: steps[2].online.blocks: unknown device 'dim2', did you mean 'dimm2'?"
     " (known: dimm1, dimm2, added)"),
    ("- unplug: {id: dimm2}", "- hyperv_add: {id: hot, size: 128M}",
     "12:17: steps[3].hyperv_add: hyperv_add needs platform: hyperv; this machine is kvm"),
    ("- unplug: {id: dimm2}", "- xen_add: {id: hot, size: 128M}",
     "12:14: steps[3].xen_add: xen_add needs platform: xen; this machine is kvm"),
    ("- unplug: {id: dimm2}", "- probe: {addr: 0x100000001}",
     "12:19: steps[3].probe.addr: 0x100000001: an address is a multiple of 128M"),
    ("result: ok", "result: EINVL", "16:13: goals[0].result: unknown result 'EINVL', did you mean"
     " 'EINVAL'? (known: ok, fails, REFUSED, SIGKILL, E2BIG, EACCES, EADDRINUSE, EADDRNOTAVAIL,"
     " EADV, EAFNOSUPPORT, EAGAIN, EALREADY, EBADE, EBADF, EBADFD, ...)"),
    ("step: last", "step: first",
     "15:11: goals[0].step: unknown step 'first' (known: last)"),
    ("step: last", "step: 5",
     "15:11: goals[0].step: no step 5: the scenario has 4, counted from 1"),
    ("after: 1", "after: 0",
     "21:12: goals[1].after: no step 0: the scenario has 4, counted from 1"),
    ("blocks: 39", "blocks: dimm3", "18:13: goals[1].blocks: unknown device 'dimm3', did you mean"
     " 'dimm2'? (known: dimm1, dimm2, added)"),
    ("zone: Movable", "zone: movable", "20:11: goals[1].zone: unknown zone 'movable', did you mean"
     " 'Movable'? (known: DMA, DMA32, Normal, Movable, none)"),
    ("zone: Movable", "valid_zones: Normal Move", "20:18: goals[1].valid_zones: unknown zone"
     " 'Move', did you mean 'Movable'? (known: DMA, DMA32, Normal, Movable, none)"),
    ("zone: Movable", "node: 2", "20:11: goals[1].node: no node 2: nodes are 0..1"),
    ("state: online\n", "state: onlin\n", "19:12: goals[1].state: unknown state 'onlin', did you"
     " mean 'online'? (known: online, offline, going-offline)"),
    ("    state: online\n    zone: Movable\n", "",
     "17:5: goals[1]: expected what the blocks have: state, zone, valid_zones or node; or"
     " present: false"),
    ("zone: Movable", "present: false",
     "20:14: goals[1].present: blocks that are not there have no state, zone or node"),
    ("step: last\n    result: ok", "knob: exist",
     "15:11: goals[0].knob: unknown content 'exist', did you mean 'exists'?"
     " (known: exists, absent, online, offline, online_kernel, online_movable)"),
    ("want: the block is movable", "want: ''",
     "17:11: goals[1].want: expected one line that says what the user wanted"),
    ("want: the block is movable", "want: the write is accepted",
     "17:11: goals[1].want: another goal has the same words; use different ones"),
    ("want: the block is movable", "want: the kernel survives",
     "17:11: goals[1].want: another goal has the same words; use different ones"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "problem"), SHAPES + MEANINGS)
def test_one_mistake(mistakes: Mistakes, valid: str, old: str, new: str, problem: str) -> None:
    assert valid.count(old) == 1
    assert mistakes(valid.replace(old, new)) == [problem]


def test_goals_are_needed(mistakes: Mistakes, valid: str) -> None:
    start = valid[: valid.index("goals:")]
    assert mistakes(start) == ["1:1: goals: is missing"]
    assert mistakes(start + "goals: []\n") == ["13:8: goals: expected at least one goal"]
    assert mistakes(start + "goals:\n") == ["13:7: goals: expected a list, not nothing"]


def test_all_mistakes_of_a_file_at_once(mistakes: Mistakes, valid: str) -> None:
    text = valid
    for old, new in [
        ("title: a DIMM goes online\n", ""),
        ("[C01]", "[C1]"),
        ("size: 1G}", "size: 100000}"),
        ("online_movable", "[]"),
        ("file: memory39/state", "file: ../state"),
        ("unplug: {id: dimm2}", "unplug: {}"),
        ("result: ok", "result: fine"),
        ("zone: Movable", "zone: Movible"),
    ]:
        text = text.replace(old, new)
    assert [problem.partition(" ")[2].partition(": ")[0] for problem in mistakes(text)] == [
        "title",
        "claims[0]",
        "machine.dimms[0].size",
        "steps[0].write.value",
        "steps[3].unplug.id",
        "goals[0].result",
        "goals[1].zone",
    ]


def test_step_names_are_not_looked_up_among_unreadable_steps(
    mistakes: Mistakes, valid: str
) -> None:
    text = valid.replace("value: online_movable}", "value: []}").replace("dimm2, value", "x, value")
    (problem,) = mistakes(text)
    assert problem.startswith("8:42: steps[0].write.value: expected text")


def test_a_slot_is_free_again_after_an_unplug(
    read: Callable[[str], list[object]], valid: str
) -> None:
    again = "  - plug: {id: dimm2, size: 256M, addr: 0x140000000}\n"
    text = valid.replace("goals:", again + "goals:")
    assert len(read(text)) == 1


def test_where_a_dimm_went_is_not_guessed_after_an_unplug(
    read: Callable[[str], list[object]], mistakes: Mistakes, valid: str
) -> None:
    steps = (
        "  - plug: {id: dimm3, size: 256M}\n  - plug: {id: dimm4, size: 256M, addr: 0x140000000}\n"
    )
    assert len(read(valid.replace("goals:", steps + "goals:"))) == 1
    settled = valid.replace("  - unplug: {id: dimm2}\n", steps)
    assert mistakes(settled) == [
        "13:41: steps[4].plug.addr: overlaps DIMM 'dimm2' at 0x140000000..0x150000000"
    ]


def test_drivers_add_what_no_one_can_unplug(mistakes: Mistakes) -> None:
    text = """\
title: t
why: w
machine: {nodes: [1G], platform: hyperv}
steps:
  - hyperv_add: {id: hot, size: 101M}
  - hyperv_add: {id: hot, size: 128M, node: 3}
  - unplug: {id: hot}
  - plug: {id: hot, size: 128M}
  - plug: {id: dimm1, size: 128M}
  - hyperv_add: {id: dimm1, size: 128M}
goals:
  - {want: w, steps: ok}
"""
    assert mistakes(text) == [
        "5:33: steps[0].hyperv_add.size: 101M: the host adds memory in multiples of 2M",
        "6:22: steps[1].hyperv_add.id: a driver has already added 'hot'",
        "6:45: steps[1].hyperv_add.node: no node 3: nodes are 0..0",
        "7:18: steps[2].unplug.id: a driver added 'hot'; only a DIMM can be unplugged",
        "8:16: steps[3].plug.id: a driver has already added 'hot'",
        "10:22: steps[5].hyperv_add.id: there is already a DIMM 'dimm1'",
    ]


def test_xen_adds_something(mistakes: Mistakes) -> None:
    text = """\
title: t
why: w
machine: {nodes: [1G], platform: xen}
steps:
  - xen_add: {id: hot, size: 0}
goals:
  - {want: w, steps: ok}
"""
    assert mistakes(text) == ["5:30: steps[0].xen_add.size: 0: expected memory to add"]
