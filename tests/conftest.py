"""A machine that is switched on, to be worked on step by step (`boot`), and a Dask `cluster`.

And how hard hypothesis tries: the same examples in each run, or with HYPOTHESIS_PROFILE=thorough
many more and others each time. With `unshrunk` it is content to know that something fails.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Protocol

import pytest
from hypothesis import Phase, settings

from tests.cluster import Cluster
from zonediff.engine.guest import Guest
from zonediff.engine.machine import Config, Dimm, Machine
from zonediff.engine.managed_devices import Dax, VirtioMem
from zonediff.engine.observation import BlockView, Observation
from zonediff.engine.policy import Policy
from zonediff.engine.run import Runner
from zonediff.engine.steps import Plug, Probe, Step, Unplug, Write
from zonediff.engine.trace import Act, Reason
from zonediff.engine.units import SECTION, SECTION_PAGES, Bytes, parse_size
from zonediff.engine.zones import Zone
from zonediff.variants.registry import Registry

settings.register_profile("quick", deadline=None, derandomize=True, max_examples=100)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.register_profile(
    "unshrunk", settings.get_profile("quick"), phases=(Phase.explicit, Phase.generate)
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

ZONES = {"Normal": Zone.NORMAL, "Movable": Zone.MOVABLE, "DMA32": Zone.DMA32, "DMA": Zone.DMA}


class Lab:
    """A running machine, looked at in blocks of 128 MiB.

    A step returns its result; what it was made of is in `acts` until the next one.
    """

    def __init__(self, machine: Machine, policy: Policy) -> None:
        self.runner = Runner(Guest(machine, policy))
        self.end = self.runner.boot()
        self.boot_reasons, self.boot_uevents = self.runner.accounts()
        self.acts: list[Act] = []

    # --- doing

    def do(self, step: Step) -> str | None:
        """Carry a step out; its first result that is not success."""
        self.acts = list(self.runner.acts(step))
        self.end = self.runner.end
        return next((act.result for act in self.acts if act.result is not None), None)

    def write(self, block: int, value: str) -> str | None:
        return self.do(Write(f"memory{block}/state", value))

    def switch(self, block: int, value: str) -> str | None:
        """Write to the block's `online` file."""
        return self.do(Write(f"memory{block}/online", value))

    def knob(self, value: str) -> str | None:
        return self.do(Write("auto_online_blocks", value))

    def plug(self, id: str, size: str, *, at: int | None = None, node: int = 0) -> str | None:
        """Plug a DIMM, at a block number or at the first free address."""
        addr = None if at is None else Bytes(at * SECTION)
        return self.do(Plug(id, parse_size(size), node, addr))

    def unplug(self, id: str) -> str | None:
        return self.do(Unplug(id))

    def probe(self, block: int) -> str | None:
        return self.do(Probe(Bytes(block * SECTION)))

    # --- looking

    @property
    def observation(self) -> Observation:
        return self.runner.observation

    @property
    def guest(self) -> Guest:
        return self.runner.guest

    @property
    def hot(self) -> list[str]:
        """Blocks that are above boot memory: `32-38 offline [Normal]`."""
        base = self.guest.machine.hotplug_base // SECTION
        shown = (item for item in self.observation.blocks if item.first >= base)
        return [str(item).removeprefix("memory") for item in shown]

    @property
    def layout(self) -> str:
        """What `valid_zones` says of every block: `0 none; 1-7 DMA32`."""
        runs: list[tuple[str, int, int]] = []
        for number, view in self.observation.each():
            if runs and runs[-1][0] == view.valid_zones and runs[-1][2] == number - 1:
                runs[-1] = (view.valid_zones, runs[-1][1], number)
            else:
                runs.append((view.valid_zones, number, number))
        return "; ".join(
            f"{first}-{last} {zones}" if last > first else f"{first} {zones}"
            for zones, first, last in runs
        )

    def zones(self, block: int) -> str:
        view = self.observation.block(block)
        return "gone" if view is None else view.valid_zones

    def state(self, block: int) -> tuple[str, str]:
        """The block's `state` and `online`."""
        view = self.view(block)
        return view.state, view.online

    def view(self, block: int) -> BlockView:
        """The files of a block that exists."""
        view = self.observation.block(block)
        assert view is not None
        return view

    def span(self, zone: str, node: int = 0) -> tuple[float, float]:
        """What a zone spans, in blocks; (0, 0) for an empty one."""
        span = self.guest.kernel.tables.span(node, ZONES[zone])
        return span.start / SECTION_PAGES, span.end / SECTION_PAGES

    def present(self, zone: str, node: int = 0) -> float:
        """Pages present in a zone, in blocks."""
        return self.guest.kernel.tables.present_pages(node, ZONES[zone]) / SECTION_PAGES

    @property
    def rules(self) -> list[str]:
        """Ids of the rules that the last step's reasons name."""
        return [reason.rule for act in self.acts for reason in act.reasons]

    @property
    def reasons(self) -> list[Reason]:
        return [reason for act in self.acts for reason in act.reasons]

    @property
    def files(self) -> list[str]:
        """The file that each act of the last step wrote to; all were writes."""
        writes = [act.do for act in self.acts if isinstance(act.do, Write)]
        assert len(writes) == len(self.acts)
        return [write.file for write in writes]

    @property
    def events(self) -> list[str]:
        """Uevents of the last step."""
        return [event for act in self.acts for event in act.uevents]

    @property
    def results(self) -> list[str | None]:
        """Results of the last step's acts."""
        return [act.result for act in self.acts]


class BootLab(Protocol):
    """Switch a machine on: boot("512M+512M", "movable_node", variant="igor-movable")."""

    def __call__(
        self,
        nodes: str = "1G",
        cmdline: str = "",
        *,
        variant: str = "upstream",
        dimms: Sequence[Dimm] = (),
        dax: Sequence[Dax] = (),
        virtio_mem: Sequence[VirtioMem] = (),
        bits: int = 40,
        **config: bool,
    ) -> Lab: ...


def boot_lab(
    nodes: str = "1G",
    cmdline: str = "",
    *,
    variant: str = "upstream",
    dimms: Sequence[Dimm] = (),
    dax: Sequence[Dax] = (),
    virtio_mem: Sequence[VirtioMem] = (),
    bits: int = 40,
    **config: bool,
) -> Lab:
    machine = Machine(
        nodes=tuple(parse_size(size) for size in nodes.split("+")),
        dimms=tuple(dimms),
        dax=tuple(dax),
        virtio_mem=tuple(virtio_mem),
        cmdline=cmdline,
        config=Config(**config),
        physical_bits=bits,
    )
    return Lab(machine, Registry().model(variant).policy)


@pytest.fixture(scope="session")
def boot() -> BootLab:
    """See BootLab."""
    return boot_lab


@pytest.fixture(scope="module")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A Dask cluster for the tests of a module."""
    cluster = Cluster(tmp_path_factory.mktemp("dask"))
    yield cluster
    cluster.close()


@pytest.fixture
def cluster(shared_cluster: Cluster) -> Cluster:
    """The same, with two workers, whatever a test before did to them."""
    shared_cluster.mend(2)
    return shared_cluster
