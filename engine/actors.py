"""Actors: descriptions of who works while time passes, and at which pace, as scenarios write them.

`zonediff.compare.simulate` brings them to life. The engine itself knows no time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, NewType

from zonediff.engine.units import MIB, Bytes, Duration, parse_duration

OnlineValue = Literal["online", "online_kernel", "online_movable"]
"""A word that user space writes to a block's `state` file to online it."""

Delay = NewType("Delay", str)
"""The time that an action takes, drawn anew each time: `10ms`, `uniform 5ms 20ms`, `exponential
10ms` (its mean), `lognormal 10ms 1s` (its median, and what one in a hundred exceeds)."""

MS: Final = 1_000
"""Microseconds in a millisecond."""

AT_ONCE: Final = Duration(0)
PACE: Final = Duration(10 * MS)
SETTLED: Final = Duration(1_000 * MS)
SMALL: Final = Bytes(MIB)


class Law(NamedTuple):
    """A parsed Delay: the name of a distribution and its times, ascending."""

    name: str
    times: tuple[Duration, ...]


_TIMES: Final = {"constant": 1, "uniform": 2, "exponential": 1, "lognormal": 2}


def parse_delay(text: str) -> Law:
    """Parse a Delay. Raises ValueError when the text is none."""
    name, *times = text.split() or [""]
    if name not in _TIMES:
        name, times = "constant", [text]
    if len(times) != _TIMES[name]:
        raise ValueError(f"{text!r}: {name} takes {_TIMES[name]} times")
    law = Law(name, tuple(map(parse_duration, times)))
    if list(law.times) != sorted(law.times) or (name == "lognormal" and not law.times[0]):
        raise ValueError(f"{text!r}: the first time is the smaller one, for lognormal above 0")
    return law


@dataclass(frozen=True, slots=True)
class Additions:
    """Memory that a host adds: `count` times `size` bytes.

    id: the devices are named by it and a number from 1 on; Hyper-V adds chunks of 128 MiB, and each
    chunk is a device. every: the time from one announcement to the next, unless the kernel is
    slower. start: when the first device comes.
    """

    id: str
    size: Bytes
    count: int = 1
    node: int = 0
    every: Duration = PACE
    start: Duration = AT_ONCE


@dataclass(frozen=True, slots=True)
class ProbeWriter:
    """A shell loop that adds `count` blocks by `probe`, from the first address for DIMMs on."""

    count: int
    every: Duration = PACE
    start: Duration = AT_ONCE


@dataclass(frozen=True, slots=True)
class Attributes:
    """The conditions of a rule on a block's files: patterns as in udev's ATTR{file}=="pattern".

    As for udev, `*`, `?` and `[...]` are wildcards and `|` separates alternatives. A rule can also
    ask for the text of the knob, and, with a program, for the driver that manages the block's
    device: `kmem`, `virtio_mem`, or `none`.
    """

    state: str | None = None
    valid_zones: str | None = None
    removable: str | None = None
    online: str | None = None
    auto_online_blocks: str | None = None
    driver: str | None = None


@dataclass(frozen=True, slots=True)
class UdevRule:
    """udev with a rule that writes `value` to the state of each block that is added.

    when: the rule's conditions, read when the event's turn comes. workers: how many events are
    handled at once. latency: the time to the write, from the event or from the end of the event
    before it. memory: the bytes that all workers hold together; the OOM killer takes them together,
    too.
    """

    value: OnlineValue = "online"
    when: Attributes | None = None
    workers: int = 1
    latency: Delay = Delay("10ms")
    memory: Bytes = SMALL
    oom_score_adj: int = 0


@dataclass(frozen=True, slots=True)
class OnliningDaemon:
    """A daemon that onlines whole devices in an order that it chooses (see steps.Daemon).

    settle: the time without an event after which it takes a device for complete. latency: the time
    before each write.
    """

    value: OnlineValue = "online_movable"
    settle: Duration = SETTLED
    latency: Delay = Delay("1ms")
    memory: Bytes = SMALL
    oom_score_adj: int = 0


@dataclass(frozen=True, slots=True)
class Workload:
    """A process that takes `takes` bytes at intervals, the first at once, until it holds `most`.

    every: the interval; a distribution makes bursts.
    """

    takes: Bytes
    most: Bytes
    process: str = "workload"
    every: Delay = Delay("1s")
    oom_score_adj: int = 0


ACTORS: Final = (Additions, ProbeWriter, Attributes, UdevRule, OnliningDaemon, Workload)
"""Every class of descriptions, so that a file can be read back."""
