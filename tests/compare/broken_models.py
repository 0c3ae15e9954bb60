"""Models with one token broken, each held to the unbroken model as to a kernel.

    python -m tests.compare.broken_models [MODULE...]    every mutant of v6.1's modules

Prints for each module how many mutants a certificate refutes on the arenas below, and those whose
behaviour there is another one and that it does not refute.
"""

from __future__ import annotations

import ast
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, ModuleType
from typing import Final

from tests.compare.kernel_stand_in import ARENA, PLUGS, held_to
from tests.mutation.sites import mutants
from zonediff.compare.certified import model_of
from zonediff.engine.policy import Policy
from zonediff.explore.arena import Arena
from zonediff.variants.v6_1 import V6_1

_PREFIX: Final = "zonediff.variants."
_SECONDS: Final = 60

CHAIN: Final = tuple(
    cls.__module__.removeprefix(_PREFIX)
    for cls in reversed(V6_1.__mro__)
    if cls.__module__.startswith(_PREFIX)
)
"""The modules that v6.1's model is made of, those that it builds on first."""


def numbered(module: str) -> Iterator[tuple[int, str]]:
    """Yield the mutants of a module: their numbers and what is broken."""
    path, tree = _source(module)
    for number, mutant in enumerate(mutants(path, tree, f"variants/{module}.py")):
        yield number, mutant.key


def broken(module: str, number: int) -> Policy:
    """Return v6.1's model with one mutant of a module. Raises whatever the broken module raises."""
    path, tree = _source(module)
    [*mutants(path, tree, module)][number].apply()
    later = CHAIN[CHAIN.index(module) :]
    saved = {name: sys.modules[_PREFIX + name] for name in later}
    try:
        for name in later:
            source = tree if name == module else _source(name)[1]
            made = ModuleType(_PREFIX + name)
            made.__file__ = saved[name].__file__
            sys.modules[_PREFIX + name] = made
            exec(compile(ast.fix_missing_locations(source), path, "exec"), made.__dict__)
        policy: Policy = made.V6_1()
        return policy
    finally:
        for name, sound in saved.items():
            sys.modules[_PREFIX + name] = sound


def outcome(module: str, number: int) -> str:
    """What becomes of a mutant: `refuted`, `alike` on these arenas, `fails`, or `missed`."""
    try:
        policy = broken(module, number)
        same = [_digest(policy, arena) == _digest(V6_1(), arena) for arena in (ARENA, PLUGS)]
        parted = [bool(held_to("v6.1", policy, arena).partings) for arena in (ARENA, PLUGS)]
    except Exception:
        return "fails"
    if any(parted):
        return "refuted"
    return "alike" if all(same) else "missed"


def _digest(policy: Policy, arena: Arena) -> str:
    return model_of(policy, arena).digest


def _source(module: str) -> tuple[Path, ast.Module]:
    path = Path(sys.modules[_PREFIX + module].__file__ or "")
    return path, ast.parse(path.read_text())


def _too_long(number: int, frame: FrameType | None) -> None:
    raise TimeoutError


def main() -> None:
    """Try every mutant of the modules that are named, or of all."""
    signal.signal(signal.SIGALRM, _too_long)
    for module in sys.argv[1:] or CHAIN:
        counts: Counter[str] = Counter()
        for number, key in numbered(module):
            signal.alarm(_SECONDS)
            how = outcome(module, number)
            signal.alarm(0)
            counts[how] += 1
            if how == "missed":
                print(f"  missed: {key}", flush=True)
        print(module, dict(sorted(counts.items())), flush=True)


if __name__ == "__main__":
    main()
