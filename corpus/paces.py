"""Mistakes of meaning in steps about processes and time, and what such steps bring with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from zonediff.corpus.problems import Mistake
from zonediff.corpus.schema import NAME
from zonediff.engine.actors import Additions, Attributes, UdevRule, Workload
from zonediff.engine.pressure import NEVER_KILLED
from zonediff.engine.steps import Allocate, Elapse, Step
from zonediff.engine.units import PAGE, SECTION, Bytes, format_size

EVERY: Final = "every"
"""How a goal speaks of all processes."""

MOST: Final = 1024
"""Pieces of memory that a host adds in one step, writes of a probe loop, workers of udev."""

LONGEST: Final = 3600 * 1_000_000
"""Microseconds that may pass in one step: an hour."""

_HOSTS: Final = ("acpi", "hyperv", "xen")


def hosts(step: Elapse) -> list[tuple[str, Additions]]:
    """Who adds memory in a step, by the key it stands under."""
    found: list[tuple[str, Additions | None]] = [(key, getattr(step, key)) for key in _HOSTS]
    return [(key, host) for key, host in found if host is not None]


def pieces(key: str, host: Additions) -> Iterator[tuple[str, Bytes]]:
    """Name and size of each device that a host adds."""
    size = Bytes(SECTION) if key == "hyperv" else host.size
    for number in range(min(_count(key, host), MOST)):
        yield f"{host.id}{number + 1}", size


def processes(steps: Iterable[Step]) -> list[str]:
    """Every process that the steps start."""
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


def process(step: Allocate | Workload) -> Iterator[Mistake]:
    """What is wrong with a process and what it takes."""
    if not NAME.fullmatch(step.process) or step.process == EVERY:
        message = f"{step.process!r} is no name: letters, digits, . _ -, a letter first; not every"
        yield Mistake(("process",), message)
    taken = "size" if isinstance(step, Allocate) else "takes"
    yield from _pages(taken, getattr(step, taken))
    yield from _score(step.oom_score_adj)


def elapse(step: Elapse) -> Iterator[Mistake]:
    """What is wrong with a step in which time passes."""
    if not 0 < step.time <= LONGEST:
        yield Mistake(("time",), "expected more than 0 and at most 60min")
    found = [*_actors(step)]
    if not found and step == Elapse(step.time):
        found.append(Mistake((), "expected someone at work: acpi, udev, workload ..."))
    yield from found


def _actors(step: Elapse) -> Iterator[Mistake]:
    for key, host in hosts(step):
        yield from (mistake.below(key) for mistake in _host(key, host))
    if step.probe:
        yield from (mistake.below("probe") for mistake in _count_of("count", step.probe.count))
    if step.udev:
        yield from (mistake.below("udev") for mistake in _udev(step.udev))
    if step.daemon:
        found = [*_pages("memory", step.daemon.memory), *_score(step.daemon.oom_score_adj)]
        yield from (mistake.below("daemon") for mistake in found)
    if step.workload:
        load = step.workload
        found = [*process(load), *_pages("most", load.most)]
        if not found and load.most // load.takes > MOST:
            found.append(Mistake(("takes",), f"expected no more than {MOST} times until `most`"))
        yield from (mistake.below("workload") for mistake in found)


def _host(key: str, host: Additions) -> Iterator[Mistake]:
    whole = 1 if key == "xen" else SECTION
    if host.size <= 0 or host.size % whole:
        message = f"{format_size(host.size)}: expected memory to add, in whole sections of 128M"
        yield Mistake(("size",), message)
    elif host.count > 0 and _count(key, host) > MOST:
        yield Mistake(("count",), f"more than {MOST} pieces of memory")
    if host.count <= 0:
        yield Mistake(("count",), f"{host.count}: expected 1 to {MOST}")


def _count(key: str, host: Additions) -> int:
    """In how many pieces the memory comes."""
    return host.count * (host.size // SECTION if key == "hyperv" else 1)


def _udev(rule: UdevRule) -> Iterator[Mistake]:
    yield from _count_of("workers", rule.workers)
    yield from _pages("memory", rule.memory)
    yield from _score(rule.oom_score_adj)
    if rule.when == Attributes():
        yield Mistake(("when",), "expected a condition: state, valid_zones, removable or online")


def _count_of(key: str, count: int) -> Iterator[Mistake]:
    if not 0 < count <= MOST:
        yield Mistake((key,), f"{count}: expected 1 to {MOST}")


def _pages(key: str, size: int) -> Iterator[Mistake]:
    if size <= 0 or size % PAGE:
        yield Mistake((key,), f"{format_size(size)}: a process holds whole pages of 4K")


def _score(score: int) -> Iterator[Mistake]:
    if not NEVER_KILLED <= score <= -NEVER_KILLED:
        yield Mistake(("oom_score_adj",), f"{score}: expected -1000 to 1000")
