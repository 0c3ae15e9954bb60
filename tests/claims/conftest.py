"""A small corpus and claims about it, judged for real variants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from zonediff.compare.claims.ledger import judge_claims
from zonediff.compare.run import run
from zonediff.corpus.claim import Claim
from zonediff.corpus.claim_files import load_claims, read_claim
from zonediff.corpus.loader import load
from zonediff.corpus.problems import ScenarioError
from zonediff.corpus.scenario import Scenario
from zonediff.result.claims import ClaimVerdict
from zonediff.result.result import Result
from zonediff.variants.registry import Registry

VARIANTS = (
    "upstream",
    "igor-movable",
    *("michal-split/1", "michal-split/2", "michal-split/3", "hyperv-xen-only"),
    *("v4.12", "v4.13", "v4.14", "v4.14-stable", "v6.1", "v6.12", "v7.2"),
)

ORDER = """\
title: online a DIMM as movable, ${order}
why: the order decides
with: {order: [first-to-last, last-to-first]}
machine: {nodes: [1G]}
steps:
  - plug: {id: dimm1, size: 384M}
  - online: {blocks: dimm1, value: online_movable, order: "${order}"}
    name: onlined
goals:
  - {want: no block is refused, steps: ok}
  - {want: all movable, blocks: dimm1, state: online, zone: Movable}
"""

LARGE = """\
title: a DIMM too large
why: its memmap does not fit
machine: {nodes: [256M]}
steps:
  - plug: {id: dimm1, size: 16G}
goals:
  - {want: it is there, blocks: dimm1, node: 0}
"""

HEAD = """\
who: Ada
says: something
where: {message: 1@example.org, date: 2017-03-06}
"""


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[Scenario]:
    """The scenarios small/order, a family, and small/large, which kills the kernel."""
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "small").mkdir()
    (folder / "small" / "order.yaml").write_text(ORDER)
    (folder / "small" / "large.yaml").write_text(LARGE)
    return load(root=folder)


@pytest.fixture(scope="session")
def outcome(corpus: list[Scenario]) -> Result:
    return run(corpus, ["v4.13"], registry=Registry())


@pytest.fixture
def claim(tmp_path: Path, corpus: list[Scenario]) -> Callable[[str], Claim]:
    """A claim, from its YAML text less who, says and where."""

    def claim(text: str) -> Claim:
        file = tmp_path / "C99.yaml"
        file.write_text(HEAD + text)
        return read_claim(file, corpus)

    return claim


Judge = Callable[..., ClaimVerdict]


@pytest.fixture
def judge(claim: Callable[[str], Claim], outcome: Result) -> Judge:
    """The verdict on such a claim."""

    def judge(text: str, variant: str = "upstream") -> ClaimVerdict:
        (judged,) = judge_claims([claim(text)], outcome, Registry())
        return {item.variant: item for item in judged.verdicts}[variant]

    return judge


@pytest.fixture
def mistakes(claim: Callable[[str], Claim]) -> Callable[[str], list[str]]:
    """The problems of such a claim, as `line:column: path: message`; the text is on line 4."""

    def mistakes(text: str) -> list[str]:
        with pytest.raises(ScenarioError) as caught:
            claim(text)
        return [line.partition("C99.yaml:")[2] for line in str(caught.value).splitlines()]

    return mistakes


@pytest.fixture(scope="session")
def shipped() -> tuple[list[Scenario], list[Claim]]:
    scenarios = load()
    return scenarios, load_claims(scenarios)


@pytest.fixture(scope="session")
def ledger(
    shipped: tuple[Sequence[Scenario], Sequence[Claim]],
) -> dict[str, dict[str, ClaimVerdict]]:
    """The verdict on every shipped claim for every variant of ours."""
    scenarios, claims = shipped
    wanted = {name for claim in claims for name in claim.scenarios}
    registry = Registry()
    result = run([item for item in scenarios if item.id in wanted], VARIANTS, registry=registry)
    return {
        item.id: {verdict.variant: verdict for verdict in item.verdicts}
        for item in judge_claims(claims, result, registry)
    }
