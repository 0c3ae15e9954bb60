"""Compare a model with a recording of a real kernel; only this module defines the comparison.

Compared after every step:

- the step's result;
- for every block, `state`, `valid_zones`, `online` and its node;
- for zones Normal and Movable in the recording, `start_pfn`, `spanned` and `present` (where the
  kernel printed them); for others, that no page is present;
- the node masks that the recording holds, and the knob's text;
- the drivers of dax devices, and the sizes of virtio-mem devices.

Not compared, because they depend on the kernel's allocations or are not shown:

- `removable`, and the `managed` pages of zones;
- zones DMA and DMA32, which hold boot memory only;
- the span of a zone that the recording does not list (4.10 and 4.12 list populated zones only).

Taken from the recording as an input, not predicted: which blocks hold pages that cannot migrate.
EBUSY or EAGAIN for offlining a kernel block shows this, and so does a refused eject. On
4.11 to 4.13, whether movable memory can be ejected is partly chance, so it is an input as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from zonediff.engine import words
from zonediff.engine.observation import BlockView, Observation, aligned
from zonediff.engine.steps import Plug, Step

COMPARED_ZONES: Final = ("Normal", "Movable")

NOT_COMPARED: Final = (
    "removable of any block, managed pages, zones DMA and DMA32",
    "uevents and their order: recordings do not hold them",
    "other nodes of a block that lies in several, where the recording holds one",
    "spans of zones without present pages where the kernel does not list them",
    "which memory holds unmovable pages: taken from the recording",
    "whether a process needs memory when nothing is left: taken from the recording",
)
"""The facts that a comparison leaves out, for reports."""

BUSY: Final = ("EBUSY", "EAGAIN")
"""Results of offlining that depend on the content of the block."""


NOT_ADDED: Final = ("EINVAL", "ENOMEM", "EEXIST")
"""Results of add_memory() that a machine does not always show."""


def same_result(recorded: str | None, predicted: str | None, step: Step | None = None) -> bool:
    """Whether results agree. A shell's redirect to a missing file is recorded as EACCES.

    step: what was done. That a DIMM was not added is recorded as REFUSED where no line of the log
    says why, and as a success where the driver takes blocks that were there already (EEXIST).
    """
    if isinstance(step, Plug) and predicted in NOT_ADDED:
        return recorded in (predicted, "REFUSED") or (recorded, predicted) == (None, "EEXIST")
    if recorded in BUSY and predicted in BUSY:
        return True
    return recorded == predicted or (recorded, predicted) == ("EACCES", "ENOENT")


def same_view(recorded: BlockView | None, predicted: BlockView | None) -> bool:
    """Whether a block's compared files are the same."""
    if recorded is None or predicted is None:
        return recorded is predicted
    if recorded.other_nodes not in ((), predicted.other_nodes):
        return False
    return _shown(recorded) == _shown(predicted)


def same_zone(recorded: BlockView | None, predicted: BlockView | None) -> bool:
    """Whether a block is in the same state and zone; other zones in its file do not count."""
    return _place(recorded) == _place(predicted)


def discrepancies(recorded: Observation, predicted: Observation) -> Iterator[tuple[str, str, str]]:
    """Yield every difference that counts, as (what, recorded, predicted)."""
    for first, last, real, model in aligned(recorded.blocks, predicted.blocks):
        if not same_view(real, model):
            name = f"memory{first}" + (f"-{last}" if last > first else "")
            yield name, _text(real), _text(model)
    for name in sorted(recorded.zones.keys() | predicted.zones.keys()):
        if name.partition("/")[2] in COMPARED_ZONES:
            yield from _zone(name, recorded, predicted)
    for mask, real_mask in recorded.nodes.items():
        model_mask = predicted.nodes.get(mask, "(no file)")
        if real_mask != model_mask:
            yield f"nodes {mask}", real_mask, model_mask
    if recorded.auto_online_blocks != predicted.auto_online_blocks:
        yield (
            "auto_online_blocks",
            recorded.auto_online_blocks or "(no file)",
            predicted.auto_online_blocks or "(no file)",
        )
    for name in sorted(recorded.devices.keys() | predicted.devices.keys()):
        real_text, model_text = recorded.devices.get(name, ""), predicted.devices.get(name, "")
        if real_text != model_text:
            yield f"device {name}", real_text or words.NOT_THERE, model_text or words.NOT_THERE


def _zone(
    name: str, recorded: Observation, predicted: Observation
) -> Iterator[tuple[str, str, str]]:
    real, model = recorded.zones.get(name), predicted.zones.get(name)
    if real is None:
        if model is not None and model.present:
            yield f"zone {name}", "(not listed)", f"present {model.present}"
        return
    start, spanned, present = (
        (0, 0, 0) if model is None else (model.start_pfn, model.spanned, model.present)
    )
    agrees = (real.spanned, real.present) == (spanned, present)
    if not agrees or real.start_pfn not in (-1, start):
        yield (
            f"zone {name}",
            f"start {real.start_pfn} spanned {real.spanned} present {real.present}",
            f"start {start} spanned {spanned} present {present}",
        )


def _place(view: BlockView | None) -> tuple[str, str] | None:
    return None if view is None else (view.state, view.valid_zones.partition(" ")[0])


def _shown(view: BlockView) -> tuple[str, str, str, int]:
    return view.state, view.valid_zones, view.online, view.node


def _text(view: BlockView | None) -> str:
    if view is None:
        return "(not there)"
    return f"{view.state} [{view.valid_zones}] online={view.online} node{words.nodes_of(view)}"
