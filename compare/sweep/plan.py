"""Read a sweep from its file: the axes of the grid, and its rows.

    title: How much memory a machine can take
    base: [128M, 256M]
    added: {first: 1G, last: 16G, step: 1G}
    paths: [acpi, chunks]
    onliners: [kernel, nobody]

A point is one machine and one addition of memory. Points that differ only in the amount added make
a row, the unit of work.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import fields as fields_of
from itertools import pairwise, product
from pathlib import Path
from typing import Final, Literal, get_args

from zonediff.corpus import loader
from zonediff.corpus.positions import Plain, read_document
from zonediff.corpus.problems import Mistake, Problem, ScenarioError, unknown
from zonediff.corpus.schema import Misshapen, read
from zonediff.engine.bounds import SWEEP_BYTES, SWEEP_SIZES
from zonediff.engine.units import GIB, MIB, SECTION, Bytes, format_size
from zonediff.variants.registry import Registry, VariantError

HotAdd = Literal["acpi", "chunks", "hyperv"]
"""The way memory is added: as one DIMM, as DIMMs of 128M, or in chunks from a Hyper-V host."""

Onliner = Literal["kernel", "udev", "udev-movable", "nobody"]
"""The actor that onlines it: the kernel (where auto_online_blocks exists), a udev rule right after
each addition, with `online` or with `online_movable`, or nobody."""

PATHS: Final[tuple[HotAdd, ...]] = get_args(HotAdd)
ONLINERS: Final[tuple[Onliner, ...]] = get_args(Onliner)

SHIPPED: Final = loader.SHIPPED.parent / "sweeps"
"""The folder of the sweeps that come with the package."""

SMALLEST_BASE: Final = 64 * MIB
LARGEST_BASE: Final = 62 * GIB
"""With more boot memory, memory blocks are larger than 128M."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Sizes at equal distances, both ends included."""

    first: Bytes
    last: Bytes
    step: Bytes


@dataclass(frozen=True, slots=True)
class Sweep:
    """The axes of a grid.

    base: boot memory. added: memory added to it. variants: names; empty for the default variants.
    """

    title: str
    base: tuple[Bytes, ...]
    added: tuple[Bytes, ...]
    variants: tuple[str, ...] = ()
    paths: tuple[HotAdd, ...] = PATHS
    onliners: tuple[Onliner, ...] = ONLINERS
    why: str = ""

    def rows(self) -> Iterator[Row]:
        """The rows of the grid, in order."""
        for variant, path, onliner in self.curves():
            for base in self.base:
                yield Row(variant, path, onliner, base, self.added)

    def curves(self) -> Iterator[tuple[str, HotAdd, Onliner]]:
        """The variant, path and onliner of each frontier."""
        return product(self.variants, self.paths, self.onliners)


@dataclass(frozen=True, slots=True)
class Row:
    """The points of one machine: a variant, its boot memory, and all sizes added to it."""

    variant: str
    path: HotAdd
    onliner: Onliner
    base: Bytes
    added: tuple[Bytes, ...]

    @property
    def in_one_go(self) -> bool:
        """Whether one machine passes through all sizes, as memory comes in pieces."""
        return self.path != "acpi"

    def __str__(self) -> str:
        return f"{self.variant} with {format_size(self.base)}, {self.path}, {self.onliner}"


def find(name: str, folder: Path = SHIPPED) -> Path:
    """The file of that name, or the shipped sweep. Raises ScenarioError."""
    file = Path(name)
    shipped = folder / f"{name}.yaml"
    if file.exists() or not shipped.is_file():
        if file.is_file():
            return file
        known = [path.stem for path in sorted(folder.glob("*.yaml"))]
        raise ScenarioError(
            [Problem(name, 0, 0, "", f"no such file; {unknown('sweep', name, known)}")]
        )
    return shipped


def load(file: Path, registry: Registry) -> Sweep:
    """The sweep of a file. Raises ScenarioError with every problem in it."""
    document = read_document(file)
    try:
        sweep = _read(document.value, registry)
    except Misshapen as error:
        problems = document.locate_all(error.mistakes)
        raise ScenarioError([*document.problems, *problems]) from None
    if document.problems:
        raise ScenarioError(document.problems)
    return sweep


def _read(data: Plain, registry: Registry) -> Sweep:
    if isinstance(data, dict):
        data = {"variants": [*registry.default_names()], **data}
        for key in ("base", "added"):
            if key in data:
                data[key] = _written_out(data[key], key)
    sweep = read(data, Sweep)
    mistakes = [*axis_mistakes(sweep), *_unknown(sweep, registry)]
    if mistakes:
        raise Misshapen(*mistakes)
    return sweep


def _written_out(sizes: Plain, key: str) -> Plain:
    """Sizes as a list; a mapping (first, last, step) is expanded."""
    if not isinstance(sizes, dict):
        return sizes
    steps = read(sizes, Steps, (key,))
    if steps.step <= 0:
        raise Misshapen(Mistake((key, "step"), "expected a step above 0"))
    count = (steps.last - steps.first) // steps.step + 1
    if count > SWEEP_SIZES:
        raise Misshapen(Mistake((key,), f"{count} sizes: expected at most {SWEEP_SIZES}"))
    return [*range(steps.first, steps.last + 1, steps.step)]


def axis_mistakes(sweep: Sweep) -> Iterator[Mistake]:
    """The mistakes in the axes of a well-formed sweep."""
    for item in fields_of(sweep):
        values = getattr(sweep, item.name)
        if isinstance(values, tuple):
            if not values:
                yield Mistake((item.name,), "expected at least one value")
            if len(values) > SWEEP_SIZES:
                yield Mistake((item.name,), f"{len(values)} values: expected at most {SWEEP_SIZES}")
            first = {value: len(values) - index for index, value in enumerate(reversed(values), 1)}
            for index, value in enumerate(values):
                if first[value] < index:
                    text = format_size(value) if isinstance(value, int) else value
                    yield Mistake((item.name, index), f"{text} is listed twice")
    for key in ("base", "added"):
        for index, (before, size) in enumerate(pairwise(getattr(sweep, key)), 1):
            if size < before:
                yield Mistake((key, index), "expected ascending sizes")
    for index, size in enumerate(sweep.base):
        if not SMALLEST_BASE <= size <= LARGEST_BASE or size % MIB:
            limits = f"{format_size(SMALLEST_BASE)} to {format_size(LARGEST_BASE)}"
            yield Mistake(("base", index), f"{format_size(size)}: expected whole MiB, {limits}")
    for index, size in enumerate(sweep.added):
        if not 0 < size <= SWEEP_BYTES or size % SECTION:
            limit = f"a multiple of 128M, up to {format_size(SWEEP_BYTES)}"
            yield Mistake(("added", index), f"{format_size(size)}: expected {limit}")


def _unknown(sweep: Sweep, registry: Registry) -> Iterator[Mistake]:
    for index, name in enumerate(sweep.variants):
        try:
            registry.model(name)
        except VariantError as error:
            yield Mistake(("variants", index), str(error))
