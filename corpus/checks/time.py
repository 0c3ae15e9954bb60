"""Mistakes in steps with processes and time, and the devices and processes such steps start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Final

from zonediff.corpus.checks.values import page_mistakes, score_mistakes
from zonediff.corpus.problems import Mistake
from zonediff.corpus.schema import NAME
from zonediff.engine.actors import Additions, Attributes, UdevRule, Workload
from zonediff.engine.bounds import ADDITIONS, STEP_MINUTES
from zonediff.engine.steps import Allocate, Elapse, Step
from zonediff.engine.units import MINUTE, SECTION, Bytes, format_size

EVERY: Final = "every"
"""The word that stands for all processes in a goal."""

*_CONDITIONS, _LAST_CONDITION = (field.name for field in fields(Attributes))
NO_CONDITION: Final = f"expected a condition: {', '.join(_CONDITIONS)} or {_LAST_CONDITION}"

_HOSTS: Final = ("acpi", "hyperv", "xen")


def hosts(step: Elapse) -> list[tuple[str, Additions]]:
    """Return the hosts that add memory in a step, by their keys: `acpi`, `hyperv` or `xen`."""
    values: list[tuple[str, Additions | None]] = [(key, getattr(step, key)) for key in _HOSTS]
    return [(key, host) for key, host in values if host is not None]


def pieces(key: str, host: Additions) -> Iterator[tuple[str, Bytes]]:
    """Yield name and size of each device that a host adds."""
    size = Bytes(SECTION) if key == "hyperv" else host.size
    for number in range(min(_count(key, host), ADDITIONS)):
        yield f"{host.id}{number + 1}", size


def processes(steps: Iterable[Step]) -> list[str]:
    """Return the name of every process that the steps start."""
    names: dict[str, None] = {}
    for step in steps:
        match step:
            case Allocate(process=process):
                names[process] = None
            case Elapse(udev=udev, daemon=daemon, workload=workload):
                if udev:
                    names["udev"] = None
                if daemon:
                    names["daemon"] = None
                if workload:
                    names[workload.process] = None
    return [*names]


def process_mistakes(step: Allocate | Workload) -> Iterator[Mistake]:
    """Check a process and the memory that it takes."""
    if not NAME.fullmatch(step.process) or step.process == EVERY:
        message = (
            f"{step.process!r} cannot be a name: use letters, digits and . _ -, a letter first; "
            f"`{EVERY}` is reserved"
        )
        yield Mistake(("process",), message)
    key = "size" if isinstance(step, Allocate) else "takes"
    yield from page_mistakes(key, getattr(step, key))
    yield from score_mistakes(step.oom_score_adj)


def elapse_mistakes(step: Elapse) -> Iterator[Mistake]:
    """Check a step in which time passes."""
    if not 0 < step.time <= STEP_MINUTES * MINUTE:
        yield Mistake(("time",), f"expected more than 0 and at most {STEP_MINUTES}min")
    mistakes = [*_actor_mistakes(step)]
    if not mistakes and step == Elapse(step.time):
        mistakes.append(Mistake((), "expected at least one actor: acpi, udev, workload ..."))
    yield from mistakes


def _actor_mistakes(step: Elapse) -> Iterator[Mistake]:
    for key, host in hosts(step):
        yield from (mistake.below(key) for mistake in _host_mistakes(key, host))
    if step.probe:
        yield from (
            mistake.below("probe") for mistake in _count_mistakes("count", step.probe.count)
        )
    if step.udev:
        yield from (mistake.below("udev") for mistake in _udev_mistakes(step.udev))
    if step.daemon:
        memory = page_mistakes("memory", step.daemon.memory)
        for mistake in (*memory, *score_mistakes(step.daemon.oom_score_adj)):
            yield mistake.below("daemon")
    if step.workload:
        load = step.workload
        mistakes = [*process_mistakes(load), *page_mistakes("most", load.most)]
        if not mistakes and load.most // load.takes > ADDITIONS:
            message = f"expected at most {ADDITIONS} allocations until `most` is reached"
            mistakes.append(Mistake(("takes",), message))
        yield from (mistake.below("workload") for mistake in mistakes)


def _host_mistakes(key: str, host: Additions) -> Iterator[Mistake]:
    unit = 1 if key == "xen" else SECTION
    if host.size <= 0 or host.size % unit:
        message = f"{format_size(host.size)}: expected memory to add, in whole sections of 128M"
        yield Mistake(("size",), message)
    elif host.count > 0 and _count(key, host) > ADDITIONS:
        yield Mistake(("count",), f"more than {ADDITIONS} devices")
    if host.count <= 0:
        yield Mistake(("count",), f"{host.count}: expected 1 to {ADDITIONS}")


def _count(key: str, host: Additions) -> int:
    """Return how many devices the host adds."""
    return host.count * (host.size // SECTION if key == "hyperv" else 1)


def _udev_mistakes(rule: UdevRule) -> Iterator[Mistake]:
    yield from _count_mistakes("workers", rule.workers)
    yield from page_mistakes("memory", rule.memory)
    yield from score_mistakes(rule.oom_score_adj)
    if rule.when == Attributes():
        yield Mistake(("when",), NO_CONDITION)


def _count_mistakes(key: str, count: int) -> Iterator[Mistake]:
    if not 0 < count <= ADDITIONS:
        yield Mistake((key,), f"{count}: expected 1 to {ADDITIONS}")
