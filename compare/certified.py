"""Evidence from certificates, as long as they hold for the variant's present code."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterable, Iterator
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import Final, get_args

from zonediff.engine import kernel
from zonediff.engine.policy import Policy
from zonediff.engine.trace import End
from zonediff.explore.arena import STANDARD, Arena
from zonediff.explore.bisimulation import classes
from zonediff.explore.build import build
from zonediff.explore.system import System
from zonediff.explore.views import dead_view
from zonediff.result.certificates import Certificate, Standing
from zonediff.result.result import Evidence

_DEAD: Final = tuple(dead_view(end) for end in get_args(End))


class Model:
    """The behaviour of a variant on an arena, its states as bisimulation classes."""

    def __init__(self, system: System) -> None:
        self.system = system
        [self._classes] = classes(system)

    @property
    def root(self) -> int:
        return int(self._classes[0])

    @property
    def states(self) -> int:
        """The number of classes in which the kernel is alive."""
        return sum(not self._is_dead(state) for state in self._members.values())

    def _is_dead(self, state: int) -> bool:
        views = self.system.numberings.views.values
        return views[int(self.system.views[state][0])] in _DEAD

    @cached_property
    def _members(self) -> dict[int, int]:
        return {int(number): state for state, number in enumerate(self._classes)}

    def follow(self, number: int, action: int) -> int | None:
        """The class that a step leads to."""
        successor = int(self.system.successor[self._members[number], action])
        return None if successor < 0 else int(self._classes[successor])

    @cached_property
    def digest(self) -> str:
        """A hash of the behaviour: the result and successor of each step in each class."""
        numbers = {self.root: 0}
        lines: list[str] = []
        views = self.system.numberings.views.values
        for number in numbers_in_order(self, numbers):
            state = self._members[number]
            shown = [views[view] for view in self.system.views[state].tolist()]
            outcomes = self.system.numberings.outcomes.values
            lines.append(repr(shown))
            for action, step in enumerate(self.system.actions):
                target = self.follow(number, action)
                result = outcomes[int(self.system.outcome[state, action])].result
                lines.append(f"{step} {result} {None if target is None else numbers[target]}")
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def numbers_in_order(model: Model, numbers: dict[int, int]) -> Iterator[int]:
    """Yield the classes breadth first from boot, and number them so, successors before their own.

    The order depends on the behaviour alone.
    """
    queue = list(numbers)
    while queue:
        number = queue.pop(0)
        for action in range(len(model.system.actions)):
            target = model.follow(number, action)
            if target is not None and target not in numbers:
                numbers[target] = len(numbers)
                queue.append(target)
        yield number


def model_of(policy: Policy, arena: Arena) -> Model:
    """Return a variant's behaviour on an arena. Raises ArenaError, NotModelled, VariantFailed."""
    return Model(build(policy, arena, level="spans"))


def is_current(certificate: Certificate, policy: Policy, arena: Arena) -> bool:
    """Return whether a certificate holds for the present variant and the present arena.

    Raises ArenaError, NotModelled, VariantFailed.
    """
    return (
        certificate.variant == policy.name
        and certificate.arena_digest == arena_digest(arena)
        and (
            certificate.sources == sources_digest(policy)
            or certificate.behaviour == model_of(policy, arena).digest
        )
    )


def sources_digest(policy: Policy) -> str:
    """Return a hash of the code of a variant, of those that it builds on, and of the engine.

    The same code has the same behaviour, without exploring it again.
    """
    files = {inspect.getsourcefile(cls) for cls in type(policy).__mro__[:-1]}
    texts = [Path(file).read_bytes() for file in sorted(filter(None, files))]
    texts += [file.read_bytes() for file in sorted(Path(kernel.__file__).parent.glob("*.py"))]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]


def evidence_of(policy: Policy, certificates: Iterable[Certificate]) -> list[Evidence]:
    """Return the evidence for a variant from current certificates, as reports show it."""
    return [
        Evidence(
            kernel=item.release,
            recording=f"certificate {item.arena}",
            traces=1,
            steps=item.kernel_transitions,
            agreeing_traces=int(item.holds),
            agreeing_steps=item.kernel_transitions - len(item.refuted),
        )
        for item in certificates
        if item.variant == policy.name and _is_current(item, policy)
    ]


def standings(policies: Iterable[Policy], certificates: Iterable[Certificate]) -> list[Standing]:
    """Return the certificates of these variants, and whether each still speaks for its variant."""
    by_name = {policy.name: policy for policy in policies}
    return [
        Standing(item, _is_current(item, by_name[item.variant]))
        for item in certificates
        if item.variant in by_name
    ]


def _is_current(certificate: Certificate, policy: Policy) -> bool:
    """Whether a certificate of a standard arena speaks for a variant as both are now."""
    arena = STANDARD.get(certificate.arena)
    return arena is not None and is_current(certificate, policy, arena)


def arena_digest(arena: Arena) -> str:
    """Return a hash of an arena's machine and steps; options at their default do not count."""
    machine = arena.machine
    config = {
        option.name: value
        for option in fields(machine.config)
        if (value := getattr(machine.config, option.name)) != option.default
    }
    dimms = [(dimm.id, dimm.size, dimm.node, dimm.addr) for dimm in machine.dimms]
    steps = [*map(str, arena.actions)]
    text = repr((machine.nodes, dimms, machine.cmdline, config, steps))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
