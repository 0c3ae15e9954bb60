"""The text and JSON of `zonediff explore`: an exploration, or random walks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from zonediff.engine import words
from zonediff.engine.words import count_of
from zonediff.reports.text.plain import WIDTH, wrap
from zonediff.result.explorations import DifferenceWitness, Exploration, TourCounts


@dataclass(frozen=True, slots=True)
class Walks:
    """Random walks over two variants, and the differences that they found.

    steps: the most steps of a walk. seed: of the random choices.
    """

    arena: str
    baseline: str
    candidate: str
    walks: int
    steps: int
    seed: int
    witnesses: Sequence[DifferenceWitness]


def exploration_json(exploration: Exploration) -> str:
    """An exploration as a JSON object."""
    return json.dumps(asdict(exploration), indent=2) + "\n"


def exploration_text(exploration: Exploration, stopped: Sequence[str], max_states: int) -> str:
    """An exploration: sizes, verdict, and every witness.

    stopped: the variants whose exploration ended at max_states states.
    """
    baseline, candidate = exploration.baseline, exploration.candidate
    sizes = [
        f"{name}: {size(states, transitions)}{reduced}"
        for name, states, transitions, reduced in zip(
            (baseline, candidate),
            exploration.states,
            exploration.transitions,
            _reduced(exploration),
            strict=True,
        )
    ]
    most = count_of(max_states, "state")
    if exploration.tour is not None:
        sizes.append(_tour(exploration.tour))
    sizes += [f"{name}: not fully explored, as it has more than {most}" for name in stopped]
    lines = [
        *wrap(
            f"{baseline} and {candidate} on {exploration.arena}, "
            f"compared at level {exploration.level}",
            WIDTH,
            rest="    ",
        ),
        "",
        *(line for text in sizes for line in wrap(text, WIDTH, rest="    ")),
        "",
        *wrap(_verdict(exploration), WIDTH),
        *_witnesses(exploration.witnesses, baseline, candidate),
    ]
    return "\n".join(lines) + "\n"


def walks_json(walks: Walks) -> str:
    """Random walks as a JSON object."""
    body = {
        "arena": walks.arena,
        "baseline": walks.baseline,
        "candidate": walks.candidate,
        "walks": walks.walks,
        "seed": walks.seed,
        "witnesses": [asdict(witness) for witness in walks.witnesses],
    }
    return json.dumps(body, indent=2) + "\n"


def walks_text(walks: Walks) -> str:
    """Random walks: their number, their outcome, and every witness."""
    number = len(walks.witnesses)
    outcome = f"found {count_of(number, 'kind')} of difference" if number else "found no difference"
    head = (
        f"{walks.baseline} and {walks.candidate} on {walks.arena}: "
        f"{count_of(walks.walks, 'random walk')} of up to {count_of(walks.steps, 'step')} "
        f"(seed {walks.seed}) {outcome}. They prove nothing beyond that."
    )
    lines = [
        *wrap(head, WIDTH),
        *_witnesses(walks.witnesses, walks.baseline, walks.candidate),
    ]
    return "\n".join(lines) + "\n"


def size(states: int, transitions: int) -> str:
    """The size of a system: `84 states, 1428 transitions`."""
    return f"{count_of(states, 'state')}, {count_of(transitions, 'transition')}"


def speed_text(name: str, states: int, transitions: int, seconds: float) -> str:
    """The time to build a system: `upstream: 84 states, ... in 0.08 s, 1050 states a second`."""
    rate = states / seconds
    return f"{name}: {size(states, transitions)} in {seconds:.2f} s, {rate:.0f} states a second"


def _reduced(exploration: Exploration) -> list[str]:
    """For each variant, the number of states that symmetry left to explore."""
    if not exploration.explored:
        return ["", ""]
    return [
        f" ({count_of(states, 'state')} explored, reduced by symmetry)"
        for states in exploration.explored
    ]


def _verdict(exploration: Exploration) -> str:
    baseline, candidate = exploration.baseline, exploration.candidate
    bound = _bound(exploration)
    if exploration.verdict == "equivalent":
        return f"Equivalent: {baseline} and {candidate} never differ, for {bound}."
    kinds = f"{count_of(len(exploration.witnesses), 'kind')} of difference"
    refinement = "and neither refines the other"
    if exploration.refines:
        refinement = f"every success on {baseline} is the same success on {candidate}"
    elif exploration.refined:
        refinement = f"every success on {candidate} is the same success on {baseline}"
    word = "Refines" if exploration.verdict == "refines" else "Differs"
    return f"{word}: {kinds}, {refinement}, for {bound}."


def _bound(exploration: Exploration) -> str:
    """Which sequences a verdict speaks of."""
    depth, tour = exploration.depth, exploration.tour
    if tour is not None:
        states = count_of(exploration.pairs, "pair of states", "pairs of states")
        within = "" if depth is None else f" that fewer than {count_of(depth, 'step')} lead to"
        untried = f"; {tour.untried} of them have steps left untried" if tour.untried else ""
        return f"every step in the {states} that files tell apart{within}{untried}"
    if depth is None:
        return "sequences of any length"
    return f"sequences of up to {count_of(depth, 'step')}; longer ones were not explored"


def _tour(tour: TourCounts) -> str:
    """How a tour of real kernels went."""
    hung = f", {tour.hung} hung" if tour.hung else ""
    return (
        f"{count_of(tour.by_chance, 'transition')} by chance{hung}; "
        f"{count_of(tour.steps, 'step')} in {count_of(tour.guests, 'guest')}"
    )


def _witnesses(
    witnesses: Sequence[DifferenceWitness], baseline: str, candidate: str
) -> Iterator[str]:
    for number, witness in enumerate(witnesses, 1):
        yield ""
        yield from _witness(number, witness, baseline, candidate)


def _witness(
    number: int, witness: DifferenceWitness, baseline: str, candidate: str
) -> Iterator[str]:
    yield from wrap(f"{number}. {witness.says}", WIDTH, rest="   ")
    if not witness.steps:
        yield "   right after boot"
    width = max((len(step.do) for step in witness.steps), default=0)
    for step in witness.steps:
        results = words.result(step.baseline)
        if step.baseline != step.candidate:
            results += f" | {words.result(step.candidate)}"
        yield f"   {step.do:{width}}  {results}"
    for name, reasons in (
        (baseline, witness.baseline_reasons),
        (candidate, witness.candidate_reasons),
    ):
        for reason in reasons[-1:]:  # the last one decided
            yield from wrap(f"{name}: {reason}", WIDTH, first="   ", rest="      ")
