"""Whether anything notices that a module is broken: recordings and tests.

A trial runs in a process of its own, forked, in which the broken module takes the place of the
sound one; what it imports besides is imported afresh there.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, zip_longest
from pathlib import Path
from types import CodeType, ModuleType

import hypothesis  # noqa: F401 (so that not every trial has to)
import pytest

ROOT = Path(__file__).parents[2]

SURVIVED, BY_RECORDING, BY_TEST, BY_IMPORT = range(4)
HUNG = -1
"""How a trial ends."""

CPU_SECONDS = 90
MEMORY_BYTES = 4 << 30

FIRST = {
    "engine/boot": ("engine/test_boot.py",),
    "engine/memory": ("engine/test_memory.py",),
    "engine/sysfs": ("engine/test_sysfs.py", "engine/test_states.py"),
    "engine/guest": ("engine/test_machine.py", "engine/test_adding.py", "engine/test_eject.py"),
    "engine/adding": ("engine/test_adding.py", "variants/test_later_kernels.py"),
    "engine/ejecting": ("engine/test_eject.py", "variants/test_later_kernels.py"),
    "engine/kernel": ("engine/test_states.py", "variants/test_later_kernels.py"),
    "engine/onlining": ("engine/test_states.py", "engine/test_offlining.py"),
    "engine/processes": ("engine/test_processes.py",),
    "engine/policy": ("engine/test_adding.py", "variants/test_variants.py"),
    "engine/pressure": ("engine/test_processes.py",),
    "engine/userspace": ("engine/test_adding.py", "engine/test_onlining.py"),
    "engine/observe": ("engine/test_observation.py", "engine/test_nodes.py"),
    "variants/hyperv_xen_only": ("variants/test_drivers.py",),
    "variants/michal_split": ("variants/test_drivers.py", "variants/test_variants.py"),
    "variants/pre_auto_online": ("variants/test_drivers.py",),
    "variants/v4_13": ("variants/test_later_kernels.py",),
    "variants/v4_14": ("variants/test_later_kernels.py",),
    "variants/v6_1": ("variants/test_later_kernels.py",),
}
"""Tests that most likely notice, by module; the others follow."""

OPTIONS = ("-xq", "-pno:cacheprovider", "-Wignore::pytest.PytestAssertRewriteWarning")
"""Hypothesis is imported before pytest could rewrite it."""

ASKED_FIRST = 100
"""So many recordings are asked before the tests of FIRST, and the others after them."""

LAST = ("engine/test_invariants.py",)
"""The slowest test, asked only when no other has noticed."""


@dataclass
class Broken(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from code that is given."""

    name: str
    path: Path
    code: CodeType = field(repr=False)

    def find_spec(
        self, fullname: str, path: object, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        exec(self.code, vars(module))


def module_name(path: Path) -> str:
    return ".".join(("zonediff", *path.relative_to(ROOT).with_suffix("").parts))


def start(
    path: Path, tree: ast.Module, breaks: Callable[[], None] = lambda: None, *, quick: bool = False
) -> int:
    """Fork a trial of a module as `tree` has it once it is broken; the id of the process."""
    child = os.fork()
    if child:
        return child
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(silence, stream)
    # Failing is enough; shrinking a failure takes Hypothesis minutes.
    os.environ["HYPOTHESIS_PROFILE"] = "unshrunk"
    try:
        breaks()
        ended = _try(path, tree, quick)
    except BaseException:
        ended = BY_TEST
    os._exit(ended)


def ended(status: int) -> int:
    """How a trial ended, from its wait status."""
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else HUNG


def _try(path: Path, tree: ast.Module, quick: bool) -> int:
    code = compile(ast.fix_missing_locations(tree), str(path), "exec")
    sys.meta_path.insert(0, Broken(module_name(path), path, code))
    try:
        importlib.import_module(module_name(path))
        importlib.import_module("zonediff.compare.validate")
    except Exception:
        return BY_IMPORT
    agreements = _agreements()
    first, rest, last = _tests(path)
    if not _all_agree(islice(agreements, ASKED_FIRST)):
        return BY_RECORDING
    if _fails(first):
        return BY_TEST
    if not _all_agree(agreements):
        return BY_RECORDING
    if _fails(rest) or (not quick and _fails(last)):
        return BY_TEST
    return SURVIVED


def _fails(files: Sequence[str]) -> bool:
    return bool(files) and pytest.main([*OPTIONS, *files]) != 0


def _all_agree(agreements: Iterator[bool]) -> bool:
    try:
        return all(agreements)
    except Exception:  # the broken model's
        return False


def _agreements() -> Iterator[bool]:
    """Whether each recording agrees; one of each file is asked before the next of any."""
    from zonediff.compare.validate import replay
    from zonediff.corpus.recording import SHIPPED, Recording, read
    from zonediff.variants.registry import Registry

    files: list[Iterator[Recording]] = [read(path) for path in sorted(SHIPPED.glob("*.jsonl"))]
    registry = Registry()
    for recording in chain.from_iterable(zip_longest(*files)):
        if recording is not None:
            yield replay(recording, registry.model(recording.variant).policy).agrees


def _tests(path: Path) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    tests = ROOT / "tests"
    first = [str(tests / name) for name in FIRST.get(f"{path.parent.name}/{path.stem}", ())]
    last = [str(tests / name) for name in LAST]
    every = [str(file) for name in ("engine", "variants") for file in tests.glob(f"{name}/test_*")]
    return first, sorted(set(every) - {*first, *last}), last
