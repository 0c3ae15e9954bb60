"""The steps, which happen to a machine: a class for each, and their registry.

A machine does a primitive step in one go. Composite steps (`online`, `offline`, `udev`, `daemon`,
`elapse`) are user space and hosts at work: each is carried out as several primitive steps with
their own results.

In files a step is a mapping with one key, its verb: `{"write": {"file": ..., "value": ...}}`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Final, Literal, NewType, TypeVar

from zonediff.engine.actors import (
    ACTORS,
    Additions,
    Attributes,
    OnlineValue,
    OnliningDaemon,
    ProbeWriter,
    UdevRule,
    Workload,
)
from zonediff.engine.units import (
    Bytes,
    Duration,
    format_address,
    format_duration,
    format_size,
    parse_duration,
    parse_size,
)

Order = Literal["first-to-last", "last-to-first", "edges-inward", "middle-outward"]
"""The order in which blocks are taken, by block number."""

Content = Literal["kernel-objects", "movable-pages", "nothing"]
"""The content of a block: pages that cannot be migrated, pages that can, or none."""

Blocks = NewType("Blocks", str)
"""A selection of memory blocks: a device's id (`dimm1`), a number (`32`), ranges (`32-35,39`), or
`added` for all blocks that were added since boot."""

_RANGES: Final = re.compile(r"[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*")

StepType = TypeVar("StepType", bound="type[Step]")

REGISTRY: Final[dict[str, type[Step]]] = {}
"""Every step class by its verb."""


@dataclass(frozen=True, slots=True)
class Step:
    """Base of all steps; str(step) describes it in one line, as a shell user would."""

    verb: ClassVar[str]
    composite: ClassVar[bool] = False

    def to_json(self) -> dict[str, dict[str, Any]]:
        """The step as files write it: one key, the verb; fields that are None are left out."""
        return {self.verb: _write(self)}


def step(verb: str, *, composite: bool = False) -> Callable[[StepType], StepType]:
    """Class decorator: name a step class and put it into the registry."""

    def enter(cls: StepType) -> StepType:
        cls.verb = verb
        cls.composite = composite
        REGISTRY[verb] = cls
        return cls

    return enter


@step("write")
@dataclass(frozen=True, slots=True)
class Write(Step):
    """Write `value` to `file`, a path below /sys/devices/system/memory."""

    file: str
    value: str

    def __str__(self) -> str:
        return f"echo {self.value} > {self.file}"


@step("read")
@dataclass(frozen=True, slots=True)
class Read(Step):
    """Read `file`, a path below /sys/devices/system/memory."""

    file: str

    def __str__(self) -> str:
        return f"cat {self.file}"


@step("plug")
@dataclass(frozen=True, slots=True)
class Plug(Step):
    """Hot-plug a DIMM that ACPI announces; no address means the first free one."""

    id: str
    size: Bytes
    node: int = 0
    addr: Bytes | None = None

    def __str__(self) -> str:
        address = "" if self.addr is None else f" at {format_address(self.addr)}"
        return f"plug {self.id} {format_size(self.size)} node {self.node}{address}"


@step("unplug")
@dataclass(frozen=True, slots=True)
class Unplug(Step):
    """Ask through ACPI for a DIMM to be ejected."""

    id: str

    def __str__(self) -> str:
        return f"unplug {self.id}"


@step("probe")
@dataclass(frozen=True, slots=True)
class Probe(Step):
    """Write an address to the `probe` file: the generic add_memory() path, one block a write."""

    addr: Bytes

    def __str__(self) -> str:
        return f"echo {format_address(self.addr)} > probe"


@step("hyperv_add")
@dataclass(frozen=True, slots=True)
class HypervAdd(Step):
    """The Hyper-V host adds `size` bytes; hv_balloon adds them in chunks of 128 MiB."""

    id: str
    size: Bytes
    node: int = 0

    def __str__(self) -> str:
        return f"hyperv adds {self.id} {format_size(self.size)}"


@step("xen_add")
@dataclass(frozen=True, slots=True)
class XenAdd(Step):
    """The Xen balloon adds `size` bytes, rounded up to sections, as one range."""

    id: str
    size: Bytes
    node: int = 0

    def __str__(self) -> str:
        return f"xen adds {self.id} {format_size(self.size)}"


@step("bind")
@dataclass(frozen=True, slots=True)
class Bind(Step):
    """Give a dax device to kmem, which adds its memory; another driver gives it up before."""

    id: str

    def __str__(self) -> str:
        return f"bind {self.id} to kmem"


@step("unbind")
@dataclass(frozen=True, slots=True)
class Unbind(Step):
    """Take a dax device from kmem, which removes its memory if all of it is offline."""

    id: str

    def __str__(self) -> str:
        return f"unbind {self.id} from kmem"


@step("resize")
@dataclass(frozen=True, slots=True)
class Resize(Step):
    """The hypervisor asks a virtio-mem device for this size; its driver plugs or unplugs."""

    id: str
    to: Bytes

    def __str__(self) -> str:
        return f"resize {self.id} to {format_size(self.to)}"


@step("fill")
@dataclass(frozen=True, slots=True)
class Fill(Step):
    """Let pages of this kind be allocated in the blocks (where their zone allows such pages)."""

    blocks: Blocks
    content: Content

    def __str__(self) -> str:
        return f"fill {self.blocks} with {self.content}"


@step("allocate")
@dataclass(frozen=True, slots=True)
class Allocate(Step):
    """A process takes `size` bytes more; it is started if it is not running.

    oom_score_adj: as in /proc, from now on; -1000 keeps the OOM killer from taking it.
    """

    process: str
    size: Bytes
    oom_score_adj: int = 0

    def __str__(self) -> str:
        return f"{self.process} allocates {format_size(self.size)}"


@step("boot")
@dataclass(frozen=True, slots=True)
class Boot(Step):
    """Reboot; plugged DIMMs are there at power-on. Without a cmdline, the current one is used."""

    cmdline: str | None = None

    def __str__(self) -> str:
        return "reboot" if self.cmdline is None else f"reboot with {self.cmdline!r}"


@step("online", composite=True)
@dataclass(frozen=True, slots=True)
class Online(Step):
    """Online each of the blocks, in this order, whether the others succeed or not."""

    blocks: Blocks
    value: OnlineValue = "online"
    order: Order = "first-to-last"

    def __str__(self) -> str:
        return f"{self.value} each block of {self.blocks}, {self.order}"


@step("offline", composite=True)
@dataclass(frozen=True, slots=True)
class Offline(Step):
    """Offline each of the blocks, in this order, whether the others succeed or not."""

    blocks: Blocks
    order: Order = "first-to-last"

    def __str__(self) -> str:
        return f"offline each block of {self.blocks}, {self.order}"


@step("udev", composite=True)
@dataclass(frozen=True, slots=True)
class Udev(Step):
    """Run a plain udev rule over the `add` events that no one has handled yet.

    The rule writes `value` to the `state` file of each block for which `when` holds, in the order
    of the events.
    """

    value: OnlineValue = "online"
    when: Attributes | None = None

    def __str__(self) -> str:
        return f"udev rule: {self.value} on each add event{conditions(self.when)}"


@step("daemon", composite=True)
@dataclass(frozen=True, slots=True)
class Daemon(Step):
    """An onlining daemon: waits until all added blocks are there, then works from `valid_zones`.

    It repeatedly takes the highest pending block whose `valid_zones` offers the zone that `value`
    asks for, until there is none.
    """

    value: OnlineValue = "online_movable"

    def __str__(self) -> str:
        return f"daemon: {self.value} where valid_zones allows it"


@step("elapse", composite=True)
@dataclass(frozen=True, slots=True)
class Elapse(Step):
    """Time passes while these actors work, each at its own pace (zonediff.compare.simulate)."""

    time: Duration
    acpi: Additions | None = None
    hyperv: Additions | None = None
    xen: Additions | None = None
    probe: ProbeWriter | None = None
    udev: UdevRule | None = None
    daemon: OnliningDaemon | None = None
    workload: Workload | None = None

    def __str__(self) -> str:
        names = [item.name for item in dataclasses.fields(self)[1:] if getattr(self, item.name)]
        return f"{format_duration(self.time)} with {', '.join(names) or 'nobody'} at work"


def conditions(when: Attributes | None) -> str:
    """The conditions of a udev rule in words; empty for none."""
    if when is None:
        return ""
    fields = [(item.name, getattr(when, item.name)) for item in dataclasses.fields(when)]
    return " if " + ", ".join(f"{name} is {text}" for name, text in fields if text is not None)


def is_ranges(blocks: str) -> bool:
    """Whether a block selection has numbers (`32`, `32-35,39`), not a device's id."""
    return _RANGES.fullmatch(blocks) is not None


def block_numbers(blocks: str) -> list[int]:
    """The numbers of a selection for which is_ranges() holds, in the order written."""
    numbers: list[int] = []
    for part in blocks.split(","):
        first, _, last = part.partition("-")
        numbers.extend(range(int(first), int(last or first) + 1))
    return numbers


def ordered(blocks: list[int], order: Order) -> list[int]:
    """Blocks in this order; both edge orders start with the lowest candidate."""
    up = sorted(blocks)
    if order == "first-to-last":
        return up
    if order == "last-to-first":
        return up[::-1]
    inward = []
    low, high = 0, len(up) - 1
    while low <= high:
        inward.append(up[low])
        if low != high:
            inward.append(up[high])
        low, high = low + 1, high - 1
    return inward if order == "edges-inward" else inward[::-1]


def from_json(body: Mapping[str, Mapping[str, Any]]) -> Step:
    """Read a step as recordings and results write it; the inverse of Step.to_json().

    Scenario files are read by zonediff.corpus, which reports mistakes with their position.
    Raises ValueError when it is not a step.
    """
    if len(body) != 1:
        raise ValueError(f"a step is a mapping with one key, its verb, not {sorted(body)}")
    ((verb, arguments),) = body.items()
    if verb not in REGISTRY:
        raise ValueError(f"unknown step {verb!r}: one of {', '.join(REGISTRY)}")
    try:
        step: Step = _read(REGISTRY[verb], arguments)
    except TypeError as error:
        raise ValueError(f"{verb}: {error}") from None
    return step


def _write(shape: Any) -> dict[str, Any]:
    """The JSON form of a step's arguments, or of an actor among them."""
    return {
        item.name: _WRITE.get(item.type, _same)(value)
        for item in dataclasses.fields(shape)
        if (value := getattr(shape, item.name)) is not None
    }


def _read(cls: Any, arguments: Mapping[str, Any]) -> Any:
    """The inverse of _write(). Raises TypeError or ValueError."""
    types = {item.name: item.type for item in dataclasses.fields(cls)}
    unknown = sorted(set(arguments) - set(types))
    if unknown:
        name = getattr(cls, "verb", cls.__name__)
        raise ValueError(f"{name} has no {unknown[0]!r}: it takes {', '.join(types)}")
    return cls(
        **{
            key: None if value is None else _READ.get(types[key], _same)(value)
            for key, value in arguments.items()
        }
    )


def _same(value: Any) -> Any:
    return value


# Sizes and addresses are both Bytes but are written differently; `addr` is the optional one.
_WRITE: Final[dict[Any, Callable[[Any], Any]]] = {
    "Bytes": format_size,
    "Bytes | None": format_address,
    "Duration": format_duration,
    **{f"{actor.__name__} | None": _write for actor in ACTORS},
}
_READ: Final[dict[Any, Callable[[Any], Any]]] = {
    "Bytes": parse_size,
    "Bytes | None": parse_size,
    "Duration": parse_duration,
    **{f"{actor.__name__} | None": partial(_read, actor) for actor in ACTORS},
}
