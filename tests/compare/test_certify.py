"""Tours and certificates; the kernel is another model, or the real one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from tests.compare.broken_models import CHAIN, numbered, outcome
from tests.compare.kernel_stand_in import ARENA, PLUGS, KernelOfAModel, policy, toured
from zonediff.compare import certify, explore_live
from zonediff.compare.certified import arena_digest, evidence_of, is_current, model_of, standings
from zonediff.compare.explore_live import NO_BOUNDS, Bounds, LiveExploration
from zonediff.compare.goals import evaluate
from zonediff.compare.learned import learned_scenario, learned_system
from zonediff.compare.tour import MOST_PARTINGS, Outcome, tour
from zonediff.corpus.loader import load
from zonediff.corpus.scenario import Scenario
from zonediff.engine.observation import Observation
from zonediff.engine.steps import Step, Write
from zonediff.engine.trace import Act
from zonediff.explore.arena import STANDARD, Arena
from zonediff.explore.exports import aldebaran
from zonediff.explore.system import Numberings
from zonediff.live.guest import KNOWN_HANG_LIMIT
from zonediff.live.guest_spec import GuestSpec
from zonediff.live.host import Host
from zonediff.live.image import Image
from zonediff.reports.forms.exploration import exploration_text
from zonediff.reports.forms.validation import replays_json, replays_text
from zonediff.reports.page.explorations import standing
from zonediff.result.certificates import (
    SHIPPED,
    Certificate,
    CertificateError,
    Refuted,
    certificate_text,
    read_certificates,
)
from zonediff.variants.registry import Registry
from zonediff.variants.subject import NotOnThisMachine


@pytest.mark.parametrize("arena", [ARENA, PLUGS])
@pytest.mark.parametrize("name", ["v6.1", "v4.14", "upstream"])
def test_a_model_agrees_with_itself_in_every_transition(arena: Arena, name: str) -> None:
    done = toured(name, name, arena)
    every = model_of(policy(name), arena).states * len(arena.actions)
    assert done.partings == []
    assert (len(done.maps[1].moves), done.by_chance, done.unreached) == (every, 0, 0)


def test_two_sides_that_do_not_boot_are_not_called_equivalent() -> None:
    class Dead(KernelOfAModel):
        async def reset(self) -> Outcome:
            return Outcome("hang", Observation(), None)

    sides = [Dead("v6.1", ARENA.machine) for _ in range(2)]
    with pytest.raises(NotOnThisMachine, match="neither side boots"):
        asyncio.run(tour(sides[0], sides[1], ARENA.actions))


def test_what_is_chance_is_counted_and_no_refutation() -> None:
    done = toured("v6.1", "v6.1", pinned=(33,))
    assert done.partings == []
    assert done.by_chance == len(done.maps[0].moves.keys() - done.ruled) > 0


def test_offlining_that_hangs_is_chance_where_that_was_seen_and_else_a_refutation() -> None:
    done = toured("v7.2", "v7.2", hanging=(33,))
    assert done.partings == []
    assert 0 < len(done.hung) == done.by_chance
    done = toured("v6.12", "v6.12", hanging=(33,))
    assert {parting.results[0] for parting in done.partings} == {"hang"}


def test_a_kind_of_step_that_hung_is_given_less_time_but_on_a_boot_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = []

    class HangingRunner:
        end = "ran"
        observation = Observation()
        step_limit: float | None = None

        def __init__(self, *about: object) -> None:
            pass

        async def boot(self) -> None:
            pass

        async def acts(self, step: Step) -> AsyncIterator[Act]:
            limits.append(self.step_limit)
            self.end = "hang" if "offline" in str(step) else "ran"
            yield Act(step, self.end)

    async def hang() -> None:
        side = certify.KernelSide(cast(GuestSpec, None))
        for block, fresh in ((32, False), (33, False), (34, True)):
            side.fresh = fresh
            await side.reset()
            await side.do(0, Write(f"memory{block}/state", "online"), None)
            await side.do(0, Write(f"memory{block}/state", "offline"), None)

    monkeypatch.setattr(certify, "GuestRunner", HangingRunner)
    asyncio.run(hang())
    assert limits == [None, None, None, KNOWN_HANG_LIMIT, None, None]


def test_a_wrong_model_is_refuted() -> None:
    done = toured("v6.1", "v4.14")
    shortest = min(done.partings, key=lambda parting: len(parting.steps))
    assert [str(step) for step in shortest.steps][-1].endswith(("> memory32/state", "dimm1"))
    assert len(done.partings) == MOST_PARTINGS


def test_what_no_file_shows_needs_a_depth() -> None:
    shallow, deep = (toured("v6.1", "v6.1", depth=depth) for depth in (0, 1))
    assert [m.moves.keys() for m in shallow.maps] == [m.moves.keys() for m in deep.maps]
    assert deep.steps > 5 * shallow.steps


def test_the_same_tour_has_the_same_counts() -> None:
    first, second = (toured("v6.1", "v6.1", PLUGS) for _ in range(2))
    assert (first.steps, first.resets) == (second.steps, second.resets)


def explored(
    monkeypatch: pytest.MonkeyPatch,
    left: str,
    right: str,
    *models: str,
    bounds: Bounds = NO_BOUNDS,
) -> LiveExploration:
    """Two sides compared, those that are not in `models` as if they were kernels."""

    class FakeKernel(KernelOfAModel):
        fresh = False

        def __init__(self, spec: str) -> None:
            super().__init__(spec, ARENA.machine)

        async def close(self) -> None:
            pass

    monkeypatch.setattr(explore_live, "KernelSide", FakeKernel)
    monkeypatch.setattr(explore_live, "spec_for", lambda host, image, *about: image.path.name)
    subjects = [
        Registry().model(name) if name in models else Image(Path(name), name, name)
        for name in (left, right)
    ]
    host = Host("", "", Path(), "", "")
    both = subjects[0], subjects[1]
    return asyncio.run(explore_live.explore_live(ARENA, (left, right), both, host, bounds=bounds))


def judged(scenario: Scenario, name: str) -> bool:
    """Whether a model meets the goals of a scenario."""
    trace = Registry().model(name).run(scenario.machine, [step.do for step in scenario.steps])
    return all(goal.met for goal in evaluate(scenario, trace))


def test_two_kernels_that_behave_alike_are_equivalent(monkeypatch: pytest.MonkeyPatch) -> None:
    exploration = explored(monkeypatch, "v6.1", "v5.10").exploration
    every = model_of(policy("v6.1"), ARENA)
    assert (exploration.verdict, exploration.witnesses) == ("equivalent", [])
    assert exploration.transitions == (every.states * len(ARENA.actions),) * 2
    assert standing(exploration) == "bounded"
    text = " ".join(exploration_text(exploration, (), 0).split())
    assert f"for every step in the {exploration.pairs} pairs of states that files tell" in text


@pytest.mark.parametrize("models", [(), ("v4.14",), ("v6.1",)])
def test_kernels_that_differ_have_a_shortest_sequence_for_each_kind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, models: tuple[str, ...]
) -> None:
    live = explored(monkeypatch, "v4.14", "v6.1", *models)
    exploration = live.exploration
    assert exploration.verdict == "differs"
    assert (exploration.baseline, exploration.candidate) == ("v4.14", "v6.1")
    shown = [[step.do for step in witness.steps] for witness in exploration.witnesses]
    assert any(
        ["online_movable" in steps[0], "offline" in steps[1]] == [True] * len(steps)
        for steps in shown
        if len(steps) == 2
    )
    assert len(shown) == len({tuple(steps) for steps in shown})
    for witness, parting in zip(exploration.witnesses, live.partings, strict=True):
        file = tmp_path / "witness.yaml"
        file.write_text(learned_scenario(witness.says, parting, ("v4.14", "v6.1"), ARENA))
        [scenario] = load([file])
        old, new = (judged(scenario, name) for name in ("v4.14", "v6.1"))
        assert old
        assert not new or "zone" in witness.says


def test_an_exploration_of_kernels_ends_at_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    short = explored(monkeypatch, "v6.1", "v5.10", bounds=Bounds(steps=2)).exploration
    assert short.depth == 2
    assert short.transitions == ((1 + 5) * len(ARENA.actions),) * 2
    assert short.tour is not None
    assert short.tour.untried == 0
    few = explored(monkeypatch, "v6.1", "v5.10", bounds=Bounds(pairs=3)).exploration
    assert few.transitions == (3 * len(ARENA.actions),) * 2
    assert few.tour is not None
    assert few.tour.untried > 0
    text = " ".join(exploration_text(few, (), 0).split())
    assert f"{few.tour.untried} of them have steps left untried" in text


def test_what_was_learned_of_a_kernel_is_a_system(monkeypatch: pytest.MonkeyPatch) -> None:
    live = explored(monkeypatch, "v6.1", "v5.10")
    numberings = Numberings()
    left, right = (
        learned_system(name, ARENA, side, numberings)
        for name, side in zip(("v6.1", "v5.10"), live.maps, strict=True)
    )
    assert (left.states - 1, left.transitions) == (
        live.exploration.states[0],
        live.exploration.transitions[0],
    )
    assert [*aldebaran(left)] == [*aldebaran(right)]
    assert next(aldebaran(left)).startswith("des (0, ")


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


def test_validate_names_the_certificates_and_those_that_are_stale() -> None:
    model = policy("v6.1")
    shipped = [item for item in read_certificates(SHIPPED) if item.variant == "v6.1"]
    text = replays_text([], [], standings([model], shipped))
    assert (
        "- v6.1 on hotplug, one-dimm, two-dimms, two-nodes by Linux 6.1.0-57-cloud-amd64\n"
        "  (6.1.192-3)\n"
    ) in text
    text = replays_text([], [], standings([model], [CERTIFICATE]))
    assert "v6.1 is not certified on one-dimm: the model or the machine has changed" in text
    [item] = json.loads(replays_json([], [], standings([model], [CERTIFICATE])))["certificates"]
    assert (item["variant"], item["arena"], item["current"]) == ("v6.1", "one-dimm", False)
    assert standings([policy("v4.14")], shipped) == []


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


@pytest.mark.parametrize("module", CHAIN[2:])
def test_a_model_with_one_token_broken_is_refuted(module: str) -> None:
    """Every ninth mutant; all of them take minutes (docs/mutation.md)."""
    outcomes = {key: outcome(module, number) for number, key in [*numbered(module)][::9]}
    assert "refuted" in outcomes.values()
    assert [key for key, how in outcomes.items() if how == "missed"] == []
