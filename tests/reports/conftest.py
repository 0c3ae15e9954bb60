"""A result made by hand, in the colours of real kernels, so that reports need no engine to be seen.

The scenes are those of kernel 4.10: a DIMM on a 1G machine lies in blocks from 32 on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from zonediff.compare.difference import first_difference
from zonediff.engine import words
from zonediff.engine.observation import (
    BlockView,
    Observation,
    ZoneView,
    difference,
    run_length,
)
from zonediff.engine.policy import Intent, Interface
from zonediff.engine.steps import Blocks, Online, Plug, Step, Unplug, Write
from zonediff.engine.trace import Act, End, Reason, StepTrace, Trace
from zonediff.engine.units import MIB, Bytes
from zonediff.result.claims import CaseOutcome, ClaimOutcome, ClaimVerdict, Verdict
from zonediff.result.exit_code import last_line
from zonediff.result.history import (
    ClaimHistory,
    GoalHistory,
    History,
    Release,
    ScenarioHistory,
    Turn,
)
from zonediff.result.judgements import (
    KINDS,
    Difference,
    GoalJudgement,
    GoalOutcome,
    IntentOutcome,
    Judgement,
    Kind,
    Removal,
    Run,
    Status,
    VariantRemovals,
)
from zonediff.result.known import KnownOutcome
from zonediff.result.result import Evidence, Result, ScenarioInfo, Source, VariantInfo

SECTION: Final = 32768

HASH: Final = "0123456789abcdef" * 4

Blocks_ = dict[int, BlockView]


def online(zones: str) -> BlockView:
    return BlockView("online", zones, "1", "1", 0)


def offline(zones: str) -> BlockView:
    return BlockView("offline", zones, "1", "0", 0)


BOOT: Final[Blocks_] = {0: online("none"), **dict.fromkeys(range(1, 8), online("DMA32"))}


def dimm(count: int, zones: str, last: str | None = None, first: str | None = None) -> Blocks_:
    """A fresh DIMM of so many blocks, its edge blocks with other valid_zones."""
    blocks = dict.fromkeys(range(32, 32 + count), offline(zones))
    if first is not None:
        blocks[32] = offline(first)
    if last is not None:
        blocks[31 + count] = offline(last)
    return blocks


def observed(
    blocks: Blocks_, knob: str | None = "offline", *zones: tuple[str, int, int]
) -> Observation:
    """An observation; zones as (name, first block, blocks)."""
    return Observation(
        blocks=run_length(sorted({**BOOT, **blocks}.items())),
        zones={
            "0/DMA": ZoneView(1, 4095, 3998),
            "0/DMA32": ZoneView(4096, 258016, 258016),
            **{
                f"0/{name}": ZoneView(
                    first * SECTION,
                    count * SECTION,
                    SECTION * sum(v.state == "online" and v.zone == name for v in blocks.values()),
                )
                for name, first, count in zones
            },
        },
        nodes={"online": "0", "has_memory": "0", "has_normal_memory": "0"},
        auto_online_blocks=knob,
    )


class Scene:
    """A trace in the making."""

    def __init__(self, boot: Observation, devices: Mapping[str, tuple[int, int]]) -> None:
        self.boot = boot
        self.now = boot
        self.devices = dict(devices)
        self.steps: list[StepTrace] = []
        self.end: End = "ran"

    def act(
        self,
        do: Step,
        after: Observation | None = None,
        result: str | None = None,
        why: Reason | None = None,
        uevents: tuple[str, ...] = (),
    ) -> Act:
        changed = difference(self.now, after or self.now)
        self.now = after or self.now
        return Act(do, result, None, changed, uevents, (why,) if why else ())

    def step(self, do: Step, *acts: Act) -> None:
        self.steps.append(StepTrace(do, acts))

    def simple(
        self,
        do: Step,
        after: Observation | None = None,
        result: str | None = None,
        why: Reason | None = None,
        uevents: tuple[str, ...] = (),
    ) -> None:
        self.step(do, self.act(do, after, result, why, uevents))
        if result in ("BUG", "panic", "hang"):
            self.end = result  # type: ignore[assignment]

    def trace(self, subject: str) -> Trace:
        return Trace(subject, self.boot, tuple(self.steps), self.end, self.devices)


def not_at_end(block: int, zone_end: int) -> Reason:
    end = (block + 1) * SECTION
    return Reason(
        "zone_can_shift.not-at-zone-end",
        "zone_can_shift",
        f"block {block} ends at pfn {end}, zone Normal ends at {zone_end * SECTION}: "
        "not at the zone's end -> EINVAL",
        {"block": block, "end": end, "zone_end": zone_end * SECTION},
    )


STAYS: Final = Reason(
    "online_pages.same-zone", "online_pages", "block 32 is in zone Movable and stays there"
)
NORMAL: Final = Reason(
    "zone_for_memory.normal",
    "zone_for_memory",
    "node 0 has no movable zone: new memory goes to zone Normal",
)
MOVABLE: Final = Reason(
    "acpi_memory_enable_device.removable",
    "acpi_memory_enable_device",
    "a DIMM is removable: new memory goes to zone Movable",
)
NO_KNOB: Final = Reason(
    "memory_root_attrs.no-file", "memory_root_attrs", "there is no file auto_online_blocks"
)
KNOB: Final = Reason(
    "memhp_auto_online.set", "store_auto_online_blocks", "new memory is onlined by the kernel"
)
AUTO: Final = Reason(
    "add_memory_resource.auto-online",
    "add_memory_resource",
    "auto_online_blocks is online: new memory goes online",
)
NOT_AUTO: Final = Reason(
    "add_memory_resource.not-online",
    "add_memory_resource",
    "memory from an ACPI DIMM is not onlined by the kernel",
)
DIES: Final = Reason(
    "remove_memory.is-online",
    "remove_memory",
    "memory32 is online though its offline flag is set: BUG()",
)


def set_movable(block: int) -> Write:
    return Write(f"memory{block}/state", "online_movable")


def reproducer(kind: str) -> Trace:
    """online_movable on the first block of a cold-plugged 1G DIMM."""
    if kind == "igor-movable":
        blocks = dimm(8, "Movable", first="Movable Normal")
        scene = Scene(observed(blocks, "offline", ("Movable", 32, 8)), {"dimm1": (32, 39)})
        after = {**blocks, 32: online("Movable Normal")}
        scene.simple(
            set_movable(32), observed(after, "offline", ("Movable", 32, 8)), None, STAYS,
            ("online memory32",),
        )  # fmt: skip
    else:
        blocks = dimm(8, "Normal", last="Normal Movable")
        scene = Scene(observed(blocks, "offline", ("Normal", 32, 8)), {"dimm1": (32, 39)})
        scene.simple(set_movable(32), None, "EINVAL", not_at_end(32, 40))
    return scene.trace(kind)


def ascending(kind: str) -> Trace:
    """online_movable on every block of a hot-plugged 1G DIMM, first to last."""
    movable = kind == "igor-movable"
    zone = "Movable" if movable else "Normal"
    blocks = (
        dimm(8, "Movable", first="Movable Normal")
        if movable
        else dimm(8, "Normal", last="Normal Movable")
    )
    scene = Scene(observed({}), {"dimm1": (32, 39)})
    scene.simple(
        Plug("dimm1", Bytes(1024 * MIB)),
        observed(blocks, "offline", (zone, 32, 8)),
        None,
        MOVABLE if movable else NORMAL,
        ("add memory32-39",),
    )
    acts = []
    for number in range(32, 40):
        if movable:
            blocks = {**blocks, number: online(blocks[number].valid_zones)}
            after = observed(blocks, "offline", ("Movable", 32, 8))
            acts.append(
                scene.act(set_movable(number), after, None, STAYS, (f"online memory{number}",))
            )
        elif number < 39:
            acts.append(scene.act(set_movable(number), None, "EINVAL", not_at_end(number, 40)))
        else:
            blocks = {**blocks, 38: offline("Normal Movable"), 39: online("Movable Normal")}
            after = observed(blocks, "offline", ("Movable", 39, 1), ("Normal", 32, 7))
            acts.append(scene.act(set_movable(39), after, None, None, ("online memory39",)))
    scene.step(Online(Blocks("dimm1"), "online_movable"), *acts)
    return scene.trace(kind)


def three_blocks(kind: str) -> Trace:
    """What valid_zones says of a fresh DIMM of three blocks."""
    movable = kind == "igor-movable"
    blocks = (
        dimm(3, "Movable", first="Movable Normal")
        if movable
        else dimm(3, "Normal", last="Normal Movable")
    )
    scene = Scene(observed({}), {"dimm1": (32, 34)})
    scene.simple(
        Plug("dimm1", Bytes(384 * MIB)),
        observed(blocks, "offline", ("Movable" if movable else "Normal", 32, 3)),
        None,
        MOVABLE if movable else NORMAL,
        ("add memory32-34",),
    )
    return scene.trace(kind)


def kernel_last(kind: str) -> Trace:
    """online_kernel on the last block of three."""
    done = three_blocks(kind)
    scene = Scene(done.boot, done.devices)
    scene.steps, scene.now = list(done.steps), done.last()
    write = Write("memory34/state", "online_kernel")
    if kind == "igor-movable":
        why = Reason(
            "zone_can_shift.not-at-zone-start",
            "zone_can_shift",
            "block 34 starts at pfn 1114112, zone Movable starts at 1048576: "
            "not at the zone's start -> EINVAL",
        )
        scene.simple(write, None, "EINVAL", why)
    else:
        blocks = {**dimm(3, "Normal"), 34: online("Normal Movable")}
        after = observed(blocks, "offline", ("Normal", 32, 3))
        scene.simple(write, after, None, None, ("online memory34",))
    return scene.trace(kind)


NO_KNOB_IN: Final = ("michal-split/3", "hyperv-xen-only")


def knob(kind: str) -> Trace:
    """Auto-online switched on, then a DIMM plugged."""
    gone = kind in NO_KNOB_IN
    scene = Scene(observed({}, None if gone else "offline"), {"dimm1": (32, 33)})
    turn_on = Write("auto_online_blocks", "online")
    plug = Plug("dimm1", Bytes(256 * MIB))
    added = ("add memory32-33",)
    if gone:
        blocks = dimm(2, "Normal", last="Normal Movable")
        scene.simple(turn_on, None, "EACCES", NO_KNOB)
        scene.simple(plug, observed(blocks, None, ("Normal", 32, 2)), None, NOT_AUTO, added)
    else:
        zone = "Movable" if kind == "igor-movable" else "Normal"
        edge = {32: "Movable Normal"} if zone == "Movable" else {33: "Normal Movable"}
        blocks = {n: replace(online(edge.get(n, zone)), online="0") for n in (32, 33)}
        scene.simple(turn_on, observed({}, "online"), None, KNOB)
        scene.simple(plug, observed(blocks, "online", (zone, 32, 2)), None, AUTO, added)
    return scene.trace(kind)


def eject(kind: str) -> Trace:
    """An auto-onlined DIMM unplugged."""
    done = knob(kind)
    scene = Scene(done.boot, done.devices)
    scene.steps, scene.now = list(done.steps), done.last()
    if kind in NO_KNOB_IN:
        scene.simple(Unplug("dimm1"), observed({}, None), None, None, ("remove memory32-33",))
    else:
        scene.simple(Unplug("dimm1"), None, "BUG", DIES)
    return scene.trace(kind)


def info(
    id: str, title: str, why: str, steps: list[Step], wants: list[str], **machine: object
) -> ScenarioInfo:
    return ScenarioInfo(
        id=id,
        title=title,
        why=why,
        claims=["C01"],
        file=f"scenarios/{id}.yaml",
        hash=HASH,
        machine={"nodes": ["1G"], "cmdline": "", "dimms": [], **machine},
        steps=[{"do": step.to_json()} for step in steps],
        goals=[{"want": want} for want in wants],
    )


COLD: Final = [{"id": "dimm1", "size": "1G", "node": 0}]

SCENES: Final = [
    (
        info(
            "ordering/reproducer",
            "online_movable on the first block of a DIMM",
            "A udev rule that onlines each new block as movable begins with the first one.",
            [set_movable(32)],
            ["block 32 is online in Movable", "the kernel survives"],
            dimms=COLD,
        ),
        reproducer,
    ),
    (
        info(
            "ordering/ascending",
            "All blocks of a DIMM as movable, first to last",
            "This is the order in which udev hears of them.",
            [Plug("dimm1", Bytes(1024 * MIB)), Online(Blocks("dimm1"), "online_movable")],
            ["every block of dimm1 is online in Movable", "the kernel survives"],
        ),
        ascending,
    ),
    (
        info(
            "zones/three-blocks",
            "What a fresh three-block DIMM offers",
            "valid_zones tells user space what it may write.",
            [Plug("dimm1", Bytes(384 * MIB))],
            ["the kernel survives"],
        ),
        three_blocks,
    ),
    (
        info(
            "zones/kernel-last",
            "online_kernel on the last block of a DIMM",
            "Memory for the kernel's own use must be possible anywhere.",
            [Plug("dimm1", Bytes(384 * MIB)), Write("memory34/state", "online_kernel")],
            ["block 34 is online", "the kernel survives"],
        ),
        kernel_last,
    ),
    (
        info(
            "knob/kvm",
            "Auto-online on a KVM guest",
            "Cloud guests rely on the kernel onlining what they are given.",
            [Write("auto_online_blocks", "online"), Plug("dimm1", Bytes(256 * MIB))],
            ["every block of dimm1 is online", "the kernel survives"],
        ),
        knob,
    ),
    (
        info(
            "unplug/auto-onlined",
            "Unplug of a DIMM that the kernel onlined",
            "What goes in must come out.",
            [
                Write("auto_online_blocks", "online"),
                Plug("dimm1", Bytes(256 * MIB)),
                Unplug("dimm1"),
            ],
            ["the DIMM is gone", "the kernel survives"],
        ),
        eject,
    ),
]


def outcomes(scenario: ScenarioInfo, trace: Trace) -> list[GoalOutcome]:
    """The goals of SCENES, decided by hand."""
    last = trace.last()
    block = {"ordering/reproducer": 32, "ordering/ascending": 32, "zones/kernel-last": 34}
    number = block.get(scenario.id, 32)
    view = last.block(number)
    met = {
        "the kernel survives": trace.end == "ran",
        "the DIMM is gone": trace.end == "ran" and view is None,
    }
    is_online = view is not None and view.state == "online"
    detail = f"memory{number} is {view}" if view else f"memory{number} is gone"
    return [
        GoalOutcome(
            goal["want"],
            met.get(goal["want"], is_online),
            words.death(trace) or "alive at the end" if "survives" in goal["want"] else detail,
        )
        for goal in scenario.goals
    ]


def judge(scenario: ScenarioInfo, one: Run, two: Run) -> Judgement:
    goals = []
    kinds: set[Kind] = set()
    for left, right in zip(one.goals, two.goals, strict=True):
        kind: Kind = "unchanged"
        if left.met != right.met:
            kind = "regression" if left.met else "fix"
            kinds.add(kind)
        goals.append(GoalJudgement(left.want, left.met, right.met, kind, left.detail, right.detail))
    assert one.trace is not None
    assert two.trace is not None
    parted = first_difference(one.trace, two.trace)
    removals = []
    if two.variant in NO_KNOB_IN and scenario.id in ("knob/kvm", "unplug/auto-onlined"):
        removals = [Removal("auto_online_blocks", "the sysfs file is gone")]
        kinds.add("abi-removal")
    if parted and not kinds:
        kinds.add("behaviour-change")
    ordered = [kind for kind in KINDS if kind in kinds] or ["unchanged"]
    intended = (
        INTENT if two.variant == "igor-movable" and scenario.id == "zones/three-blocks" else None
    )
    return Judgement(
        scenario.id, two.variant, ordered[0], ordered, goals, parted, removals, intended
    )


INTENT: Final = Intent("zones/three-*", "removable memory is meant to start in Movable")
OVERDUE: Final = Intent("zones/never-*", "this was promised", until="michal-split/3")

INTERFACE: Final = Interface(
    files={"auto_online_blocks": ("online", "offline"), "memory*/state": ("online", "offline")},
    parameters={"memhp_default_state": ("online", "offline")},
    options={"MEMORY_HOTPLUG_DEFAULT_ONLINE": ()},
)
SMALL: Final = Interface(files={"memory*/state": ("online", "offline")})

VARIANTS: Final = [
    VariantInfo(
        "upstream",
        "kernel 4.10 as released",
        "New memory lands in zone Normal.",
        "Linux v4.10",
        "zonediff.variants.upstream",
        INTERFACE,
        evidence=[Evidence("4.10.17", "v4.10", 104, 1456, 104, 1456)],
    ),
    VariantInfo(
        "igor-movable",
        "removable memory starts in zone Movable",
        "The workaround that Igor Mammedov proposed.",
        "Red Hat bug 1314306",
        "zonediff.variants.igor",
        INTERFACE,
        intends=[INTENT],
        evidence=[Evidence("4.10.17", "igor", 67, 938, 66, 937)],
    ),
    VariantInfo(
        "michal-split/1",
        "the balloon drivers online by themselves",
        "The first patch of the split that Michal Hocko proposed.",
        "linux-mm",
        "zonediff.variants.michal",
        INTERFACE,
    ),
    VariantInfo(
        "michal-split/3",
        "the knob is gone",
        "All three patches.",
        "linux-mm",
        "zonediff.variants.michal",
        SMALL,
        intends=[OVERDUE],
        evidence=[Evidence("4.10.17", "michal-3", 12, 168, 12, 168)],
    ),
    VariantInfo(
        "hyperv-xen-only",
        "the RFC: the knob is gone at once",
        "One patch.",
        "linux-mm, 2017-02-27",
        "zonediff.variants.rfc",
        SMALL,
    ),
]


def past() -> History:
    """Three releases: the middle one takes what the last one gives back, as it has declared."""
    names = ("v1", "v2", "v3")
    rules = [Reason(f"rule.{name}", "rule", f"as {name} has it", {}) for name in names]
    intent = Intent("zones/*", "not supported yet", until="v3")
    want = "every block is movable"
    verdicts: tuple[Verdict, ...] = ("supported", "refuted", "supported")
    turns = [
        Turn("v2", "zones/three-blocks", want, False, "ok", "EINVAL", *_each(rules[:2]), intent),
        Turn("v3", "zones/three-blocks", want, True, "EINVAL", "ok", *_each(rules[1:])),
    ]
    return History(
        [Release(name, f"2017-0{n}-01", name, f"Release {n}.") for n, name in enumerate(names, 1)],
        [
            ScenarioHistory(
                "zones/three-blocks",
                ["plug dimm1 384M node 0", "echo online_movable > memory32/state"],
                [["ok", "ok"], ["ok", "EINVAL"], ["ok", "ok"]],
                [GoalHistory(want, True, turns)],
            )
        ],
        [
            ClaimHistory(
                "C01",
                "Ada",
                "It works.",
                [
                    ClaimVerdict(name, verdict)
                    for name, verdict in zip(names, verdicts, strict=True)
                ],
                turns,
            )
        ],
    )


def _each(reasons: list[Reason]) -> tuple[list[Reason], list[Reason]]:
    return reasons[:1], reasons[1:]


def claims() -> list[ClaimOutcome]:
    """A claim that fares differently on the variants, and one that nothing decides."""
    refused = CaseOutcome(
        "supported_if",
        "the first block is refused",
        True,
        "step 1: EINVAL",
        "ordering/reproducer",
        reasons=[not_at_end(32, 40)],
    )
    accepted = replace(refused, holds=False, detail="step 1: ok", reasons=[STAYS])
    searched = CaseOutcome(
        "besides",
        "a way to online it movable",
        True,
        "after 2 writes",
        percent="100 %, claimed 50 %",
        unreliable="the mail contradicts itself",
        steps=["echo online_movable > memory39/state", "echo online_movable > memory38/state"],
    )
    return [
        ClaimOutcome(
            "C01",
            "Igor Mammedov",
            "A plain udev rule fails on the first block.",
            "message@example",
            "2017-03-02",
            verdicts=[
                ClaimVerdict("igor-movable", "refuted", "not so", [accepted]),
                ClaimVerdict("upstream", "supported", "", [refused, searched]),
                ClaimVerdict("michal-split/1", "supported", "", [refused, searched]),
                ClaimVerdict("michal-split/3", "moot", "it does not speak of this variant"),
            ],
        ),
        ClaimOutcome(
            "C03",
            "Michal Hocko",
            "That would be a bug.",
            "message@example",
            "2017-03-02",
            undecidable="what is a bug is a matter of opinion",
        ),
    ]


def build() -> Result:
    """The result that most tests of reports look at."""
    runs: list[Run] = []
    judgements: list[Judgement] = []
    for scenario, play in SCENES:
        for variant in VARIANTS:
            if (scenario.id, variant.name) == ("ordering/ascending", "hyperv-xen-only"):
                trouble = "Traceback (most recent call last):\n  ...\nRuntimeError: <no> 'zone'\n"
                runs.append(Run(scenario.id, variant.name, "error", error=trouble, hash=HASH))
                judgements.append(Judgement(scenario.id, variant.name, "error", ["error"]))
                continue
            trace = play(variant.name)
            status: Status = "ran" if trace.end == "ran" else "died"
            runs.append(
                Run(
                    scenario.id,
                    variant.name,
                    status,
                    trace,
                    outcomes(scenario, trace),
                    hash=HASH,
                )
            )
            if variant.name != "upstream":
                baseline = next(
                    r for r in runs if (r.scenario, r.variant) == (scenario.id, "upstream")
                )
                judgements.append(judge(scenario, baseline, runs[-1]))
    gone = [
        Removal("auto_online_blocks", "the sysfs file is gone"),
        Removal("memhp_default_state=", "the boot parameter is gone"),
        Removal("CONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE", "the config option is gone"),
    ]
    return Result(
        baseline="upstream",
        variants=VARIANTS,
        scenarios=[scenario for scenario, _ in SCENES],
        runs=runs,
        judgements=judgements,
        removals=[VariantRemovals(name, gone) for name in NO_KNOB_IN],
        intents=[
            IntentOutcome("igor-movable", INTENT, "happened", ["zones/three-blocks"]),
            IntentOutcome("michal-split/3", OVERDUE, "overdue", ["zones/three-blocks"]),
        ],
        claims=claims(),
        history=past(),
        sources=[
            Source("zonediff", "", "0123456789abcdef0123456789abcdef01234567"),
            Source("variant file", "mine.py", None, dirty=True),
        ],
        version="0.1.0",
    )


@pytest.fixture(scope="session")
def result() -> Result:
    """A result with every kind of finding in it."""
    return build()


@pytest.fixture(scope="session")
def with_known(result: Result) -> Result:
    """The result with a known regression, a known failure, and an entry for another goal."""
    names = "ordering/ascending", "hyperv-xen-only"
    failed = next(run for run in result.runs if (run.scenario, run.variant) == names)
    kernel_last = "zones/kernel-last", "igor-movable"
    known = [
        KnownOutcome(*kernel_last, ["block 34 is online"], why="declared in the series"),
        KnownOutcome(*names, error=last_line(failed.error)),
        KnownOutcome("zones/kernel-last", "hyperv-xen-only", ["another goal"]),
    ]
    return replace(result, known=known)


Hostile = Callable[[str], Result]


@pytest.fixture(scope="session")
def hostile() -> Hostile:
    """A result in which everything that a stranger may write says the same thing."""

    def say(text: str) -> Result:
        plain = build()
        names = {variant.name: f"{variant.name} {text}" for variant in plain.variants}
        ids = {scenario.id: f"{scenario.id} {text}" for scenario in plain.scenarios}
        reason = Reason(text, text, text)
        write = StepTrace(
            Write(text, text), (Act(Write(text, text), text, text, reasons=(reason,)),)
        )
        return replace(
            plain,
            baseline=names[plain.baseline],
            variants=[
                replace(
                    variant,
                    name=names[variant.name],
                    summary=text,
                    description=text,
                    origin=text,
                    where=text,
                    interface=Interface({text: (text,)}, {text: ()}, {text: ()}),
                    evidence=[Evidence(text, text, 1, 2, 3, 4)],
                )
                for variant in plain.variants
            ],
            scenarios=[
                replace(
                    scenario,
                    id=ids[scenario.id],
                    title=text,
                    why=text,
                    claims=[text],
                    file=text,
                    machine={**scenario.machine, "cmdline": text},
                    steps=[*scenario.steps, {"do": write.do.to_json()}],
                    goals=[{"want": text}],
                )
                for scenario in plain.scenarios
            ],
            runs=[
                replace(
                    run,
                    scenario=ids[run.scenario],
                    variant=names[run.variant],
                    trace=run.trace
                    and replace(
                        run.trace,
                        steps=(*run.trace.steps, write),
                        boot_reasons=(reason,),
                        boot=replace(run.trace.boot, auto_online_blocks=text),
                    ),
                    goals=[GoalOutcome(text, met=False, detail=text)],
                    error=run.error and text,
                )
                for run in plain.runs
            ],
            judgements=[
                replace(
                    item,
                    scenario=ids[item.scenario],
                    variant=names[item.variant],
                    goals=[GoalJudgement(text, True, False, "regression", text, text)],
                    difference=Difference(0, 0, "result", text, text, text, [], [reason]),
                    removals=[Removal(text, text)],
                )
                for item in plain.judgements
            ],
            removals=[VariantRemovals(names["michal-split/3"], [Removal(text, text)])],
            intents=[IntentOutcome(names["igor-movable"], Intent(text, text, text), "overdue")],
            claims=[
                ClaimOutcome(
                    f"{claim.id} {text}",
                    text,
                    text,
                    text,
                    text,
                    text,
                    [
                        ClaimVerdict(
                            names[verdict.variant],
                            verdict.verdict,
                            text,
                            [
                                CaseOutcome("besides", text, True, text, "", text, text, [text])
                                for _ in verdict.cases
                            ],
                        )
                        for verdict in claim.verdicts
                    ],
                )
                for claim in plain.claims
            ],
            history=History(
                [Release(text, text, text, text), Release(f"later {text}", text, text, text)],
                [
                    ScenarioHistory(
                        next(iter(ids.values())),
                        [text],
                        [[text], [text]],
                        [
                            GoalHistory(
                                text,
                                met=met,
                                turns=[
                                    Turn(
                                        f"later {text}",
                                        text,
                                        text,
                                        not met,
                                        text,
                                        text,
                                        [reason],
                                        [reason],
                                        Intent(text, text, text),
                                    )
                                ],
                            )
                            for met in (False, True)
                        ],
                    )
                ],
                [
                    ClaimHistory(
                        text,
                        text,
                        text,
                        [ClaimVerdict(text, "refuted"), ClaimVerdict(f"later {text}", "supported")],
                        [Turn(f"later {text}", "", text, True, text, text, [], [reason])],
                    )
                ],
            ),
            sources=[Source(text, text, text)],
            version=text,
        )

    return say


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compares a text with the file of that name; UPDATE_GOLDEN=1 writes the file instead."""

    def check(name: str, text: str) -> None:
        path = Path(__file__).parent / "golden" / name
        if os.environ.get("UPDATE_GOLDEN"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return check
