"""Results of reviews made by hand, so that reports need no kernel to be seen.

`dax_review` follows "dax/kmem: atomic whole-device hotplug via sysfs", v4 to v7, on the list
nvdimm, as two kernels in lock step showed it. `tiny_review` is a series of our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from zonediff.result.result import Result
from zonediff.result.reviews import (
    Cause,
    Harm,
    ReadingDifference,
    Review,
    ReviewClaim,
    ReviewStep,
    ReviewVerdict,
    Stage,
    StageComparison,
)

MESSAGES: Final = {
    "v4": "20260605211911.2160954-1-gourry@gourry.net",
    "v5": "20260624145744.3532049-1-gourry@gourry.net",
    "v6": "20260630211842.2252800-1-gourry@gourry.net",
    "v7": "20260712154505.3564379-1-gourry@gourry.net",
}
TITLE: Final = "dax/kmem: atomic whole-device hotplug via sysfs"

MEMORY: Final = "/sys/devices/system/memory"
KMEM: Final = "/sys/bus/dax/drivers/kmem"


def block(number: int, value: str) -> str:
    return f"echo {value} > {MEMORY}/memory{number}/state"


KNOB: Final = f"echo online_movable > {MEMORY}/auto_online_blocks"
UNBIND: Final = f"echo dax0.0 > {KMEM}/unbind"
BIND: Final = f"echo dax0.0 > {KMEM}/bind"
ALPHABET: Final = [
    *(block(number, value) for number in (8, 9) for value in ("online_movable", "offline")),
    f"echo offline > {MEMORY}/auto_online_blocks",
    KNOB,
    UNBIND,
    BIND,
]
COMPILER: Final = "gcc (Debian 12.2.0-14) 12.2.0"


def cause(
    harm: Harm,
    verdict: ReviewVerdict,
    steps: Sequence[ReviewStep],
    readings: Sequence[ReadingDifference] = (),
    says: str = "",
    transitions: int = 1,
    shown: int = 3,
) -> Cause:
    return Cause(harm, verdict, list(steps), list(readings), transitions, shown, 3, says)


def state(number: int, baseline: str | None, candidate: str | None) -> ReadingDifference:
    return ReadingDifference(f"{MEMORY}/memory{number}/state", baseline, candidate)


FREED_NAME: Final = cause(
    "text",
    "behaviour-change",
    [ReviewStep(UNBIND)],
    [
        ReadingDifference(
            "/proc/iomem", "  40000000-4fffffff : dax0.0", "  40000000-4fffffff : \\x18\\x93"
        )
    ],
    "the resource keeps a name that is freed",
    40,
)
STAYS_OFFLINE: Final = cause(
    "lost-memory",
    "regression",
    [ReviewStep(UNBIND), ReviewStep(KNOB), ReviewStep(BIND)],
    [state(8, "online", "offline"), state(9, "online", "offline")],
    "the blocks do not go online, although the knob says online_movable",
    12,
)
MEMORY_GOES: Final = cause(
    "lost-memory",
    "regression",
    [ReviewStep(block(8, "online_movable")), ReviewStep(UNBIND)],
    [state(8, "online", None)],
    "online memory goes",
    9,
)
LEAK: Final = cause(
    "leaked",
    "regression",
    [
        ReviewStep(block(8, "offline")),
        ReviewStep(block(9, "offline")),
        ReviewStep(UNBIND),
        ReviewStep(BIND, None, "EBUSY"),
    ],
    [
        ReadingDifference("/proc/iomem", "  40000000-4fffffff : dax0.0", None),
        ReadingDifference("/proc/iomem", "    40000000-4fffffff : System RAM (kmem)", None),
    ],
    "the blocks stay after unbind, and no sequence binds the device again",
    3,
)
_CAUSES: Final = {
    "v4": [FREED_NAME, STAYS_OFFLINE, MEMORY_GOES, LEAK],
    "v5": [MEMORY_GOES, LEAK],
    "v6": [LEAK],
    "v7": [],
}


def dax_review(revision: str) -> Review:
    closed = revision != "v7"
    pairs, transitions = (16, 128) if closed else (26, 200)
    return Review(
        series=f"{TITLE} ({revision})",
        tree="linux-source-7.2",
        base="7.2.13",
        machine="dax",
        about="1.5G of memory; 256M of Soft Reserved memory that dax_hmem and kmem bind: "
        "memory8 and memory9",
        alphabet=list(ALPHABET),
        stages=[
            Stage("base", "ready", release="7.2.13", config="c" * 64, compiler=COMPILER),
            Stage(
                revision,
                "ready",
                patch=TITLE,
                message_id=MESSAGES[revision],
                release="7.2.13",
                config="c" * 64,
                compiler=COMPILER,
            ),
        ],
        comparisons=[
            StageComparison(
                "base",
                revision,
                (pairs, pairs),
                (transitions, transitions),
                pairs,
                closed,
                0 if closed else 8,
                1,
                list(_CAUSES[revision]),
                ["Virtio-mem devices and DIMMs: the machine has none."],
            )
        ],
        configuration="tinyconfig and options for memory hotplug, dax and kmem",
    )


def interdiff() -> Review:
    """Revision 7 against revision 6: the leak is mended."""
    fix = cause(
        "leaked",
        "fix",
        [*LEAK.steps[:3], ReviewStep(BIND, "EBUSY", None)],
        [ReadingDifference("/proc/iomem", None, "  40000000-4fffffff : dax0.0")],
        "the device can be bound again",
        3,
    )
    stages = [*dax_review("v6").stages[1:], *dax_review("v7").stages[1:]]
    comparison = StageComparison("v6", "v7", (28, 26), (224, 200), 28, True, 0, 1, [fix])
    return Review(
        f"{TITLE} (v7 since v6)",
        "linux-source-7.2",
        "7.2.13",
        "dax",
        "1.5G of memory; 256M of Soft Reserved memory",
        [*ALPHABET, "echo unplug > /sys/bus/dax/devices/dax0.0/state"],
        stages,
        [comparison],
    )


TINY_PROBLEM: Final = (
    "mm/memory_hotplug.c:1234:9: error: implicit declaration of function 'zone_is_fine' "
    "[-Werror=implicit-function-declaration]"
)


def tiny_review() -> Review:
    """A series of five: a regression, a fix of it, equal code, no build, no patch after that."""
    refusal = cause(
        "refused",
        "regression",
        [ReviewStep(block(32, "online_movable"), None, "EINVAL")],
        [
            ReadingDifference(f"{MEMORY}/memory32/state", "online", "offline"),
            ReadingDifference("console", None, "[    2.10] memory hotplug: refused"),
        ],
        transitions=31,
    )
    chance = cause(
        "refused",
        "sometimes",
        [ReviewStep(block(33, "offline"), None, "EBUSY")],
        shown=1,
    )
    mended = cause(
        "refused", "fix", [ReviewStep(block(32, "online_movable"), "EINVAL", None)], transitions=31
    )
    names = ("1/5", "2/5", "3/5", "4/5", "5/5")
    subjects = (
        "[PATCH 1/5] mm/memory_hotplug: refuse what looks odd",
        "[PATCH 2/5] mm/memory_hotplug: refuse less",
        "[PATCH 3/5] mm/memory_hotplug: describe the lock",
        "[PATCH 4/5] mm/memory_hotplug: use a helper",
        "[PATCH 5/5] mm/memory_hotplug: use it again",
    )
    outcomes = ("ready", "ready", "same-code", "does-not-build", "not-built")
    stages = [Stage("base", "ready", release="6.12.117", compiler=COMPILER)] + [
        Stage(
            name,
            outcome,  # type: ignore[arg-type]
            patch=subject,
            message_id=f"tiny-{name[0]}@zonediff.example",
            problem=TINY_PROBLEM if outcome == "does-not-build" else "",
            release="6.12.117" if outcome in ("ready", "same-code") else "",
        )
        for name, subject, outcome in zip(names, subjects, outcomes, strict=True)
    ]
    return Review(
        "mm/memory_hotplug: be strict",
        "linux",
        "v6.12",
        "dimm",
        "1G of memory, a DIMM of 512M in node 0",
        [block(number, value) for number in range(32, 36) for value in ("offline", "online")],
        stages,
        [
            StageComparison("base", "1/5", (81, 60), (1296, 900), 90, True, 0, 1, [refusal]),
            StageComparison("1/5", "2/5", (60, 81), (900, 1296), 90, True, 0, 1, [mended]),
            StageComparison(
                "base", "3/5", (81, 81), (1296, 1296), 81, False, 6, 0, [chance], ["Ejection."]
            ),
        ],
        wanted_base="0123456789abcdef0123456789abcdef01234567",
        claims=[
            ReviewClaim(
                "odd-blocks",
                "memory32 cannot go online in zone Movable",
                "tiny-reply@zonediff.example",
                {"base": "refuted", "1/5": "confirmed", "2/5": "refuted", "3/5": "not settled"},
            )
        ],
        notes=["Changes of the tree that are not committed are left out."],
    )


def result_of(*reviews: Review) -> Result:
    """A result of reviews alone, as `zonediff review` saves it."""
    return Result(
        baseline=reviews[0].stages[0].name,
        variants=[],
        scenarios=[],
        runs=[],
        judgements=[],
        reviews=list(reviews),
        command="zonediff review v6.mbox --tree linux-source-7.2 --machine dax",
        versions={"python": "3.11.2"},
        version="0.1.0",
    )
