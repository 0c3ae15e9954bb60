"""What is written for other tools, read back and checked without anything of the explorer's."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.explore.arenas import TINY
from tests.explore.conftest import Explore
from zonediff.explore.exports import aldebaran, dot

HEAD = re.compile(r"des \((\d+), (\d+), (\d+)\)")
EDGE = re.compile(r'\((\d+), "((?:[^"\\]|\\.)*)", (\d+)\)')

Graph = list[dict[str, int]]


def read(lines: list[str]) -> Graph:
    """A graph from the lines of an .aut file: of each state, where its labels lead."""
    head = HEAD.fullmatch(lines[0])
    assert head
    first, edges, states = map(int, head.groups())
    assert (first, edges) == (0, len(lines) - 1)
    graph: Graph = [{} for _ in range(states)]
    for line in lines[1:]:
        edge = EDGE.fullmatch(line)
        assert edge, line
        source, target = int(edge[1]), int(edge[3])
        assert edge[2] not in graph[source], "not deterministic"
        graph[source][edge[2]] = target
    return graph


def bisimilar(left: Graph, right: Graph) -> bool:
    """Whether the first states are, by Moore's algorithm on the union."""
    union = left + [{k: to + len(left) for k, to in edges.items()} for edges in right]
    block = [0] * len(union)
    while True:
        signatures = [
            (block[state], frozenset((label, block[to]) for label, to in edges.items()))
            for state, edges in enumerate(union)
        ]
        numbers = {signature: n for n, signature in enumerate(dict.fromkeys(signatures))}
        finer = [numbers[signature] for signature in signatures]
        if len(numbers) == len(set(block)):
            return block[0] == block[len(left)]
        block = finer


@pytest.mark.parametrize("name", ["two-blocks", "two-dimms", "onlined-at-boot"])
@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("upstream", "igor-movable"),
        ("upstream", "v4.12"),
        ("v4.13", "v4.14"),
        ("v4.14", "v4.14-stable"),
        ("michal-split/3", "hyperv-xen-only"),
    ],
)
def test_an_independent_reader_comes_to_the_same_verdict(
    left: str, right: str, name: str, explore: Explore
) -> None:
    first, second, actual = explore(left, right, TINY[name])
    graphs = [read(list(aldebaran(system))) for system in (first, second)]
    assert [len(graph) for graph in graphs] == [first.states, second.states]
    assert bisimilar(*graphs) == (actual.verdict == "equivalent")


def test_labels_are_steps_and_results(explore: Explore) -> None:
    one, _, _ = explore("upstream", "upstream", TINY["two-blocks"], "results")
    graph = read(list(aldebaran(one)))
    assert graph[0]["echo offline > memory32/state = EINVAL"] == 0
    assert graph[0]["echo online_movable > memory33/state = ok"] != 0


@pytest.mark.skipif(not shutil.which("gc"), reason="needs Graphviz")
def test_graphviz_reads_dot(explore: Explore) -> None:
    one, _, _ = explore("v4.13", "v4.13", TINY["two-blocks"])
    done = subprocess.run(  # counts without drawing
        ["gc", "-n"], input="\n".join(dot(one)), capture_output=True, text=True, check=True
    )
    assert int(done.stdout.split()[0]) == one.states
