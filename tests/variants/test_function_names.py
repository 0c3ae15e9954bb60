"""Every reason of a variant names a function of that kernel.

Needs the kernels' sources: Debian's packages linux-source-VERSION, unpacked in a folder that
ZONEDIFF_LINUX_SOURCES names (default /usr/src). Skipped without them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from zonediff.compare.run import run
from zonediff.corpus.loader import load
from zonediff.corpus.recording import SHIPPED, read
from zonediff.engine.guest import Guest
from zonediff.engine.run import Runner
from zonediff.variants.registry import Registry

SOURCES = Path(os.environ.get("ZONEDIFF_LINUX_SOURCES", "/usr/src"))

PARTS = (
    *("mm", "drivers/base", "drivers/acpi", "drivers/hv", "drivers/xen", "arch/x86/mm"),
    *("fs/kernfs", "lib", "fs/read_write.c", "include/linux", "kernel/resource.c"),
    *("arch/x86/kernel", "kernel/params.c"),
)
"""Where the functions of our rules are."""

FUNCTION = re.compile(r"\b([A-Za-z_][A-Za-z0-9_]*)(?:\(| = )")
"""A function, or a variable that a parameter sets."""


def functions(source: Path) -> set[str]:
    names: set[str] = set()
    for part in PARTS:
        place = source / part
        files = [place] if place.is_file() else place.rglob("*.[ch]")
        for file in files:
            names.update(FUNCTION.findall(file.read_text(errors="replace")))
    return names


def named(variant: str) -> Iterator[tuple[str, str]]:
    """Every (function, rule) that the variant names in the corpus and in its recordings."""
    for outcome in run(load(), [variant], baseline=variant).runs:
        assert outcome.trace is not None
        for _, _, act in outcome.trace.acts():
            yield from ((reason.function, reason.rule) for reason in act.reasons)
    policy = Registry().model(variant).policy
    for recording in read(SHIPPED / f"{variant}.jsonl"):
        runner = Runner(Guest(recording.machine, policy))
        runner.boot()
        for step in recording.steps:
            if runner.end == "ran":
                act = runner.act(step.do)
                yield from ((reason.function, reason.rule) for reason in act.reasons)


@pytest.mark.parametrize("variant", ["v5.10", "v6.1", "v6.12", "v7.2"])
def test_reasons_name_functions_that_the_kernel_has(variant: str) -> None:
    source = SOURCES / f"linux-source-{variant.removeprefix('v')}"
    if not (source / "mm").is_dir():
        pytest.skip(f"no {source}: unpack Debian's package of this name there")
    known = functions(source)
    rules = {rule: function for function, rule in named(variant) if "(" not in function}
    assert {rule: name for rule, name in rules.items() if name not in known} == {}
