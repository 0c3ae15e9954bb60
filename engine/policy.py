"""The questions on which kernels differ. A variant answers them; the engine asks.

The v4.10 answers are in `zonediff.variants.upstream`; every other variant is a class built on
it that overrides the few answers its patch changes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

from zonediff.engine.devices import Source as Source  # variants import it from here
from zonediff.engine.machine import Machine
from zonediff.engine.pressure import memmap_kib
from zonediff.engine.rules import Because, Decision, Rule
from zonediff.engine.state import KernelState
from zonediff.engine.zones import OnlineType, Zone


class Shrink(Enum):
    """When the span of a zone gives up blocks at its edge, and to which block it shrinks."""

    REMOVED = "when blocks are removed, to the next block of the zone"
    REMOVED_TO_ONLINE = "when blocks are removed, to the next online block of the zone"
    OFFLINED = "when blocks are offlined, to the next online block of the zone"


@dataclass(frozen=True, slots=True)
class Intent:
    """A difference that a variant means to make: scenarios by glob pattern, and why.

    until: name of the variant that ends it; in that variant and those built on it, the
    difference is overdue.
    """

    scenarios: str
    reason: str
    until: str | None = None

    def __post_init__(self) -> None:
        """Check the types where it is written. Raises TypeError."""
        for text in (self.scenarios, self.reason, "" if self.until is None else self.until):
            if not isinstance(text, str):
                raise TypeError(f"Intent(scenarios, reason, until) takes text, not {text!r:.40}")


@dataclass(frozen=True, slots=True)
class Stage:
    """One patch of a series: the variant after it, and how to recognise the patch.

    subjects: glob patterns for its subject. functions: the kernel functions whose change the
    variant models, beside those that its own rules name.
    """

    variant: str
    subjects: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the types where it is written. Raises TypeError."""
        for items in ((self.variant,), self.subjects, self.functions):
            if not isinstance(items, tuple) or not all(isinstance(item, str) for item in items):
                raise TypeError(
                    "Stage(variant, subjects, functions) takes text and two tuples of text, "
                    f"not {items!r:.40}"
                )


@dataclass(frozen=True, slots=True)
class Interface:
    """The files of sysfs, boot parameters and config options that user space can use.

    Each by name, with the values it accepts (empty: any, or a read-only file).
    known: whether the list is complete; booting a kernel does not show it.
    """

    files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    parameters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)
    known: bool = True


class Policy(ABC):
    """One kernel behaviour.

    name: as on the command line and in reports.
    origin: the kernel release, patch or mail that the behaviour comes from.
    intends: differences from the baseline that the patch means to make.

    The summary is the first line of the class's docstring, the description all of it.
    """

    name: ClassVar[str]
    origin: ClassVar[str]
    intends: ClassVar[tuple[Intent, ...]] = ()

    released: ClassVar[str | None] = None
    """The date (ISO) of the release that the variant stands for: its place on the time line.

    It is not inherited: a patch on a release is not a release.
    """

    function_names: ClassVar[Mapping[str, str]] = {}
    """Names that functions of the rules have in this kernel, where they have others."""

    stages: ClassVar[tuple[Stage, ...]] = ()
    """The patches of the series that the variant models, first to last; empty for a single
    patch."""

    recorded_as: ClassVar[tuple[str, ...]] = ()
    """Variants whose recordings hold for this one, too: it does the same on those machines."""

    knob: ClassVar[tuple[str, ...] | None]
    """The words that `auto_online_blocks` accepts, None when the file does not exist."""

    default_state: ClassVar[tuple[str, ...] | None]
    """The words that `memhp_default_state=` accepts, None when the parameter does not exist."""

    default_online_option: ClassVar[bool]
    """Whether CONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE exists."""

    auto_online_tells_driver_core: ClassVar[bool]
    """Whether kernel onlining clears dev->offline and sends `online` events (4.11 and later)."""

    auto_online_hangs_boot: ClassVar[bool]
    """Whether onlining DIMMs from the kernel's own ACPI scan at boot hangs it (seen on 4.10)."""

    zones_chosen_when_onlined: ClassVar[bool] = False
    """Whether a zone grows to hold a block that goes online in it (4.13 and later).

    Otherwise the block is in a zone already, and the edge between two zones can only be shifted.
    """

    spans_shrink: ClassVar[Shrink] = Shrink.REMOVED
    """When a zone's span shrinks."""

    movable_node_option: ClassVar[bool] = True
    """Whether CONFIG_MOVABLE_NODE exists (until 4.12); later kernels behave as if it were set."""

    has_probe: ClassVar[bool] = True
    """Whether a machine with CONFIG_ARCH_MEMORY_PROBE has a `probe` file."""

    offlining_may_hang: ClassVar[bool] = False
    """Whether offlining kernel memory, by hand or by an eject, was seen not to come back.

    It depends on where slab pages lie; a validation takes it from the recording.
    """

    ejects_drain: ClassVar[bool] = True
    """Whether an eject drains the pages on per-cpu lists (4.11 to 4.13 do not).

    Ejects run in a workqueue worker, where drain_all_pages() of those kernels returns at once.
    """

    numbers_unlisted_nodes: ClassVar[bool] = True
    """Whether a DIMM of a node that SRAT does not name makes a new node (until 5.9).

    Taken from the source alone. Later kernels use the DIMM's address, as was seen on 6.1.
    """

    switch_letters: ClassVar[tuple[str, str]] = ("y1", "n0")
    """The letters that begin a yes, and those that begin a no, in a file or parameter
    (strtobool)."""

    removable_always: ClassVar[bool] = False
    """Whether `removable` reads 1 for every block (5.8 and later)."""

    valid_zones_by_device: ClassVar[bool] = False
    """Whether `valid_zones` depends on the device that a block belongs to."""

    valid_zones_rule: ClassVar[Rule | None] = None
    """The rule behind `valid_zones`, a sentence without numbers.

    Reports name it where two kernels show the same memory with other names. A class that overrides
    `valid_zones` has a rule of its own.
    """

    links_missing_pages: ClassVar[bool] = False
    """Whether the pages missing at the end of boot memory's last block are linked to its zone."""

    blocks_align_to_memory: ClassVar[bool] = False
    """Whether large blocks divide the end of boot memory (4.17 and later)."""

    largest_blocks_on_bare_metal: ClassVar[bool] = False
    """Whether large blocks are 2 GiB on bare metal, whatever boot memory ends at (since 5.9)."""

    nodes_stay_with_blocks: ClassVar[bool] = False
    """Whether a node stays as long as it has a block, spanned or not (since 5.4)."""

    mem_limits_adds: ClassVar[str] = "never"
    """When memory above `mem=` is refused (E2BIG): `never`, `always` (5.1 to 5.5), `at boot`."""

    adds_whole_blocks: ClassVar[bool] = False
    """Whether added memory must be whole memory blocks, not sections (4.17 and later)."""

    percent_of_memory: ClassVar[bool] = False
    """Whether `kernelcore=` and `movablecore=` can be a share of all memory (4.17 and later)."""

    needs_whole_blocks: ClassVar[bool] = False
    """Whether a block with pages missing cannot be offlined (5.6 and later: EINVAL)."""

    memmap_kills: ClassVar[bool] = True
    """Whether processes are killed when a memmap does not fit (until 4.12); else ENOMEM."""

    blocks_before_all_memmaps: ClassVar[bool] = True
    """Whether each section's block is there before the next one's memmap (until 5.2)."""

    models_managed_devices: ClassVar[bool] = False
    """Whether dax and virtio-mem devices are modelled; a machine with one cannot be run if not."""

    huge_pages: ClassVar[bool] = False
    """Whether it was measured with transparent huge pages, for which memory is kept free."""

    boot_overhead_kib: ClassVar[Mapping[int, int]] = {
        96: 12128,
        128: 12020,
        192: 13304,
        256: 12288,
        384: 12912,
        512: 13328,
    }
    """Measured on 4.10.17: KiB that the kernel itself keeps after boot, by MiB of boot memory."""

    def memmap_kib(self, kernel: KernelState, blocks: int) -> int:
        """KiB of online memory that adding this number of blocks at once takes."""
        return memmap_kib(blocks, kernel.block_pages)

    def hosts_memmap(self, kernel: KernelState, blocks: int) -> bool:
        """Whether this number of blocks, added at once, hold their own memmap."""
        return False

    def knob_at_boot(self, machine: Machine) -> str | None:
        """The text of `auto_online_blocks` after boot: the config's default, or the parameter's.

        Values that the kernel does not know are ignored (setup_memhp_default_state).
        """
        if self.knob is None:
            return None
        state = "offline"
        if self.default_online_option and machine.config.MEMORY_HOTPLUG_DEFAULT_ONLINE:
            state = "online"
        for name, value in machine.parameters:
            if name == "memhp_default_state" and value in (self.default_state or ()):
                state = value
        return state

    # --- adding

    @abstractmethod
    def zone_of_new_memory(
        self, kernel: KernelState, node: int, first: int, source: Source
    ) -> Decision[Zone | None]:
        """The zone in which blocks from `first` on start when they are added to a node.

        None when they belong to no zone until they go online.
        """

    @abstractmethod
    def kernel_onlines(self, kernel: KernelState, source: Source) -> Decision[OnlineType | None]:
        """Whether the kernel onlines memory that this source adds, and with which online type."""

    # --- onlining and offlining

    @abstractmethod
    def zone_to_online(
        self, kernel: KernelState, block: int, online_type: OnlineType
    ) -> Decision[Zone | None]:
        """The zone in which a block goes online with this type, None to refuse with EINVAL."""

    @abstractmethod
    def refuses_offline(self, kernel: KernelState, block: int) -> Because | None:
        """Why the kernel refuses at once to offline an online block of a single zone (EINVAL)."""

    @abstractmethod
    def valid_zones(self, kernel: KernelState, block: int) -> tuple[Zone, ...] | None:
        """The zones in the block's `valid_zones`, None for `none`; the block lies in a single zone.

        The answer may depend on the block's status and zone and on the edges of zone spans; with
        `valid_zones_by_device` also on the block's device. It may depend on nothing else: the
        engine asks once for all blocks that are equal in these.
        """

    # --- the interface to user space

    @property
    def interface(self) -> Interface:
        """The files, parameters and options that this kernel has and what they accept."""
        files: dict[str, tuple[str, ...]] = {
            "block_size_bytes": (),
            "memoryN/state": ("online", "online_kernel", "online_movable", "offline"),
            "memoryN/online": ("1", "0"),
            "memoryN/removable": (),
            "memoryN/valid_zones": (),
        }
        parameters: dict[str, tuple[str, ...]] = {
            "movable_node": (),
            "kernelcore": (),
            "movablecore": (),
        }
        options: dict[str, tuple[str, ...]] = {"MOVABLE_NODE": ("y", "n")}
        if self.has_probe:
            files["probe"] = ()
        if self.knob is not None:
            files["auto_online_blocks"] = self.knob
        if self.default_state is not None:
            parameters["memhp_default_state"] = self.default_state
        if self.default_online_option:
            options["MEMORY_HOTPLUG_DEFAULT_ONLINE"] = ("y", "n")
        return Interface(files, parameters, options)
