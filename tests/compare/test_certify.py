"""Tours and certificates; the kernel is another model, or the real one."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path

import pytest

from zonediff.compare import certify, explore_live
from zonediff.compare.certified import arena_digest, evidence_of, is_current, model_of
from zonediff.compare.certify import ModelSide
from zonediff.compare.tour import MOST_PARTINGS, Shown, Tour, tour
from zonediff.corpus.recording import RecordedStep
from zonediff.engine.guest import Guest
from zonediff.engine.machine import Dimm, Machine
from zonediff.engine.memory import PINNED
from zonediff.engine.policy import Policy
from zonediff.engine.run import Runner
from zonediff.engine.steps import Step, Write
from zonediff.engine.units import GIB, MIB, Bytes
from zonediff.explore.arena import STANDARD, Arena
from zonediff.live.host import Host
from zonediff.live.image import Image
from zonediff.result.certificates import (
    SHIPPED,
    Certificate,
    CertificateError,
    Refuted,
    certificate_text,
    read_certificates,
)
from zonediff.result.explorations import Exploration
from zonediff.variants.registry import Registry

ARENA = Arena(
    "small",
    Machine((Bytes(GIB),), (Dimm("dimm1", Bytes(256 * MIB)),)),
    alphabet=("state", "unplug"),
)
PLUGS = Arena(
    "plugs",
    Machine((Bytes(GIB),)),
    (Dimm("dimm1", Bytes(128 * MIB)),),
    ("state", "unplug", "plug", "knob"),
)


def policy(name: str) -> Policy:
    return Registry().model(name).policy


class KernelOfAModel:
    """A model in the kernel's place. pinned: blocks that are EBUSY whenever they are tried."""

    def __init__(self, name: str, machine: Machine, pinned: tuple[int, ...] = ()) -> None:
        self.policy = policy(name)
        self.machine = machine
        self.pinned = pinned
        self.runner: Runner

    async def reset(self) -> Shown:
        self.runner = Runner(Guest(self.machine, self.policy))
        self.runner.boot()
        return self._shown(None)

    async def do(self, action: int, step: Step, other: RecordedStep | None) -> Shown:
        memory = self.runner.guest.kernel.tables
        for block in self.pinned:
            if memory.has(block) and memory.is_online(block):
                memory.status[block] |= PINNED
        return self._shown(self.runner.act(step).result)

    def _shown(self, result: str | None) -> Shown:
        state: Hashable = certify._compared(self.runner.seen)
        return Shown(result, self.runner.seen, state if self.runner.end == "ran" else None)


def toured(
    kernel: str, model: str, arena: Arena = ARENA, pinned: tuple[int, ...] = (), depth: int = 0
) -> Tour:
    side = KernelOfAModel(kernel, arena.machine, pinned)
    of = policy(model)
    follower = ModelSide(of, arena.machine, model_of(of, arena))
    return asyncio.run(tour(side, follower, arena.actions, depth=depth))


@pytest.mark.parametrize("arena", [ARENA, PLUGS])
@pytest.mark.parametrize("name", ["v6.1", "v4.14", "upstream"])
def test_a_model_agrees_with_itself_in_every_transition(arena: Arena, name: str) -> None:
    done = toured(name, name, arena)
    every = model_of(policy(name), arena).states * len(arena.actions)
    assert done.partings == []
    assert (len(done.transitions[1]), done.by_chance, done.unreached) == (every, 0, 0)


def test_what_is_chance_is_counted_and_no_refutation() -> None:
    done = toured("v6.1", "v6.1", pinned=(33,))
    assert done.partings == []
    assert done.by_chance == len(done.transitions[0] - done.ruled) > 0


def test_a_wrong_model_is_refuted() -> None:
    done = toured("v6.1", "v4.14")
    shortest = min(done.partings, key=lambda parting: len(parting.steps))
    assert [str(step) for step in shortest.steps][-1].endswith(("> memory32/state", "dimm1"))
    assert len(done.partings) == MOST_PARTINGS


def test_what_no_file_shows_needs_a_depth() -> None:
    shallow, deep = (toured("v6.1", "v6.1", depth=depth) for depth in (0, 1))
    assert shallow.transitions == deep.transitions
    assert deep.steps > 5 * shallow.steps


def test_the_same_tour_has_the_same_counts() -> None:
    one, two = (toured("v6.1", "v6.1", PLUGS) for _ in range(2))
    assert (one.steps, one.resets) == (two.steps, two.resets)


def explored(monkeypatch: pytest.MonkeyPatch, left: str, right: str, *models: str) -> Exploration:
    """Two sides compared, those that are not in `models` as if they were kernels."""

    class FakeKernel(KernelOfAModel):
        fresh = False

        def __init__(self, name: str, spec: str) -> None:
            super().__init__(name, ARENA.machine)

        async def close(self) -> None:
            pass

    monkeypatch.setattr(explore_live, "KernelSide", FakeKernel)
    monkeypatch.setattr(explore_live, "spec_for", lambda *about: "")
    subjects = [
        Registry().model(name) if name in models else Image(Path(name), name, name)
        for name in (left, right)
    ]
    host = Host("", "", Path(), "", "")
    one, two = subjects
    return asyncio.run(explore_live.explore_live(ARENA, (left, right), (one, two), host))


def test_two_kernels_that_behave_alike_are_equivalent(monkeypatch: pytest.MonkeyPatch) -> None:
    found = explored(monkeypatch, "v6.1", "v5.10")
    every = model_of(policy("v6.1"), ARENA)
    assert (found.verdict, found.witnesses) == ("equivalent", [])
    assert found.transitions == (every.states * len(ARENA.actions),) * 2


@pytest.mark.parametrize("models", [(), ("v4.14",), ("v6.1",)])
def test_kernels_that_differ_have_a_shortest_sequence_for_each_kind(
    monkeypatch: pytest.MonkeyPatch, models: tuple[str, ...]
) -> None:
    found = explored(monkeypatch, "v4.14", "v6.1", *models)
    assert (found.verdict, found.baseline, found.candidate) == ("differs", "v4.14", "v6.1")
    shown = [[step.do for step in witness.steps] for witness in found.witnesses]
    assert ["echo online_movable > memory32/state", "echo offline > memory32/state"] in shown
    assert len(shown) == len({tuple(steps) for steps in shown})


CERTIFICATE = Certificate(
    variant="v6.1",
    arena="one-dimm",
    kernel="6.1.0-57-cloud-amd64 (debian) #1 SMP Debian 6.1.192-3",
    image="0123",
    behaviour="",
    arena_digest="",
    sources="",
    qemu="7.2.22",
    depth=0,
    kernel_states=82,
    kernel_transitions=1394,
    model_states=82,
    model_transitions=1394,
    all_model_transitions=1394,
    by_chance=65,
    unreached=0,
    steps=1700,
    resets=90,
    refuted=[],
)


def test_a_certificate_is_a_file(tmp_path: Path) -> None:
    refuted = Refuted(["echo online > memory32/state"], "ok", "EINVAL", [("memory32", "a", "b")])
    for item in (CERTIFICATE, replace(CERTIFICATE, refuted=[refuted])):
        (tmp_path / "x.json").write_text(certificate_text(item))
        assert list(read_certificates(tmp_path)) == [item]
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(CertificateError, match=r"x\.json: no certificate"):
        list(read_certificates(tmp_path))


def test_a_certificate_reads_as_a_sentence() -> None:
    assert str(CERTIFICATE) == (
        "1394 of 1394 transitions of the kernel agree, 1394 of 1394 of the model were tried, "
        "0 refuted, 65 by chance"
    )


def test_a_changed_model_or_arena_makes_a_certificate_stale() -> None:
    model = policy("v6.1")
    current = replace(
        CERTIFICATE,
        arena=ARENA.name,
        behaviour=model_of(model, ARENA).digest,
        arena_digest=arena_digest(ARENA),
    )
    assert is_current(current, model, ARENA)
    assert not is_current(current, policy("v4.14"), ARENA)
    assert not is_current(replace(current, behaviour="other"), model, ARENA)
    assert not is_current(current, model, replace(ARENA, alphabet=("state",)))
    assert not is_current(current, model, replace(ARENA, steps=(Write("memory32/state", "bogus"),)))
    # Only what is current is evidence, and only of a standard arena.
    assert evidence_of(model, [current]) == []
    assert evidence_of(model, [CERTIFICATE]) == []


def test_the_behaviour_is_known_by_what_it_does() -> None:
    digests = {model_of(policy(name), ARENA).digest for name in ("v6.1", "v4.14", "v4.12")}
    assert len(digests) == 3
    assert model_of(policy("v6.1"), ARENA).digest in digests


def test_the_certificates_that_ship_hold() -> None:
    """Each is of the behaviour that its variant has now; else certify again (docs/live.md)."""
    for item in read_certificates(SHIPPED):
        assert item.holds
        assert item.model_transitions == item.all_model_transitions
        assert is_current(item, policy(item.variant), STANDARD[item.arena]), item.variant
