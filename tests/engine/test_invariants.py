"""What holds for every machine and every sequence of steps, drawn at random.

A tale is a variant, a machine, and moves. A move becomes a step only when its turn has come, so
that it can aim at the edges of zones as they are then, where most rules decide.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zonediff.engine.guest import Guest
from zonediff.engine.kernel import Kernel
from zonediff.engine.machine import Config, Dimm, Machine
from zonediff.engine.memory import MIXED, NODE_ONLINE, Memory
from zonediff.engine.observe import block_view
from zonediff.engine.run import Runner, run
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
    Step,
    Udev,
    Unplug,
    Write,
    XenAdd,
)
from zonediff.engine.trace import Act, Trace
from zonediff.engine.units import PAGE, SECTION, SECTION_PAGES, Bytes, parse_size
from zonediff.engine.zones import EMPTY, OnlineType, Span, Zone
from zonediff.variants.registry import OURS, Registry

SHIFTING = (
    *("upstream", "michal-split/1", "michal-split/2", "michal-split/3"),
    *("hyperv-xen-only", "pre-auto-online", "v4.12"),
)
"""Variants with the zones of 4.10; igor-movable has them too, but puts memory anywhere."""

LATER = ("v4.13", "v4.14", "v4.14-stable", "v6.1")
"""Variants that choose a block's zone when it goes online."""

POLICIES = {name: Registry().model(name).policy for name in OURS}

STATES = ("online", "online_kernel", "online_movable", "offline")
ONLINE = STATES[:3]

picks = st.integers(0, 15)
nodes = st.integers(0, 2)
sections = st.integers(1, 4)
places = st.none() | st.integers(0, 11)

writes = st.one_of(
    st.tuples(st.just("write"), picks, st.sampled_from(STATES)),
    st.tuples(st.just("write"), picks, st.just("online_movable")),
    st.tuples(st.just("switch"), picks, st.sampled_from("01")),
)
adds = st.tuples(st.just("plug"), st.integers(0, 3), sections, nodes, places)
ejects = st.tuples(st.just("unplug"), picks)
knobs = st.tuples(st.just("knob"), st.sampled_from(("online", "offline")))
drivers = st.tuples(st.sampled_from(("hyperv", "xen")), st.integers(0, 1), sections, nodes)
rest = st.one_of(
    st.tuples(st.just("probe"), st.integers(0, 11)),
    st.tuples(st.just("fill"), picks, st.sampled_from(("kernel-objects", "nothing"))),
    st.tuples(st.just("each"), st.sampled_from(STATES), st.sampled_from(("up", "down"))),
    st.tuples(st.just("udev"), st.sampled_from(ONLINE)),
    st.tuples(st.just("daemon"), st.sampled_from(ONLINE)),
)
boots = st.tuples(st.just("boot"), st.sampled_from((None, "", "kernelcore=512M")))


@st.composite
def machines(draw: st.DrawFn, default: bool = True) -> Machine:
    """A machine that can be built; with `default`, the knob's default may be set."""
    sizes = draw(
        st.sampled_from(
            ("1G", "1G+0", "512M+512M", "5G", "0+1G", "256M", "2G+2G", "3G+3G", "1G+0+0")
        )
    ).split("+")
    cmdlines = ["", "kernelcore=512M", "movablecore=512M", "movable_node", "acpi_no_memhotplug"]
    machine = Machine(
        nodes=tuple(parse_size(size) for size in sizes),
        cmdline=draw(st.sampled_from([*cmdlines, *["memhp_default_state=online"] * default])),
        config=Config(draw(st.sampled_from((True, True, False))), default and draw(st.booleans())),
    )
    dimms = tuple(
        Dimm(
            f"cold{index}",
            Bytes(draw(sections) * SECTION),
            draw(st.integers(0, len(sizes) - 1)),
            draw(st.sampled_from((None, Bytes(machine.hotplug_base + index * 8 * SECTION)))),
        )
        for index in range(draw(st.sampled_from((0, 0, 1, 2))))
    )
    return Machine(machine.nodes, dimms, machine.cmdline, machine.config)


Move = tuple[Any, ...]


@dataclass
class Moment:
    """One act that was just carried out."""

    step: Step
    act: Act
    runner: Runner
    before: Kernel

    @property
    def memory(self) -> Memory:
        return self.runner.guest.kernel.tables


@dataclass
class Tale:
    variant: str
    machine: Machine
    moves: list[Move]

    def runner(self) -> Runner:
        runner = Runner(Guest(self.machine, POLICIES[self.variant]))
        runner.boot()
        runner.accounts()
        return runner

    def play(
        self, runner: Runner | None = None, steps: list[Step] | None = None
    ) -> Iterator[Moment]:
        """Carry the moves out, act by act, until the kernel dies; steps takes what they become."""
        runner = runner or self.runner()
        for move in self.moves:
            if runner.end != "ran":
                return
            step = step_of(move, runner.guest)
            if steps is not None:
                steps.append(step)
            before = runner.guest.kernel.copy()
            for act in runner.acts(step):
                if runner.end != "ran":
                    return
                yield Moment(step, act, runner, before)
                before = runner.guest.kernel.copy()

    def steps(self) -> list[Step]:
        """The steps that the moves become."""
        steps: list[Step] = []
        for _ in self.play(steps=steps):
            pass
        return steps


def tales(
    variants: tuple[str, ...] = tuple(OURS),
    moves: st.SearchStrategy[Move] = st.one_of(  # noqa: B008
        writes, writes, writes, adds, ejects, knobs, drivers, rest, boots
    ),
    default: bool = True,
) -> st.SearchStrategy[Tale]:
    short, long = st.lists(moves, max_size=20), st.lists(moves, min_size=8, max_size=32)
    return st.builds(Tale, st.sampled_from(variants), machines(default), short | long)


def step_of(move: Move, guest: Guest) -> Step:
    memory = guest.kernel.tables
    base = guest.machine.hotplug_base // SECTION
    size = memory.nodes
    match move:
        case ("write", pick, value):
            return Write(f"memory{aim(guest, pick)}/state", value)
        case ("switch", pick, value):
            return Write(f"memory{aim(guest, pick)}/online", value)
        case ("plug", number, count, node, place):
            addr = None if place is None else Bytes((base + place) * SECTION)
            return Plug(f"dimm{number}", Bytes(count * SECTION), node % size, addr)
        case ("unplug", pick):
            devices = sorted(guest.devices) or ["dimm0"]
            return Unplug(devices[pick % len(devices)])
        case ("knob", value):
            return Write("auto_online_blocks", value)
        case ("hyperv", number, count, node):
            return HypervAdd(f"hyperv{number}", Bytes(count * SECTION), node % size)
        case ("xen", number, count, node):
            return XenAdd(f"xen{number}", Bytes(count * SECTION), node % size)
        case ("probe", place):
            return Probe(Bytes((base + place) * SECTION))
        case ("fill", pick, content):
            return Fill(Blocks(str(aim(guest, pick))), content)
        case ("each", value, order):
            way: Any = "first-to-last" if order == "up" else "last-to-first"
            if value == "offline":
                return Offline(Blocks("added"), way)
            return Online(Blocks("added"), value, way)
        case ("udev", value):
            return Udev(value)
        case ("daemon", value):
            return Daemon(value)
        case ("boot", cmdline):
            return Boot(cmdline)
    raise AssertionError(move)


def aim(guest: Guest, pick: int) -> int:
    """A block: for most picks one at the edge of a zone, for some any, for few a missing one."""
    memory = guest.kernel.tables
    base = guest.machine.hotplug_base // SECTION
    there = [block for block in range(len(memory.status)) if memory.has(block)]
    hot = [block for block in there if block >= base] or there
    edges = sorted(
        {
            block
            for span in memory.spans
            if span
            for pfn in span
            for block in (pfn // memory.block_pages - 1, pfn // memory.block_pages)
            if memory.has(block) and (block >= base or pick % 2)
        }
    )
    if pick < 11 and edges:
        return edges[-1 - pick % len(edges)]
    if pick < 15:
        return hot[pick % len(hot)]
    return base + 3


def hot_blocks(runner: Runner, node: int | None = None) -> list[int]:
    memory = runner.guest.kernel.tables
    base = runner.guest.machine.hotplug_base // SECTION
    return [
        block
        for block in range(base, len(memory.status))
        if memory.has(block) and node in (None, memory.node(block))
    ]


def covered(memory: Memory, block: int) -> bool:
    """Whether the span of the block's zone holds the block."""
    span, pages = memory.span(memory.node(block), memory.zone(block)), memory.pages(block)
    return span.start <= pages.start and pages.end <= span.end


def left_behind(memory: Memory) -> bool:
    """Whether a node went offline that still has blocks, as 4.13 lets it."""
    return any(
        memory.has(block) and not memory.node_is(memory.node(block), NODE_ONLINE)
        for block in range(len(memory.status))
    )


def text(trace: Trace) -> bytes:
    return json.dumps(asdict(trace), sort_keys=True).encode()


def visible(trace: Trace) -> object:
    """What a trace shows of the machine, without names and reasons."""
    acts = [(act.result, act.output, act.changed, act.uevents) for _, _, act in trace.acts()]
    return trace.boot, acts, trace.end


# --- every variant


@given(tales())
def test_a_failed_write_changes_at_most_a_pending_type(tale: Tale) -> None:
    for moment in tale.play():
        if not isinstance(moment.act.do, Write) or moment.act.result is None:
            continue
        before, after = moment.before.tables, moment.memory
        # A move that fails at the last moment has found its target zone a table by then.
        inside_out = any(reason.rule == "move_pfn_range" for reason in moment.act.reasons)
        after.initialised = before.initialised if inside_out else after.initialised
        pending, after.online_type = after.online_type, before.online_type
        assert after.key() == before.key()
        after.online_type = pending
        changed = [
            block
            for block, (old, new) in enumerate(zip(before.online_type, pending, strict=True))
            if old != new
        ]
        assert not changed or f"memory{changed[0]}/state" == moment.act.do.file
        assert len(changed) <= 1
        assert moment.runner.guest.kernel.knob == moment.before.knob
        assert moment.act.uevents == ()
        assert not moment.act.changed


@given(tales())
def test_present_pages_are_those_of_blocks_that_are_online(tale: Tale) -> None:
    runner = tale.runner()
    boot = Kernel(runner.guest.machine, runner.guest.policy).tables
    for moment in tale.play(runner):
        memory = moment.memory
        if isinstance(moment.act.do, Boot):
            boot = Kernel(runner.guest.machine, runner.guest.policy).tables
        if left_behind(memory):
            return
        base = runner.guest.machine.hotplug_base // SECTION
        expected = Counter(dict(enumerate(boot.present)))
        for block in range(len(memory.status)):
            if not memory.has(block) or memory.status[block] & MIXED:
                continue
            if block < base:
                expected[boot.link[block] - 1] -= memory.block_pages
            if memory.is_online(block):
                expected[memory.link[block] - 1] += memory.block_pages
        assert memory.present == [expected[index] for index in range(len(memory.present))]


@given(tales())
def test_uevents_tell_of_each_block_and_of_the_driver_cores_flag(tale: Tale) -> None:
    runner = tale.runner()
    online = {block: view.online for block, view in runner.observation.each()}
    for moment in tale.play(runner):
        if isinstance(moment.act.do, Boot):
            online = {block: view.online for block, view in runner.observation.each()}
        for event in moment.act.uevents:
            action, _, place = event.partition(" memory")
            first, _, last = place.partition("-")
            for block in range(int(first), int(last or first) + 1) if place else ():
                if action == "remove":
                    del online[block]
                else:
                    online[block] = "1" if action == "online" else "0"
        assert {block: view.online for block, view in runner.observation.each()} == online


@given(tales())
def test_looking_at_runs_of_blocks_shows_what_looking_at_each_does(tale: Tale) -> None:
    for moment in tale.play():
        kernel = moment.runner.guest.kernel
        assert dict(moment.runner.observation.each()) == {
            block: block_view(kernel, block)
            for block in range(len(kernel.tables.status))
            if kernel.tables.has(block)
        }


@given(tales())
def test_the_same_tale_gives_the_same_bytes(tale: Tale) -> None:
    steps = tale.steps()
    policy = POLICIES[tale.variant]
    traces = [run(policy, tale.machine, steps) for _ in range(2)]
    assert text(traces[0]) == text(traces[1])
    # And the last observation is the one that the changes add up to.
    *_, last = traces[0].observations()
    runner = tale.runner()
    list(tale.play(runner))
    if runner.end == traces[0].end == "ran":
        assert last == runner.observation


@given(tales(), st.integers(0, 23))
def test_a_copy_goes_on_like_the_original_and_apart_from_it(tale: Tale, cut: int) -> None:
    runner = tale.runner()
    head = Tale(tale.variant, tale.machine, tale.moves[:cut])
    tail = Tale(tale.variant, tale.machine, tale.moves[cut:])
    list(head.play(runner))
    if runner.end != "ran":
        return
    twin = Runner(runner.guest.copy())
    twin.observation = runner.observation
    key = runner.guest.key()
    assert twin.guest.key() == key
    acts = [moment.act for moment in tail.play(twin)]
    assert runner.guest.key() == key
    assert [moment.act for moment in tail.play(runner)] == acts
    assert runner.guest.key() == twin.guest.key()


@given(tales())
def test_valid_zones_tells_what_a_write_can_do(tale: Tale) -> None:
    runner = tale.runner()
    list(tale.play(runner))
    if runner.end != "ran" or tale.variant in ("v4.3", "v4.9", "v4.14-stable"):
        return
    for block in hot_blocks(runner):
        zones = runner.observation.block(block).valid_zones.split()  # type: ignore[union-attr]
        for value in ONLINE:
            guest = runner.guest.copy()
            if guest.kernel.tables.is_online(block):
                continue
            result, _ = guest.do(Write(f"memory{block}/state", value))
            rules = {why.rule.id for why in guest.kernel.because}
            if rules & {"can_online_high_movable", "move_pfn_range"}:
                assert result == "EINVAL"
                continue
            wanted = {
                "online": True,
                "online_movable": "Movable" in zones,
                "online_kernel": bool({"DMA32", "Normal"} & set(zones)),
            }
            assert (result is None) == wanted[value]
            zone = guest.kernel.tables.zone(block)
            if result is None and value != "online":
                assert (zone is Zone.MOVABLE) == (value == "online_movable")
            if result is None and value == "online" and tale.variant != "v4.13":
                assert zone.label == zones[0]


@given(tales(moves=st.one_of(writes, adds, adds, ejects, rest)))
def test_a_daemon_is_refused_only_for_what_valid_zones_does_not_tell(tale: Tale) -> None:
    for moment in tale.play():
        if isinstance(moment.step, Daemon) and moment.act.result is not None:
            assert moment.act.result == "EINVAL"
            rules = {reason.rule for reason in moment.act.reasons}
            assert rules & {"can_online_high_movable", "move_pfn_range"}


@given(tales())
def test_a_block_goes_offline_and_comes_back_as_it_was(tale: Tale) -> None:
    runner = tale.runner()
    list(tale.play(runner))
    if runner.end != "ran" or tale.variant in ("v4.14-stable", "v5.10", "v6.1", "v6.12", "v7.2"):
        return
    for block in hot_blocks(runner):
        guest = runner.guest.copy()
        memory = guest.kernel.tables
        zone, span = memory.zone(block), memory.span(memory.node(block), memory.zone(block))
        offline, _ = guest.do(Write(f"memory{block}/state", "offline"))
        if offline is not None:
            continue
        assert (memory.zone(block), memory.span(memory.node(block), zone)) == (zone, span)
        online, _ = guest.do(Write(f"memory{block}/state", "online"))
        if tale.variant not in LATER and online is None:
            assert memory.zone(block) is zone
            assert memory.span(memory.node(block), zone) == span
            assert memory.online_type[block] == OnlineType.NONE


# --- zones of 4.10


def straddles(before: Memory, after: Memory, node: int) -> bool:
    """Whether a range was added that starts below the start of zone Movable and ends above it."""
    movable = before.span(node, Zone.MOVABLE)
    if not movable or not before.node_is(node, NODE_ONLINE):
        return False
    new = [
        block
        for block in range(len(after.status))
        if after.has(block) and not before.has(block) and after.node(block) == node
    ]
    return bool(new) and (after.pages(min(new)).start < movable.start < after.pages(max(new)).end)


def assert_in_order(runner: Runner, node: int) -> None:
    memory = runner.guest.kernel.tables
    normal, movable = memory.span(node, Zone.NORMAL), memory.span(node, Zone.MOVABLE)
    if normal and movable:
        assert normal.end <= movable.start
    hot = hot_blocks(runner, node)
    assert all(covered(memory, block) for block in hot)
    zones = [memory.zone(block) for block in hot]
    assert zones == sorted(zones)


@given(tales(SHIFTING))
def test_zones_keep_their_order_until_a_range_straddles_the_start_of_movable(tale: Tale) -> None:
    runner = tale.runner()
    apart = [True] * len(tale.machine.nodes)
    for moment in tale.play(runner):
        if isinstance(moment.act.do, Boot):
            apart = [True] * len(tale.machine.nodes)
            continue
        for node in range(len(apart)):
            if straddles(moment.before.tables, moment.memory, node):
                apart[node] = False
            if apart[node] and moment.memory.node_is(node, NODE_ONLINE):
                assert_in_order(runner, node)


@given(tales(SHIFTING, st.one_of(writes, writes, adds, knobs, drivers, rest)))
def test_without_an_eject_no_range_can(tale: Tale) -> None:
    runner = tale.runner()
    for moment in tale.play(runner):
        for node in range(len(tale.machine.nodes)):
            assert not straddles(moment.before.tables, moment.memory, node)
            assert_in_order(runner, node)


@given(tales((*SHIFTING, "igor-movable")))
def test_memory_that_is_added_starts_in_the_zone_that_spans_it(tale: Tale) -> None:
    for moment in tale.play():
        before, memory = moment.before.tables, moment.memory
        if isinstance(moment.act.do, Boot | HypervAdd):
            continue
        for block in hot_blocks(moment.runner):
            if before.has(block):
                continue
            node, zone = memory.node(block), memory.zone(block)
            assert covered(memory, block)
            assert memory.initialised[4 * node + zone]
            if tale.variant == "igor-movable" and isinstance(moment.act.do, Plug):
                assert zone is Zone.MOVABLE
                continue
            movable = before.span(node, Zone.MOVABLE)
            if not before.node_is(node, NODE_ONLINE):
                movable = EMPTY
            # The whole range goes where its first block goes.
            first = block
            while memory.has(first - 1) and not before.has(first - 1):
                first -= 1
            above = bool(movable) and movable.start <= memory.pages(first).start
            assert zone is (Zone.MOVABLE if above else Zone.NORMAL)


@given(tales(SHIFTING, st.one_of(writes, writes, writes, adds, ejects, rest)))
def test_normal_holds_its_blocks_whatever_happens(tale: Tale) -> None:
    for moment in tale.play():
        memory = moment.memory
        for block in hot_blocks(moment.runner):
            if memory.zone(block) is Zone.NORMAL:
                assert covered(memory, block) or inside_out(memory, memory.node(block))


def inside_out(memory: Memory, node: int) -> bool:
    return any(memory.span(node, zone).end < memory.span(node, zone).start for zone in Zone)


# --- later kernels


@given(tales(LATER))
def test_later_kernels_span_what_is_online_until_a_node_leaves_its_blocks(tale: Tale) -> None:
    runner = tale.runner()
    for moment in tale.play(runner):
        memory = moment.memory
        if left_behind(memory):
            return
        for block in hot_blocks(runner):
            assert covered(memory, block) or not memory.is_online(block)


@given(tales(("v6.1",)))
def test_6_1_spans_end_at_blocks_that_are_online(tale: Tale) -> None:
    for moment in tale.play():
        memory = moment.memory
        for node in range(memory.nodes):
            span = memory.span(node, Zone.MOVABLE)
            for pfn in (span.start, span.end - 1) if span else ():
                block = pfn // SECTION_PAGES
                assert memory.is_online(block)
                assert memory.zone(block) is Zone.MOVABLE or memory.status[block] & MIXED


# --- what a patch does not touch


@pytest.mark.parametrize(
    ("one", "other", "moves", "default"),
    [
        # Without balloon memory patch 1 changes nothing ...
        ("upstream", "michal-split/1", (writes, adds, ejects, knobs, rest), True),
        # ... without its default patch 2, without the knob patch 3.
        ("michal-split/1", "michal-split/2", (writes, adds, ejects, knobs, drivers, rest), False),
        ("michal-split/3", "hyperv-xen-only", (writes, adds, ejects, knobs, drivers, boots), True),
        ("michal-split/3", "michal-split", (writes, adds, ejects, knobs, drivers, boots), True),
        # Without balloon memory nothing of it is left after either.
        ("hyperv-xen-only", "pre-auto-online", (writes, adds, ejects, knobs, rest, boots), True),
        # Without the kernel onlining or ejecting anything, 4.12 is like 4.10.
        ("upstream", "v4.12", (writes, adds, rest, drivers), False),
    ],
)
def test_variants_are_alike_in_what_the_patch_between_them_leaves_alone(
    one: str, other: str, moves: tuple[Any, ...], default: bool
) -> None:
    @given(tales((one,), st.one_of(*moves), default))
    def alike(tale: Tale) -> None:
        steps = tale.steps()
        traces = [run(POLICIES[name], tale.machine, steps) for name in (one, other)]
        assert visible(traces[0]) == visible(traces[1])

    alike()


@given(tales(("upstream",), st.one_of(writes, drivers, rest, knobs)))
def test_without_dimms_igors_patch_changes_nothing(tale: Tale) -> None:
    machine = Machine(tale.machine.nodes, (), tale.machine.cmdline, tale.machine.config)
    steps = Tale(tale.variant, machine, tale.moves).steps()
    traces = [run(POLICIES[name], machine, steps) for name in ("upstream", "igor-movable")]
    assert visible(traces[0]) == visible(traces[1])


def test_pages_and_blocks_agree() -> None:
    assert SECTION_PAGES * PAGE == SECTION
    assert Span(0, 0) == EMPTY
