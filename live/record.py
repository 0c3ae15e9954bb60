"""Runs on real kernels as recordings (corpus/recordings/README.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from itertools import pairwise
from typing import Any, Final, NamedTuple

from zonediff.corpus.forms import machine_to_json
from zonediff.corpus.recording import RecordedStep, Recording
from zonediff.engine.machine import Config
from zonediff.live.look import Look
from zonediff.live.run import LiveRun

_MACHINE_KEYS: Final = ("nodes", "cmdline", "dimms")


def recording(id: str, variant: str, run: LiveRun) -> Recording:
    """A run as its recording reads; the kernel has booted in it."""
    boot, *seen = (look.observation(every_zone=True) for look in run.looks)
    acts = (act for _, _, act in run.trace.acts())
    steps = tuple(
        RecordedStep(act.do, act.result, after) for act, after in zip(acts, seen, strict=True)
    )
    machine = replace(run.machine, config=_config(run))
    return Recording(id, run.release, variant, machine, boot, steps)


class Record(NamedTuple):
    """What is written down of a run.

    body: see to_json(); None when the kernel did not boot: then death says how it died, and last
    what it said last.
    """

    body: dict[str, Any] | None
    death: str = ""
    last: str = ""


def record(run: LiveRun) -> Record:
    """A run as it is written down."""
    if run.looks:
        return Record(to_json(run))
    *_, last = ("", *(reason.text for reason in run.trace.boot_reasons))
    return Record(None, run.trace.end, last)


def to_json(run: LiveRun) -> dict[str, Any]:
    """A run as an object of a recordings file, yet without a name; the kernel has booted in it."""
    looks = [_look_to_json(look) for look in run.looks]
    acts = (act for _, _, act in run.trace.acts())
    machine = machine_to_json(run.machine)
    return {
        "kernel": run.release,
        "config": asdict(_config(run)),
        "machine": {key: machine[key] for key in _MACHINE_KEYS},
        "boot": looks[0],
        "steps": [
            {"do": act.do.to_json(), "result": act.result, "changed": _changes(before, after)}
            for act, (before, after) in zip(acts, pairwise(looks), strict=True)
        ],
    }


def named(body: Mapping[str, Any], id: str, variant: str) -> dict[str, Any]:
    """The object of a recordings file, of the variant that it speaks for."""
    return {"id": id, "kernel": body["kernel"], "variant": variant, **body}


def _config(run: LiveRun) -> Config:
    """The options that the kernel shows to be built with."""
    boot = run.looks[0]
    told = run.machine.has_parameter("memhp_default_state")
    return Config(
        MOVABLE_NODE="has_memory" in boot.nodes,
        MEMORY_HOTPLUG_DEFAULT_ONLINE=boot.knob not in (None, "offline") and not told,
    )


def _look_to_json(look: Look) -> dict[str, Any]:
    links = {number: {"node": node} for number, node in look.links.items()}
    return {
        "blocks": {
            str(number): {
                **{name: text for name, text in files.items() if text},
                **links.get(number, {}),
            }
            for number, files in sorted(look.blocks.items())
        },
        "zones": look.zones,
        "auto_online_blocks": look.knob,
        "nodes": look.nodes,
    }


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What differs; a block or zone that went away is None."""
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
    return changed
