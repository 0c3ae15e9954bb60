"""Turning runs on real kernels into recordings (corpus/recordings/README.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from itertools import pairwise
from typing import Any, Final, NamedTuple

from zonediff.corpus.forms import machine_to_json, managed_devices_to_json
from zonediff.corpus.recording import RecordedStep, Recording
from zonediff.engine.machine import Config
from zonediff.engine.steps import Probe
from zonediff.engine.sysfs import STATES
from zonediff.live.run import LiveRun
from zonediff.live.snapshot import Snapshot

_MACHINE_KEYS: Final = ("nodes", "cmdline", "dimms")


def to_recording(id: str, variant: str, run: LiveRun) -> Recording:
    """Return the recording of a run in which the kernel booted."""
    boot, *observations = (snapshot.observation(every_zone=True) for snapshot in run.snapshots)
    acts = (act for _, _, act in run.trace.acts())
    steps = tuple(
        RecordedStep(act.do, act.result, after)
        for act, after in zip(acts, observations, strict=True)
    )
    machine = replace(run.machine, config=_config(run))
    return Recording(id, run.kernel, variant, machine, boot, steps)


class Record(NamedTuple):
    """The result of recording a run.

    body: see to_json(); None when the kernel did not boot. Then `death` says how it died, and
    `last` is the last line that it printed.
    """

    body: dict[str, Any] | None
    death: str = ""
    last: str = ""


def to_record(run: LiveRun) -> Record:
    """Return the record of a run."""
    if run.snapshots:
        return Record(to_json(run))
    *_, last = ("", *(reason.text for reason in run.trace.boot_reasons))
    return Record(None, run.trace.end, last)


def to_json(run: LiveRun) -> dict[str, Any]:
    """Return a run in which the kernel booted as an object of a recordings file, without an id."""
    snapshots = [_snapshot_to_json(snapshot) for snapshot in run.snapshots]
    acts = (act for _, _, act in run.trace.acts())
    machine = machine_to_json(run.machine)
    return {
        "kernel": run.kernel,
        "config": asdict(_config(run)),
        "machine": {
            **{key: machine[key] for key in _MACHINE_KEYS},
            **managed_devices_to_json(run.machine),
        },
        "boot": snapshots[0],
        "steps": [
            {"do": act.do.to_json(), "result": act.result, "changed": _changes(before, after)}
            for act, (before, after) in zip(acts, pairwise(snapshots), strict=True)
        ],
    }


def with_id(body: Mapping[str, Any], id: str, variant: str) -> dict[str, Any]:
    """Return the object with its id and the variant that it is evidence for."""
    return {"id": id, "kernel": body["kernel"], "variant": variant, **body}


def _config(run: LiveRun) -> Config:
    """Return the config options of the kernel, as its sysfs shows them."""
    boot = run.snapshots[0]
    online = run.built_online
    if online is None:
        # An unknown value has no effect; what the knob reads then comes from the config.
        on_cmdline = run.machine.parameter("memhp_default_state") in STATES
        online = boot.knob not in (None, "offline") and not on_cmdline
    return Config(
        MOVABLE_NODE="has_memory" in boot.nodes,
        MEMORY_HOTPLUG_DEFAULT_ONLINE=online,
        ARCH_MEMORY_PROBE=run.built_probe is not False and not _lacks_probe(run),
    )


def _lacks_probe(run: LiveRun) -> bool:
    """Whether a probe showed that the kernel has no such file, where its config is not known."""
    acts = (act for _, _, act in run.trace.acts())
    return any(isinstance(act.do, Probe) and act.result == "ENOENT" for act in acts)


def _snapshot_to_json(snapshot: Snapshot) -> dict[str, Any]:
    links = {
        number: {"node": nodes[0] if len(nodes) == 1 else list(nodes)}
        for number, nodes in snapshot.links.items()
    }
    return {
        "blocks": {
            str(number): {
                **{name: text for name, text in files.items() if text},
                **links.get(number, {}),
            }
            for number, files in sorted(snapshot.blocks.items())
        },
        "zones": snapshot.zones,
        "auto_online_blocks": snapshot.knob,
        "nodes": snapshot.nodes,
        **({"devices": snapshot.devices} if snapshot.devices else {}),
    }


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return what differs; a block or zone that went away is None."""
    changed: dict[str, Any] = {}
    for key in ("blocks", "zones"):
        items = {
            name: after[key].get(name)
            for name in {**before[key], **after[key]}
            if before[key].get(name) != after[key].get(name)
        }
        if items:
            changed[key] = items
    for key in ("auto_online_blocks", "nodes"):
        if before[key] != after[key]:
            changed[key] = after[key]
    devices = after.get("devices", {}).items() - before.get("devices", {}).items()
    return {**changed, "devices": dict(sorted(devices))} if devices else changed
