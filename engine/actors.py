"""Who is at work while time passes, and at what pace: descriptions, as scenarios write them.

`zonediff.compare.simulate` brings them to life. The engine itself knows no time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, NewType

from zonediff.engine.units import MIB, Bytes, Duration, parse_duration

OnlineValue = Literal["online", "online_kernel", "online_movable"]
"""What user space writes to a block's `state` file to online it."""

Delay = NewType("Delay", str)
"""How long something takes, each time anew: `10ms`, `uniform 5ms 20ms`, `exponential 10ms` (its
mean), `lognormal 10ms 1s` (its median, and what one in a hundred exceeds)."""

MS: Final = 1_000
"""Microseconds in a millisecond."""

AT_ONCE: Final = Duration(0)
PACE: Final = Duration(10 * MS)
SETTLED: Final = Duration(1_000 * MS)
SMALL: Final = Bytes(MIB)


class Law(NamedTuple):
    """A Delay, read: the name of a distribution and its times, ascending."""

    name: str
    times: tuple[Duration, ...]


_TIMES: Final = {"constant": 1, "uniform": 2, "exponential": 1, "lognormal": 2}


def parse_delay(text: str) -> Law:
    """Read a Delay. Raises ValueError when it is none."""
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

    id: the devices are called by it and a number from 1 on; of Hyper-V, which adds in chunks of
    128 MiB, each chunk is one. every: from one announcement to the next, when the kernel is no
    slower. start: when the first comes.
    """

    id: str
    size: Bytes
    count: int = 1
    node: int = 0
    every: Duration = PACE
    start: Duration = AT_ONCE


@dataclass(frozen=True, slots=True)
class ProbeWriter:
    """A shell loop that adds `count` blocks, from the first address for DIMMs on, by `probe`."""

    count: int
    every: Duration = PACE
    start: Duration = AT_ONCE


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a rule demands of a block's files: patterns of udev's ATTR{file}=="pattern".

    As for udev, `*`, `?` and `[...]` are wildcards and `|` separates alternatives.
    """

    state: str | None = None
    valid_zones: str | None = None
    removable: str | None = None
    online: str | None = None


@dataclass(frozen=True, slots=True)
class UdevRule:
    """udev with a rule that writes `value` to the state of each block that is added.

    when: the rule's conditions, looked at when its turn comes. workers: events handled at once.
    latency: from the event, or the end of the one before it, to the write. memory: what the
    workers hold together; the OOM killer takes them together too.
    """

    value: OnlineValue = "online"
    when: Attributes | None = None
    workers: int = 1
    latency: Delay = Delay("10ms")
    memory: Bytes = SMALL
    oom_score_adj: int = 0


@dataclass(frozen=True, slots=True)
class OnliningDaemon:
    """A daemon that onlines whole devices in an order that it works out (see steps.Daemon).

    settle: how long no event may come before it takes a device for complete. latency: before
    each write.
    """

    value: OnlineValue = "online_movable"
    settle: Duration = SETTLED
    latency: Delay = Delay("1ms")
    memory: Bytes = SMALL
    oom_score_adj: int = 0


@dataclass(frozen=True, slots=True)
class Workload:
    """A process that takes `takes` bytes at once and every so often, until it holds `most`.

    every: from one time to the next; with a distribution it comes in bursts.
    """

    takes: Bytes
    most: Bytes
    process: str = "workload"
    every: Delay = Delay("1s")
    oom_score_adj: int = 0


ACTORS: Final = (Additions, ProbeWriter, Attributes, UdevRule, OnliningDaemon, Workload)
"""Every description, so that what is written can be read back."""
