"""Processes that take memory, and the OOM killer (mm/page_alloc.c, mm/oom_kill.c)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from zonediff.engine.kernel import Kernel, KernelDied
from zonediff.engine.pressure import NEVER_KILLED, Process
from zonediff.engine.rules import Because, Rule
from zonediff.engine.units import KIB, PAGE
from zonediff.engine.zones import Zone

KILLED: Final = Rule(
    "oom_kill_process",
    "oom_kill_process",
    "with {rss} KiB resident, process {process} has the highest badness ({badness}): it is killed "
    "and {free} KiB are free in kernel zones",
    "mm/oom_kill.c",
)
ALLOCATED: Final = Rule(
    "__alloc_pages_nodemask.user",
    "__alloc_pages_nodemask",
    "process {process} holds {rss} KiB, {movable} of them in zone Movable: {left} KiB are left "
    "free in kernel zones",
    "mm/page_alloc.c",
)
NO_MEMORY_LEFT: Final = Rule(
    "out_of_memory.user",
    "out_of_memory",
    "process {process} needs {kib} KiB more; {free} KiB are free in kernel zones, "
    "{reserve} of them kept in reserve, and no process is left to kill: panic",
    "mm/oom_kill.c",
)


def allocate(kernel: Kernel, name: str, kib: int, oom_score_adj: int) -> str | None:
    """Give a process `kib` KiB more, from Movable first; SIGKILL when this gets it killed.

    Other processes may be killed, too. Raises KernelDied when that is not enough.
    """
    reserve = kernel.reserve_kib
    process = kernel.processes.get(name, Process())
    kernel.processes[name] = replace(process, oom_score_adj=oom_score_adj)
    while kib:
        process = kernel.processes[name]
        movable = min(kib, _movable_free_kib(kernel))
        normal = min(kib - movable, max(0, kernel.free_kib - reserve))
        kernel.processes[name] = replace(
            process,
            kernel_kib=process.kernel_kib + normal,
            movable_kib=process.movable_kib + movable,
        )
        kernel.free_kib -= normal
        kib -= normal + movable
        if kib:
            kill_or_panic(
                kernel,
                NO_MEMORY_LEFT.because(
                    process=name, kib=kib, free=kernel.free_kib, reserve=reserve
                ),
            )
        if name not in kernel.processes:
            return "SIGKILL"
    process = kernel.processes[name]
    kernel.explain(
        ALLOCATED.because(
            process=name, rss=process.rss_kib, movable=process.movable_kib, left=kernel.free_kib
        )
    )
    return None


def kill_or_panic(kernel: Kernel, why: Because) -> None:
    """Kill the process with the highest badness; panic when no process is left (out_of_memory)."""
    total = sum(kernel.tables.present) * PAGE // KIB
    badness = {name: process.badness(total) for name, process in kernel.processes.items()}
    victim = max(badness, key=lambda name: badness[name], default="")
    if not badness.get(victim):
        kernel.explain(why)
        raise KernelDied("panic")
    process = kernel.processes.pop(victim)
    kernel.free_kib += process.kernel_kib
    kernel.killed.append(victim)
    kernel.explain(
        KILLED.because(
            process=victim, rss=process.rss_kib, badness=badness[victim], free=kernel.free_kib
        )
    )


def can_kill(kernel: Kernel) -> bool:
    """Whether there is a process that the OOM killer may take."""
    return any(item.oom_score_adj != NEVER_KILLED for item in kernel.processes.values())


def _movable_free_kib(kernel: Kernel) -> int:
    """KiB free in Movable zones; kernel memory never comes from there."""
    present = sum(kernel.tables.present[Zone.MOVABLE :: len(Zone)]) * PAGE // KIB
    used = sum(process.movable_kib for process in kernel.processes.values())
    return max(0, present - used)
